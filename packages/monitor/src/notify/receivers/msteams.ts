/** Microsoft Teams: a message card by a connector, or an adaptive card by a flow. */
import type { MsteamsConfig, Msteamsv2Config } from '../../config/receivers.ts';
import type { Integration } from '../integration.ts';
import type { ReceiverContext } from './attempt.ts';
import { httpIntegration, type IntegrationPlace, postJson, statusOf } from './http-integration.ts';

const CARD_COLORS = { firing: '8C1A1A', resolved: '2DC72D' };
const ADAPTIVE_COLORS = { firing: 'Attention', resolved: 'Good' };

/** One of `msteams_configs`. */
export function msteamsIntegration(
  config: MsteamsConfig,
  place: IntegrationPlace,
  context: ReceiverContext,
): Integration {
  return httpIntegration(place, context, {
    kind: 'msteams',
    config,
    async send(attempt, client) {
      const card = {
        '@context': 'http://schema.org/extensions',
        type: 'MessageCard',
        title: attempt.text(config.title, 'title'),
        summary: attempt.text(config.summary, 'summary'),
        text: attempt.text(config.text, 'text'),
        themeColor: CARD_COLORS[statusOf(attempt.notification)],
      };
      const url = await attempt.scope.reveal(config.webhookUrl);
      return attempt.judge(await postJson(attempt, client, url, card));
    },
  });
}

/** One of `msteamsv2_configs`. */
export function msteamsv2Integration(
  config: Msteamsv2Config,
  place: IntegrationPlace,
  context: ReceiverContext,
): Integration {
  return httpIntegration(place, context, {
    kind: 'msteamsv2',
    config,
    async send(attempt, client) {
      const title = attempt.text(config.title, 'title');
      const text = attempt.text(config.text, 'text');
      const color = ADAPTIVE_COLORS[statusOf(attempt.notification)];
      const url = await attempt.scope.reveal(config.webhookUrl);
      return attempt.judge(await postJson(attempt, client, url, adaptiveMessage(title, text, color)));
    },
  });
}

function adaptiveMessage(title: string, text: string, color: string): object {
  const content = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.2',
    body: [
      {
        type: 'TextBlock',
        text: title,
        weight: 'Bolder',
        size: 'Medium',
        wrap: true,
        style: 'heading',
        color,
      },
      { type: 'TextBlock', text, wrap: true },
    ],
    msteams: { width: 'full' },
  };
  return {
    type: 'message',
    attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content }],
  };
}
