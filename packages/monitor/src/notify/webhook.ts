/**
 * Alertmanager's webhook: one POST of JSON, version 4.
 *
 * The URL is a secret. Nothing here puts it, or an error's own message, which may hold it, into words: a reason
 * is a status or the system's error code.
 */
import { readFile } from 'node:fs/promises';
import { rfc3339 } from '../clock.ts';
import type { WebhookConfig } from '../config/receivers.ts';
import type { Integration, Notification, SendResult } from './integration.ts';

/** The part of `fetch` that is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** What Go writes for a time that is not set: the end of an alert that still fires. */
const NO_TIME = '0001-01-01T00:00:00Z';

/**
 * The body of the request.
 * @param maxAlerts how many alerts it holds at most; 0 for all
 */
export function webhookPayload(notification: Notification, maxAlerts: number): string {
  const { alerts } = notification;
  const shown = maxAlerts > 0 ? alerts.slice(0, maxAlerts) : alerts;
  return JSON.stringify({
    version: '4',
    groupKey: notification.groupKey,
    truncatedAlerts: alerts.length - shown.length,
    status: alerts.some((alert) => alert.status === 'firing') ? 'firing' : 'resolved',
    receiver: notification.receiver,
    groupLabels: notification.groupLabels.toObject(),
    commonLabels: common(shown.map((alert) => alert.labels.toObject())),
    commonAnnotations: common(shown.map((alert) => alert.annotations)),
    externalURL: notification.externalUrl,
    alerts: shown.map((alert) => ({
      status: alert.status,
      labels: alert.labels.toObject(),
      annotations: alert.annotations,
      startsAt: rfc3339(alert.startsAtMs),
      endsAt: alert.status === 'resolved' ? rfc3339(alert.endsAtMs) : NO_TIME,
      generatorURL: alert.generatorUrl,
      fingerprint: alert.fingerprint,
    })),
  });
}

/** A webhook of a receiver. */
export function webhookIntegration(
  config: WebhookConfig,
  receiver: string,
  index: number,
  fetch: Fetch,
): Integration {
  const { sendResolved, maxAlerts, timeoutMs } = config;
  return {
    receiver,
    kind: 'webhook',
    index,
    sendResolved,
    async send(notification, signal) {
      let url: string;
      try {
        url = config.url ?? (await readFile(config.urlFile ?? '', 'utf8')).trim();
      } catch (error) {
        return { ok: false, retry: true, reason: `the file of the URL cannot be read: ${codeOf(error)}` };
      }
      return postWebhook(fetch, url, webhookPayload(notification, maxAlerts), { timeoutMs, signal });
    },
  };
}

/** Posts a message once. Never rejects, except with the signal's reason when it is aborted. */
export async function postWebhook(
  fetch: Fetch,
  url: string,
  body: string,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<SendResult> {
  const signal =
    options.timeoutMs > 0
      ? AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs)])
      : options.signal;
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'binnacle' },
      body,
      signal,
    });
    await response.body?.cancel();
    if (response.ok) return { ok: true };
    const retry = response.status >= 500 || response.status === 429;
    return { ok: false, retry, reason: `the receiver answered ${response.status}` };
  } catch (error) {
    options.signal.throwIfAborted();
    if (signal.aborted) return { ok: false, retry: true, reason: `no answer within ${options.timeoutMs} ms` };
    return { ok: false, retry: true, reason: `the receiver cannot be reached: ${codeOf(error)}` };
  }
}

function common(sets: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  const [first = {}, ...rest] = sets;
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) => rest.every((set) => set[name] === value)),
  );
}

/** The system's error code, such as `ECONNREFUSED`, and never a message. */
function codeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code;
  return cause instanceof Error ? cause.name : 'unknown error';
}
