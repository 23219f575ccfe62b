/** The metrics that Binnacle's monitor shows of itself, as definitions; what they count is said where they are made. */
import type { LabelDefinition } from '@binnacle/promql';
import type { MonitorInstrument } from './monitor.ts';

const counter = (name: string, labels: Readonly<Record<string, LabelDefinition>> = {}) =>
  ({ type: 'counter', name, labels }) as const;
const gauge = (name: string, labels: Readonly<Record<string, LabelDefinition>> = {}) =>
  ({ type: 'gauge', name, labels }) as const;

const RULE_GROUP = { file: 'open', group: 'open' } as const;
const RECEIVER = { integration: 'open', receiver_name: 'open' } as const;
const ALERTMANAGER = { alertmanager: 'open' } as const;

/** The metrics of the monitor under their names. */
export const MONITOR_METRICS: MonitorInstrument = {
  scrapes: counter('binnacle_scrapes_total'),
  scrapeFailures: counter('binnacle_scrape_failures_total'),
  targets: gauge('binnacle_targets'),
  series: gauge('binnacle_head_series'),
  headBytes: gauge('binnacle_head_bytes'),
  logBytes: gauge('binnacle_log_bytes'),
  residentMemory: gauge('process_resident_memory_bytes'),
  samplesAppended: counter('binnacle_samples_appended_total'),
  samplesRefused: counter('binnacle_samples_refused_total', {
    reason: ['out_of_order', 'out_of_bounds', 'series_limit'],
  }),
  retentionDrops: counter('binnacle_retention_drops_total', { bound: ['time', 'log_size', 'memory'] }),
  storageFailures: counter('binnacle_storage_failures_total', { operation: ['sync', 'retention'] }),
  ruleEvaluations: counter('binnacle_rule_evaluations_total', RULE_GROUP),
  ruleFailures: counter('binnacle_rule_evaluation_failures_total', RULE_GROUP),
  missedEvaluations: counter('binnacle_rule_group_missed_evaluations_total', RULE_GROUP),
  evaluationDuration: gauge('binnacle_rule_group_evaluation_duration_seconds', RULE_GROUP),
  alerts: gauge('binnacle_alerts', { state: ['pending', 'firing'] }),
  reloadSuccessful: gauge('binnacle_config_last_reload_successful'),
  requests: counter('binnacle_http_requests_total', { route: 'open', status: 'open' }),
  notifications: counter('alertmanager_notifications_total', RECEIVER),
  notificationFailures: counter('alertmanager_notifications_failed_total', { ...RECEIVER, reason: 'open' }),
  notificationLatency: {
    type: 'histogram',
    name: 'alertmanager_notification_latency_seconds',
    labels: RECEIVER,
    buckets: [1, 5, 10, 15, 20],
  },
  forwarded: counter('prometheus_notifications_sent_total', ALERTMANAGER),
  forwardErrors: counter('prometheus_notifications_errors_total', ALERTMANAGER),
  forwardDrops: counter('prometheus_notifications_dropped_total', ALERTMANAGER),
};
