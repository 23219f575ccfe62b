import { suite } from './check-suite.ts';

suite('impossible-match', {
  reported: [
    [
      'sum(rate(jobs_total[5m])) / rate(jobs_started_total[5m])',
      'sum(rate(jobs_total[5m])) / rate(jobs_started_total[5m])',
      'error',
      'the sides of / can never match: job always differs',
    ],
    [
      'rate(jobs_total{status="error"}[5m]) / rate(jobs_total{status="completed"}[5m])',
      'rate(jobs_total{status="error"}[5m]) / rate(jobs_total{status="completed"}[5m])',
      'error',
      'the sides of / can never match: status always differs',
    ],
    [
      'jobs_pending and hour() > 8',
      'jobs_pending and hour() > 8',
      'error',
      'the sides of and can never match: job always differs',
    ],
    [
      'jobs_pending unless sum(jobs_active)',
      'jobs_pending unless sum(jobs_active)',
      'error',
      'the sides of unless can never match: job always differs',
    ],
    [
      'sum(jobs_pending) * on (instance) group_right (version) app_info',
      'sum(jobs_pending) * on (instance) group_right (version) app_info',
      'error',
      'the sides of * can never match: instance always differs',
    ],
    [
      'sum by (job) (jobs_pending{job="api"}) + sum by (job) (jobs_pending{job="worker"})',
      'sum by (job) (jobs_pending{job="api"}) + sum by (job) (jobs_pending{job="worker"})',
      'error',
      'the sides of + can never match: job always differs',
    ],
    [
      'http_request_duration_seconds_bucket / http_request_duration_seconds_count',
      'http_request_duration_seconds_bucket / http_request_duration_seconds_count',
      'error',
      'the sides of / can never match: le always differs',
    ],
    [
      'jobs_pending == absent(up{job="x", system="y"})',
      'jobs_pending == absent(up{job="x", system="y"})',
      'error',
      'the sides of == can never match: job always differs',
    ],
  ],
  silent: [
    'sum(rate(jobs_total{status="error"}[5m])) / sum(rate(jobs_total[5m]))',
    'jobs_pending / on (job, instance) jobs_started_total',
    'jobs_pending and on () hour() > 8',
    'jobs_pending or vector(0)',
    'sum(jobs_pending) or vector(0)',
    'rate(jobs_total{status="error"}[5m]) / ignoring (status) rate(jobs_total{status="completed"}[5m])',
    'jobs_pending / disk_usage_bytes',
    'jobs_pending / mystery',
    'sum(jobs_pending) / mystery',
    'sum(mystery) / sum(legacy_total)',
    'sum by (team) (legacy_total) / legacy_total',
    'jobs_total{status=~"error|timeout"} and jobs_total{status=~"timeout|completed"}',
    'sum(jobs_pending) / scalar(jobs_started_total)',
    'http_requests_total{endpoint=~"/a.*"} / http_requests_total{endpoint=~"/b.*"}',
    'label_replace(jobs_pending, "system", "a", "", "") + jobs_pending',
  ],
});
