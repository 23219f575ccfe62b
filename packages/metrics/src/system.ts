/**
 * Memory and processors of what the service really has: of its container where that is limited, else of the machine.
 *
 *     reportSystem();                                          in every process of the service
 *     systemWatch(systemMetrics());                            panels and alerts
 *
 * Values are read when somebody asks for them. All processes of a service see the same system, so they are not added
 * up: gauges are the greatest of what they say, and counters are raised by each to the total that it reads. Only
 * `processMemory` is a sum, of what each process has for itself.
 *
 * `system/system-readings.ts` says where the values come from.
 */
import { isMainThread } from 'node:worker_threads';
import type { Counter } from './counter.ts';
import { counter } from './counter.ts';
import { type Gauge, gauge } from './gauge.ts';
import { INSIDE, type Metric } from './inside.ts';
import { knownOf } from './instrument/copies.ts';
import { type LabelNames, type Part, partName, type Renamed, renamed } from './instrument/naming.ts';
import { type Reporting, reporting } from './instrument/reporting.ts';
import { type LabelSpec, label, type OpenLabel } from './labels.ts';
import type { Registry } from './registry.ts';
import { PRESSURE_RESOURCES, SystemReader, type SystemReading } from './system/system-readings.ts';

// Declarations that are made of what is exported here name these.
export type { LabelNames, Part, PartNames, Renamed } from './instrument/naming.ts';
export type { Reporting } from './instrument/reporting.ts';

type None = Record<never, never>;
// Open labels: a series begins with the total that was read, where one of a list would stand at 0 until then, and the
// step from 0 to all that was used since the machine started would be taken for work.
type Modes = { readonly mode: OpenLabel };
type Resource = { readonly resource: OpenLabel };
type Bytes = `${string}_bytes` | false;
type Total = `${string}_total` | false;
type SecondsTotal = `${string}_seconds_total` | false;

/** Names for the parts, where they are not to be the usual ones; `false` leaves a part out. */
export type SystemNames = {
  /** Default `system_memory_used_bytes`. */
  readonly memoryUsed?: Bytes;
  /** Default `system_memory_available_bytes`. */
  readonly memoryAvailable?: Bytes;
  /** Default `system_memory_total_bytes`. */
  readonly memoryTotal?: Bytes;
  /** Default `system_cpu_seconds_total`. */
  readonly cpu?: SecondsTotal;
  /** Default `system_cpu_limit_cores`. */
  readonly cpuCores?: string | false;
  /** Default `system_cpu_periods_total`. */
  readonly periods?: Total;
  /** Default `system_cpu_throttled_periods_total`. */
  readonly throttled?: Total;
  /** Default `system_cpu_throttled_seconds_total`. */
  readonly throttledSeconds?: SecondsTotal;
  /** Default `system_oom_kills_total`. */
  readonly oomKills?: Total;
  /** Default `system_pressure_waiting_seconds_total`. */
  readonly pressureWaiting?: SecondsTotal;
  /** Default `system_pressure_stalled_seconds_total`. */
  readonly pressureStalled?: SecondsTotal;
  /** Default `service_resident_memory_bytes`. */
  readonly processMemory?: Bytes;
};

/** The parts of the instrument. */
export type SystemPart = keyof SystemNames;

type Chosen<N extends SystemNames, O extends SystemPart, P extends SystemPart, M> = P extends O
  ? Part<N, P, M>
  : undefined;

/** The metrics of the instrument; a part that is left out is undefined. */
export interface SystemMetrics<
  N extends SystemNames = None,
  R extends LabelNames<'mode' | 'resource'> = None,
  O extends SystemPart = SystemPart,
> {
  /** Memory in use that is not to be given back at once: the working set. */
  readonly memoryUsed: Chosen<N, O, 'memoryUsed', Gauge<None, 'bytes'>>;
  /** Memory that can still be had before a limit is reached. */
  readonly memoryAvailable: Chosen<N, O, 'memoryAvailable', Gauge<None, 'bytes'>>;
  /** The least limit of memory, or the machine's memory. */
  readonly memoryTotal: Chosen<N, O, 'memoryTotal', Gauge<None, 'bytes'>>;
  /** Processor time that was used, by mode: `user`, `system`, and `steal`, which a hypervisor gave to other machines. */
  readonly cpu: Chosen<N, O, 'cpu', Counter<Renamed<Modes, R>>>;
  /** How many processors' time there is. */
  readonly cpuCores: Chosen<N, O, 'cpuCores', Gauge<None>>;
  /** Periods of the processor quota in which something ran. */
  readonly periods: Chosen<N, O, 'periods', Counter<None>>;
  /** Those of them in which the quota was used up. */
  readonly throttled: Chosen<N, O, 'throttled', Counter<None>>;
  /** For how long threads were held back by the quota. */
  readonly throttledSeconds: Chosen<N, O, 'throttledSeconds', Counter<None>>;
  /** Processes that were killed because there was no memory. */
  readonly oomKills: Chosen<N, O, 'oomKills', Counter<None>>;
  /** For how long some task had to wait, by resource. */
  readonly pressureWaiting: Chosen<N, O, 'pressureWaiting', Counter<Renamed<Resource, R>>>;
  /** For how long all tasks had to wait at once, by resource. */
  readonly pressureStalled: Chosen<N, O, 'pressureStalled', Counter<Renamed<Resource, R>>>;
  /** Resident memory of all processes of the service together. */
  readonly processMemory: Chosen<N, O, 'processMemory', Gauge<None, 'bytes'>>;
}

/** What can be chosen about the definitions. */
export interface SystemMetricsOptions<
  N extends SystemNames,
  R extends LabelNames<'mode' | 'resource'>,
  O extends SystemPart,
> {
  /** Parts that there are to be; default all. */
  readonly only?: readonly O[];
  readonly names?: N;
  /** Other names for the labels `mode` and `resource`; `false` leaves one out. */
  readonly labels?: R;
  /** Default: the registry of the process. */
  readonly registry?: Registry;
}

/**
 * Defines the metrics of the system, and does nothing else; {@link reportSystem} sets them.
 * @throws TypeError for names that cannot be
 */
export function systemMetrics<
  const N extends SystemNames = None,
  const R extends LabelNames<'mode' | 'resource'> = None,
  const O extends SystemPart = SystemPart,
>(options: SystemMetricsOptions<N, R, O> = {}): SystemMetrics<N, R, O> {
  const { only, names, labels } = options;
  const registry = options.registry === undefined ? {} : { registry: options.registry };
  const name = (part: SystemPart, usual: string) =>
    only === undefined || (only as readonly SystemPart[]).includes(part)
      ? partName<SystemNames>(names, part, usual)
      : undefined;
  const bytes = (
    part: SystemPart,
    usual: string,
    help: string,
    mode: 'live max' | 'live min' | 'live sum',
  ) => {
    const whole = name(part, usual) as `${string}_bytes` | undefined;
    return whole && gauge({ name: whole, help, unit: 'bytes', mode, ...registry });
  };
  const total = (part: SystemPart, usual: string, help: string) => {
    const whole = name(part, usual) as `${string}_total` | undefined;
    return whole && counter({ name: whole, help, mode: 'max', ...registry });
  };
  const seconds = <L extends LabelSpec>(part: SystemPart, usual: string, help: string, own: L) => {
    const whole = name(part, usual) as `${string}_seconds_total` | undefined;
    return whole && counter({ name: whole, help, unit: 'seconds', mode: 'max', labels: own, ...registry });
  };
  const cores = name('cpuCores', 'system_cpu_limit_cores');
  const resource = renamed({ resource: label }, labels);
  const defined = {
    memoryUsed: bytes(
      'memoryUsed',
      'system_memory_used_bytes',
      'Memory in use, of the container where it is limited, else of the machine',
      'live max',
    ),
    memoryAvailable: bytes(
      'memoryAvailable',
      'system_memory_available_bytes',
      'Memory that can still be had before a limit of the container or the memory of the machine is reached',
      'live min',
    ),
    memoryTotal: bytes(
      'memoryTotal',
      'system_memory_total_bytes',
      'Limit of the memory of the container, else the memory of the machine',
      'live max',
    ),
    cpu: seconds(
      'cpu',
      'system_cpu_seconds_total',
      'Processor time used, of the container where it is limited, else of the machine',
      renamed({ mode: label }, labels),
    ),
    cpuCores:
      cores &&
      gauge({
        name: cores,
        help: 'How many processors the container may use, else how many the machine has',
        mode: 'live max',
        ...registry,
      }),
    periods: total(
      'periods',
      'system_cpu_periods_total',
      'Periods of the processor quota of the container in which something ran',
    ),
    throttled: total(
      'throttled',
      'system_cpu_throttled_periods_total',
      'Periods in which the container had used up its processor quota and was held back',
    ),
    throttledSeconds: seconds(
      'throttledSeconds',
      'system_cpu_throttled_seconds_total',
      'For how long threads of the container were held back by its processor quota',
      {},
    ),
    oomKills: total(
      'oomKills',
      'system_oom_kills_total',
      'Processes killed for want of memory, in the container where it is limited, else on the machine',
    ),
    pressureWaiting: seconds(
      'pressureWaiting',
      'system_pressure_waiting_seconds_total',
      'For how long some task had to wait for processors, memory or input and output',
      resource,
    ),
    pressureStalled: seconds(
      'pressureStalled',
      'system_pressure_stalled_seconds_total',
      'For how long all tasks at once had to wait for processors, memory or input and output',
      resource,
    ),
    processMemory: bytes(
      'processMemory',
      'service_resident_memory_bytes',
      'Resident memory of all processes of the service together',
      'live sum',
    ),
  };
  return defined as unknown as SystemMetrics<N, R, O>;
}

/** What {@link reportSystem} sets: the metrics, whatever they and their labels are called. */
export type ReportedSystem = { readonly [P in SystemPart]?: Metric | undefined };

/** What {@link reportSystem} may be told. */
export interface ReportSystemOptions {
  /** Default: `systemMetrics()`. */
  readonly metrics?: ReportedSystem;
  /** A folder that stands in for `/`, below which `proc` and `sys` are looked for; for tests. */
  readonly root?: string;
  /** Whether this thread reports. Default: the main thread does, since all of a process would say the same. */
  readonly processWide?: boolean;
}

/**
 * Reports the system until it is stopped: reads it before each exposition, and once now. Keeps no process running.
 * @throws TypeError where a part is a metric of another kind
 */
export function reportSystem(options: ReportSystemOptions = {}): Reporting {
  const metrics = options.metrics ?? systemMetrics();
  const first = Object.values(metrics).find((metric) => metric !== undefined);
  const reporter = new SystemReporter(metrics, new SystemReader(options.root));
  let end: (() => void) | undefined;
  if (first !== undefined && (options.processWide ?? isMainThread)) {
    const collect = () => reporter.report();
    end = first[INSIDE].registry.onCollect(first.name, collect);
    // What goes wrong is told when somebody asks.
    collect().catch(() => undefined);
  }
  return reporting(() => {
    end?.();
    reporter.stop();
  });
}

const TOLD = Symbol.for('@binnacle/metrics/system/v1');

/** The totals that the series of a counter were told of, by their label value; for all copies of this package. */
function toldOf(metric: Metric): Map<string, { source: string; total: number }> {
  return knownOf(TOLD, metric, () => new Map());
}

/** Sets the metrics to what is read. */
class SystemReporter {
  readonly #metrics: ReportedSystem;
  readonly #reader: SystemReader;
  #stopped = false;

  constructor(metrics: ReportedSystem, reader: SystemReader) {
    this.#metrics = metrics;
    this.#reader = reader;
    const gauges = ['memoryUsed', 'memoryAvailable', 'memoryTotal', 'cpuCores', 'processMemory'];
    for (const [part, metric] of Object.entries(metrics)) {
      const wanted = gauges.includes(part) ? 'gauge' : 'counter';
      if (metric !== undefined && metric[INSIDE].shape.type !== wanted)
        throw new TypeError(`reportSystem: ${part} is ${metric.name}, which is no ${wanted}`);
    }
  }

  async report(): Promise<void> {
    const metrics = this.#metrics;
    const isOnlyProcess = Object.entries(metrics).every(
      ([part, metric]) => part === 'processMemory' || metric === undefined,
    );
    const reading = isOnlyProcess ? undefined : await this.#reader.read();
    if (this.#stopped) return;
    set(metrics.processMemory, residentBytes());
    if (reading === undefined) return;
    const { memory, processors, throttling, oomKills } = reading;
    set(metrics.memoryUsed, memory.usedBytes);
    set(metrics.memoryAvailable, memory.availableBytes);
    set(metrics.memoryTotal, memory.totalBytes);
    set(metrics.cpuCores, processors.cores);
    raise(metrics.cpu, processors.source, processors.userSeconds, 'user');
    raise(metrics.cpu, processors.source, processors.systemSeconds, 'system');
    raise(metrics.cpu, processors.source, processors.stealSeconds, 'steal');
    if (throttling !== undefined) {
      raise(metrics.periods, throttling.source, throttling.periods);
      raise(metrics.throttled, throttling.source, throttling.throttledPeriods);
      raise(metrics.throttledSeconds, throttling.source, throttling.throttledSeconds);
    }
    if (oomKills !== undefined) raise(metrics.oomKills, oomKills.source, oomKills.kills);
    this.#reportPressure(reading);
  }

  #reportPressure({ pressure, pressureSource }: SystemReading): void {
    const { pressureWaiting, pressureStalled } = this.#metrics;
    for (const resource of PRESSURE_RESOURCES) {
      const counted = pressure[resource];
      if (counted === undefined) continue;
      raise(pressureWaiting, pressureSource, counted.waitingSeconds, resource);
      if (counted.stalledSeconds !== undefined)
        raise(pressureStalled, pressureSource, counted.stalledSeconds, resource);
    }
  }

  /** What is still being read is not told any more. */
  stop(): void {
    this.#stopped = true;
  }
}

function set(metric: Metric | undefined, value: number | undefined): void {
  if (metric !== undefined && value !== undefined) (metric as Gauge<None>).set(value);
}

/**
 * Raises a counter by what a total has grown since it was told before, the first time by all of it. Where the total is
 * of something else from now on, such as a container that was given a limit, it goes on from there.
 * @param labelValue of the counter's label, if it has one
 */
function raise(metric: Metric | undefined, source: string, total: number, labelValue = ''): void {
  if (metric === undefined) return;
  const own = metric[INSIDE].labels[0];
  const series = (metric as Counter<LabelSpec>).bind(own === undefined ? {} : { [own.name]: labelValue });
  const all = toldOf(metric);
  const told = all.get(labelValue);
  // The kernel's totals may fall by a hair, when they are added up over processors.
  if (told?.source === source && total <= told.total) return;
  all.set(labelValue, { source, total });
  if (told === undefined) series.inc(total);
  else series.inc(told.source === source ? total - told.total : 0);
}

function residentBytes(): number | undefined {
  try {
    return process.memoryUsage.rss();
  } catch {
    return undefined; // without access to /proc
  }
}
