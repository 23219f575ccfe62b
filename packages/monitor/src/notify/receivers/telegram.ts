/**
 * Telegram: a message of a bot (`sendMessage`).
 *
 * A message in HTML that is too long is cut where no tag breaks; Alertmanager sends a note instead that it was too
 * long.
 */
import type { TelegramConfig } from '../../config/receivers.ts';
import type { HttpAnswer } from '../../http-exchange.ts';
import type { Integration, SendResult } from '../integration.ts';
import { type Attempt, AttemptFailure, type ReceiverContext } from './attempt.ts';
import { httpIntegration, type IntegrationPlace, postJson, withoutEmpty } from './http-integration.ts';
import { truncateChars, truncateHtml } from './truncate.ts';

/** The longest message that Telegram takes. */
export const TELEGRAM_MESSAGE_CHARS_MAX = 4096;

/** One of `telegram_configs`. */
export function telegramIntegration(
  config: TelegramConfig,
  place: IntegrationPlace,
  context: ReceiverContext,
): Integration {
  return httpIntegration(place, context, {
    kind: 'telegram',
    config,
    async send(attempt, client) {
      const text =
        config.parseMode === 'HTML'
          ? truncateHtml(attempt.html(config.message, 'message'), TELEGRAM_MESSAGE_CHARS_MAX)
          : truncateChars(attempt.text(config.message, 'message'), TELEGRAM_MESSAGE_CHARS_MAX);
      const token = await attempt.scope.reveal(config.botToken);
      const chatId = await config.chatId.reveal(context.secrets);
      if (!/^-?\d+$/.test(chatId)) throw new AttemptFailure('chat_id is not a whole number', true);
      const message = {
        chat_id: chatId,
        text,
        disable_web_page_preview: 'true',
        ...withoutEmpty({
          disable_notification: config.disableNotifications ? 'true' : '',
          parse_mode: config.parseMode,
          message_thread_id: config.messageThreadId === 0 ? '' : String(config.messageThreadId),
        }),
      };
      const url = `${config.apiUrl}/bot${token}/sendMessage`;
      attempt.scope.remember(url);
      return judgeTelegram(attempt, await postJson(attempt, client, url, message));
    },
  });
}

/** The answer is JSON in any case; `retry_after` stands in it. Alertmanager tries again whatever it says. */
function judgeTelegram(attempt: Attempt, answer: HttpAnswer): SendResult {
  const result = attempt.judge(answer);
  let body: unknown;
  try {
    body = JSON.parse(answer.text);
  } catch {
    body = undefined;
  }
  if (typeof body !== 'object' || body === null || !('ok' in body))
    return {
      ok: false,
      retry: true,
      reason: `Telegram's answer is not one of its own: ${attempt.shown(answer.text)}`,
    };
  if (body.ok === true && result.ok) return { ok: true, answer: String(answer.status) };
  const description = 'description' in body ? String(body.description) : '';
  const reason = `Telegram refuses (${answer.status}): ${attempt.shown(description)}`;
  const retryAfterMs = telegramRetryAfterMs(body);
  return { ok: false, retry: true, reason, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

function telegramRetryAfterMs(body: object): number | undefined {
  const parameters = 'parameters' in body ? body.parameters : undefined;
  if (typeof parameters !== 'object' || parameters === null || !('retry_after' in parameters))
    return undefined;
  return typeof parameters.retry_after === 'number' ? parameters.retry_after * 1000 : undefined;
}
