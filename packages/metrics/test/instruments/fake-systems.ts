/**
 * What `/proc` and `/sys/fs/cgroup` hold on systems of several kinds, as files below a root folder of their own: as the
 * kernel writes them, cut down to what is about memory and processors.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach } from 'vitest';

/** Texts by path: `{ '/proc/self/cgroup': '0::/\n' }`. */
export type Files = Readonly<Record<string, string>>;

const roots: string[] = [];

afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
});

/** A root folder with these files, deleted afterwards. */
export function rootWith(files: Files): string {
  const root = mkdtempSync(path.join(tmpdir(), 'binnacle-root-'));
  roots.push(root);
  writeBelow(root, files);
  return root;
}

/** Writes files below a root folder. */
export function writeBelow(root: string, files: Files): void {
  for (const [file, text] of Object.entries(files)) {
    const whole = path.join(root, file);
    mkdirSync(path.dirname(whole), { recursive: true });
    writeFileSync(whole, text);
  }
}

/** Files of one folder. */
function folder(name: string, files: Files): Files {
  return Object.fromEntries(Object.entries(files).map(([file, text]) => [`${name}/${file}`, text]));
}

/** A machine of 8 processors and 16 GiB, of which 12 GiB can still be had. */
export const MACHINE: Files = {
  '/proc/meminfo': `MemTotal:       16777216 kB
MemFree:         4194304 kB
MemAvailable:   12582912 kB
Buffers:          262144 kB
Cached:          8388608 kB
SwapCached:            0 kB
Active:          2097152 kB
Inactive(file):  6291456 kB
`,
  '/proc/stat': `cpu  1000 200 300 90000 400 50 60 70 800 9
cpu0 500 100 150 45000 200 25 30 35 400 4
intr 1 2 3
`,
  '/proc/vmstat': `nr_free_pages 1048576
pgmajfault 12
oom_kill 5
balloon_inflate 0
`,
  '/sys/devices/system/cpu/online': '0-7\n',
  ...folder('/proc/pressure', {
    cpu: pressure(11_000_000, 0),
    memory: pressure(12_000_000, 2_000_000),
    io: pressure(13_000_000, 3_000_000),
  }),
};

/** What a pressure file holds. */
export function pressure(someUs: number, fullUs: number): string {
  return `some avg10=0.29 avg60=3.17 avg300=21.10 total=${someUs}
full avg10=0.00 avg60=0.00 avg300=0.00 total=${fullUs}
`;
}

/** The files of a group of version 2, of which the memory and processor controllers are on. */
export interface GroupV2 {
  readonly memoryMax: string;
  readonly memoryCurrent: number;
  readonly inactiveFile: number;
  readonly oomKills?: number;
  readonly cpuMax: string;
  readonly cpuset?: string;
}

/** The files of a group of version 2 in a folder. */
export function groupV2(name: string, group: GroupV2): Files {
  const limited = !group.cpuMax.startsWith('max');
  return folder(name, {
    'cgroup.controllers': 'cpuset cpu io memory hugetlb pids rdma misc\n',
    'memory.max': `${group.memoryMax}\n`,
    'memory.high': 'max\n',
    'memory.current': `${group.memoryCurrent}\n`,
    'memory.stat': `anon 104857600
file 62914560
kernel 5242880
kernel_stack 245760
slab 4194304
inactive_anon 104333312
active_anon 16384
inactive_file ${group.inactiveFile}
active_file 10485760
unevictable 0
`,
    'memory.events': `low 0
high 0
max 42
oom 3
oom_kill ${group.oomKills ?? 0}
oom_group_kill 0
`,
    'cpu.max': `${group.cpuMax}\n`,
    'cpu.stat': `usage_usec 90000000
user_usec 60500000
system_usec 29500000
nice_usec 0
core_sched.force_idle_usec 0
nr_periods ${limited ? 4000 : 0}
nr_throttled ${limited ? 1000 : 0}
throttled_usec ${limited ? 250_500_000 : 0}
nr_bursts 0
burst_usec 0
`,
    ...(group.cpuset !== undefined && { 'cpuset.cpus.effective': `${group.cpuset}\n` }),
    'cpu.pressure': pressure(1_000_000, 500_000),
    'memory.pressure': pressure(0, 0),
    'io.pressure': pressure(3_000_000, 2_500_000),
  });
}

/** What a container sees of itself, whose tree begins at its own group: Docker, containerd, Podman. */
export function containerV2(group: GroupV2): Files {
  return {
    ...MACHINE,
    '/proc/self/cgroup': '0::/\n',
    '/proc/self/mountinfo': `1039 1038 0:133 / / rw,relatime master:322 - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/A:/var/lib/docker/overlay2/l/B
1046 1039 0:137 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw
1052 1051 0:30 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw,nsdelegate,memory_recursiveprot
`,
    ...groupV2('/sys/fs/cgroup', group),
  };
}

const POD = '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod7e1c.slice';
/** Where {@link podV2} has its container. */
export const POD_FOLDER = `/sys/fs/cgroup${POD}`;
/** Where the container of {@link podV2} is. */
export const POD_CONTAINER_FOLDER = `${POD_FOLDER}/cri-containerd-5b2d.scope`;

/** A process that sees the tree of the machine: a container without a namespace of groups, in a pod. */
export function podV2(container: GroupV2, pod: GroupV2): Files {
  return {
    ...MACHINE,
    '/proc/self/cgroup': `0::${POD}/cri-containerd-5b2d.scope\n`,
    '/proc/self/mountinfo':
      '34 25 0:29 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n',
    ...groupV2('/sys/fs/cgroup/kubepods.slice', {
      ...{ memoryMax: String(15 * 2 ** 30), memoryCurrent: 2 ** 32, inactiveFile: 0, cpuMax: 'max 100000' },
    }),
    ...groupV2(POD_FOLDER, pod),
    ...groupV2(POD_CONTAINER_FOLDER, container),
    // The group of all has no limits, and no files for them.
    '/sys/fs/cgroup/cgroup.controllers': 'cpuset cpu io memory pids\n',
    '/sys/fs/cgroup/cpu.stat': 'usage_usec 1\nuser_usec 1\nsystem_usec 0\n',
  };
}

/** Version 1, as in a container of Docker: the tree is mounted from the container's own group on. */
export function containerV1(limitBytes: string, quotaUs: string): Files {
  const own = '/docker/0a1b';
  return {
    ...MACHINE,
    '/proc/self/cgroup': `12:pids:${own}
11:memory:${own}
10:cpu,cpuacct:${own}
3:cpuset:${own}
1:name=systemd:${own}
0::/system.slice/containerd.service
`,
    '/proc/self/mountinfo': `871 870 0:25 ${own} /sys/fs/cgroup/systemd ro,nosuid - cgroup cgroup rw,xattr,name=systemd
872 870 0:29 ${own} /sys/fs/cgroup/memory ro,nosuid,nodev,noexec,relatime master:13 - cgroup cgroup rw,memory
873 870 0:31 ${own} /sys/fs/cgroup/cpu,cpuacct ro,nosuid,nodev,noexec,relatime master:15 - cgroup cgroup rw,cpu,cpuacct
`,
    ...folder('/sys/fs/cgroup/memory', {
      'memory.limit_in_bytes': `${limitBytes}\n`,
      'memory.usage_in_bytes': '209715200\n',
      // Captured from Linux 6.18.
      'memory.stat': `cache 4096
rss 118784
rss_huge 0
inactive_anon 65536
active_anon 4096
inactive_file 4096
active_file 0
unevictable 0
hierarchical_memory_limit 268435456
hierarchical_memsw_limit 9223372036854771712
total_cache 4096
total_rss 118784
total_inactive_file 9715200
total_active_file 0
total_unevictable 0
`,
      'memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 2\n',
    }),
    ...folder('/sys/fs/cgroup/cpu,cpuacct', {
      'cpu.cfs_quota_us': `${quotaUs}\n`,
      'cpu.cfs_period_us': '100000\n',
      'cpu.stat': `nr_periods 27
nr_throttled 21
throttled_time 1075046588
nr_bursts 0
burst_time 0
`,
      'cpuacct.usage_user': '1035951382\n',
      'cpuacct.usage_sys': '316000000\n',
    }),
  };
}
