/**
 * The control groups of this process: which folders they are, and what their files say.
 *
 *     /proc/self/cgroup       0::/kubepods/pod1/c1                      where it is in the tree
 *     /proc/self/mountinfo    … / /sys/fs/cgroup … - cgroup2 …           where the tree is mounted, and from where on
 *     levels                  /sys/fs/cgroup/kubepods/pod1/c1            its own group first,
 *                             /sys/fs/cgroup/kubepods/pod1               up to the mount point
 *                             /sys/fs/cgroup/kubepods
 *                             /sys/fs/cgroup
 *
 * A limit of any level holds, so the least one does. In a container the tree mostly begins at its own group, and there
 * is one level. Version 1 has a tree for each controller (memory, cpu); both versions may be there at once, and a
 * controller then belongs to one of them.
 *
 * Sources: Linux, Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/; man 7 cgroups; man 5 proc (mountinfo).
 */
import { numberIn, numberOf } from './kernel-files.ts';

/** The most levels of a tree that are looked at, from the process's own group up. */
export const CGROUP_LEVELS_MAX = 32;

/** Version 1 says that there is no limit by the largest number of whole pages. */
const V1_UNLIMITED_BYTES = 2 ** 62;

/** Where a process is in one tree of groups. */
export interface CgroupPlace {
  /** Of version 1; none in version 2. */
  readonly controllers: readonly string[];
  readonly path: string;
}

/** A tree of groups that is mounted. */
export interface CgroupMount {
  readonly version: 1 | 2;
  /** Of version 1; none in version 2. */
  readonly controllers: readonly string[];
  /** The group that is to be seen at the mount point. */
  readonly root: string;
  readonly mountPoint: string;
}

/** Reads `/proc/self/cgroup`. */
export function parsePlaces(text: string): CgroupPlace[] {
  const places: CgroupPlace[] = [];
  for (const line of text.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    places.push({ controllers: controllers === '' ? [] : controllers.split(','), path });
  }
  return places;
}

/** Reads the trees of groups out of `/proc/self/mountinfo`. */
export function parseMounts(text: string): CgroupMount[] {
  const mounts: CgroupMount[] = [];
  for (const line of text.split('\n')) {
    // 41 31 0:38 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate
    const [before = '', after] = line.split(' - ');
    const [, , , root, mountPoint] = before.split(' ');
    const [type, , options = ''] = after?.split(' ') ?? [];
    if (root === undefined || mountPoint === undefined || (type !== 'cgroup' && type !== 'cgroup2')) continue;
    mounts.push({
      version: type === 'cgroup' ? 1 : 2,
      controllers: type === 'cgroup' ? options.split(',') : [],
      root: unescaped(root),
      mountPoint: unescaped(mountPoint),
    });
  }
  return mounts;
}

/** Spaces and the like are written as three octal digits. */
function unescaped(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** The folders of a process's groups, in version 2 and for the controllers of version 1; its own group first. */
export interface CgroupLevels {
  readonly unified: readonly string[];
  readonly memory: readonly string[];
  readonly cpu: readonly string[];
  readonly cpuacct: readonly string[];
}

/**
 * Finds the levels of the groups that a process is in; none where the tree is not mounted, or begins elsewhere.
 * @param base stands in front of every folder; empty for the real ones
 */
export function levelsOf(
  places: readonly CgroupPlace[],
  mounts: readonly CgroupMount[],
  base = '',
): CgroupLevels {
  const of = (version: 1 | 2, controller: string | undefined): readonly string[] => {
    const isMeant = ({ controllers }: Pick<CgroupPlace, 'controllers'>) =>
      controller === undefined ? controllers.length === 0 : controllers.includes(controller);
    const place = places.find(isMeant);
    if (place === undefined) return [];
    for (const mount of mounts) {
      if (mount.version !== version || !isMeant(mount)) continue;
      const levels = levelsIn(mount, place.path);
      if (levels.length > 0) return levels.map((level) => base + level);
    }
    return [];
  };
  return {
    unified: of(2, undefined),
    memory: of(1, 'memory'),
    cpu: of(1, 'cpu'),
    cpuacct: of(1, 'cpuacct'),
  };
}

function levelsIn({ root, mountPoint }: CgroupMount, path: string): string[] {
  const top = root === '/' ? '' : root;
  // A path with `..` leads out of what this process can see of the tree.
  if (path.split('/').includes('..')) return [];
  if (path !== root && !path.startsWith(`${top}/`)) return [];
  const below = path.slice(top.length).split('/').filter(Boolean);
  const levels: string[] = [];
  for (let depth = below.length; depth >= 0 && levels.length < CGROUP_LEVELS_MAX; depth--)
    levels.push([mountPoint === '/' ? '' : mountPoint, ...below.slice(0, depth)].join('/'));
  return levels;
}

/** The bytes of `memory.max`, or of version 1's `memory.limit_in_bytes`; undefined where there is no limit. */
export function parseMemoryLimit(text: string | undefined): number | undefined {
  const bytes = numberIn(text);
  return bytes === undefined || bytes >= V1_UNLIMITED_BYTES ? undefined : bytes;
}

/**
 * What is in use without what the kernel would give back at once, as Kubernetes takes it: what it evicts by, and near
 * enough to what leads to a kill.
 * @param stat `memory.stat`; version 1 counts the groups below under `total_`
 */
export function workingSet(current: number, stat: string | undefined): number {
  const inactive = numberOf(stat, 'total_inactive_file') ?? numberOf(stat, 'inactive_file') ?? 0;
  return Math.max(0, current - inactive);
}

/** The cores of `cpu.max`, `150000 100000` is 1.5; undefined where there is no limit. */
export function parseCpuMax(text: string | undefined): number | undefined {
  const [, quota, period] = /^(\d+) (\d+)\s*$/.exec(text ?? '') ?? [];
  return quota === undefined || period === undefined ? undefined : cores(Number(quota), Number(period));
}

/** The same of version 1: `cpu.cfs_quota_us`, which is -1 without a limit, and `cpu.cfs_period_us`. */
export function parseCpuQuota(quota: string | undefined, period: string | undefined): number | undefined {
  const quotaUs = numberIn(quota);
  const periodUs = numberIn(period);
  return quotaUs === undefined || periodUs === undefined ? undefined : cores(quotaUs, periodUs);
}

function cores(quota: number, period: number): number | undefined {
  return quota > 0 && period > 0 ? quota / period : undefined;
}

/** How often a group had used up its share of processor time before the period was over. */
export interface Throttling {
  readonly periods: number;
  readonly throttledPeriods: number;
  readonly throttledSeconds: number;
}

/** Reads throttling from `cpu.stat` of either version; undefined where the controller does not limit. */
export function parseThrottling(stat: string | undefined): Throttling | undefined {
  const periods = numberOf(stat, 'nr_periods');
  if (periods === undefined) return undefined;
  const microseconds = numberOf(stat, 'throttled_usec');
  const nanoseconds = numberOf(stat, 'throttled_time') ?? 0;
  return {
    periods,
    throttledPeriods: numberOf(stat, 'nr_throttled') ?? 0,
    throttledSeconds: microseconds === undefined ? nanoseconds / 1e9 : microseconds / 1e6,
  };
}

/** For how long tasks had to wait for something: `some` of them, or all of them at once, in seconds. */
export interface Pressure {
  readonly waitingSeconds: number;
  /** Undefined where the kernel does not tell. */
  readonly stalledSeconds: number | undefined;
}

/** Reads a `*.pressure` file; undefined where the kernel does not count it. */
export function parsePressure(text: string | undefined): Pressure | undefined {
  const total = (kind: string): number | undefined => {
    const digits = new RegExp(`^${kind} .*\\btotal=(\\d+)`, 'm').exec(text ?? '')?.[1];
    return digits === undefined ? undefined : Number(digits) / 1e6;
  };
  const waitingSeconds = total('some');
  return waitingSeconds === undefined ? undefined : { waitingSeconds, stalledSeconds: total('full') };
}
