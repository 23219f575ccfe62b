/** Who is told of alerts, in one place: a mail server with TLS and a password, and a webhook such as Slack's. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { SMTPServer } from 'smtp-server';

const tls = (name: string): string =>
  fileURLToPath(new URL(`../packages/metrics/test/fixtures/tls/${name}`, import.meta.url));

/** The certificate that vouches for the mail server. */
export const CA_FILE: string = tls('ca.pem');

/** The password that the mail server asks for. */
export const MAIL_PASSWORD = 'the password of the mail server';

/** A mail as it arrived. */
export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** A message as Slack's webhook takes it. */
export interface SlackMessage {
  readonly channel: string;
  readonly username: string;
  readonly attachments: readonly {
    readonly title: string;
    readonly title_link: string;
    readonly fallback: string;
    readonly color: string;
    readonly text: string;
  }[];
}

/** What people have been told until now, and by whom they can be reached. */
export interface People {
  readonly mails: Mail[];
  readonly slack: SlackMessage[];
  /** `127.0.0.1:PORT` of the mail server. */
  readonly smarthost: string;
  readonly webhookUrl: string;
  close(): void;
}

/** Opens mail server and webhook. */
export async function people(): Promise<People> {
  const mails: Mail[] = [];
  const slack: SlackMessage[] = [];
  const mailServer = new SMTPServer({
    cert: readFileSync(tls('server.pem')),
    key: readFileSync(tls('server-key.pem')),
    closeTimeout: 100,
    onAuth({ username, password }, _session, done) {
      if (username === 'alerts@leads.example' && password === MAIL_PASSWORD) done(null, { user: username });
      else done(new Error('wrong password'));
    },
    onData(stream, { envelope: { mailFrom, rcptTo }, secure }, done) {
      let message = '';
      stream.setEncoding('utf8').on('data', (piece: string) => {
        message += piece;
      });
      stream.on('end', () => {
        if (!secure) return done(new Error('this server wants STARTTLS'));
        const from = mailFrom === false ? '' : mailFrom.address;
        mails.push({ from, to: rcptTo.map(({ address }) => address).sort(), ...readMail(message) });
        return done();
      });
    },
  });
  // A client that goes away in between is no trouble of the server's.
  mailServer.on('error', () => {});
  const webhook = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (piece: string) => {
      body += piece;
    });
    request.on('end', () => {
      slack.push(JSON.parse(body) as SlackMessage);
      response.end('ok');
    });
  });
  await new Promise<void>((resolve) => mailServer.listen(0, '127.0.0.1', resolve));
  await new Promise<void>((resolve) => webhook.listen(0, '127.0.0.1', resolve));
  return {
    mails,
    slack,
    smarthost: `127.0.0.1:${(mailServer.server.address() as AddressInfo).port}`,
    webhookUrl: `http://127.0.0.1:${(webhook.address() as AddressInfo).port}/services/T0/B0/secret`,
    close() {
      mailServer.close();
      webhook.closeAllConnections();
      webhook.close();
    },
  };
}

/** The subject of a message and its two texts, out of the encodings that mail has. */
function readMail(message: string): Pick<Mail, 'subject' | 'text' | 'html'> {
  const { headers, body } = partOf(message);
  const boundary = /boundary="?([^";]+)"?/.exec(headers['content-type'] ?? '')?.[1] ?? '';
  const parts = body
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((part) => partOf(part.replace(/^\r\n/, '')));
  const textOf = (type: string): string => {
    const part = parts.find(({ headers: own }) => own['content-type']?.startsWith(type));
    if (part === undefined) throw new Error(`a mail has no ${type}: ${message}`);
    const isQuoted = part.headers['content-transfer-encoding']?.toLowerCase() === 'quoted-printable';
    const plain = isQuoted ? unquoted(part.body) : part.body;
    return plain.replaceAll('\r\n', '\n').trim();
  };
  return { subject: headers.subject ?? '', text: textOf('text/plain'), html: textOf('text/html') };
}

function partOf(text: string): { readonly headers: Record<string, string>; readonly body: string } {
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

/** Text out of quoted-printable, whose bytes are UTF-8. */
function unquoted(text: string): string {
  const bytes = text
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
