/** Mail against a real SMTP server: what arrives, over what kind of connection, and what is said where it does not. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Labels } from '@binnacle/metrics/model';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterEach, describe, expect, it } from 'vitest';
import { startAlertmanager } from '../../../../../test/alertmanager.ts';
import { systemClock } from '../../../dist/clock.js';
import type { NotifiedAlert } from '../../../dist/notify/alert.js';
import type { SendResult } from '../../../dist/notify/integration.js';
import { type IntegrationOptions, integrationsOf, never, notificationOf } from './notifications.ts';

const tls = (name: string): string =>
  fileURLToPath(new URL(`../../../../metrics/test/fixtures/tls/${name}`, import.meta.url));
const CERTIFICATE = { cert: readFileSync(tls('server.pem')), key: readFileSync(tls('server-key.pem')) };

interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly user: string | undefined;
  readonly secure: boolean;
  readonly client: string;
  readonly text: string;
}

interface MailServer {
  readonly port: number;
  readonly mails: Mail[];
  /** Mechanisms that were used. */
  readonly methods: string[];
}

const running: { close(callback?: () => void): void }[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await new Promise<void>((resolve) => server.close(() => resolve()));
});

async function mailServer(options: SMTPServerOptions = {}): Promise<MailServer> {
  const mails: Mail[] = [];
  const methods: string[] = [];
  const server = new SMTPServer({
    ...CERTIFICATE,
    authOptional: true,
    authMethods: ['PLAIN', 'LOGIN', 'CRAM-MD5'],
    logger: false,
    closeTimeout: 100,
    onAuth(auth, _session, done) {
      methods.push(auth.method);
      const isRight =
        auth.username === 'user' &&
        (auth.method === 'CRAM-MD5'
          ? (auth.validatePassword?.('shared-secret') ?? false)
          : auth.password === 'right-password');
      if (isRight) done(null, { user: auth.username });
      else done(new Error(`no such password: ${auth.password}`));
    },
    onData(stream, session, done) {
      let text = '';
      stream.setEncoding('utf8');
      stream.on('data', (piece: string) => {
        text += piece;
      });
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          user: typeof session.user === 'string' ? session.user : undefined,
          secure: session.secure,
          client: session.hostNameAppearsAs,
          text,
        });
        done();
      });
    },
    ...options,
  });
  server.on('error', () => {});
  running.push(server);
  const port = await new Promise<number>((resolve) => {
    const listening = server.listen(0, '127.0.0.1', () => {
      const address = listening.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  return { port, mails, methods };
}

const TLS = `tls_config: { ca_file: "${tls('ca.pem')}", server_name: localhost }`;

async function send(port: number, fields: string, options: IntegrationOptions = {}): Promise<SendResult> {
  const [email] = await integrationsOf(
    `email_configs: [{ to: "a@example.org, B <b@example.org>", from: "Monitor <m@example.org>", smarthost: "127.0.0.1:${port}", headers: { Subject: "[{{ .Status }}] é {{ .GroupLabels.alertname }}" }, html: "<b>{{ .CommonAnnotations.summary }}</b>", ${fields} }]`,
    options,
  );
  return await email!.send(notificationOf(), never());
}

/** The headers of a message or a part, and what comes after them. */
function parsed(text: string): { readonly headers: Record<string, string>; readonly body: string } {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const headers = Object.fromEntries(
    head
      .replace(/\r\n[ \t]+/g, ' ')
      .split('\r\n')
      .map((line): [string, string] => {
        const [name = '', ...value] = line.split(': ');
        return [name.toLowerCase(), value.join(': ')];
      }),
  );
  return { headers, body: rest.join('\r\n\r\n') };
}

function partsOf(text: string): { readonly headers: Record<string, string>; readonly body: string }[] {
  const { headers, body } = parsed(text);
  const boundary = /boundary="?([^";]+)"?/.exec(headers['content-type'] ?? '')?.[1] ?? '';
  return body
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((part) => parsed(part.replace(/^\r\n/, '')));
}

describe('mail', () => {
  it('goes out encrypted, with headers, plain text and HTML', async () => {
    const server = await mailServer();
    const result = await send(
      server.port,
      `${TLS}, hello: monitor.example.org, text: "caf\u00e9 = {{ .CommonAnnotations.summary }}", auth_username: user, auth_password: right-password`,
    );
    expect(result).toEqual({ ok: true, answer: expect.stringMatching(/^250 /) });
    const mail = server.mails[0]!;
    expect(mail).toMatchObject({
      from: 'm@example.org',
      to: ['a@example.org', 'b@example.org'],
      user: 'user',
      secure: true,
      client: 'monitor.example.org',
    });
    const { headers } = parsed(mail.text);
    expect(headers).toMatchObject({
      subject: '=?UTF-8?Q?=5Bfiring=5D_=C3=A9_Disk?=',
      to: 'a@example.org, B <b@example.org>',
      from: 'Monitor <m@example.org>',
      date: 'Wed, 04 Mar 2026 05:06:07 +0000',
      'mime-version': '1.0',
      'message-id': expect.stringMatching(/^<.+@.+>$/),
      'content-type': expect.stringContaining('multipart/alternative'),
    });
    expect(partsOf(mail.text).map(({ headers: head, body }) => [head['content-type'], body.trim()])).toEqual([
      ['text/plain; charset=utf-8', 'caf=C3=A9 =3D disk is full'],
      ['text/html; charset=utf-8', '<b>disk is full</b>'],
    ]);
  });

  it.each<[string, string, string, number]>([
    ['PLAIN', 'auth_password: right-password', 'PLAIN', 1],
    ['CRAM-MD5', 'auth_secret: shared-secret', 'CRAM-MD5', 1],
    ['a file with an end of line', 'auth_password_file: password', 'PLAIN', 1],
    ['the environment', 'auth_password_env: MAIL_PASSWORD', 'PLAIN', 1],
  ])('authenticates with %s', async (_, fields, method, count) => {
    const server = await mailServer();
    const secrets = {
      readFile: async (path: string) =>
        path === '/etc/password' ? 'right-password\n' : readFileSync(path, 'utf8'),
      environment: { MAIL_PASSWORD: 'right-password' },
    };
    expect(await send(server.port, `${TLS}, auth_username: user, ${fields}`, { secrets })).toMatchObject({
      ok: true,
    });
    expect(server.methods).toEqual([method]);
    expect(server.mails).toHaveLength(count);
  });

  it('authenticates with LOGIN where there is nothing else', async () => {
    const server = await mailServer({ authMethods: ['LOGIN'] });
    expect(
      await send(server.port, `${TLS}, auth_username: user, auth_password: right-password`),
    ).toMatchObject({ ok: true });
    expect(server.methods).toEqual(['LOGIN']);
  });

  it('says that a password is wrong, without it, and does not try again', async () => {
    const server = await mailServer();
    const result = await send(server.port, `${TLS}, auth_username: user, auth_password: wrong-password`);
    expect(result).toMatchObject({ ok: false, retry: false, reason: expect.stringMatching(/AUTH: 535/) });
    expect(JSON.stringify(result)).toContain('<secret>');
    expect(JSON.stringify(result)).not.toContain('wrong-password');
    expect(server.mails).toEqual([]);
  });

  it('says which secret a mechanism needs', async () => {
    const server = await mailServer({ authMethods: ['CRAM-MD5'] });
    expect(await send(server.port, `${TLS}, auth_username: user, auth_password: p`)).toEqual({
      ok: false,
      retry: true,
      reason: expect.stringContaining('auth_secret for CRAM-MD5'),
    });
  });

  it('is not sent in the clear unless that is wanted', async () => {
    const server = await mailServer({ disabledCommands: ['STARTTLS'] });
    expect(await send(server.port, TLS)).toMatchObject({
      ok: false,
      retry: true,
      reason: expect.stringContaining('require_tls'),
    });
    expect(server.mails).toEqual([]);
    expect(await send(server.port, 'require_tls: false')).toMatchObject({ ok: true });
    expect(server.mails).toMatchObject([{ secure: false }]);
  });

  it('is not sent to a server whose certificate nobody vouches for', async () => {
    const server = await mailServer();
    expect(await send(server.port, 'tls_config: { server_name: localhost }')).toMatchObject({
      ok: false,
      retry: true,
    });
    expect(server.mails).toEqual([]);
    expect(await send(server.port, 'tls_config: { insecure_skip_verify: true }')).toMatchObject({ ok: true });
  });

  it('speaks TLS from the start where that is forced', async () => {
    const server = await mailServer({ secure: true });
    expect(await send(server.port, `${TLS}, force_implicit_tls: true`)).toMatchObject({ ok: true });
    expect(server.mails).toMatchObject([{ secure: true }]);
  });

  it.each<[string, SMTPServerOptions, boolean, RegExp]>([
    [
      '4xx to the sender',
      { onMailFrom: (_a, _s, done) => done(refusal(451, 'later')) },
      true,
      /MAIL: 451 later/,
    ],
    [
      '5xx to the sender',
      { onMailFrom: (_a, _s, done) => done(refusal(550, 'never')) },
      false,
      /MAIL: 550 never/,
    ],
    ['4xx to all recipients', { onRcptTo: (_a, _s, done) => done(refusal(452, 'full')) }, true, /452 full/],
    [
      '5xx to all recipients',
      { onRcptTo: (_a, _s, done) => done(refusal(550, 'unknown')) },
      false,
      /550 unknown/,
    ],
    ['4xx to the message', { onData: answering(refusal(421, 'busy')) }, true, /421 busy/],
    ['5xx to the message', { onData: answering(refusal(554, 'spam')) }, false, /554 spam/],
  ])('%s', async (_, options, retry, words) => {
    const server = await mailServer(options);
    expect(await send(server.port, TLS)).toEqual({ ok: false, retry, reason: expect.stringMatching(words) });
  });

  it('counts as sent where a server refuses one address of two', async () => {
    const server = await mailServer({
      onRcptTo: ({ address }, _session, done) =>
        done(address.startsWith('a@') ? refusal(550, 'unknown') : undefined),
    });
    expect(await send(server.port, TLS)).toEqual({
      ok: true,
      answer: expect.stringContaining('1 of 2 addresses refused'),
    });
    expect(server.mails).toMatchObject([{ to: ['b@example.org'] }]);
  });

  it('is tried again where the connection breaks, or there is none', async () => {
    const broken = await mailServer({
      onData(stream, session) {
        stream.resume();
        for (const connection of (running[0] as SMTPServer).connections)
          if (connection.session.id === session.id) connection.close();
      },
    });
    expect(await send(broken.port, TLS)).toMatchObject({ ok: false, retry: true });
    expect(await send(1, TLS)).toEqual({
      ok: false,
      retry: true,
      reason: 'the mail server cannot be reached: ECONNREFUSED',
    });
  });

  it('stops when the monitor does', async () => {
    const silent = createServer(() => {});
    running.push(silent);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const [email] = await integrationsOf(
      `email_configs: [{ to: a@b.c, from: d@e.f, smarthost: "127.0.0.1:${port}", html: x, headers: { Subject: s } }]`,
    );
    const stop = new AbortController();
    const sending = email!.send(notificationOf(), stop.signal);
    setTimeout(() => stop.abort(new Error('stopping')), 20);
    await expect(sending).rejects.toThrow('stopping');
  });

  it('is what Alertmanager sends', { timeout: 240_000 }, async (context) => {
    const server = await mailServer();
    const folder = mkdtempSync(path.join(tmpdir(), 'email-'));
    const fields = [
      'to: "a@example.org, B <b@example.org>", from: "Monitor <m@example.org>"',
      `smarthost: "localhost:${server.port}", ${TLS}, auth_username: user, auth_password: right-password`,
      'headers: { subject: "[{{ .Status }}] é {{ .GroupLabels.alertname }}", reply-to: "c@example.org", X-Team: ops }',
      'html: "<b>{{ .CommonAnnotations.summary }}</b> é=", text: "t {{ .CommonLabels.instance }}"',
      'threading: { enabled: true, thread_by_date: daily }, hello: there.example.org',
    ].join(', ');
    const alertmanager = await startAlertmanager(
      context,
      folder,
      `route: { receiver: ops, group_by: [alertname], group_wait: 100ms }\nreceivers:\n  - name: ops\n    email_configs: [{ ${fields} }]\n`,
    );
    try {
      const [{ labels, annotations }] = notificationOf().alerts as [NotifiedAlert];
      await fetch(`${alertmanager.url}/api/v2/alerts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify([{ labels: labels.toObject(), annotations }]),
      });
      await expect.poll(() => server.mails.length, { timeout: 120_000 }).toBe(1);
    } finally {
      await alertmanager.stop();
      rmSync(folder, { recursive: true });
    }
    const [email] = await integrationsOf(`email_configs: [{ ${fields} }]`, { clock: systemClock });
    expect(await email!.send(notificationOf(), never())).toMatchObject({ ok: true });
    const [theirs, ours] = server.mails.map((mail) => {
      const { headers } = parsed(mail.text);
      return {
        ...{ from: mail.from, to: mail.to, user: mail.user, secure: mail.secure, client: mail.client },
        names: Object.keys(headers).sort(),
        addresses: [headers.to, headers.from, headers['reply-to'], headers['x-team']],
        thread: [headers.references, headers['in-reply-to']],
        subject: decoded(headers.subject ?? ''),
        parts: partsOf(mail.text).map((part) => [
          part.headers['content-type']?.toLowerCase(),
          part.body.trim(),
        ]),
      };
    });
    expect(ours).toEqual(theirs);
    expect(server.methods).toEqual(['PLAIN', 'PLAIN']);
  });

  it.each<[string, string]>([
    ['all', 'none'],
    ['those of a day', 'daily'],
  ])('refers to %s of its group', async (_, by) => {
    const server = await mailServer();
    await send(server.port, `${TLS}, threading: { enabled: true, thread_by_date: ${by} }`);
    const { headers } = parsed(server.mails[0]!.text);
    // The beginning of SHA-256 of the group's key.
    const day = by === 'daily' ? '2026-03-04' : '';
    expect(headers.references).toBe(`<alert-849f8175e1fa4477-${day}@alertmanager>`);
    expect(headers['in-reply-to']).toBe(headers.references);
  });

  it.each<[string, string, RegExp]>([
    ['no address', 'to: "{{ .CommonLabels.none }}"', /to is not a list of mail addresses/],
    ['two senders', 'from: "a@b.c, d@e.f"', /from holds more than one address/],
    ['a template that fails', 'text: "{{ fail }}"', /the template of text cannot be expanded/],
  ])('with %s is not tried again', async (_, fields, words) => {
    const [name = ''] = fields.split(':');
    const base = { to: 'a@b.c', from: 'd@e.f', html: 'x', smarthost: '127.0.0.1:1' };
    const others = Object.entries(base).filter(([field]) => field !== name);
    const [email] = await integrationsOf(
      `email_configs: [{ ${others.map(([field, value]) => `${field}: "${value}"`).join(', ')}, ${fields}, headers: { Subject: s } }]`,
    );
    expect(await email!.send(notificationOf(), never())).toEqual({
      ok: false,
      retry: false,
      reason: expect.stringMatching(words),
    });
  });

  it('has no headers that a label brought in', async () => {
    const server = await mailServer();
    const [email] = await integrationsOf(
      `email_configs: [{ to: a@b.c, from: d@e.f, smarthost: "127.0.0.1:${server.port}", html: x, ${TLS}, headers: { Subject: "{{ .GroupLabels.alertname }}" } }]`,
    );
    const groupLabels = Labels.of({ alertname: 'a\r\nBcc: c@d.e' });
    expect(await email!.send({ ...notificationOf(), groupLabels }, never())).toMatchObject({ ok: true });
    const { headers } = parsed(server.mails[0]!.text);
    expect(headers.subject).toBe('a Bcc: c@d.e');
    expect(headers).not.toHaveProperty('bcc');
    expect(server.mails[0]!.to).toEqual(['a@b.c']);
  });
});

/** An encoded header in words. */
function decoded(header: string): string {
  return header
    .replace(/\?= =\?/g, '?==?')
    .replace(/=\?utf-8\?q\?([^?]*)\?=/gi, (_, text: string) =>
      decodeURIComponent(text.replace(/_/g, ' ').replace(/%/g, '%25').replace(/=/g, '%')),
    );
}

function refusal(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}

function answering(error: Error): NonNullable<SMTPServerOptions['onData']> {
  return (stream, _session, done) => {
    stream.resume();
    stream.on('end', () => done(error));
  };
}
