/**
 * GPUs: memory, load, temperature and power of each device, as `nvidia-smi` or `rocm-smi` tells them.
 *
 *     reportGpus();                        in a process of the service, best one that uses them
 *     gpuWatch(gpuMetrics());              panels and alerts
 *
 * The tool is run every {@link GPU_INTERVAL_MS}, one run at a time, and is killed when it hangs. Where there is none,
 * or no device, there are no series: a line in the log says so once, and it is looked for again after
 * {@link GPU_RETRY_MS}. A device that is gone, or all while the tool fails, takes its series along: an old value would
 * look like a new one.
 *
 * Each process that reports runs the tool for itself. Where several do, the service shows the greatest of what they say
 * of a device, and what a process said goes with it.
 */
import { isMainThread } from 'node:worker_threads';
import { type Gauge, gauge } from './gauge.ts';
import { type Run, runTool } from './gpu/gpu-command.ts';
import { GPU_ARGUMENTS, GPU_TOOLS, type GpuReading, type GpuTool, parseGpus } from './gpu/gpu-readings.ts';
import { INSIDE, type Metric } from './inside.ts';
import { type LabelNames, type Part, partName, type Renamed, renamed } from './instrument/naming.ts';
import { type Reporting, reporting } from './instrument/reporting.ts';
import { type LabelSpec, label, type OpenLabel } from './labels.ts';
import type { Registry } from './registry.ts';
import { warn } from './serve/warnings.ts';

// Declarations that are made of what is exported here name these.
export type { LabelNames, Part, PartNames, Renamed } from './instrument/naming.ts';
export type { Reporting } from './instrument/reporting.ts';
export type { GpuTool };

/** How often the tool is run where nothing else is told. */
export const GPU_INTERVAL_MS = 15_000;
/** The least interval: a run takes some hundred milliseconds. */
export const GPU_INTERVAL_MS_MIN = 1_000;
/** After how long a run is killed where nothing else is told. */
export const GPU_TIMEOUT_MS = 10_000;
/** After how long it is looked again for a tool that was not there; and the longest pause after a failure. */
export const GPU_RETRY_MS = 3_600_000;
/** Devices that are reported; those beyond are left out. */
export const GPU_DEVICES_MAX = 64;

type None = Record<never, never>;
type Device = { readonly device: OpenLabel };

/** Names for the parts, where they are not to be the usual ones; `false` leaves a part out. */
export type GpuNames = {
  /** Default `gpu_memory_used_bytes`. */
  readonly memoryUsed?: `${string}_bytes` | false;
  /** Default `gpu_memory_total_bytes`. */
  readonly memoryTotal?: `${string}_bytes` | false;
  /** Default `gpu_utilization_ratio`. */
  readonly utilization?: string | false;
  /** Default `gpu_temperature_celsius`. */
  readonly temperature?: `${string}_celsius` | false;
  /** Default `gpu_power_watts`. */
  readonly power?: `${string}_watts` | false;
};

/** The parts of the instrument. */
export type GpuPart = keyof GpuNames;

/** The metrics of the instrument; a part that is left out is undefined. */
export interface GpuMetrics<N extends GpuNames = None, R extends LabelNames<'device'> = None> {
  /** Memory in use, of all programs. */
  readonly memoryUsed: Part<N, 'memoryUsed', Gauge<Renamed<Device, R>, 'bytes'>>;
  /** Memory that there is. */
  readonly memoryTotal: Part<N, 'memoryTotal', Gauge<Renamed<Device, R>, 'bytes'>>;
  /** The share of time in which it worked, from 0 to 1. */
  readonly utilization: Part<N, 'utilization', Gauge<Renamed<Device, R>>>;
  /** Temperature in degrees Celsius. */
  readonly temperature: Part<N, 'temperature', Gauge<Renamed<Device, R>, 'celsius'>>;
  /** Power that it draws. */
  readonly power: Part<N, 'power', Gauge<Renamed<Device, R>, 'watts'>>;
}

/** What can be chosen about the definitions. */
export interface GpuMetricsOptions<N extends GpuNames, R extends LabelNames<'device'>> {
  readonly names?: N;
  /** Another name for the label `device`; `false` for none, and all devices are one. */
  readonly labels?: R;
  /** Default: the registry of the process. */
  readonly registry?: Registry;
}

/**
 * Defines the metrics of GPUs, and does nothing else; {@link reportGpus} sets them.
 * @throws TypeError for names that cannot be
 */
export function gpuMetrics<const N extends GpuNames = None, const R extends LabelNames<'device'> = None>(
  options: GpuMetricsOptions<N, R> = {},
): GpuMetrics<N, R> {
  const { names } = options;
  const rest = {
    labels: renamed({ device: label }, options.labels),
    mode: 'live max',
    ...(options.registry && { registry: options.registry }),
  } as const;
  const of = (part: GpuPart, usual: string, unit: '' | 'bytes' | 'celsius' | 'watts', help: string) => {
    const name = partName<GpuNames>(names, part, usual);
    return name && gauge({ name, help, unit: unit as '', ...rest });
  };
  const defined = {
    memoryUsed: of('memoryUsed', 'gpu_memory_used_bytes', 'bytes', 'Memory of the GPU in use'),
    memoryTotal: of('memoryTotal', 'gpu_memory_total_bytes', 'bytes', 'Memory that the GPU has'),
    utilization: of(
      'utilization',
      'gpu_utilization_ratio',
      '',
      'Share of time in which the GPU worked, from 0 to 1',
    ),
    temperature: of('temperature', 'gpu_temperature_celsius', 'celsius', 'Temperature of the GPU'),
    power: of('power', 'gpu_power_watts', 'watts', 'Power that the GPU draws'),
  };
  return defined as unknown as GpuMetrics<N, R>;
}

/** What {@link reportGpus} sets: the metrics, whatever they and their label are called. */
export type ReportedGpus = { readonly [P in GpuPart]?: Metric | undefined };

/** What {@link reportGpus} may be told. */
export interface ReportGpusOptions {
  /** Default: `gpuMetrics()`. */
  readonly metrics?: ReportedGpus;
  /** How often the tool is run; default {@link GPU_INTERVAL_MS}, at least {@link GPU_INTERVAL_MS_MIN}. */
  readonly intervalMs?: number;
  /** The tool or its path. Default: `nvidia-smi`, else `rocm-smi`, found as the shell finds commands. */
  readonly command?: string;
  /** What the command prints like, where its name does not say it. */
  readonly tool?: GpuTool;
  /** After how long a run is killed; default {@link GPU_TIMEOUT_MS}. */
  readonly timeoutMs?: number;
  /** Whether this thread reports. Default: the main thread does, since all of a process would say the same. */
  readonly processWide?: boolean;
}

/**
 * Reports GPUs until it is stopped, where there are any. Keeps no process running.
 * @throws TypeError where a part is no gauge
 * @throws RangeError for an interval or a time that cannot be
 */
export function reportGpus(options: ReportGpusOptions = {}): Reporting {
  const reporter = new GpuReporter(options);
  if (options.processWide ?? isMainThread) reporter.start();
  return reporting(() => reporter.stop());
}

/** A command, and what it prints like. */
interface Source {
  readonly command: string;
  readonly tool: GpuTool;
}

class GpuReporter {
  readonly #parts: readonly ShownPart[];
  readonly #intervalMs: number;
  readonly #timeoutMs: number;
  readonly #sources: readonly Source[];
  /** The one that has told of devices. */
  #found: Source | undefined;
  #failures = 0;
  #run: Run | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: ReportGpusOptions) {
    const { command, tool, intervalMs = GPU_INTERVAL_MS, timeoutMs = GPU_TIMEOUT_MS } = options;
    if (!(intervalMs >= GPU_INTERVAL_MS_MIN && intervalMs <= GPU_RETRY_MS))
      throw new RangeError(
        `reportGpus: intervalMs must be from ${GPU_INTERVAL_MS_MIN} to ${GPU_RETRY_MS}, not ${intervalMs}`,
      );
    if (!(timeoutMs > 0 && timeoutMs <= GPU_RETRY_MS))
      throw new RangeError(`reportGpus: timeoutMs must be from 1 to ${GPU_RETRY_MS}, not ${timeoutMs}`);
    this.#intervalMs = intervalMs;
    this.#timeoutMs = timeoutMs;
    this.#parts = shownParts(options.metrics ?? gpuMetrics());
    this.#sources = (command === undefined ? (tool === undefined ? GPU_TOOLS : [tool]) : [command]).map(
      (name) => ({ command: name, tool: tool ?? toolOf(name) }),
    );
  }

  start(): void {
    void this.#look();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#run?.kill();
    this.#show([]);
  }

  /** Looks once, and says when to look again. */
  async #look(): Promise<void> {
    let pauseMs: number;
    try {
      pauseMs = await this.#read();
    } catch (error) {
      warn({ code: 'gpu_failed', message: `GPUs are not reported: ${String(error)}` });
      pauseMs = GPU_RETRY_MS;
    }
    // A run that was killed and is still there: the driver holds it, and would hold the next one, too.
    await this.#run?.gone;
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.#look(), pauseMs);
    this.#timer.unref();
  }

  /** Reads and shows what there is; returns after how many milliseconds to read again. */
  async #read(): Promise<number> {
    const problems: string[] = [];
    let isBroken = false;
    for (const source of this.#found === undefined ? this.#sources : [this.#found]) {
      const { command, tool } = source;
      this.#run = runTool(command, GPU_ARGUMENTS[tool], this.#timeoutMs);
      const ran = await this.#run.ended;
      if (this.#stopped) return 0;
      const readings = ran.kind === 'printed' ? parseGpus(tool, ran.text) : undefined;
      if (readings !== undefined) {
        this.#found = source;
        this.#failures = 0;
        this.#show(readings);
        return this.#intervalMs;
      }
      if (ran.kind === 'printed') problems.push(`${command} tells of no device`);
      if (ran.kind === 'failed') problems.push(`${command}: ${ran.problem}`);
      isBroken = ran.kind === 'failed';
    }
    this.#show([]);
    if (this.#found !== undefined && isBroken) return this.#pause(problems);
    this.#found = undefined;
    const why =
      problems.join('; ') || `there is no ${this.#sources.map(({ command }) => command).join(' and no ')}`;
    warn({
      code: 'gpu_none',
      message: `no GPU is reported: ${why}; it is looked for again every ${GPU_RETRY_MS / 60_000} minutes`,
    });
    return GPU_RETRY_MS;
  }

  /** How long to wait for a tool that has worked before: longer with each failure. */
  #pause(problems: readonly string[]): number {
    this.#failures++;
    const message = `GPUs are not reported for now: ${problems.join('; ')}; it is tried again after longer and longer pauses`;
    warn({ code: 'gpu_failed', message });
    return Math.min(this.#intervalMs * 2 ** this.#failures, GPU_RETRY_MS);
  }

  #show(readings: readonly GpuReading[]): void {
    for (const part of this.#parts) part.show(readings.slice(0, GPU_DEVICES_MAX));
  }
}

/** What the command prints like, by its name. */
function toolOf(command: string): GpuTool {
  return /rocm/i.test(command.split(/[\\/]/).at(-1)!) ? 'rocm-smi' : 'nvidia-smi';
}

/** How the values of all devices become one, where nothing tells them apart. */
type Fold = (values: readonly number[]) => number;

const sum: Fold = (values) => values.reduce((all, one) => all + one, 0);
const mean: Fold = (values) => sum(values) / values.length;
const greatest: Fold = (values) => Math.max(...values);

/** Where the value of a part is in a reading. */
const VALUES: Readonly<Record<GpuPart, readonly [Exclude<keyof GpuReading, 'device'>, Fold]>> = {
  memoryUsed: ['memoryUsedBytes', sum],
  memoryTotal: ['memoryTotalBytes', sum],
  utilization: ['utilization', mean],
  temperature: ['celsius', greatest],
  power: ['watts', sum],
};

function shownParts(metrics: ReportedGpus): ShownPart[] {
  return (Object.keys(VALUES) as GpuPart[]).flatMap((part) => {
    const metric = metrics[part];
    if (metric === undefined) return [];
    if (metric[INSIDE].shape.type !== 'gauge')
      throw new TypeError(`reportGpus: ${part} is ${metric.name}, which is no gauge`);
    return [new ShownPart(metric as Gauge<LabelSpec>, ...VALUES[part])];
  });
}

/** A metric, and the devices that it has series of. */
class ShownPart {
  readonly #gauge: Gauge<LabelSpec>;
  readonly #key: Exclude<keyof GpuReading, 'device'>;
  readonly #fold: Fold;
  readonly #label: string | undefined;
  #devices: ReadonlySet<string> = new Set();
  #isSet = false;

  constructor(metric: Gauge<LabelSpec>, key: Exclude<keyof GpuReading, 'device'>, fold: Fold) {
    this.#gauge = metric;
    this.#key = key;
    this.#fold = fold;
    this.#label = metric[INSIDE].labels[0]?.name;
  }

  /** Sets what is known, and takes back the series of devices of which nothing is. */
  show(readings: readonly GpuReading[]): void {
    const known = new Map<string, number>();
    for (const reading of readings) {
      const value = reading[this.#key];
      if (value !== undefined) known.set(reading.device, value);
    }
    if (this.#label === undefined) this.#showFolded([...known.values()]);
    else this.#showEach(known, this.#label);
  }

  #showEach(known: ReadonlyMap<string, number>, labelName: string): void {
    for (const [device, value] of known) this.#gauge.bind({ [labelName]: device }).set(value);
    for (const device of this.#devices) if (!known.has(device)) this.#gauge.remove({ [labelName]: device });
    this.#devices = new Set(known.keys());
  }

  /** A series without labels cannot be taken back; that nothing is known is NaN. */
  #showFolded(values: readonly number[]): void {
    if (values.length === 0 && !this.#isSet) return;
    this.#gauge.bind({}).set(values.length === 0 ? Number.NaN : this.#fold(values));
    this.#isSet = true;
  }
}
