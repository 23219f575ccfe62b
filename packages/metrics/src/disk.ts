/**
 * Disk usage of folders, and of the file systems that they lie on.
 *
 *     await measureFolders({ uploads: '/data/uploads', outputs: '/data/outputs' }).run();
 *
 *     disk_folder_bytes{folder="uploads"}      the lengths of the files in it and below it
 *     disk_folder_files{folder="uploads"}
 *     disk_used_bytes{mountpoint="/data"}      of the whole file system, whoever uses it
 *     disk_available_bytes{mountpoint="/data"}
 *     disk_total_bytes{mountpoint="/data"}
 *
 * Folders are measured one after the other, from time to time and not when somebody asks: a walk over many files takes
 * long. One process of a service is enough; where several measure, what was found last is shown. A folder that is not
 * there has no series.
 *
 * Without the label `folder`, the metrics are of all folders together, and so without `mountpoint`:
 *
 *     diskMetrics({ folders, names: { usage: 'system_disk_usage_bytes' }, labels: { folder: false } })
 */
import { type FileSystemSize, fileSystemSize, mountpointOf } from './disk/file-systems.ts';
import { FILES_AT_ONCE, type FolderSize, folderSize } from './disk/folder-size.ts';
import { type Gauge, type GaugeDefinition, gauge } from './gauge.ts';
import { requireMs } from './instrument/interval.ts';
import {
  type LabelNames,
  type Naming,
  type PartNames,
  partName,
  type Renamed,
  renamed,
} from './instrument/naming.ts';
import { type Reporting, reporting } from './instrument/reporting.ts';
import { type LabelSpec, label, type OpenLabel, type SparseLabel, sparse } from './labels.ts';
import type { Registry } from './registry.ts';

// Declarations that are made of what is exported here name these.
export type { LabelNames, Part, PartNames, Renamed } from './instrument/naming.ts';
export type { Reporting } from './instrument/reporting.ts';
export { FILES_AT_ONCE };

/** How often folders are measured when nothing is said. */
export const MEASURE_INTERVAL_MS = 60_000;

/** The labels of the instrument, by what they mean. */
export type DiskLabel = 'folder' | 'mountpoint';

/** The parts of the instrument: its metrics, by what they mean. */
export type DiskPart = 'usage' | 'files' | 'diskUsed' | 'diskAvailable' | 'diskTotal';

type FileSystemGauge<R extends LabelNames<DiskLabel>> = Gauge<Renamed<{ readonly mountpoint: OpenLabel }, R>>;
type FolderGauge<F extends string, R extends LabelNames<DiskLabel>> = Gauge<
  Renamed<{ readonly folder: SparseLabel<F> }, R>
>;

interface Parts<F extends string, R extends LabelNames<DiskLabel>> {
  /** `disk_folder_bytes`. */
  readonly usage: FolderGauge<F, R>;
  /** `disk_folder_files`. */
  readonly files: FolderGauge<F, R>;
  /** `disk_used_bytes`. */
  readonly diskUsed: FileSystemGauge<R>;
  /** `disk_available_bytes`. */
  readonly diskAvailable: FileSystemGauge<R>;
  /** `disk_total_bytes`. */
  readonly diskTotal: FileSystemGauge<R>;
}

/** The key under which the metrics have what measuring sets; copies of this package share it. */
const MEASURED: unique symbol = Symbol.for('@binnacle/metrics/disk/measured/v1');

interface Labelled {
  readonly [label: string]: string;
}

/** A gauge, whatever its label is called; undefined for one that is left out. */
type AnyGauge =
  | { bind(labels: Labelled): { set(value: number): void }; remove(labels: Labelled): void }
  | undefined;

interface MeasuredParts {
  readonly gauges: Readonly<Record<DiskPart, AnyGauge>>;
  readonly labels: LabelNames;
  readonly folders: readonly string[];
}

/** What `diskMetrics` returns, whatever its parts and labels are called. */
export interface AnyDiskMetrics {
  readonly [MEASURED]: MeasuredParts;
}

/** The metrics of the instrument, as far as they are not left out. */
export type DiskMetrics<
  F extends string = string,
  N extends PartNames<DiskPart> = Record<never, never>,
  R extends LabelNames<DiskLabel> = Record<never, never>,
> = {
  readonly [P in DiskPart as N extends { readonly [K in P]: false } ? never : P]: Parts<F, R>[P];
} & AnyDiskMetrics;

/** What can be chosen about the definitions. */
export interface DiskMetricsOptions<
  F extends string,
  N extends PartNames<DiskPart> = PartNames<DiskPart>,
  R extends LabelNames<DiskLabel> = LabelNames<DiskLabel>,
> extends Naming<N, R> {
  /** The names of the folders: all values that the label has. */
  readonly folders: readonly F[];
  /** Default: the registry of the process. */
  readonly registry?: Registry;
}

const HELP: Readonly<Record<DiskPart, readonly [name: string, help: string]>> = {
  usage: ['disk_folder_bytes', 'Bytes of the files in a folder and below it'],
  files: ['disk_folder_files', 'Files in a folder and below it'],
  diskUsed: ['disk_used_bytes', 'Bytes in use on the file system of a folder'],
  diskAvailable: ['disk_available_bytes', 'Bytes that are free on the file system of a folder'],
  diskTotal: ['disk_total_bytes', 'Bytes of the file system of a folder'],
};

/** The definitions of the size of folders, the number of their files, and how full their file systems are. */
export function diskMetrics<
  const F extends string,
  const N extends PartNames<DiskPart> = Record<never, never>,
  const R extends LabelNames<DiskLabel> = Record<never, never>,
>(options: DiskMetricsOptions<F, N, R>): DiskMetrics<F, N, R> {
  const { folders, names, labels, registry } = options;
  const made = (part: DiskPart, own: LabelSpec): AnyGauge => {
    const [usual, help] = HELP[part];
    const name = partName(names, part, usual);
    if (name === undefined) return undefined;
    const definition = {
      name,
      help,
      unit: name.endsWith('_bytes') ? 'bytes' : '',
      labels: renamed(own, labels),
      mode: 'mostrecent',
      ...(registry && { registry }),
    } as const;
    return gauge(definition as GaugeDefinition<LabelSpec, string>) as unknown as AnyGauge;
  };
  const ofFolder = { folder: sparse<string>(folders) };
  const ofFileSystem = { mountpoint: label };
  const gauges = {
    usage: made('usage', ofFolder),
    files: made('files', ofFolder),
    diskUsed: made('diskUsed', ofFileSystem),
    diskAvailable: made('diskAvailable', ofFileSystem),
    diskTotal: made('diskTotal', ofFileSystem),
  };
  const measured: MeasuredParts = { gauges, labels: labels ?? {}, folders };
  const given = Object.entries(gauges).filter(([, metric]) => metric !== undefined);
  return { ...Object.fromEntries(given), [MEASURED]: measured } as unknown as DiskMetrics<F, N, R>;
}

/** Options of {@link measureFolders}. */
export interface MeasureFoldersOptions {
  /** From the end of one measurement to the next. Default: {@link MEASURE_INTERVAL_MS}. */
  readonly intervalMs?: number;
  /** The metrics to set. Default: `diskMetrics({ folders })` with the names of the folders. */
  readonly metrics?: AnyDiskMetrics;
}

/** The measuring of folders, until it is stopped, also that which is under way; the metrics stay as they are. */
export interface FolderMeasuring extends Reporting {
  /** Measures now, or waits for the measurement that is under way. Never rejects. */
  run(): Promise<void>;
}

/**
 * Measures folders, by name and path, from now on until it is stopped; the first time at once. Keeps no process
 * running.
 * @throws TypeError where the metrics do not know the name of a folder
 * @throws RangeError for an interval that cannot be
 */
export function measureFolders<const F extends string>(
  folders: Readonly<Record<F, string>>,
  options: MeasureFoldersOptions = {},
): FolderMeasuring {
  const { intervalMs = MEASURE_INTERVAL_MS } = options;
  const names = Object.keys(folders) as F[];
  const parts = (options.metrics ?? diskMetrics({ folders: names }))[MEASURED];
  for (const name of names)
    if (!parts.folders.includes(name))
      throw new TypeError(
        `measureFolders: the metrics have no folder ${name}, only ${parts.folders.join(', ') || 'none'}`,
      );
  requireMs('measureFolders: intervalMs', intervalMs);
  const measurer = new Measurer(folders, parts);
  let timer: NodeJS.Timeout | undefined;
  let current: Promise<void> | undefined;
  let stopped = false;
  const run = (): Promise<void> => {
    if (stopped) return Promise.resolve();
    clearTimeout(timer);
    current ??= measurer.measure().finally(() => {
      current = undefined;
      if (stopped) return;
      timer = setTimeout(run, intervalMs);
      timer.unref();
    });
    return current;
  };
  void run();
  return {
    run,
    ...reporting(() => {
      stopped = true;
      clearTimeout(timer);
      measurer.stop();
    }),
  };
}

/** Measures some folders, one after the other. */
class Measurer {
  readonly #folders: Readonly<Record<string, string>>;
  readonly #parts: MeasuredParts;
  readonly #abort = new AbortController();
  /** What was said, so that it can be taken back. */
  readonly #said = new Map<AnyGauge, ReadonlySet<string>>();
  /** Folders that were warned of, and are not again before they have been well. */
  readonly #warned = new Set<string>();

  constructor(folders: Readonly<Record<string, string>>, parts: MeasuredParts) {
    this.#folders = folders;
    this.#parts = parts;
  }

  stop(): void {
    this.#abort.abort();
  }

  async measure(): Promise<void> {
    const sizes = new Map<string, FolderSize>();
    const systems = new Map<string, FileSystemSize>();
    for (const [name, folder] of Object.entries(this.#folders)) {
      try {
        const size = await this.#sizeOf(folder);
        const mountpoint = await mountpointOf(folder);
        systems.set(mountpoint, await fileSystemSize(folder));
        sizes.set(name, size);
        if (size.unreadable === undefined) this.#warned.delete(name);
        else this.#warn(name, `a part of it cannot be read and is not counted: ${size.unreadable.message}`);
      } catch (error) {
        this.#warn(name, `it cannot be measured: ${error instanceof Error ? error.message : String(error)}`);
      }
      if (this.#abort.signal.aborted) return;
    }
    const { usage, files, diskUsed, diskAvailable, diskTotal } = this.#parts.gauges;
    this.#say(usage, 'folder', sizes, ({ bytes }) => bytes);
    this.#say(files, 'folder', sizes, (size) => size.files);
    this.#say(diskUsed, 'mountpoint', systems, ({ used }) => used);
    this.#say(diskAvailable, 'mountpoint', systems, ({ available }) => available);
    this.#say(diskTotal, 'mountpoint', systems, ({ total }) => total);
  }

  /** Without a walk, which is what costs, where neither of its metrics is there. */
  async #sizeOf(folder: string): Promise<FolderSize> {
    const { usage, files } = this.#parts.gauges;
    if (usage === undefined && files === undefined) return { bytes: 0, files: 0, unreadable: undefined };
    return await folderSize(folder, this.#abort.signal);
  }

  /** Sets a gauge to what was found, and takes back what was there before and is no more. */
  #say<Found>(
    metric: AnyGauge,
    own: DiskLabel,
    found: ReadonlyMap<string, Found>,
    numberOf: (found: Found) => number,
  ): void {
    if (metric === undefined) return;
    const label = this.#parts.labels[own] ?? own;
    const values = new Map<string, number>();
    for (const [name, one] of found) {
      // Without the label they are one series, the sum of all.
      const key = label === false ? '' : name;
      values.set(key, (values.get(key) ?? 0) + numberOf(one));
    }
    const labelsOf = (key: string): Labelled => (label === false ? {} : { [label]: key });
    for (const [key, value] of values) metric.bind(labelsOf(key)).set(value);
    for (const key of this.#said.get(metric) ?? []) if (!values.has(key)) metric.remove(labelsOf(key));
    this.#said.set(metric, new Set(values.keys()));
  }

  #warn(name: string, problem: string): void {
    if (this.#warned.has(name) || this.#abort.signal.aborted) return;
    this.#warned.add(name);
    process.emitWarning(`folder ${name}: ${problem}`, {
      type: 'BinnacleMetricsWarning',
      code: 'disk_folder',
    });
  }
}
