/**
 * Mail over SMTP: one message in HTML, plain text, or both, to the addresses of a receiver.
 *
 * Encryption is asked for unless the configuration says otherwise: TLS from the start on port 465, STARTTLS
 * elsewhere, and without it nothing is sent. A message that a server refuses for good (5xx) is not tried again,
 * one that it refuses for now (4xx), or that no connection carries, is. Where a server takes some of the addresses
 * and refuses others, those that it takes have the message, so it counts as sent.
 */
import { createHmac } from 'node:crypto';
import addressparser from 'nodemailer/lib/addressparser';
import MimeNode from 'nodemailer/lib/mime-node';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { EmailConfig } from '../../config/receivers.ts';
import { codeOf, tlsOptions } from '../../http-client.ts';
import type { Integration, SendResult } from '../integration.ts';
import { type Attempt, AttemptFailure, type ReceiverContext, runAttempt } from './attempt.ts';
import { groupHash, type IntegrationPlace } from './http-integration.ts';

/** How long a server may be silent before a connection to it is given up. */
export const SMTP_SILENCE_MS_MAX = 30_000;

/** One of `email_configs`. */
export function emailIntegration(
  config: EmailConfig,
  place: IntegrationPlace,
  context: ReceiverContext,
): Integration {
  return {
    ...place,
    kind: 'email',
    sendResolved: config.sendResolved,
    send: (notification, signal) =>
      runAttempt(context, notification, signal, 0, async (attempt) => {
        const envelope = envelopeOf(config, attempt);
        const message = await composeEmail(config, attempt);
        return await deliver(config, attempt, envelope, message);
      }),
  };
}

interface Envelope {
  readonly from: string;
  readonly to: readonly string[];
}

function envelopeOf(config: EmailConfig, attempt: Attempt): Envelope {
  const from = addressesOf(attempt.text(config.from, 'from'), 'from');
  if (from.length > 1) throw new AttemptFailure('from holds more than one address', false);
  return { from: from[0]!, to: addressesOf(attempt.text(config.to, 'to'), 'to') };
}

function addressesOf(text: string, field: string): string[] {
  const addresses = addressparser(text, { flatten: true }).map(({ address }) => address);
  const valid = addresses.length > 0 && addresses.every((address) => /^[^\s@<>]+@[^\s@<>]+$/.test(address));
  if (!valid) throw new AttemptFailure(`${field} is not a list of mail addresses`, false);
  return addresses;
}

/** The message as it goes over the wire. */
export async function composeEmail(config: EmailConfig, attempt: Attempt): Promise<Buffer> {
  const root = new MimeNode('multipart/alternative', { disableFileAccess: true, disableUrlAccess: true });
  for (const [name, template] of Object.entries(config.headers))
    root.setHeader(name, attempt.text(template, `headers.${name}`).replace(/\s*[\r\n]+\s*/g, ' '));
  if (config.threading !== 'off') {
    // No message has this identifier; programs for mail gather those that refer to it. It is Alertmanager's.
    const day = config.threading === 'daily' ? new Date(attempt.clock.now()).toISOString().slice(0, 10) : '';
    const id = `<alert-${groupHash(attempt.notification).slice(0, 16)}-${day}@alertmanager>`;
    root.setHeader('References', id);
    root.setHeader('In-Reply-To', id);
  }
  if (!('Date' in config.headers))
    root.setHeader('Date', new Date(attempt.clock.now()).toUTCString().replace('GMT', '+0000'));
  // The part that is preferred comes last.
  if (config.text !== '') addPart(root, 'text/plain', attempt.text(config.text, 'text'));
  if (config.html !== '') addPart(root, 'text/html', attempt.html(config.html, 'html'));
  return await root.build();
}

function addPart(root: MimeNode, type: string, content: string): void {
  const part = root.createChild(`${type}; charset=utf-8`);
  part.setHeader('Content-Transfer-Encoding', 'quoted-printable');
  part.setContent(content);
}

async function deliver(
  config: EmailConfig,
  attempt: Attempt,
  envelope: Envelope,
  message: Buffer,
): Promise<SendResult> {
  const { signal, scope } = attempt;
  const secure = config.forceImplicitTls ?? config.port === '465';
  const tls = await tlsOptions(config.tls, scope);
  signal.throwIfAborted();
  const connection = new SMTPConnection({
    host: config.host,
    port: config.port,
    name: config.hello,
    secure,
    requireTLS: config.requireTls && !secure,
    // Without require_tls Alertmanager does not encrypt, even where a server offers it.
    ignoreTLS: !config.requireTls,
    tls,
    connectionTimeout: SMTP_SILENCE_MS_MAX,
    greetingTimeout: SMTP_SILENCE_MS_MAX,
    socketTimeout: SMTP_SILENCE_MS_MAX,
    customAuth: { [AUTH_METHOD]: (context) => authenticate(config, attempt, connection.secure, context) },
  });
  const close = (): void => connection.close();
  signal.addEventListener('abort', close);
  try {
    await untilDone(connection, signal, (done) => connection.connect(done));
    if (config.authUsername !== '' && connection.allowsAuth) {
      const auth = { user: config.authUsername, method: AUTH_METHOD };
      await untilDone(connection, signal, (done) => connection.login(auth, done));
    }
    const info = await untilDone<{ response: string; rejected: readonly string[] }>(
      connection,
      signal,
      (done) => connection.send({ from: envelope.from, to: [...envelope.to] }, message, done),
    );
    const refused = info.rejected.length;
    const some = refused === 0 ? '' : `; ${refused} of ${envelope.to.length} addresses refused`;
    connection.quit();
    return { ok: true, answer: `${attempt.shown(info.response)}${some}` };
  } catch (error) {
    connection.close();
    signal.throwIfAborted();
    return failureOf(error, attempt);
  } finally {
    signal.removeEventListener('abort', close);
  }
}

/** Waits for a step of a connection, which tells of failures by its callback or by an event. */
function untilDone<Result>(
  connection: SMTPConnection,
  signal: AbortSignal,
  start: (done: (error?: Error | null, result?: Result) => void) => void,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      settle();
      reject(error);
    };
    const end = (): void => fail(Object.assign(new Error('closed'), { code: 'CONNECTION_CLOSED' }));
    const settle = (): void => {
      connection.off('error', fail);
      connection.off('end', end);
      signal.removeEventListener('abort', end);
      // What a connection says after that concerns nobody, but an error without a listener ends the process.
      connection.on('error', () => {});
    };
    connection.on('error', fail);
    connection.on('end', end);
    signal.addEventListener('abort', end);
    start((error, result) => {
      settle();
      if (error) reject(error);
      else resolve(result as Result);
    });
  });
}

/** A name that no server offers: the handler sees what is offered and chooses by the secrets that are there. */
const AUTH_METHOD = 'BINNACLE';

type AuthContext = Parameters<
  NonNullable<NonNullable<ConstructorParameters<typeof SMTPConnection>[0]>['customAuth']>[string]
>[0];

async function authenticate(
  config: EmailConfig,
  attempt: Attempt,
  encrypted: boolean,
  context: AuthContext,
): Promise<void> {
  const { authMethods: offered } = context;
  const { authUsername: user, authIdentity: identity, authSecret, authPassword } = config;
  const expect = async (command: string, status: number): Promise<string> => {
    const reply = await context.sendCommand(command);
    if (reply.status !== status) throw new Refusal(reply.status, 'AUTH', reply.response);
    return reply.text;
  };
  if (offered.includes('CRAM-MD5') && authSecret !== undefined) {
    const secret = await attempt.scope.reveal(authSecret);
    const challenge = Buffer.from(await expect('AUTH CRAM-MD5', 334), 'base64').toString('utf8');
    const digest = createHmac('md5', secret).update(challenge).digest('hex');
    await expect(base64(`${user} ${digest}`), 235);
  } else if (offered.includes('PLAIN') && authPassword !== undefined) {
    if (!encrypted && !['localhost', '127.0.0.1', '::1'].includes(config.host))
      throw new AttemptFailure('the password is not sent over a connection that is not encrypted', true);
    const password = await attempt.scope.reveal(authPassword);
    const response = base64(`${identity}\0${user}\0${password}`);
    attempt.scope.remember(response);
    await expect(`AUTH PLAIN ${response}`, 235);
  } else if (offered.includes('LOGIN') && authPassword !== undefined) {
    const password = await attempt.scope.reveal(authPassword);
    await expect('AUTH LOGIN', 334);
    await expect(base64(user), 334);
    await expect(base64(password), 235);
  } else {
    const words = offered.length === 0 ? 'none that is known' : offered.join(', ');
    throw new AttemptFailure(
      `the mail server offers ${words} to authenticate; auth_password is for PLAIN and LOGIN, auth_secret for CRAM-MD5`,
      true,
    );
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** A server's answer to authentication. */
class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly responseCode: number;
  readonly command: string;
  readonly response: string;

  constructor(responseCode: number, command: string, response: string) {
    super('refused');
    this.responseCode = responseCode;
    this.command = command;
    this.response = response;
  }
}

function failureOf(error: unknown, attempt: Attempt): SendResult {
  const cause = unwrapped(error);
  if (cause instanceof AttemptFailure || (cause instanceof Error && cause.name === 'SecretError'))
    throw cause;
  const fields: Readonly<Record<string, unknown>> = cause instanceof Error ? { ...cause } : {};
  const { responseCode: status, command, response } = fields;
  const isTls = fields.code === 'ETLS';
  if (!isTls && typeof status === 'number' && status >= 400) {
    const said = attempt.shown(typeof response === 'string' ? response : '');
    const step = typeof command === 'string' ? ` to ${command.split(' ', 1)[0]}` : '';
    return { ok: false, retry: status < 500, reason: `the mail server answered${step}: ${said || status}` };
  }
  const code = typeof fields.originalCode === 'string' ? fields.originalCode : codeOf(cause);
  const advice = isTls
    ? '; it offers no STARTTLS, or its certificate is not trusted (require_tls, tls_config)'
    : '';
  return { ok: false, retry: true, reason: `the mail server cannot be reached: ${code}${advice}` };
}

/** nodemailer makes an error of its own of what a handler of authentication throws, or keeps it. */
function unwrapped(error: unknown): unknown {
  if (error instanceof Error && error.cause instanceof Error) return error.cause;
  return error;
}
