/**
 * Every metric that a runtime can have, as data: what dashboards, checks and the instrument itself know about it.
 *
 * Names, types, help and labels are those of prom-client's default metrics, which public dashboards of Node.js are
 * made for. What prom-client does not have is named as elsewhere: `nodejs_eventloop_*` by OpenTelemetry's conventions,
 * `process_threads` by Prometheus's client for Rust.
 *
 * How processes and threads add up, and why:
 *
 * - Sizes and numbers of things are sums over all that run. Memory that processes share is in each of theirs.
 * - Event loops are not summed and not averaged: the worst one is shown, since one blocked process of eight is what
 *   somebody wants to know. The average over all is in `nodejs_eventloop_time_seconds_total`, a counter.
 * - Descriptors are those of the process that has most, the limit is the lowest one: `process_open_fds /
 *   process_max_fds` then is how near any process is to its limit.
 * - The start is that of the oldest process that runs.
 * - Processor time and collections are counters, which keep what processes have used that are gone.
 */
import type { GaugeMode } from '../store/store.ts';

/** A group of metrics that are read together. */
export type RuntimeGroup =
  | 'cpu'
  | 'memory'
  | 'fileDescriptors'
  | 'startTime'
  | 'threads'
  | 'eventLoop'
  | 'gc'
  | 'heap'
  | 'heapSpaces'
  | 'resources'
  | 'handles'
  | 'requests'
  | 'version';

/** What there is to know about a metric of the runtime before it is defined. */
export interface RuntimeFamily {
  readonly group: RuntimeGroup;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly unit: '' | 'seconds' | 'bytes';
  readonly labelNames: readonly string[];
  /** How gauges add up; undefined for what is counted. */
  readonly mode: GaugeMode | undefined;
  /** Whether it is about the whole process, so that only one of its threads may report it. */
  readonly processWide: boolean;
}

/** Upper bounds of `nodejs_gc_duration_seconds`, as prom-client has them. */
export const GC_BUCKETS: readonly number[] = [0.001, 0.01, 0.1, 1, 2, 5];

const counted = { type: 'counter', mode: undefined } as const;
const summed = { type: 'gauge', mode: 'live sum' } as const;
const highest = { type: 'gauge', mode: 'live max' } as const;
const lowest = { type: 'gauge', mode: 'live min' } as const;
const ofProcess = { processWide: true, labelNames: [] } as const;
const ofThread = { processWide: false, labelNames: [] } as const;

const cpu = { group: 'cpu', unit: 'seconds', ...counted, ...ofProcess } as const;
const memory = { group: 'memory', unit: 'bytes', ...summed, ...ofProcess } as const;
const descriptors = { group: 'fileDescriptors', unit: '', ...ofProcess } as const;
const lag = { group: 'eventLoop', unit: 'seconds', ...highest, ...ofThread } as const;
const loopTime = { ...lag, ...counted, labelNames: ['nodejs_eventloop_state'] } as const;
const active = { unit: '', ...summed, ...ofThread } as const;
const heap = { group: 'heap', unit: 'bytes', ...summed, ...ofThread } as const;
const space = { ...heap, group: 'heapSpaces', labelNames: ['space'] } as const;
const byType = { labelNames: ['type'] } as const;

/** Every metric of the runtime by its name. */
export const RUNTIME_FAMILIES = {
  process_cpu_user_seconds_total: { ...cpu, help: 'Total user CPU time spent in seconds.' },
  process_cpu_system_seconds_total: { ...cpu, help: 'Total system CPU time spent in seconds.' },
  process_cpu_seconds_total: { ...cpu, help: 'Total user and system CPU time spent in seconds.' },
  process_start_time_seconds: {
    ...{ group: 'startTime', unit: 'seconds', ...lowest, ...ofProcess },
    help: 'Start time of the process since unix epoch in seconds.',
  },
  process_resident_memory_bytes: { ...memory, help: 'Resident memory size in bytes.' },
  process_virtual_memory_bytes: { ...memory, help: 'Virtual memory size in bytes.' },
  process_heap_bytes: { ...memory, help: 'Process heap size in bytes.' },
  process_open_fds: { ...descriptors, ...highest, help: 'Number of open file descriptors.' },
  process_max_fds: { ...descriptors, ...lowest, help: 'Maximum number of open file descriptors.' },
  process_threads: {
    ...{ group: 'threads', unit: '', ...summed, ...ofProcess },
    help: 'Threads of the operating system that the process has.',
  },
  nodejs_worker_threads: { group: 'threads', ...active, help: 'Worker threads that run.' },
  nodejs_eventloop_lag_seconds: { ...lag, help: 'Lag of event loop in seconds.' },
  nodejs_eventloop_lag_min_seconds: {
    ...{ ...lag, ...lowest },
    help: 'The minimum recorded event loop delay.',
  },
  nodejs_eventloop_lag_max_seconds: { ...lag, help: 'The maximum recorded event loop delay.' },
  nodejs_eventloop_lag_mean_seconds: { ...lag, help: 'The mean of the recorded event loop delays.' },
  nodejs_eventloop_lag_stddev_seconds: {
    ...lag,
    help: 'The standard deviation of the recorded event loop delays.',
  },
  nodejs_eventloop_lag_p50_seconds: {
    ...lag,
    help: 'The 50th percentile of the recorded event loop delays.',
  },
  nodejs_eventloop_lag_p90_seconds: {
    ...lag,
    help: 'The 90th percentile of the recorded event loop delays.',
  },
  nodejs_eventloop_lag_p99_seconds: {
    ...lag,
    help: 'The 99th percentile of the recorded event loop delays.',
  },
  nodejs_eventloop_time_seconds_total: {
    ...loopTime,
    help: 'Time that the event loop has been active, or idle and waiting for events.',
  },
  nodejs_eventloop_utilization_ratio: {
    ...{ ...lag, unit: '' },
    help: 'Share of time that the event loop was active.',
  },
  nodejs_active_resources: {
    ...{ group: 'resources', ...active, ...byType },
    help: 'Number of active resources that are currently keeping the event loop alive, grouped by async resource type.',
  },
  nodejs_active_resources_total: {
    ...{ group: 'resources', ...active },
    help: 'Total number of active resources.',
  },
  nodejs_active_handles: {
    ...{ group: 'handles', ...active, ...byType },
    help: 'Number of active libuv handles grouped by handle type. Every handle type is C++ class name.',
  },
  nodejs_active_handles_total: { group: 'handles', ...active, help: 'Total number of active handles.' },
  nodejs_active_requests: {
    ...{ group: 'requests', ...active, ...byType },
    help: 'Number of active libuv requests grouped by request type. Every request type is C++ class name.',
  },
  nodejs_active_requests_total: { group: 'requests', ...active, help: 'Total number of active requests.' },
  nodejs_heap_size_total_bytes: { ...heap, help: 'Process heap size from Node.js in bytes.' },
  nodejs_heap_size_used_bytes: { ...heap, help: 'Process heap size used from Node.js in bytes.' },
  nodejs_external_memory_bytes: { ...heap, help: 'Node.js external memory size in bytes.' },
  nodejs_heap_space_size_total_bytes: {
    ...space,
    help: 'Process heap space size total from Node.js in bytes.',
  },
  nodejs_heap_space_size_used_bytes: {
    ...space,
    help: 'Process heap space size used from Node.js in bytes.',
  },
  nodejs_heap_space_size_available_bytes: {
    ...space,
    help: 'Process heap space size available from Node.js in bytes.',
  },
  nodejs_version_info: {
    ...{ group: 'version', unit: '', ...highest, ...ofThread },
    labelNames: ['version', 'major', 'minor', 'patch'],
    help: 'Node.js version info.',
  },
  nodejs_gc_duration_seconds: {
    ...{ group: 'gc', unit: 'seconds', type: 'histogram', mode: undefined, ...ofThread },
    labelNames: ['kind'],
    help: 'Garbage collection duration by kind, one of major, minor, incremental or weakcb.',
  },
} as const satisfies Readonly<Record<string, RuntimeFamily>>;

/** The name of a metric of the runtime, without a prefix. */
export type RuntimeMetricName = keyof typeof RUNTIME_FAMILIES;

/** Every name in the table. */
export const RUNTIME_METRIC_NAMES = Object.keys(RUNTIME_FAMILIES) as readonly RuntimeMetricName[];
