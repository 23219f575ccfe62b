import { alerting, suite } from '../rule-suite.ts';

suite('threshold-unit', {
  reported: [
    [
      alerting('rate(job_duration_seconds_sum[5m]) / rate(job_duration_seconds_count[5m]) > 2000'),
      ['2:85', 'info', '2000', '2000 looks like milliseconds, and the value is in seconds'],
    ],
    [
      alerting('max(job_duration_seconds{quantile="0.9"}) > 250'),
      ['2:53', 'info', '250', '250 looks like milliseconds, and the value is in seconds'],
    ],
    [
      alerting('last_backup_timestamp_seconds < 1700000000000'),
      ['2:41', 'info', '1700000000000', '1700000000000 looks like milliseconds, and the value is in seconds'],
    ],
    [
      alerting('disk_limit_bytes - disk_usage_bytes < 10'),
      ['2:47', 'info', '10', '10 looks like megabytes or gigabytes, and the value is in bytes'],
    ],
    [
      alerting('cache_hit_ratio < 80'),
      ['2:27', 'info', '80', '80 looks like percent, and the value is a share between 0 and 1'],
    ],
    [
      alerting('avg_over_time(cache_hit_ratio[1h]) < 95'),
      ['2:46', 'info', '95', '95 looks like percent, and the value is a share between 0 and 1'],
    ],
  ],
  silent: [
    alerting('rate(job_duration_seconds_sum[5m]) / rate(job_duration_seconds_count[5m]) > 2'),
    alerting('time() - last_backup_timestamp_seconds > 86400'),
    alerting('disk_limit_bytes - disk_usage_bytes < 1e9'),
    alerting('cache_hit_ratio < 0.8'),
    alerting('sum(cache_hit_ratio) < 80'),
    alerting('jobs_pending > 500'),
    alerting('disk_usage_bytes == 0'),
  ],
});
