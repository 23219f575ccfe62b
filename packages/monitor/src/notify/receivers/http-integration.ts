/** What receivers over HTTP have in common: a client with the receiver's settings, and JSON that is posted. */
import { createHash } from 'node:crypto';
import type { HttpAnswer, HttpSend } from '../../http-exchange.ts';
import type { HttpSettings } from '../../http-settings.ts';
import type { Integration, Notification, SendResult } from '../integration.ts';
import { type Attempt, type ReceiverContext, runAttempt } from './attempt.ts';

/** What a receiver's kind says about one of its integrations. */
export interface HttpIntegrationOptions {
  readonly kind: string;
  readonly config: {
    readonly sendResolved: boolean;
    readonly http: HttpSettings;
    readonly timeoutMs?: number;
  };
  /** Sends one message once. */
  readonly send: (attempt: Attempt, client: HttpSend) => Promise<SendResult>;
}

/** Where an integration stands: the receiver's name, and its place among those of its kind. */
export interface IntegrationPlace {
  readonly receiver: string;
  readonly index: number;
}

/** An integration that speaks HTTP. */
export function httpIntegration(
  place: IntegrationPlace,
  context: ReceiverContext,
  { kind, config, send }: HttpIntegrationOptions,
): Integration {
  const client = context.createClient(config.http, context);
  return {
    ...place,
    kind,
    sendResolved: config.sendResolved,
    send: (notification, signal) =>
      runAttempt(context, notification, signal, config.timeoutMs ?? 0, (attempt) => send(attempt, client)),
  };
}

/** Posts JSON. */
export function postJson(
  attempt: Attempt,
  client: HttpSend,
  url: string,
  body: unknown,
  { method = 'POST', headers = {} }: { method?: 'POST' | 'PUT'; headers?: Record<string, string> } = {},
): Promise<HttpAnswer> {
  return client({
    method,
    url,
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    signal: attempt.signal,
    scope: attempt.scope,
  });
}

/** The state of a message: it fires while one of its alerts does. */
export function statusOf(notification: Notification): 'firing' | 'resolved' {
  return notification.alerts.some((alert) => alert.status === 'firing') ? 'firing' : 'resolved';
}

/** Alertmanager's name for a group where names must be short: a hash of its key. */
export function groupHash(notification: Notification): string {
  return createHash('sha256').update(notification.groupKey).digest('hex');
}

/** Go's `omitempty`: the fields without those that are empty. */
export function withoutEmpty(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([, value]) =>
        value !== '' &&
        value !== undefined &&
        value !== false &&
        !(Array.isArray(value) && value.length === 0),
    ),
  );
}
