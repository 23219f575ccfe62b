/**
 * Slack: one message with one attachment, by an incoming webhook or, with a bot's token, by `chat.postMessage`.
 *
 * With `update_message`, the message of a group is changed as the group changes. Which message that is, is kept in
 * memory: after a restart a new one is written.
 */
import type { SlackActionConfig, SlackConfig } from '../../config/receivers.ts';
import type { HttpAnswer } from '../../http-exchange.ts';
import type { Integration, SendResult } from '../integration.ts';
import { type Attempt, AttemptFailure, type ReceiverContext } from './attempt.ts';
import { httpIntegration, type IntegrationPlace, postJson, withoutEmpty } from './http-integration.ts';
import { truncateChars } from './truncate.ts';

/** The longest title that Slack takes. */
export const SLACK_TITLE_CHARS_MAX = 1024;
/** How many groups' messages can be changed; the oldest are forgotten. */
export const UPDATABLE_MESSAGES_MAX = 10_000;

const SLACK_UPDATE_URL = 'https://slack.com/api/chat.update';

/** A message that was written. */
interface Written {
  readonly channel: string;
  readonly timestamp: string;
}

/** One of `slack_configs`. */
export function slackIntegration(
  config: SlackConfig,
  place: IntegrationPlace,
  context: ReceiverContext,
): Integration {
  const written = new Map<string, Written>();
  return httpIntegration(place, context, {
    kind: 'slack',
    config,
    async send(attempt, client) {
      const { groupKey } = attempt.notification;
      const earlier = config.updateMessage ? written.get(groupKey) : undefined;
      const message = slackMessage(config, attempt, earlier);
      const url = earlier === undefined ? await attempt.scope.reveal(config.apiUrl) : SLACK_UPDATE_URL;
      const answer = await postJson(attempt, client, url, message);
      const result = attempt.judge(answer);
      if (!result.ok) return result;
      return judgeSlack(attempt, answer, result, (message) => {
        if (!config.updateMessage) return;
        written.delete(groupKey);
        written.set(groupKey, message);
        const oldest = written.keys().next();
        if (written.size > UPDATABLE_MESSAGES_MAX && oldest.done === false) written.delete(oldest.value);
      });
    },
  });
}

/** The body of the request. */
export function slackMessage(config: SlackConfig, attempt: Attempt, earlier?: Written): object {
  // A text that cannot be expanded says so: a message with a hole in it still reaches somebody.
  const shown = (template: string, field: string): string => {
    try {
      return attempt.text(template, field);
    } catch (error) {
      if (error instanceof AttemptFailure) return `(${error.message})`;
      throw error;
    }
  };
  const attachment = {
    ...withoutEmpty({
      title: truncateChars(shown(config.title, 'title'), SLACK_TITLE_CHARS_MAX),
      title_link: shown(config.titleLink, 'title_link'),
      pretext: shown(config.pretext, 'pretext'),
      fields: config.fields.map(({ title, value, short }) => ({
        ...withoutEmpty({ title: shown(title, 'fields'), value: shown(value, 'fields') }),
        short,
      })),
      actions: config.actions.map((action) => slackAction(action, shown)),
      image_url: shown(config.imageUrl, 'image_url'),
      thumb_url: shown(config.thumbUrl, 'thumb_url'),
      color: shown(config.color, 'color'),
      mrkdwn_in: config.mrkdwnIn.length === 0 ? ['fallback', 'pretext', 'text'] : config.mrkdwnIn,
    }),
    text: shown(config.text, 'text'),
    fallback: shown(config.fallback, 'fallback'),
    callback_id: shown(config.callbackId, 'callback_id'),
    footer: shown(config.footer, 'footer'),
  };
  return {
    ...withoutEmpty({
      channel: earlier?.channel ?? attempt.text(config.channel, 'channel'),
      ts: earlier?.timestamp,
      username: shown(config.username, 'username'),
      icon_emoji: shown(config.iconEmoji, 'icon_emoji'),
      icon_url: shown(config.iconUrl, 'icon_url'),
      link_names: config.linkNames,
      text: shown(config.messageText, 'message_text'),
    }),
    attachments: [attachment],
  };
}

function slackAction(action: SlackActionConfig, text: (template: string, field: string) => string): object {
  const { confirm } = action;
  return withoutEmpty({
    type: text(action.type, 'actions'),
    text: text(action.text, 'actions'),
    url: text(action.url, 'actions'),
    style: text(action.style, 'actions'),
    name: text(action.name, 'actions'),
    value: text(action.value, 'actions'),
    confirm:
      confirm &&
      withoutEmpty({
        title: text(confirm.title, 'actions'),
        text: text(confirm.text, 'actions'),
        ok_text: text(confirm.okText, 'actions'),
        dismiss_text: text(confirm.dismissText, 'actions'),
      }),
  });
}

/** Slack says no with status 200 too: webhooks answer `ok` as text, the API as JSON. */
function judgeSlack(
  attempt: Attempt,
  answer: HttpAnswer,
  accepted: SendResult,
  onWritten: (message: Written) => void,
): SendResult {
  const { text, headers } = answer;
  if (!(headers['content-type'] ?? '').startsWith('application/json')) {
    if (text === 'ok') return accepted;
    return { ok: false, retry: false, reason: `Slack refuses: ${attempt.shown(text)}` };
  }
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return { ok: false, retry: true, reason: `Slack's answer is not JSON: ${attempt.shown(text)}` };
  }
  const fields: Readonly<Record<string, unknown>> =
    typeof body === 'object' && body !== null ? { ...body } : {};
  if (fields.ok !== true)
    return { ok: false, retry: false, reason: `Slack refuses: ${attempt.shown(String(fields.error ?? ''))}` };
  const { channel, ts } = fields;
  if (typeof channel === 'string' && typeof ts === 'string' && channel !== '' && ts !== '')
    onWritten({ channel, timestamp: ts });
  return accepted;
}
