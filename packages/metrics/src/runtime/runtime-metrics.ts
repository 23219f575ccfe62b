/**
 * The metrics of the runtime: processor, memory, event loop, garbage collection, what is open and active.
 *
 *     runtimeMetrics()
 *
 * Values are read when somebody asks for them. Between times only Node.js's own timer of the event loop's delay runs,
 * and an observer of garbage collections.
 *
 * A worker thread reports its own heap, event loop and collections; what belongs to the whole process is reported
 * by the main thread alone, or it would be counted once for each thread.
 */
import { isMainThread } from 'node:worker_threads';
import { defaultRegistry, type Registry } from '../registry.ts';
import { type EventLoopDelays, EventLoopMonitor, readLoopLag } from './event-loop.ts';
import {
  GC_BUCKETS,
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
import { RuntimeRecorder } from './recorder.ts';
import {
  type ActiveReading,
  readActiveHandles,
  readActiveRequests,
  readActiveResources,
  readHeap,
  readHeapSpaces,
  watchWorkers,
} from './thread-readings.ts';

/** What {@link runtimeMetrics} reports, and how. */
export interface RuntimeOptions {
  /** Default: the registry of the process. */
  readonly registry?: Registry | undefined;
  /** Groups or single metrics (without the prefix) that are reported; without it, all. */
  readonly only?: readonly (RuntimeGroup | RuntimeMetricName)[] | undefined;
  /** Stands before every name. */
  readonly prefix?: string | undefined;
  /** Whether gauges are one series per process or thread, with the label `worker`, instead of one for the service. */
  readonly perWorker?: boolean | undefined;
  /**
   * Whether this thread reports what belongs to the whole process. Default: the main thread does, others do not. For
   * a process whose main thread does not count.
   */
  readonly processWide?: boolean | undefined;
  /** Bounds of `nodejs_gc_duration_seconds`; default {@link GC_BUCKETS}. */
  readonly gcBuckets?: readonly number[] | undefined;
  /** How often Node.js looks at the event loop's delay; default 10 ms. A longer time wakes an idle process less often. */
  readonly eventLoopResolutionMs?: number | undefined;
  /** The time that delays and utilization of the event loop are about, at least; default 30 s. */
  readonly eventLoopWindowMs?: number | undefined;
}

/** The reporting of one call of {@link runtimeMetrics}. */
export interface RuntimeMetrics {
  /** The metrics that it reports, whole; those that the platform cannot read are not exposed. */
  readonly names: readonly string[];
  /** Ends the reporting; the metrics stay as they are. */
  stop(): void;
  [Symbol.dispose](): void;
}

/** A group that is reported: asked before each exposition, until it is stopped. */
interface Source {
  collect?(): void | Promise<void>;
  stop?(): void;
}

const REPORTED = Symbol.for('@binnacle/metrics/runtime/v1');

/** What is reported in a registry, and what its counters were told. */
interface Reported {
  readonly names: Set<string>;
  readonly told: Map<string, number>;
}

/** For all copies of this package. */
function reportedIn(registry: Registry): Reported {
  const holder = globalThis as { [REPORTED]?: WeakMap<Registry, Reported> };
  holder[REPORTED] ??= new WeakMap();
  let reported = holder[REPORTED].get(registry);
  if (reported === undefined) {
    reported = { names: new Set(), told: new Map() };
    holder[REPORTED].set(registry, reported);
  }
  return reported;
}

/**
 * Reports the metrics of the runtime until it is stopped. Keeps no process running. What is reported already in the
 * registry goes on as it is, and is not reported twice.
 * @throws TypeError for a name in `only` that there is not, or where another metric has one of the names
 * @throws RangeError for a resolution or a window that cannot be
 */
export function runtimeMetrics(options: RuntimeOptions = {}): RuntimeMetrics {
  const registry = options.registry ?? defaultRegistry();
  const prefix = options.prefix ?? '';
  const reported = reportedIn(registry);
  const wanted = new Set(
    chosen(options.only).filter(
      (name) =>
        !reported.names.has(prefix + name) &&
        (!RUNTIME_FAMILIES[name].processWide || (options.processWide ?? isMainThread)),
    ),
  );
  const recorder = new RuntimeRecorder(wanted, {
    registry,
    prefix,
    perWorker: options.perWorker ?? false,
    gcBuckets: options.gcBuckets ?? GC_BUCKETS,
    told: reported.told,
  });
  const names = [...wanted].map((name) => prefix + name);
  for (const name of names) reported.names.add(name);
  const endings: (() => void)[] = [];
  let stopped = false;
  const stop = () => {
    for (const end of endings.splice(0)) end();
    for (const name of stopped ? [] : names) reported.names.delete(name);
    stopped = true;
  };
  try {
    for (const group of new Set([...wanted].map((name) => RUNTIME_FAMILIES[name].group))) {
      const { collect, stop: end } = SOURCES[group](recorder, options);
      if (end !== undefined) endings.push(end);
      if (collect === undefined) continue;
      const first = [...wanted].find((name) => RUNTIME_FAMILIES[name].group === group)!;
      // The first reading defines what can be read, so that a name that is taken is told to whoever calls. What
      // fails later is told when somebody asks.
      Promise.resolve(collect()).catch(() => undefined);
      endings.push(registry.onCollect(prefix + first, collect));
    }
  } catch (error) {
    stop();
    throw error;
  }
  return { names, stop, [Symbol.dispose]: stop };
}

function chosen(only: RuntimeOptions['only']): readonly RuntimeMetricName[] {
  if (only === undefined) return RUNTIME_METRIC_NAMES;
  const groups = new Set<string>(RUNTIME_METRIC_NAMES.map((name) => RUNTIME_FAMILIES[name].group));
  const unknown = only.find((one) => !groups.has(one) && !Object.hasOwn(RUNTIME_FAMILIES, one));
  if (unknown !== undefined) {
    throw new TypeError(
      `${JSON.stringify(unknown)} is no metric of the runtime and none of its groups: ${[...groups].join(', ')}`,
    );
  }
  const asked = new Set<string>(only);
  return RUNTIME_METRIC_NAMES.filter((name) => asked.has(name) || asked.has(RUNTIME_FAMILIES[name].group));
}

/** How each group is read. */
const SOURCES: Readonly<
  Record<RuntimeGroup, (recorder: RuntimeRecorder, options: RuntimeOptions) => Source>
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
    return {
      collect() {
        if (recorder.wants('process_thread_count'))
          recorder.set('process_thread_count', readMemory()?.threads);
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

function eventLoopSource(recorder: RuntimeRecorder, options: RuntimeOptions): Source {
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
