/** The monitor's own metrics about Alertmanagers that alerts go on to, under Prometheus's names. */
import type { Family } from '@binnacle/metrics/exposition';
import { FORWARD_QUEUE_MAX, type ForwarderStatus } from '../notify/alertmanager-forwarder.ts';
import { family, type Row } from './family.ts';

/** One series per Alertmanager. */
export function forwarderFamilies(alertmanagers: readonly ForwarderStatus[]): Family[] {
  const perAlertmanager = (
    type: 'counter' | 'gauge',
    name: string,
    help: string,
    value: (status: ForwarderStatus) => number,
  ): Family => {
    const rows = alertmanagers.map((status): Row => [value(status), status.url]);
    return family(type, `prometheus_notifications_${name}`, help, ['alertmanager'], rows);
  };
  const plain = (name: string, help: string, value: number): Family =>
    family('gauge', `prometheus_notifications_${name}`, help, [], [[value]]);
  return [
    perAlertmanager('counter', 'sent_total', 'Total number of alerts sent.', ({ sent }) => sent),
    perAlertmanager(
      'counter',
      'errors_total',
      'Total number of sent alerts affected by errors.',
      ({ errors }) => errors,
    ),
    perAlertmanager(
      'counter',
      'dropped_total',
      'Total number of alerts dropped due to errors when sending to Alertmanager.',
      ({ dropped }) => dropped,
    ),
    perAlertmanager(
      'gauge',
      'queue_length',
      'The number of alert notifications in the queue.',
      ({ queued }) => queued,
    ),
    perAlertmanager(
      'counter',
      'latency_seconds_sum',
      'Time that requests to Alertmanagers took.',
      ({ requestSeconds }) => requestSeconds,
    ),
    perAlertmanager(
      'counter',
      'latency_seconds_count',
      'Requests to Alertmanagers.',
      ({ requests }) => requests,
    ),
    plain('queue_capacity', 'The capacity of the alert notifications queue.', FORWARD_QUEUE_MAX),
    plain(
      'alertmanagers_discovered',
      'The number of alertmanagers discovered and active.',
      alertmanagers.length,
    ),
  ];
}
