/**
 * The runtime: processor, memory, event loop, garbage collection and file descriptors of Node.js.
 *
 * These are causes. Nobody is woken by them; they tell why requests are slow or jobs stand still, and a few of them
 * warn before somebody notices. Everything is kept apart by instance, since one blocked process of eight is what
 * somebody wants to know.
 */
import { changes, type Duration, div, gt, type RangeLength, rate, sum, topk } from '@binnacle/promql/builder';
import type { Unit } from '../dashboard/unit-id.ts';
import { percent, seconds } from './alerts.ts';
import { assembleWatch, subjectOf, type WatchAlert } from './assembly.ts';
import { type Capacity, nearlyFull, usedShare } from './capacity.ts';
import { share } from './limits.ts';
import { type AboutPanel, asked, LINES_MAX, limit, lines } from './panels.ts';
import { combined, Scope, type Series } from './scope.ts';
import type { Watch, WatchOptions } from './watch.ts';
import {
  type CounterLike,
  type GaugeLike,
  type HistogramLike,
  type WatchedMetric,
  watchedMetric,
} from './watched-metric.ts';

/** The metrics of a runtime. */
export interface RuntimeInstrument {
  /** Processor time, in seconds. */
  readonly cpu?: CounterLike;
  /** Memory that processes hold, in bytes. */
  readonly residentMemory?: GaugeLike;
  /** The part of the heap that is in use, in bytes. */
  readonly heapUsed?: GaugeLike;
  /** What 99 of 100 delays of the event loop stay below, in seconds. */
  readonly eventLoopLag?: GaugeLike;
  /** The share of time in which the event loop was active. */
  readonly eventLoopUtilization?: GaugeLike;
  /** How long collections of garbage took, in seconds. */
  readonly garbageCollection?: HistogramLike;
  /** Descriptors that are open. */
  readonly openFileDescriptors?: GaugeLike;
  /** Descriptors that may be open. */
  readonly maxFileDescriptors?: GaugeLike;
  /** When the process started, in Unix seconds. */
  readonly startTime?: GaugeLike;
}

/** The alerts of {@link runtimeWatch}. */
export type RuntimeAlert =
  | 'RuntimeEventLoopBlocked'
  | 'RuntimeEventLoopBusy'
  | 'RuntimeGarbageCollecting'
  | 'RuntimeMemoryHigh'
  | 'RuntimeFileDescriptorsHigh'
  | 'RuntimeRestarting';

/** What {@link runtimeWatch} may be told. */
export interface RuntimeWatchOptions extends WatchOptions<RuntimeAlert> {
  /** How long the event loop may keep things waiting, in seconds. Default 0.5. */
  readonly lagSecondsMax?: number;
  /** The share of time in which it may be active. Default 0.9. */
  readonly utilizationMax?: number;
  /** The share of processor time that may go into collecting garbage. Default 0.25. */
  readonly garbageCollectionShareMax?: number;
  /** How much memory the processes of one instance may hold, in bytes. Default: no alert, since only you know. */
  readonly memoryBytesMax?: number;
  /** The share of descriptors that may be open. Default 0.8. */
  readonly fileDescriptorsShareMax?: number;
  /** How often it may start in an hour. Default 3. */
  readonly restartsMax?: number;
}

/**
 * The metrics of the runtime under the names that `runtimeMetrics()` of `@binnacle/metrics` and prom-client give them.
 * @param prefix what stands before every name
 */
export function runtimeInstrument(prefix = ''): Required<RuntimeInstrument> {
  const counter = (name: string) => ({ type: 'counter', name: `${prefix}${name}`, labels: {} }) as const;
  const gauge = (name: string, mode: string) =>
    ({ type: 'gauge', name: `${prefix}${name}`, labels: {}, mode }) as const;
  return {
    cpu: counter('process_cpu_seconds_total'),
    residentMemory: gauge('process_resident_memory_bytes', 'live sum'),
    heapUsed: gauge('nodejs_heap_size_used_bytes', 'live sum'),
    eventLoopLag: gauge('nodejs_eventloop_lag_p99_seconds', 'live max'),
    eventLoopUtilization: gauge('nodejs_eventloop_utilization_ratio', 'live max'),
    garbageCollection: {
      type: 'histogram',
      name: `${prefix}nodejs_gc_duration_seconds`,
      labels: { kind: 'open' },
    },
    openFileDescriptors: gauge('process_open_fds', 'live max'),
    maxFileDescriptors: gauge('process_max_fds', 'live min'),
    startTime: gauge('process_start_time_seconds', 'live min'),
  };
}

const INSTANCE = ['instance'];
const GC_WINDOW: Duration = '10m';
/** Processors in use below which a share of them says nothing: collections are the most of what an idle process does. */
const CPU_MIN = 0.1;

interface RuntimeMetrics {
  readonly scope: Scope;
  readonly cpu: WatchedMetric | undefined;
  readonly residentMemory: WatchedMetric | undefined;
  readonly heapUsed: WatchedMetric | undefined;
  readonly eventLoopLag: WatchedMetric | undefined;
  readonly eventLoopUtilization: WatchedMetric | undefined;
  readonly garbageCollection: WatchedMetric | undefined;
  readonly descriptors: Capacity | undefined;
  readonly startTime: WatchedMetric | undefined;
}

/** Watches the runtime: `runtimeWatch(runtimeInstrument(), { where: { job: 'web' } })`. */
export function runtimeWatch(instrument: RuntimeInstrument, options: RuntimeWatchOptions = {}): Watch {
  const given = <K extends keyof RuntimeInstrument>(part: K, type: 'counter' | 'gauge' | 'histogram') =>
    watchedMetric(`runtimeWatch: ${part}`, instrument[part], [type]);
  const open = given('openFileDescriptors', 'gauge');
  const most = given('maxFileDescriptors', 'gauge');
  const metrics: RuntimeMetrics = {
    scope: new Scope(options.where),
    cpu: given('cpu', 'counter'),
    residentMemory: given('residentMemory', 'gauge'),
    heapUsed: given('heapUsed', 'gauge'),
    eventLoopLag: given('eventLoopLag', 'gauge'),
    eventLoopUtilization: given('eventLoopUtilization', 'gauge'),
    garbageCollection: given('garbageCollection', 'histogram'),
    descriptors: open && most && { measured: open, isFree: false, total: most, by: INSTANCE },
    startTime: given('startTime', 'gauge'),
  };
  return assembleWatch('Runtime', options, {
    rows: [{ panels: panelsOf(metrics, options) }],
    alerts: alertsOf(metrics, options),
  });
}

function panelsOf(metrics: RuntimeMetrics, options: RuntimeWatchOptions) {
  const { scope, cpu, residentMemory, heapUsed, eventLoopLag, eventLoopUtilization } = metrics;
  const { garbageCollection, descriptors } = metrics;
  const { lagSecondsMax = 0.5, utilizationMax = 0.9, garbageCollectionShareMax = 0.25 } = options;
  const collecting = gcShare(scope, garbageCollection, cpu);
  return [
    cpu &&
      byInstance((window) => sum(rate(scope.series(cpu), window)).by(...INSTANCE), {
        title: 'Processor',
        description: `Processor time per second, over all processes of an instance: 100 % is one processor. The ${LINES_MAX} busiest instances. All the time at a whole number: its processes are at their limit.`,
        unit: 'percentunit',
      }),
    eventLoopLag &&
      byInstance(() => combined(eventLoopLag, scope.series(eventLoopLag), INSTANCE), {
        title: 'Event loop lag',
        description:
          'How long the event loop keeps things waiting: 99 of 100 stay below, in the worst process of an instance. Good: below 0.1 s. Above: something computes for long without giving way.',
        unit: 's',
        max: lagSecondsMax,
      }),
    eventLoopUtilization &&
      byInstance(() => combined(eventLoopUtilization, scope.series(eventLoopUtilization), INSTANCE), {
        title: 'Event loop utilization',
        description:
          'Share of time in which the event loop was active, in the busiest process of an instance. Near 100 %: add processes.',
        unit: 'percentunit',
        max: utilizationMax,
      }),
    residentMemory &&
      byInstance(() => combined(residentMemory, scope.series(residentMemory), INSTANCE), {
        title: 'Memory',
        description:
          'Memory that the processes of an instance hold. Good: level after the first minutes. Growing for hours: a leak.',
        unit: 'bytes',
        max: options.memoryBytesMax,
      }),
    heapUsed &&
      byInstance(() => combined(heapUsed, scope.series(heapUsed), INSTANCE), {
        title: 'Heap in use',
        description:
          'The part of the heap that is in use. A saw is right; its lower edge must not climb. If it is level while memory grows, look at buffers.',
        unit: 'bytes',
      }),
    collecting &&
      byInstance((window) => collecting(window), {
        title: 'Collecting garbage',
        description:
          'Share of processor time that goes into collecting garbage. Good: a few percent. Growing: the heap is nearly full, or much is made and thrown away.',
        unit: 'percentunit',
        max: garbageCollectionShareMax,
      }),
    descriptors &&
      byInstance(() => usedShare(scope, descriptors), {
        title: 'File descriptors',
        description:
          'Share of file descriptors that are open. At 100 % nothing can be opened and nobody can connect. Only growing: connections or files are not closed.',
        unit: 'percentunit',
        max: options.fileDescriptorsShareMax ?? 0.8,
      }),
  ];
}

function byInstance(
  build: (window: RangeLength) => Series,
  { unit, max, ...about }: AboutPanel & { readonly unit: Unit; readonly max?: number | undefined },
) {
  const query = asked((window) => topk(LINES_MAX, build(window)), '{{instance}}');
  return lines(about, { queries: [query], unit, ...limit(max) });
}

/** Both sides are processor time of the same processes, so that their number does not matter. */
function gcShare(scope: Scope, gc: WatchedMetric | undefined, cpu: WatchedMetric | undefined) {
  if (gc === undefined || cpu === undefined) return undefined;
  return (window: RangeLength, least = 0): Series =>
    div(
      scope.sumPerSecond(gc, window, INSTANCE),
      gt(sum(rate(scope.series(cpu), window)).by(...INSTANCE), least),
    );
}

function alertsOf(
  metrics: RuntimeMetrics,
  options: RuntimeWatchOptions,
): Record<RuntimeAlert, WatchAlert | undefined> {
  const { scope, cpu, residentMemory, eventLoopLag, eventLoopUtilization, garbageCollection } = metrics;
  const { descriptors, startTime } = metrics;
  const { lagSecondsMax = 0.5, utilizationMax = 0.9, garbageCollectionShareMax = 0.25 } = options;
  const { memoryBytesMax, fileDescriptorsShareMax = 0.8, restartsMax = 3 } = options;
  const subject = subjectOf('Runtime', options);
  const collecting = gcShare(scope, garbageCollection, cpu);
  return {
    RuntimeEventLoopBlocked: eventLoopLag && {
      expr: gt(combined(eventLoopLag, scope.series(eventLoopLag), INSTANCE), lagSecondsMax),
      for: '5m',
      severity: 'warning',
      summary: `${subject}: the event loop is blocked`,
      description: ({ value, label, text }) =>
        text`On ${label('instance')} the event loop keeps things waiting for ${value.duration}; at most ${seconds(lagSecondsMax)} is expected. Something computes for long without giving way: take a CPU profile.`,
    },
    RuntimeEventLoopBusy: eventLoopUtilization && {
      expr: gt(
        combined(eventLoopUtilization, scope.series(eventLoopUtilization), INSTANCE),
        share('utilizationMax', utilizationMax),
      ),
      for: '15m',
      severity: 'warning',
      summary: `${subject}: the event loop has no time left`,
      description: ({ value, label, text }) =>
        text`On ${label('instance')} the event loop was active ${value.percentage} of the time, more than ${percent(utilizationMax)}. Add processes, or move what computes into worker threads.`,
    },
    RuntimeGarbageCollecting: collecting && {
      expr: gt(collecting(GC_WINDOW, CPU_MIN), share('garbageCollectionShareMax', garbageCollectionShareMax)),
      for: '10m',
      severity: 'warning',
      summary: `${subject}: much time goes into collecting garbage`,
      description: ({ value, label, text }) =>
        text`On ${label('instance')} ${value.percentage} of processor time goes into collecting garbage, more than ${percent(garbageCollectionShareMax)}. The heap is nearly full, or much is made and thrown away: take a heap snapshot.`,
    },
    RuntimeMemoryHigh:
      residentMemory && memoryBytesMax !== undefined
        ? {
            expr: gt(combined(residentMemory, scope.series(residentMemory), INSTANCE), memoryBytesMax),
            for: '15m',
            severity: 'warning',
            summary: `${subject}: it holds much memory`,
            description: ({ value, label, text }) =>
              text`${label('instance')} holds ${value.humanize1024}B of memory. If it grew for hours, it is a leak: compare two heap snapshots.`,
          }
        : undefined,
    RuntimeFileDescriptorsHigh:
      descriptors &&
      nearlyFull(scope, descriptors, fileDescriptorsShareMax, {
        subject,
        thing: 'the table of file descriptors',
        severity: 'warning',
        for: '10m',
        advice: 'Look for connections or files that are not closed; if there are none, allow more.',
      }),
    RuntimeRestarting: startTime && {
      expr: gt(sum(changes(scope.series(startTime), '1h')).by(...INSTANCE), restartsMax),
      for: '1m',
      severity: 'warning',
      summary: `${subject}: it starts again and again`,
      description: ({ value, label, text }) =>
        text`${label('instance')} has started ${value.humanize} times within an hour. The end of its log says why it ends; if there is nothing, it was killed: look at its memory.`,
    },
  };
}
