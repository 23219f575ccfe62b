/**
 * How each group of metrics is read: what runs while it is reported, and what happens when somebody asks.
 */
import { type EventLoopDelays, EventLoopMonitor, readLoopLag } from './event-loop.ts';
import {
  RUNTIME_FAMILIES,
  RUNTIME_METRIC_NAMES,
  type RuntimeGroup,
  type RuntimeMetricName,
} from './families.ts';
import { watchGarbageCollection } from './garbage-collection.ts';
import {
  readCpu,
  readMaxFileDescriptors,
  readMemory,
  readOpenFileDescriptors,
  readStartTime,
  readVersion,
} from './process-readings.ts';
import type { RuntimeRecorder } from './recorder.ts';
import {
  type ActiveReading,
  readActiveHandles,
  readActiveRequests,
  readActiveResources,
  readHeap,
  readHeapSpaces,
  watchWorkers,
} from './thread-readings.ts';

/** A group that is reported. */
export interface Source {
  /** To be called before each exposition, until it is stopped. */
  collect?(): void | Promise<void>;
  stop?(): void;
}

/** What of the options concerns a single group. */
export interface SourceOptions {
  readonly eventLoopResolutionMs?: number | undefined;
  readonly eventLoopWindowMs?: number | undefined;
}

/** Begins to report a group, those of its metrics that the recorder wants. */
export const SOURCES: Readonly<
  Record<RuntimeGroup, (recorder: RuntimeRecorder, options: SourceOptions) => Source>
> = {
  cpu: (recorder) => ({
    // From the start of the process on, not from now: what it has used to start is used as well.
    collect() {
      const cpu = readCpu();
      if (cpu === undefined) return;
      recorder.raise('process_cpu_user_seconds_total', cpu.userSeconds);
      recorder.raise('process_cpu_system_seconds_total', cpu.systemSeconds);
      recorder.raise('process_cpu_seconds_total', cpu.userSeconds + cpu.systemSeconds);
    },
  }),
  startTime: (recorder) => ({
    collect: () => recorder.set('process_start_time_seconds', readStartTime()),
  }),
  memory: (recorder) => ({
    collect() {
      const memory = readMemory();
      recorder.set('process_resident_memory_bytes', memory?.residentBytes);
      recorder.set('process_virtual_memory_bytes', memory?.virtualBytes);
      recorder.set('process_heap_bytes', memory?.dataBytes);
      recorder.set('process_threads', memory?.threads);
    },
  }),
  fileDescriptors: (recorder) => {
    // A limit that is changed from outside while a process runs is rare, and reading it costs more than the number.
    const most = recorder.wants('process_max_fds') ? readMaxFileDescriptors() : undefined;
    return {
      collect() {
        if (recorder.wants('process_open_fds')) recorder.set('process_open_fds', readOpenFileDescriptors());
        recorder.set('process_max_fds', most);
      },
    };
  },
  threads: (recorder) => {
    const workers = watchWorkers();
    // They stand beside the memory, and are read with it where it is wanted.
    const alone = !RUNTIME_METRIC_NAMES.some(
      (name) => RUNTIME_FAMILIES[name].group === 'memory' && recorder.wants(name),
    );
    return {
      collect() {
        if (alone && recorder.wants('process_threads'))
          recorder.set('process_threads', readMemory()?.threads);
        recorder.set('nodejs_worker_threads', workers.running);
      },
      stop: () => workers.stop(),
    };
  },
  eventLoop: eventLoopSource,
  gc: (recorder) => {
    let durations: ReturnType<RuntimeRecorder['gcDurations']> | undefined;
    const watch = watchGarbageCollection((kind, seconds) => durations?.observe({ kind }, seconds));
    if (watch === undefined) return {};
    try {
      durations = recorder.gcDurations();
    } catch (error) {
      watch.stop();
      throw error;
    }
    return { collect: () => watch.flush(), stop: () => watch.stop() };
  },
  heap: (recorder) => ({
    collect() {
      const heap = readHeap();
      recorder.set('nodejs_heap_size_total_bytes', heap?.totalBytes);
      recorder.set('nodejs_heap_size_used_bytes', heap?.usedBytes);
      recorder.set('nodejs_external_memory_bytes', heap?.externalBytes);
    },
  }),
  heapSpaces: (recorder) => ({
    collect() {
      for (const { space, totalBytes, usedBytes, availableBytes } of readHeapSpaces() ?? []) {
        recorder.set('nodejs_heap_space_size_total_bytes', totalBytes, { space });
        recorder.set('nodejs_heap_space_size_used_bytes', usedBytes, { space });
        recorder.set('nodejs_heap_space_size_available_bytes', availableBytes, { space });
      }
    },
  }),
  resources: activeSource('nodejs_active_resources', 'nodejs_active_resources_total', readActiveResources),
  handles: activeSource('nodejs_active_handles', 'nodejs_active_handles_total', readActiveHandles),
  requests: activeSource('nodejs_active_requests', 'nodejs_active_requests_total', readActiveRequests),
  version: (recorder) => ({
    collect() {
      const { version, major, minor, patch } = readVersion();
      recorder.set('nodejs_version_info', 1, {
        ...{ version, major: String(major), minor: String(minor), patch: String(patch) },
      });
    },
  }),
};

function activeSource(
  each: RuntimeMetricName,
  total: RuntimeMetricName,
  read: () => ActiveReading | undefined,
): (recorder: RuntimeRecorder) => Source {
  return (recorder) => {
    // A type of which there is none any more stands at 0.
    const seen = new Set<string>();
    return {
      collect() {
        const active = read();
        if (active === undefined) return;
        recorder.set(total, active.total);
        for (const type of active.byType.keys()) seen.add(type);
        for (const type of seen) recorder.set(each, active.byType.get(type) ?? 0, { type });
      },
    };
  };
}

function eventLoopSource(recorder: RuntimeRecorder, options: SourceOptions): Source {
  const wanted = DELAYS.filter(([name]) => recorder.wants(name));
  const monitor = EventLoopMonitor.start({
    measureDelays: wanted.length > 0,
    resolutionMs: options.eventLoopResolutionMs,
    windowMs: options.eventLoopWindowMs,
  });
  return {
    collect() {
      const usage = monitor.usage();
      if (usage !== undefined) {
        const time = 'nodejs_eventloop_time_seconds_total';
        recorder.raise(time, usage.activeSeconds, { nodejs_eventloop_state: 'active' });
        recorder.raise(time, usage.idleSeconds, { nodejs_eventloop_state: 'idle' });
        recorder.set('nodejs_eventloop_utilization_ratio', usage.utilization);
      }
      const delays = monitor.delays();
      if (delays !== undefined) for (const [name, read] of wanted) recorder.set(name, read(delays));
      if (!recorder.wants('nodejs_eventloop_lag_seconds')) return undefined;
      return readLoopLag().then((seconds) => recorder.set('nodejs_eventloop_lag_seconds', seconds));
    },
    stop: () => monitor.stop(),
  };
}

/** Mean and deviation walk through the whole histogram, at some 0.2 ms; each is read only where it is wanted. */
const DELAYS: readonly (readonly [RuntimeMetricName, (delays: EventLoopDelays) => number])[] = [
  ['nodejs_eventloop_lag_min_seconds', ({ min }) => min],
  ['nodejs_eventloop_lag_max_seconds', ({ max }) => max],
  ['nodejs_eventloop_lag_mean_seconds', ({ mean }) => mean],
  ['nodejs_eventloop_lag_stddev_seconds', ({ stddev }) => stddev],
  ['nodejs_eventloop_lag_p50_seconds', (delays) => delays.percentile(50)],
  ['nodejs_eventloop_lag_p90_seconds', (delays) => delays.percentile(90)],
  ['nodejs_eventloop_lag_p99_seconds', (delays) => delays.percentile(99)],
];
