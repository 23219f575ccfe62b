/** The monitor's own metrics about notifications, under Alertmanager's names. */
import type { Family, HistogramSeries } from '@binnacle/metrics/exposition';
import type { NotifierStatus } from '../notify/dispatcher.ts';
import { FAILURE_REASONS, type IntegrationStatus, LATENCY_BOUNDS_SECONDS } from '../notify/message-sender.ts';
import type { SilenceState } from '../notify/silences.ts';
import { family, type Row } from './family.ts';

const INTEGRATION_LABELS = ['integration', 'receiver_name'];

/** What the notifier counts. Integrations of one kind in one receiver are added up. */
export function notifierFamilies(status: NotifierStatus): Family[] {
  const integrations = byKind(status.integrations);
  const perKind = (value: (integration: IntegrationStatus) => number): Row[] =>
    integrations.map((same): Row => {
      const [{ kind, receiver }] = same;
      return [same.reduce((sum, one) => sum + value(one), 0), kind, receiver];
    });
  const { alerts, received, suppressed } = status;
  return [
    family(
      'gauge',
      'alertmanager_alerts',
      'How many alerts by state.',
      ['state'],
      [
        [alerts.active, 'active'],
        [alerts.suppressed, 'suppressed'],
        [alerts.unprocessed, 'unprocessed'],
      ],
    ),
    family(
      'counter',
      'alertmanager_alerts_received_total',
      'The total number of received alerts.',
      ['status', 'version'],
      [
        [received.firing, 'firing', 'v2'],
        [received.resolved, 'resolved', 'v2'],
      ],
    ),
    family(
      'counter',
      'binnacle_notifier_alerts_dropped_total',
      'Posts of alerts for which there was no room.',
      [],
      [[status.dropped]],
    ),
    family(
      'gauge',
      'alertmanager_dispatcher_aggregation_groups',
      'Number of active aggregation groups',
      [],
      [[status.groups]],
    ),
    family(
      'counter',
      'alertmanager_notifications_total',
      'The total number of attempted notifications.',
      INTEGRATION_LABELS,
      perKind(({ notifications }) => notifications),
    ),
    family(
      'counter',
      'alertmanager_notifications_failed_total',
      'The total number of failed notifications.',
      [...INTEGRATION_LABELS, 'reason'],
      integrations.flatMap((same) =>
        FAILURE_REASONS.map((reason): Row => {
          const failed = same.reduce((sum, { failedByReason }) => sum + failedByReason[reason], 0);
          return [failed, same[0].kind, same[0].receiver, reason];
        }),
      ),
    ),
    family(
      'counter',
      'alertmanager_notification_requests_total',
      'The total number of attempted notification requests.',
      INTEGRATION_LABELS,
      perKind(({ attempts }) => attempts),
    ),
    family(
      'counter',
      'alertmanager_notification_requests_failed_total',
      'The total number of failed notification requests.',
      INTEGRATION_LABELS,
      perKind(({ failedAttempts }) => failedAttempts),
    ),
    latencyFamily(integrations),
    family(
      'counter',
      'alertmanager_notifications_suppressed_total',
      'The total number of notifications suppressed for being silenced, inhibited, outside of active time intervals or within muted time intervals.',
      ['reason'],
      Object.entries(suppressed).map(([reason, count]): Row => [count, reason]),
    ),
    family(
      'gauge',
      'binnacle_notifier_messages_waiting',
      'Messages that wait for a place among those that are being sent.',
      INTEGRATION_LABELS,
      perKind(({ waiting }) => waiting),
    ),
  ];
}

/** How many silences there are. */
export function silenceFamily(counts: Readonly<Record<SilenceState, number>>): Family {
  return family(
    'gauge',
    'alertmanager_silences',
    'How many silences by state.',
    ['state'],
    Object.entries(counts).map(([state, count]): Row => [count, state]),
  );
}

type Integrations = readonly [IntegrationStatus, ...IntegrationStatus[]];

function byKind(integrations: readonly IntegrationStatus[]): Integrations[] {
  const groups = new Map<string, [IntegrationStatus, ...IntegrationStatus[]]>();
  for (const integration of integrations) {
    const key = JSON.stringify([integration.kind, integration.receiver]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [integration]);
    else group.push(integration);
  }
  return [...groups.values()];
}

function latencyFamily(integrations: readonly Integrations[]): Family {
  return {
    type: 'histogram',
    name: 'alertmanager_notification_latency_seconds',
    help: 'The latency of notifications in seconds.',
    unit: '',
    labelNames: INTEGRATION_LABELS,
    bounds: LATENCY_BOUNDS_SECONDS,
    series: integrations.map((same): HistogramSeries => {
      const [{ kind, receiver, latency }] = same;
      return {
        labelValues: [kind, receiver],
        counts: latency.counts.map((_, i) => same.reduce((sum, one) => sum + one.latency.counts[i]!, 0)),
        sum: same.reduce((sum, one) => sum + one.latency.sumSeconds, 0),
      };
    }),
  };
}
