/** Pushover: a message to a person's devices, repeated until somebody answers it where it is urgent. */
import type { PushoverConfig } from '../../config/receivers.ts';
import type { Integration } from '../integration.ts';
import type { Attempt, ReceiverContext } from './attempt.ts';
import { httpIntegration, type IntegrationPlace } from './http-integration.ts';
import { truncateChars } from './truncate.ts';

/** The longest title. */
export const PUSHOVER_TITLE_CHARS_MAX = 250;
/** The longest message. */
export const PUSHOVER_MESSAGE_CHARS_MAX = 1024;
/** The longest link. */
export const PUSHOVER_URL_CHARS_MAX = 512;

/** Alertmanager does not let it be changed. */
const PUSHOVER_URL = 'https://api.pushover.net/1/messages.json';

/** One of `pushover_configs`. */
export function pushoverIntegration(
  config: PushoverConfig,
  place: IntegrationPlace,
  context: ReceiverContext,
): Integration {
  return httpIntegration(place, context, {
    kind: 'pushover',
    config,
    async send(attempt, client) {
      const token = await attempt.secretText(config.token, 'token');
      const user = await attempt.secretText(config.userKey, 'user_key');
      const form = new URLSearchParams({ token, user, ...pushoverFields(config, attempt) });
      const answer = await client({
        method: 'POST',
        url: PUSHOVER_URL,
        // In the body, where Alertmanager has it in the address, which servers write into logs.
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: form.toString(),
        signal: attempt.signal,
        scope: attempt.scope,
      });
      return attempt.judge(answer);
    },
  });
}

function pushoverFields(config: PushoverConfig, attempt: Attempt): Record<string, string> {
  const text = (template: string, field: string): string => attempt.text(template, field);
  const message = config.html ? attempt.html(config.message, 'message') : text(config.message, 'message');
  const ttlS = Math.trunc(config.ttlMs / 1000);
  return {
    title: truncateChars(text(config.title, 'title'), PUSHOVER_TITLE_CHARS_MAX),
    ...(config.html && { html: '1' }),
    ...(config.monospace && { monospace: '1' }),
    // Pushover refuses empty messages.
    message: truncateChars(message, PUSHOVER_MESSAGE_CHARS_MAX).trim() || '(no details)',
    url: truncateChars(text(config.url, 'url'), PUSHOVER_URL_CHARS_MAX),
    url_title: text(config.urlTitle, 'url_title'),
    priority: text(config.priority, 'priority'),
    retry: String(Math.trunc(config.retryMs / 1000)),
    expire: String(Math.trunc(config.expireMs / 1000)),
    device: text(config.device, 'device'),
    sound: text(config.sound, 'sound'),
    ...(ttlS > 0 && { ttl: String(ttlS) }),
  };
}
