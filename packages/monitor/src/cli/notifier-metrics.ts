/**
 * The monitor's own metrics about its notifier, under Alertmanager's names, with `receiver_name` as Alertmanager has
 * it where that is switched on. Integrations of one kind in one receiver are one series, as there.
 */
import type { Family, HistogramFamily } from '@binnacle/metrics/exposition';
import { type NotifierStatus, SUPPRESSED_REASONS } from '../notify/dispatcher.ts';
import { FAILURE_REASONS, type IntegrationStatus, LATENCY_BOUNDS_SECONDS } from '../notify/message-sender.ts';
import type { SilenceState } from '../notify/silences.ts';
import { family, type Row } from './family.ts';

/** All families of the notifier. */
export function notifierFamilies(status: NotifierStatus): Family[] {
  const { alerts, received, suppressed } = status;
  const merged = byKind(status.integrations);
  const names = ['integration', 'receiver_name'];
  const perKind = (value: (integration: IntegrationStatus) => number) =>
    merged.map((all): Row => [sum(all, value), ...labelsOf(all)]);
  return [
    counter(
      'notifications_total',
      'Messages that were to be sent.',
      names,
      perKind((one) => one.notifications),
    ),
    counter(
      'notifications_failed_total',
      'Messages that were given up until the next flush of their group.',
      [...names, 'reason'],
      FAILURE_REASONS.flatMap((reason) =>
        merged.map((all): Row => [sum(all, (one) => one.failedByReason[reason]), ...labelsOf(all), reason]),
      ),
    ),
    counter(
      'notification_requests_total',
      'Attempts to send a message.',
      names,
      perKind((one) => one.attempts),
    ),
    counter(
      'notification_requests_failed_total',
      'Attempts to send a message that failed.',
      names,
      perKind((one) => one.failedAttempts),
    ),
    latency(merged),
    counter(
      'notifications_suppressed_total',
      'Alerts that were held back from messages, each at each flush.',
      ['reason'],
      SUPPRESSED_REASONS.map((reason): Row => [suppressed[reason], reason]),
    ),
    gauge(
      'alerts',
      'Alerts by state.',
      ['state'],
      [
        [alerts.active, 'active'],
        [alerts.suppressed, 'suppressed'],
        [alerts.unprocessed, 'unprocessed'],
      ],
    ),
    counter(
      'alerts_received_total',
      'Alerts that were posted.',
      ['status'],
      [
        [received.firing, 'firing'],
        [received.resolved, 'resolved'],
      ],
    ),
    counter('alerts_limited_total', 'Alerts that were posted and found no room.', [], [[status.dropped]]),
    gauge('dispatcher_aggregation_groups', 'Groups of alerts.', [], [[status.groups]]),
    gauge('nflog_entries', 'Groups and integrations of which is known what was sent.', [], [[status.notes]]),
    counter(
      'nflog_forgotten_total',
      'Groups and integrations of which it was forgotten, because there were too many.',
      [],
      [[status.notesForgotten]],
    ),
  ];
}

/** How many silences there are. */
export function silenceFamily(counts: Readonly<Record<SilenceState, number>>): Family {
  const rows = Object.entries(counts).map(([state, count]): Row => [count, state]);
  return gauge('silences', 'Silences by state.', ['state'], rows);
}

function latency(merged: readonly (readonly IntegrationStatus[])[]): HistogramFamily {
  return {
    type: 'histogram',
    name: 'alertmanager_notification_latency_seconds',
    help: 'How long attempts to send a message took.',
    unit: 'seconds',
    labelNames: ['integration', 'receiver_name'],
    bounds: LATENCY_BOUNDS_SECONDS,
    series: merged.map((all) => ({
      labelValues: labelsOf(all),
      counts: [...LATENCY_BOUNDS_SECONDS, 0].map((_, i) => sum(all, (one) => one.latency.counts[i] ?? 0)),
      sum: sum(all, (one) => one.latency.sumSeconds),
    })),
  };
}

function counter(name: string, help: string, labelNames: readonly string[], rows: readonly Row[]): Family {
  return family('counter', `alertmanager_${name}`, help, labelNames, rows);
}

function gauge(name: string, help: string, labelNames: readonly string[], rows: readonly Row[]): Family {
  return family('gauge', `alertmanager_${name}`, help, labelNames, rows);
}

/** Never an empty list in it. */
function byKind(integrations: readonly IntegrationStatus[]): readonly (readonly IntegrationStatus[])[] {
  const groups = new Map<string, IntegrationStatus[]>();
  for (const one of integrations) {
    const key = JSON.stringify(labelsOf([one]));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return [...groups.values()];
}

function labelsOf([first]: readonly IntegrationStatus[]): string[] {
  return first === undefined ? [] : [first.kind, first.receiver];
}

function sum(
  integrations: readonly IntegrationStatus[],
  value: (integration: IntegrationStatus) => number,
): number {
  return integrations.reduce((total, one) => total + value(one), 0);
}
