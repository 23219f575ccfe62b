/**
 * Reads memory and processors of what this process really has: of its container where that is limited, else of the
 * machine.
 *
 * What is used and what there is always are of the same thing. Of memory that is the group with the least limit, which
 * may be the container or the pod around it; without one below the machine's memory, the machine. Of processors it is
 * the group with the least quota, or with fewer processors to run on; else the machine. What a reading says it is of is
 * its `source`, so that whoever counts totals notices when it becomes another.
 *
 * Where there are no such files, as on macOS and Windows, `node:os` tells of the machine.
 */
import os from 'node:os';
import {
  type CgroupLevels,
  levelsOf,
  type Pressure,
  parseCpuMax,
  parseCpuQuota,
  parseMemoryLimit,
  parseMounts,
  parsePlaces,
  parsePressure,
  parseThrottling,
  type Throttling,
  workingSet,
} from './cgroup.ts';
import { countOfList, numberIn, numberOf, readKernelFile } from './kernel-files.ts';

/** What waiting is counted for. */
export const PRESSURE_RESOURCES = ['cpu', 'memory', 'io'] as const;

/** One of {@link PRESSURE_RESOURCES}. */
export type PressureResource = (typeof PRESSURE_RESOURCES)[number];

/** Bytes of `/proc/self/mountinfo` that are read, which is a line for each mount. */
const MOUNTS_BYTES = 1 << 20;
/** Bytes of `/proc/vmstat` that are read. */
const VMSTAT_BYTES = 16_384;
/** Bytes of `/proc/stat` that are read: its first line. */
const STAT_BYTES = 512;
/** `/proc/stat` counts in hundredths of a second, on every architecture that Node.js runs on. */
const TICKS_PER_SECOND = 100;
/** The source of what is the machine's. */
const MACHINE = 'machine';

/** Memory, in bytes. */
export interface MemoryReading {
  /** The folder of the group, or `machine`. */
  readonly source: string;
  /** In use and not to be given back at once. */
  readonly usedBytes: number;
  /** The limit, or the machine's memory. */
  readonly totalBytes: number;
  /** What can still be had before any limit of this process is reached. */
  readonly availableBytes: number;
}

/** Processor time that was used, in seconds since the group was made or the machine started. */
export interface ProcessorReading {
  readonly source: string;
  /** How many processors' time there is: a quota of 150 ms in 100 ms is 1.5. */
  readonly cores: number;
  readonly userSeconds: number;
  readonly systemSeconds: number;
  /** What the hypervisor gave to others; of a machine. */
  readonly stealSeconds: number;
}

/** What is known of the system; what it does not tell is undefined. */
export interface SystemReading {
  readonly memory: MemoryReading;
  readonly processors: ProcessorReading;
  /** Where a quota holds. */
  readonly throttling: (Throttling & { readonly source: string }) | undefined;
  readonly oomKills: { readonly source: string; readonly kills: number } | undefined;
  readonly pressure: Readonly<Record<PressureResource, Pressure | undefined>>;
  readonly pressureSource: string;
}

/** A group that limits memory. */
interface MemoryLimit {
  readonly level: string;
  readonly version: 1 | 2;
  readonly totalBytes: number;
  readonly usedBytes: number;
}

/** A group that limits processors. */
interface ProcessorLimit {
  readonly level: string;
  readonly version: 1 | 2;
  readonly cores: number;
}

const NO_LEVELS: CgroupLevels = { unified: [], memory: [], cpu: [], cpuacct: [] };

/** Reads the system as often as it is asked. */
export class SystemReader {
  readonly #root: string;
  #places: string | undefined;
  #levels = NO_LEVELS;

  /** @param root stands in front of `/proc`, `/sys` and all mount points: another root folder, for tests */
  constructor(root = '') {
    this.#root = root.replace(/\/$/, '');
  }

  /** Reads everything once; never rejects. */
  async read(): Promise<SystemReading> {
    const levels = await this.#findLevels();
    const [memory, processors, pressure] = await Promise.all([
      this.#readMemory(levels),
      this.#readProcessors(levels),
      this.#readPressure(levels),
    ]);
    return { ...memory, ...processors, ...pressure };
  }

  /** Looks where the process is each time, since it can be moved; what that means only where it has changed. */
  async #findLevels(): Promise<CgroupLevels> {
    const places = await this.#file('/proc/self/cgroup');
    if (places === this.#places) return this.#levels;
    const mounts = await readKernelFile(`${this.#root}/proc/self/mountinfo`, MOUNTS_BYTES);
    this.#places = places;
    this.#levels = levelsOf(parsePlaces(places ?? ''), parseMounts(mounts ?? ''), this.#root);
    return this.#levels;
  }

  #file(name: string, bytes?: number): Promise<string | undefined> {
    return readKernelFile(this.#root + name, bytes);
  }

  async #readMemory(levels: CgroupLevels): Promise<Pick<SystemReading, 'memory' | 'oomKills'>> {
    const [machine, ...limits] = await Promise.all([
      this.#machineMemory(),
      ...levels.unified.map((level) => memoryLimit(level, 2)),
      ...levels.memory.map((level) => memoryLimit(level, 1)),
    ]);
    let least: MemoryLimit | undefined;
    let availableBytes = machine.availableBytes;
    for (const limit of limits) {
      if (limit === undefined || limit.totalBytes >= machine.totalBytes) continue;
      availableBytes = Math.min(availableBytes, Math.max(0, limit.totalBytes - limit.usedBytes));
      if (least === undefined || limit.totalBytes < least.totalBytes) least = limit;
    }
    const source = least?.level ?? MACHINE;
    const { totalBytes, usedBytes } = least ?? machine;
    const kills = await this.#readKills(least);
    return {
      memory: { source, usedBytes, totalBytes, availableBytes },
      oomKills: kills === undefined ? undefined : { source, kills },
    };
  }

  async #machineMemory(): Promise<Omit<MemoryReading, 'source'>> {
    const text = await this.#file('/proc/meminfo');
    const kilobytes = (key: string) => numberOf(text, key);
    const total = kilobytes('MemTotal:');
    if (total === undefined) {
      const totalBytes = os.totalmem();
      const availableBytes = Math.min(os.freemem(), totalBytes);
      return { totalBytes, availableBytes, usedBytes: totalBytes - availableBytes };
    }
    const free = kilobytes('MemFree:') ?? 0;
    // Kernels before 3.14 do not say what could be had; this is what it was guessed by.
    const guessed = free + (kilobytes('Buffers:') ?? 0) + (kilobytes('Cached:') ?? 0);
    const available = Math.min(kilobytes('MemAvailable:') ?? guessed, total);
    return {
      totalBytes: total * 1024,
      availableBytes: available * 1024,
      usedBytes: (total - available) * 1024,
    };
  }

  async #readKills(limit: MemoryLimit | undefined): Promise<number | undefined> {
    if (limit === undefined) return numberOf(await this.#file('/proc/vmstat', VMSTAT_BYTES), 'oom_kill');
    const events = limit.version === 2 ? 'memory.events' : 'memory.oom_control';
    return numberOf(await readKernelFile(`${limit.level}/${events}`), 'oom_kill');
  }

  async #readProcessors(levels: CgroupLevels): Promise<Pick<SystemReading, 'processors' | 'throttling'>> {
    const [online, ...limits] = await Promise.all([
      this.#file('/sys/devices/system/cpu/online'),
      processorSet(levels.unified),
      ...levels.unified.map((level) => processorQuota(level, 2)),
      ...levels.cpu.map((level) => processorQuota(level, 1)),
    ]);
    const machineCores = countOfList(online) ?? os.availableParallelism();
    let least: ProcessorLimit | undefined;
    for (const limit of limits)
      if (limit !== undefined && limit.cores < (least?.cores ?? machineCores)) least = limit;
    if (least === undefined)
      return { processors: await this.#machineProcessors(machineCores), throttling: undefined };
    const { level, version, cores } = least;
    const stat = await readKernelFile(`${level}/cpu.stat`);
    const throttling = parseThrottling(stat);
    const used = version === 2 ? usageOf(stat) : await usageOfV1(levels.cpuacct[levels.cpu.indexOf(level)]);
    return {
      processors: used
        ? { source: level, cores, ...used, stealSeconds: 0 }
        : await this.#machineProcessors(machineCores),
      throttling: throttling && { source: level, ...throttling },
    };
  }

  async #machineProcessors(cores: number): Promise<ProcessorReading> {
    // cpu  user nice system idle iowait irq softirq steal guest guest_nice; guests are in user and nice, too.
    const stat = await this.#file('/proc/stat', STAT_BYTES);
    const [, line] = /^cpu +([\d ]+)$/m.exec(stat ?? '') ?? [];
    if (line !== undefined) {
      const ticks = line.split(' ').map(Number);
      const seconds = (...at: number[]) => at.reduce((sum, i) => sum + (ticks[i] ?? 0), 0) / TICKS_PER_SECOND;
      return {
        source: MACHINE,
        cores,
        userSeconds: seconds(0, 1),
        systemSeconds: seconds(2, 5, 6),
        stealSeconds: seconds(7),
      };
    }
    let userMs = 0;
    let systemMs = 0;
    for (const { times } of os.cpus()) {
      userMs += times.user + times.nice;
      systemMs += times.sys + times.irq;
    }
    return {
      ...{ source: MACHINE, cores, stealSeconds: 0 },
      ...{ userSeconds: userMs / 1000, systemSeconds: systemMs / 1000 },
    };
  }

  async #readPressure({
    unified,
  }: CgroupLevels): Promise<Pick<SystemReading, 'pressure' | 'pressureSource'>> {
    const [own] = unified;
    const group = own === undefined ? undefined : await pressureIn(`${own}/`, '.pressure');
    const isCounted = group !== undefined && PRESSURE_RESOURCES.some((name) => group[name] !== undefined);
    if (isCounted) return { pressure: group, pressureSource: own! };
    return {
      pressure: await pressureIn(`${this.#root}/proc/pressure/`, ''),
      pressureSource: MACHINE,
    };
  }
}

async function memoryLimit(level: string, version: 1 | 2): Promise<MemoryLimit | undefined> {
  const [limit, usage] =
    version === 2 ? ['memory.max', 'memory.current'] : ['memory.limit_in_bytes', 'memory.usage_in_bytes'];
  const totalBytes = parseMemoryLimit(await readKernelFile(`${level}/${limit}`));
  if (totalBytes === undefined) return undefined;
  const [current, stat] = await Promise.all([
    readKernelFile(`${level}/${usage}`),
    readKernelFile(`${level}/memory.stat`),
  ]);
  const bytes = numberIn(current);
  return bytes === undefined ? undefined : { level, version, totalBytes, usedBytes: workingSet(bytes, stat) };
}

async function processorQuota(level: string, version: 1 | 2): Promise<ProcessorLimit | undefined> {
  const cores =
    version === 2
      ? parseCpuMax(await readKernelFile(`${level}/cpu.max`))
      : parseCpuQuota(
          ...(await Promise.all([
            readKernelFile(`${level}/cpu.cfs_quota_us`),
            readKernelFile(`${level}/cpu.cfs_period_us`),
          ])),
        );
  return cores === undefined ? undefined : { level, version, cores };
}

/** The processors that the process's own group may run on; levels above may run on these and perhaps on more. */
async function processorSet([own]: readonly string[]): Promise<ProcessorLimit | undefined> {
  if (own === undefined) return undefined;
  const cores = countOfList(await readKernelFile(`${own}/cpuset.cpus.effective`));
  return cores === undefined ? undefined : { level: own, version: 2, cores };
}

type Used = Pick<ProcessorReading, 'userSeconds' | 'systemSeconds'>;

function usageOf(stat: string | undefined): Used | undefined {
  const user = numberOf(stat, 'user_usec');
  const system = numberOf(stat, 'system_usec');
  return user === undefined || system === undefined
    ? undefined
    : { userSeconds: user / 1e6, systemSeconds: system / 1e6 };
}

/** The tree of the controller that counts may be another one, but groups have the same places in it. */
async function usageOfV1(level: string | undefined): Promise<Used | undefined> {
  if (level === undefined) return undefined;
  const [user, system] = (
    await Promise.all([
      readKernelFile(`${level}/cpuacct.usage_user`),
      readKernelFile(`${level}/cpuacct.usage_sys`),
    ])
  ).map(numberIn);
  return user === undefined || system === undefined
    ? undefined
    : { userSeconds: user / 1e9, systemSeconds: system / 1e9 };
}

async function pressureIn(before: string, after: string): Promise<SystemReading['pressure']> {
  const [cpu, memory, io] = await Promise.all(
    PRESSURE_RESOURCES.map(async (name) => parsePressure(await readKernelFile(before + name + after))),
  );
  return { cpu, memory, io };
}
