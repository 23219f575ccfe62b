/** VictorOps (Splunk On-Call): an event about the incident of a group. */
import type { VictoropsConfig } from '../../config/receivers.ts';
import type { Integration } from '../integration.ts';
import type { Attempt, ReceiverContext } from './attempt.ts';
import { groupHash, httpIntegration, type IntegrationPlace, postJson, statusOf } from './http-integration.ts';
import { truncateChars } from './truncate.ts';

/** The longest message. */
export const VICTOROPS_MESSAGE_CHARS_MAX = 20_480;

const MESSAGE_TYPES = ['INFO', 'WARNING', 'CRITICAL'];

/** One of `victorops_configs`. */
export function victoropsIntegration(
  config: VictoropsConfig,
  place: IntegrationPlace,
  context: ReceiverContext,
): Integration {
  return httpIntegration(place, context, {
    kind: 'victorops',
    config,
    async send(attempt, client) {
      const key = await attempt.scope.reveal(config.apiKey);
      const url = new URL(config.apiUrl);
      url.pathname += `${key}/${attempt.text(config.routingKey, 'routing_key')}`;
      attempt.scope.remember(url.href);
      return attempt.judge(await postJson(attempt, client, url.href, victoropsMessage(config, attempt)));
    },
  });
}

function victoropsMessage(config: VictoropsConfig, attempt: Attempt): Record<string, string> {
  const text = (template: string, field: string): string => attempt.text(template, field);
  const wanted = text(config.messageType, 'message_type');
  const firingType = MESSAGE_TYPES.includes(wanted) ? wanted : 'CRITICAL';
  return {
    message_type: statusOf(attempt.notification) === 'resolved' ? 'RECOVERY' : firingType,
    entity_id: groupHash(attempt.notification),
    entity_display_name: text(config.entityDisplayName, 'entity_display_name'),
    state_message: truncateChars(text(config.stateMessage, 'state_message'), VICTOROPS_MESSAGE_CHARS_MAX),
    monitoring_tool: text(config.monitoringTool, 'monitoring_tool'),
    ...Object.fromEntries(
      Object.entries(config.customFields).map(([name, value]) => [
        name,
        text(value, `custom_fields.${name}`),
      ]),
    ),
  };
}
