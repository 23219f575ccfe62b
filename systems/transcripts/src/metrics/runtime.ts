/** What each process reports of itself; the dashboards show all of it, and nothing else is asked for. */
import type { RuntimeMetricName } from '@binnacle/metrics/runtime';

/** What `runtimeMetrics({ only: RUNTIME_METRICS })` is told. */
export const RUNTIME_METRICS = [
  'process_cpu_seconds_total',
  'process_resident_memory_bytes',
  'process_open_fds',
  'process_max_fds',
  'process_start_time_seconds',
  'nodejs_heap_size_used_bytes',
  'nodejs_eventloop_lag_p99_seconds',
  'nodejs_eventloop_utilization_ratio',
  'nodejs_gc_duration_seconds',
] as const satisfies readonly RuntimeMetricName[];
