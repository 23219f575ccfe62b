import { Labels } from '@binnacle/metrics/model';
import type { Clock } from '../../../dist/clock.js';
import { loadAlertmanagerConfig } from '../../../dist/config/alertmanager-file.js';
import { createHttpClient } from '../../../dist/http-client.js';
import { fingerprintOf, type NotifiedAlert } from '../../../dist/notify/alert.js';
import type { Integration, Notification } from '../../../dist/notify/integration.js';
import { LoadedMessageTemplates } from '../../../dist/notify/message-templates.js';
import { createIntegrations } from '../../../dist/notify/receivers/integrations.js';
import { processSecrets, type SecretSources } from '../../../dist/secret.js';
import { ManualClock } from '../../manual-clock.ts';

export const NOW_MS = Date.parse('2026-03-04T05:06:07Z');

/** A message about `count` alerts. */
export function notificationOf(status: 'firing' | 'resolved' = 'firing', count = 1): Notification {
  const alerts = Array.from({ length: count }, (_, index): NotifiedAlert => {
    const labels = Labels.of({ alertname: 'Disk', instance: `i${index}`, severity: 'critical' });
    return {
      labels,
      annotations: { summary: 'disk is full' },
      startsAtMs: NOW_MS - 60_000,
      endsAtMs: status === 'resolved' ? NOW_MS : NOW_MS + 60_000,
      generatorUrl: '',
      status,
      fingerprint: fingerprintOf(labels),
    };
  });
  return {
    receiver: 'ops',
    groupKey: '{}:{alertname="Disk"}',
    groupLabels: Labels.of({ alertname: 'Disk' }),
    alerts,
    externalUrl: 'http://monitor:9700',
    reason: 'first notification',
  };
}

export interface IntegrationOptions {
  readonly global?: string;
  readonly clock?: Clock;
  readonly secrets?: SecretSources;
  /** From whose folder paths are meant. */
  readonly path?: string;
}

/** The integrations of a receiver that has these fields. */
export async function integrationsOf(
  receiver: string,
  {
    global = '',
    clock = new ManualClock(NOW_MS),
    secrets = processSecrets,
    path = '/etc/am.yml',
  }: IntegrationOptions = {},
): Promise<readonly Integration[]> {
  const text = `global: { ${global} }\nroute: { receiver: ops }\nreceivers:\n  - name: ops\n    ${receiver}\n`;
  const { receivers } = await loadAlertmanagerConfig(path, { read: async () => text, list: async () => [] });
  return createIntegrations(receivers[0]!, {
    templates: LoadedMessageTemplates.load([], clock),
    clock,
    secrets,
    createClient: createHttpClient,
  });
}

/** A signal that nobody aborts. */
export function never(): AbortSignal {
  return new AbortController().signal;
}
