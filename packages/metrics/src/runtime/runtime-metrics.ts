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
import { knownOf } from '../instrument/copies.ts';
import type { Reporting } from '../instrument/reporting.ts';
import { defaultRegistry, type Registry } from '../registry.ts';
import {
  GC_BUCKETS,
  RUNTIME_FAMILIES,
  RUNTIME_METRIC_NAMES,
  type RuntimeGroup,
  type RuntimeMetricName,
} from './families.ts';
import { RuntimeRecorder } from './recorder.ts';
import { SOURCES } from './sources.ts';

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
export interface RuntimeMetrics extends Reporting {
  /** The metrics that it reports, whole; those that the platform cannot read are not exposed. */
  readonly names: readonly string[];
}

const REPORTED = Symbol.for('@binnacle/metrics/runtime/v1');

/** What is reported in a registry, and what its counters were told. */
interface Reported {
  readonly names: Set<string>;
  readonly told: Map<string, number>;
}

/** For all copies of this package. */
function reportedIn(registry: Registry): Reported {
  return knownOf(REPORTED, registry, () => ({ names: new Set(), told: new Map() }));
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
