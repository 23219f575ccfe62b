/** Discord: a message with one embed, by the webhook of a channel. */
import type { DiscordConfig } from '../../config/receivers.ts';
import type { Integration } from '../integration.ts';
import type { Attempt, ReceiverContext } from './attempt.ts';
import {
  httpIntegration,
  type IntegrationPlace,
  postJson,
  statusOf,
  withoutEmpty,
} from './http-integration.ts';
import { truncateChars } from './truncate.ts';

/** The longest title of an embed. */
export const DISCORD_TITLE_CHARS_MAX = 256;
/** The longest description of an embed. */
export const DISCORD_MESSAGE_CHARS_MAX = 4096;
/** The longest text above it. */
export const DISCORD_CONTENT_CHARS_MAX = 2000;

const COLORS = { firing: 0x992d22, resolved: 0x2ecc71 };

/** One of `discord_configs`. */
export function discordIntegration(
  config: DiscordConfig,
  place: IntegrationPlace,
  context: ReceiverContext,
): Integration {
  return httpIntegration(place, context, {
    kind: 'discord',
    config,
    async send(attempt, client) {
      const url = await attempt.scope.reveal(config.webhookUrl);
      return attempt.judge(await postJson(attempt, client, url, discordMessage(config, attempt)));
    },
  });
}

function discordMessage(config: DiscordConfig, attempt: Attempt): object {
  return {
    content: truncateChars(attempt.text(config.content, 'content'), DISCORD_CONTENT_CHARS_MAX),
    embeds: [
      {
        title: truncateChars(attempt.text(config.title, 'title'), DISCORD_TITLE_CHARS_MAX),
        description: truncateChars(attempt.text(config.message, 'message'), DISCORD_MESSAGE_CHARS_MAX),
        color: COLORS[statusOf(attempt.notification)],
      },
    ],
    ...withoutEmpty({ username: config.username, avatar_url: config.avatarUrl }),
  };
}
