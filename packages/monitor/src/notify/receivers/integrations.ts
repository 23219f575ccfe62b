/** Everything that carries messages to one receiver. */
import type { ReceiverConfig } from '../../config/receivers.ts';
import type { Integration } from '../integration.ts';
import type { ReceiverContext } from './attempt.ts';
import { discordIntegration } from './discord.ts';
import { emailIntegration } from './email.ts';
import type { IntegrationPlace } from './http-integration.ts';
import { msteamsIntegration, msteamsv2Integration } from './msteams.ts';
import { opsgenieIntegration } from './opsgenie.ts';
import { pagerdutyIntegration } from './pagerduty.ts';
import { pushoverIntegration } from './pushover.ts';
import { slackIntegration } from './slack.ts';
import { telegramIntegration } from './telegram.ts';
import { victoropsIntegration } from './victorops.ts';
import { webhookIntegration } from './webhook.ts';

/** The integrations of a receiver, in Alertmanager's order. */
export function createIntegrations(
  receiver: ReceiverConfig,
  context: ReceiverContext,
): readonly Integration[] {
  const all = <Config>(
    configs: readonly Config[] | undefined,
    create: (config: Config, place: IntegrationPlace, context: ReceiverContext) => Integration,
  ): Integration[] =>
    (configs ?? []).map((config, index) => create(config, { receiver: receiver.name, index }, context));
  return [
    ...all(receiver.webhookConfigs, webhookIntegration),
    ...all(receiver.emailConfigs, emailIntegration),
    ...all(receiver.pagerdutyConfigs, pagerdutyIntegration),
    ...all(receiver.opsgenieConfigs, opsgenieIntegration),
    ...all(receiver.slackConfigs, slackIntegration),
    ...all(receiver.victoropsConfigs, victoropsIntegration),
    ...all(receiver.pushoverConfigs, pushoverIntegration),
    ...all(receiver.telegramConfigs, telegramIntegration),
    ...all(receiver.discordConfigs, discordIntegration),
    ...all(receiver.msteamsConfigs, msteamsIntegration),
    ...all(receiver.msteamsv2Configs, msteamsv2Integration),
  ];
}
