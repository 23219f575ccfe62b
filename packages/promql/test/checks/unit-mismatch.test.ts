import { suite } from './check-suite.ts';

suite('unit-mismatch', {
  reported: [
    [
      'http_request_duration_seconds_sum + sent_bytes_total',
      'http_request_duration_seconds_sum + sent_bytes_total',
      'warning',
      'seconds and bytes are added',
    ],
    [
      'max(histogram_quantile(0.9, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))) > max(disk_usage_bytes)',
      'max(histogram_quantile(0.9, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))) > max(disk_usage_bytes)',
      'warning',
      'seconds and bytes are compared',
    ],
    [
      'rate(sent_bytes_total[5m]) - disk_usage_bytes',
      'rate(sent_bytes_total[5m]) - disk_usage_bytes',
      'warning',
      'bytes per second and bytes are subtracted',
    ],
    [
      'disk_usage_bytes / disk_limit_bytes > disk_limit_bytes',
      'disk_usage_bytes / disk_limit_bytes > disk_limit_bytes',
      'warning',
      'a plain number and bytes are compared',
    ],
    [
      'disk_usage_bytes > 0.8 * last_backup_timestamp_seconds',
      'disk_usage_bytes > 0.8 * last_backup_timestamp_seconds',
      'warning',
      'bytes and seconds are compared',
    ],
    [
      '(rate(wait_seconds_sum[5m]) / rate(wait_seconds_count[5m])) > rate(wait_seconds_count[5m])',
      '(rate(wait_seconds_sum[5m]) / rate(wait_seconds_count[5m])) > rate(wait_seconds_count[5m])',
      'warning',
      'seconds and a number per second are compared',
    ],
    ['time() - disk_usage_bytes', 'time() - disk_usage_bytes', 'warning', 'seconds and bytes are subtracted'],
    [
      'histogram_quantile(0.9, rate(lag_seconds[5m])) > disk_usage_bytes',
      'histogram_quantile(0.9, rate(lag_seconds[5m])) > disk_usage_bytes',
      'warning',
      'seconds and bytes are compared',
    ],
  ],
  silent: [
    'disk_usage_bytes > 0.8 * disk_limit_bytes',
    'disk_usage_bytes / disk_limit_bytes > 5',
    'time() - last_backup_timestamp_seconds > 3600',
    'disk_usage_bytes / 1024 > jobs_pending',
    'last_backup_timestamp_seconds * 1000 > disk_usage_bytes',
    'disk_usage_bytes + 5',
    'rate(sent_bytes_total[5m]) * 60 > disk_usage_bytes',
    'rate(http_request_duration_seconds_sum[5m]) / rate(http_request_duration_seconds_count[5m]) > wait_seconds{quantile="0.5"}',
    'jobs_pending + disk_usage_bytes',
    'mystery > disk_usage_bytes',
    'disk_usage_bytes and last_backup_timestamp_seconds',
    'disk_usage_bytes * up',
    'rate(http_requests_total[5m]) > disk_usage_bytes',
    '(disk_usage_bytes or vector(0)) > disk_limit_bytes',
    'predict_linear(disk_usage_bytes[1h], 3600) > disk_limit_bytes',
  ],
});
