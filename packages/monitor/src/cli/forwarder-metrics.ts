/** The monitor's own metrics about Alertmanagers that alerts go on to, under Prometheus's names. */
import type { Family, ScalarSeries } from '@binnacle/metrics/exposition';
import { FORWARD_QUEUE_MAX, type ForwarderStatus } from '../notify/alertmanager-forwarder.ts';

/** One series per Alertmanager. */
export function forwarderFamilies(alertmanagers: readonly ForwarderStatus[]): Family[] {
  const family = (
    type: 'counter' | 'gauge',
    name: string,
    help: string,
    value: (status: ForwarderStatus) => number,
  ): Family => ({
    type,
    name: `prometheus_notifications_${name}`,
    help,
    unit: '',
    labelNames: ['alertmanager'],
    series: alertmanagers.map(
      (status): ScalarSeries => ({ value: value(status), labelValues: [status.url] }),
    ),
  });
  const plain = (name: string, help: string, value: number): Family => ({
    type: 'gauge',
    name: `prometheus_notifications_${name}`,
    help,
    unit: '',
    labelNames: [],
    series: [{ value, labelValues: [] }],
  });
  return [
    family('counter', 'sent_total', 'Total number of alerts sent.', ({ sent }) => sent),
    family(
      'counter',
      'errors_total',
      'Total number of sent alerts affected by errors.',
      ({ errors }) => errors,
    ),
    family(
      'counter',
      'dropped_total',
      'Total number of alerts dropped due to errors when sending to Alertmanager.',
      ({ dropped }) => dropped,
    ),
    family(
      'gauge',
      'queue_length',
      'The number of alert notifications in the queue.',
      ({ queued }) => queued,
    ),
    family(
      'counter',
      'latency_seconds_sum',
      'Time that requests to Alertmanagers took.',
      ({ requestSeconds }) => requestSeconds,
    ),
    family('counter', 'latency_seconds_count', 'Requests to Alertmanagers.', ({ requests }) => requests),
    plain('queue_capacity', 'The capacity of the alert notifications queue.', FORWARD_QUEUE_MAX),
    plain(
      'alertmanagers_discovered',
      'The number of alertmanagers discovered and active.',
      alertmanagers.length,
    ),
  ];
}
