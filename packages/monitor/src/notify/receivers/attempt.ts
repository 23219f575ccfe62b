/**
 * One attempt to send one message: expands templates, reads secrets, keeps the time, and puts whatever goes wrong
 * into words without secrets.
 *
 * Which failures are worth another try follows Alertmanager, receiver by receiver; in general those of the network
 * and answers of 5xx. Beyond Alertmanager, 429 is tried again everywhere, not before the time that was asked for.
 */
import type { Clock } from '../../clock.ts';
import type { HttpClientContext } from '../../http-client.ts';
import { type HttpAnswer, HttpFailure, type HttpSend } from '../../http-exchange.ts';
import type { HttpSettings } from '../../http-settings.ts';
import { type Secret, SecretError, SecretScope, type SecretSources } from '../../secret.ts';
import type { MessageTemplates, Notification, SendResult } from '../integration.ts';

/** What receivers need beside their configuration. */
export interface ReceiverContext {
  readonly templates: MessageTemplates;
  readonly clock: Clock;
  /** Where files and variables with secrets are read. */
  readonly secrets: SecretSources;
  /** Makes a client with its settings; `createHttpClient` but for tests. */
  readonly createClient: (settings: HttpSettings, context: HttpClientContext) => HttpSend;
}

/** How much of an answer is shown. */
export const SHOWN_ANSWER_CHARS_MAX = 300;

/** A message cannot be made, or an answer says that it was not taken. The message holds no secret. */
export class AttemptFailure extends Error {
  override readonly name = 'AttemptFailure';
  readonly retry: boolean;

  constructor(message: string, retry: boolean) {
    super(message);
    this.retry = retry;
  }
}

/** What an attempt works with. */
export class Attempt {
  readonly notification: Notification;
  readonly signal: AbortSignal;
  readonly scope: SecretScope;
  readonly clock: Clock;
  readonly #templates: MessageTemplates;

  constructor(
    context: Pick<ReceiverContext, 'templates' | 'clock'>,
    notification: Notification,
    signal: AbortSignal,
    scope: SecretScope,
  ) {
    this.notification = notification;
    this.signal = signal;
    this.scope = scope;
    this.clock = context.clock;
    this.#templates = context.templates;
  }

  /** The same attempt, where templates see another message. */
  about(notification: Notification): Attempt {
    const { signal, scope, clock } = this;
    return new Attempt({ templates: this.#templates, clock }, notification, signal, scope);
  }

  /**
   * A template expanded over the message.
   * @param field what the template is for, in a failure's words
   */
  text(template: string, field: string): string {
    return this.#expand(field, template, () => this.#templates.text(template, this.notification));
  }

  /** As {@link text}, for HTML. */
  html(template: string, field: string): string {
    return this.#expand(field, template, () => this.#templates.html(template, this.notification));
  }

  /** A secret whose value is a template. What is wrong with such a template is not told in its own words. */
  async secretText(secret: Secret, field: string): Promise<string> {
    const template = await this.scope.reveal(secret);
    if (!template.includes('{{')) return template;
    let text: string;
    try {
      text = this.#templates.text(template, this.notification);
    } catch {
      throw new AttemptFailure(`the template of ${field} cannot be expanded`, false);
    }
    this.scope.remember(text);
    return text;
  }

  #expand(field: string, template: string, expand: () => string): string {
    if (template === '') return '';
    try {
      return expand();
    } catch (error) {
      const words = this.scope.redact(error instanceof Error ? error.message : String(error));
      throw new AttemptFailure(`the template of ${field} cannot be expanded: ${words}`, false);
    }
  }

  /**
   * What an answer means: 2xx is success, 5xx, 429 and the given ones are worth another try.
   * @param details what is shown of a failure's body; the beginning of it where absent
   */
  judge(
    answer: HttpAnswer,
    retried: readonly number[] = [],
    details: (text: string) => string = (text) => text,
  ): SendResult {
    const { status } = answer;
    const shown = this.shown(details(answer.text));
    const words = shown === '' ? String(status) : `${status}: ${shown}`;
    if (status >= 200 && status < 300) return { ok: true, answer: words };
    const retry = status >= 500 || status === 429 || retried.includes(status);
    const retryAfterMs = retryAfter(answer, this.clock.now());
    return {
      ok: false,
      retry,
      reason: `the receiver answered ${words}`,
      ...(retry && retryAfterMs !== undefined && { retryAfterMs }),
    };
  }

  /** The words of others as they may be shown: one line, not long, without secrets. */
  shown(text: string): string {
    const line = this.scope.redact(text).replace(/\s+/g, ' ').trim();
    return line.length > SHOWN_ANSWER_CHARS_MAX ? `${line.slice(0, SHOWN_ANSWER_CHARS_MAX)}…` : line;
  }
}

/** `Retry-After`, seconds or a date. */
function retryAfter(answer: HttpAnswer, nowMs: number): number | undefined {
  const text = answer.headers['retry-after'];
  if (text === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

/**
 * Runs one attempt.
 * @param timeoutMs 0 for no limit but the signal's
 */
export async function runAttempt(
  context: ReceiverContext,
  notification: Notification,
  signal: AbortSignal,
  timeoutMs: number,
  work: (attempt: Attempt) => Promise<SendResult>,
): Promise<SendResult> {
  signal.throwIfAborted();
  const stop = new AbortController();
  let timedOut = false;
  const onAbort = (): void => stop.abort(signal.reason);
  signal.addEventListener('abort', onAbort);
  const cancel =
    timeoutMs > 0
      ? context.clock.after(timeoutMs, () => {
          timedOut = true;
          stop.abort(new Error('timeout'));
        })
      : () => {};
  const attempt = new Attempt(context, notification, stop.signal, new SecretScope(context.secrets));
  try {
    return await work(attempt);
  } catch (error) {
    signal.throwIfAborted();
    if (timedOut) return { ok: false, retry: true, reason: `no answer within ${timeoutMs} ms` };
    return failureOf(error, attempt.scope);
  } finally {
    cancel();
    signal.removeEventListener('abort', onAbort);
  }
}

function failureOf(error: unknown, scope: SecretScope): SendResult {
  if (error instanceof AttemptFailure)
    return { ok: false, retry: error.retry, reason: scope.redact(error.message) };
  if (error instanceof SecretError)
    return { ok: false, retry: true, reason: `a secret cannot be read: ${error.message}` };
  if (error instanceof HttpFailure) {
    const retry = error.code !== 'INVALID_URL';
    return { ok: false, retry, reason: `the receiver cannot be reached: ${error.message}` };
  }
  // Ours: what it says may hold anything, its kind does not.
  const kind = error instanceof Error ? error.name : typeof error;
  return { ok: false, retry: false, reason: `the message could not be made: ${kind}` };
}
