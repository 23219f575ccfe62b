import { alerting, suite } from '../rule-suite.ts';

suite('missing-humanize', {
  reported: [
    [
      alerting('disk_usage_bytes > 1e9', "    size: '{{ $value }} bytes'"),
      ['9:15', 'info', '$value', 'size shows the value, which is bytes, as it is'],
    ],
    [
      alerting('time() - last_backup_timestamp_seconds > 86400', "    age: '{{ .Value }} s'"),
      ['9:14', 'info', '.Value', 'age shows the value, which is seconds, as it is'],
    ],
    [
      alerting('rate(sent_bytes_total[5m]) > 1e6', "    speed: '{{ $value }}'"),
      ['9:16', 'info', '$value', 'speed shows the value, which is bytes per second, as it is'],
    ],
    [
      alerting(
        'histogram_quantile(0.9, sum by (le) (rate(http_request_duration_seconds_bucket[5m]))) > 1',
        "    p90: '{{ $value }}s'",
      ),
      ['9:14', 'info', '$value', 'p90 shows the value, which is seconds, as it is'],
    ],
  ],
  silent: [
    alerting('jobs_pending > 5', "    size: '{{ $value }}'"),
    alerting('disk_usage_bytes > 1e9', "    size: '{{ $value | humanize1024 }}B'"),
    alerting('disk_usage_bytes > 1e9', `    size: '{{ printf "%.0f" $value }}'`),
    alerting('disk_usage_bytes > 1e9', `    size: '{{ with query "up" }}{{ .Value }}{{ end }}'`),
    alerting('rate(jobs_total[5m]) > 1', "    speed: '{{ $value }}'"),
  ],
});
