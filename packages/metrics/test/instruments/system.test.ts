/** The system as it is reported: of groups of both versions, of machines, and of the one that the tests run on. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, expectTypeOf, test, vi } from 'vitest';
import { systemWatch } from '../../../blueprint/dist/index.js';
import { type Counter, counter, createRegistry, exposition, type Gauge, gauge } from '../../dist/index.js';
import {
  levelsOf,
  parseCpuMax,
  parseMemoryLimit,
  parseMounts,
  parsePlaces,
  parsePressure,
  parseThrottling,
  workingSet,
} from '../../dist/system/cgroup.js';
import { countOfList, numberIn, numberOf } from '../../dist/system/kernel-files.js';
import { SystemReader } from '../../dist/system/system-readings.js';
import { reportSystem, systemMetrics } from '../../dist/system.js';
import { value } from '../../dist/testing.js';
import { metricsDirectory, start, valueIn } from '../members.ts';
import {
  containerV1,
  containerV2,
  type Files,
  type GroupV2,
  MACHINE,
  POD_CONTAINER_FOLDER,
  POD_FOLDER,
  podV2,
  pressure,
  rootWith,
  writeBelow,
} from './fake-systems.ts';

vi.setConfig({ testTimeout: 180_000 });

const GIB = 2 ** 30;
const MIB = 2 ** 20;

const FREE: GroupV2 = {
  memoryMax: 'max',
  memoryCurrent: 200 * MIB,
  inactiveFile: 50 * MIB,
  cpuMax: 'max 100000',
};
const LIMITED: GroupV2 = { ...FREE, memoryMax: String(512 * MIB), oomKills: 3, cpuMax: '150000 100000' };

/** A memory reading without the root folder in its source. */
async function readOf(files: Files) {
  const root = rootWith(files);
  const reading = await new SystemReader(root).read();
  return JSON.parse(JSON.stringify(reading).replaceAll(root, '')) as typeof reading;
}

const MACHINE_MEMORY = {
  source: 'machine',
  usedBytes: 4 * GIB,
  totalBytes: 16 * GIB,
  availableBytes: 12 * GIB,
};
const MACHINE_PROCESSORS = {
  ...{ source: 'machine', cores: 8 },
  ...{ userSeconds: 12, systemSeconds: 4.1, stealSeconds: 0.7 },
};
const GROUP_PRESSURE = {
  cpu: { waitingSeconds: 1, stalledSeconds: 0.5 },
  memory: { waitingSeconds: 0, stalledSeconds: 0 },
  io: { waitingSeconds: 3, stalledSeconds: 2.5 },
};

describe('what is read', () => {
  test('a container with limits is read as it is, without what the kernel would give back', async () => {
    const source = '/sys/fs/cgroup';
    expect(await readOf(containerV2(LIMITED))).toEqual({
      memory: { source, usedBytes: 150 * MIB, totalBytes: 512 * MIB, availableBytes: 362 * MIB },
      oomKills: { source, kills: 3 },
      processors: { source, cores: 1.5, userSeconds: 60.5, systemSeconds: 29.5, stealSeconds: 0 },
      throttling: { source, periods: 4000, throttledPeriods: 1000, throttledSeconds: 250.5 },
      pressure: GROUP_PRESSURE,
      pressureSource: source,
    });
  });

  test('a container without limits has the machine, and waits for itself', async () => {
    expect(await readOf(containerV2(FREE))).toEqual({
      memory: MACHINE_MEMORY,
      oomKills: { source: 'machine', kills: 5 },
      processors: MACHINE_PROCESSORS,
      pressure: GROUP_PRESSURE,
      pressureSource: '/sys/fs/cgroup',
    });
  });

  test('of limits one above the other the least counts, with what is used of it', async () => {
    const pod = { ...FREE, memoryMax: String(GIB), memoryCurrent: GIB - MIB, inactiveFile: 0 };
    const wide = await readOf(podV2({ ...LIMITED, memoryMax: String(2 * GIB) }, pod));
    expect(wide.memory).toEqual({
      ...{ source: POD_FOLDER, usedBytes: GIB - MIB, totalBytes: GIB, availableBytes: MIB },
    });
    expect(wide.oomKills).toEqual({ source: POD_FOLDER, kills: 0 });
    expect(wide.processors).toMatchObject({ source: POD_CONTAINER_FOLDER, cores: 1.5 });

    // The container's own limit is less, and yet it is the pod that has no more to give.
    const narrow = await readOf(podV2(LIMITED, { ...pod, cpuMax: '50000 100000' }));
    expect(narrow.memory).toEqual({
      source: POD_CONTAINER_FOLDER,
      ...{ usedBytes: 150 * MIB, totalBytes: 512 * MIB, availableBytes: MIB },
    });
    expect(narrow.processors).toMatchObject({ source: POD_FOLDER, cores: 0.5 });
    expect(narrow.throttling).toMatchObject({ source: POD_FOLDER, periods: 4000 });
  });

  test('limits above what the machine has are none', async () => {
    const much = { ...LIMITED, memoryMax: String(32 * GIB), cpuMax: '1600000 100000' };
    const { memory, processors, throttling } = await readOf(containerV2(much));
    expect([memory, processors, throttling]).toEqual([MACHINE_MEMORY, MACHINE_PROCESSORS, undefined]);
  });

  test('processors that a group may not run on are not there for it', async () => {
    const { processors, throttling } = await readOf(containerV2({ ...FREE, cpuset: '0,2-3' }));
    expect(processors).toMatchObject({ source: '/sys/fs/cgroup', cores: 3, userSeconds: 60.5 });
    expect(throttling?.throttledPeriods).toBe(0);
    const all = await readOf(containerV2({ ...FREE, cpuset: '0-7' }));
    expect(all.processors).toEqual(MACHINE_PROCESSORS);
    const both = await readOf(containerV2({ ...LIMITED, cpuset: '1-4' }));
    expect(both.processors.cores).toBe(1.5);
  });

  test('a container of version 1 is read as well', async () => {
    const { memory, oomKills, processors, throttling, pressureSource } = await readOf(
      containerV1(String(256 * MIB), '50000'),
    );
    const of = { memory: '/sys/fs/cgroup/memory', cpu: '/sys/fs/cgroup/cpu,cpuacct' };
    expect(memory).toEqual({
      ...{ source: of.memory, usedBytes: 200_000_000, totalBytes: 256 * MIB },
      availableBytes: 256 * MIB - 200_000_000,
    });
    expect(oomKills).toEqual({ source: of.memory, kills: 2 });
    expect(processors).toEqual({
      ...{ source: of.cpu, cores: 0.5 },
      ...{ userSeconds: 1.035951382, systemSeconds: 0.316, stealSeconds: 0 },
    });
    expect(throttling).toEqual({
      ...{ source: of.cpu, periods: 27, throttledPeriods: 21, throttledSeconds: 1.075046588 },
    });
    expect(pressureSource).toBe('machine');
    const free = await readOf(containerV1('9223372036854771712', '-1'));
    expect([free.memory, free.processors, free.throttling]).toEqual([
      ...[MACHINE_MEMORY, MACHINE_PROCESSORS, undefined],
    ]);
  });

  test.each<[string, Files]>([
    [
      'a tree without controllers',
      { '/sys/fs/cgroup/cgroup.controllers': '\n', '/proc/self/cgroup': '0::/\n' },
    ],
    [
      'a group that is outside of what can be seen',
      {
        '/proc/self/cgroup': '0::/../other\n',
        '/sys/fs/cgroup/cgroup.controllers': 'memory\n',
        '/sys/fs/other/memory.max': '1048576\n',
        '/sys/fs/other/memory.current': '4096\n',
      },
    ],
    ['no groups', {}],
  ])('%s leaves the machine', async (_what, files) => {
    const { '/proc/self/mountinfo': mounts } = containerV2(FREE);
    const read = await readOf({ ...MACHINE, '/proc/self/mountinfo': mounts!, ...files });
    expect(read.memory).toEqual(MACHINE_MEMORY);
    expect(read.processors).toEqual(MACHINE_PROCESSORS);
    expect(read.pressure.memory).toEqual({ waitingSeconds: 12, stalledSeconds: 2 });
  });

  test('without any files Node.js tells of the machine', async () => {
    const { memory, processors, ...rest } = await readOf({});
    expect(memory.totalBytes).toBe(os.totalmem());
    expect(memory.usedBytes + memory.availableBytes).toBe(memory.totalBytes);
    expect(processors.cores).toBe(os.availableParallelism());
    expect(processors.userSeconds).toBeGreaterThan(0);
    expect(rest).toEqual({ pressure: {}, pressureSource: 'machine' });
  });

  test('a group that is broken in part is read as far as it goes', async () => {
    const files = { ...containerV2(LIMITED) } as Record<string, string>;
    files['/sys/fs/cgroup/memory.current'] = '';
    files['/sys/fs/cgroup/cpu.stat'] = 'nonsense';
    files['/sys/fs/cgroup/cpu.pressure'] = '';
    const { memory, processors, throttling, pressure } = await readOf(files);
    expect(memory).toEqual(MACHINE_MEMORY);
    expect(processors).toEqual(MACHINE_PROCESSORS);
    expect(throttling).toBeUndefined();
    expect(pressure).toEqual({ memory: GROUP_PRESSURE.memory, io: GROUP_PRESSURE.io });
  });

  test('a process that is moved is found where it is', async () => {
    const files = podV2(LIMITED, FREE);
    const root = rootWith(files);
    const reader = new SystemReader(root);
    expect((await reader.read()).memory.source).toBe(root + POD_CONTAINER_FOLDER);
    writeBelow(root, { '/proc/self/cgroup': '0::/kubepods.slice\n' });
    expect((await reader.read()).memory).toMatchObject({
      ...{ source: `${root}/sys/fs/cgroup/kubepods.slice`, totalBytes: 15 * GIB },
    });
  });

  test('this machine is read as others read it', async () => {
    const reader = new SystemReader();
    const { memory, processors } = await reader.read();
    expect(memory.totalBytes).toBeLessThanOrEqual(os.totalmem());
    const constrained = process.constrainedMemory() || Number.POSITIVE_INFINITY;
    expect(memory.totalBytes).toBeLessThanOrEqual(constrained);
    if (memory.source === 'machine') {
      expect(memory.totalBytes).toBe(os.totalmem());
      if (process.platform === 'linux') {
        // Others allocate meanwhile, and at times much; a mistake would stay far from it.
        await expect
          .poll(async () => {
            const read = (await reader.read()).memory;
            const [, total, , , , , available] = /^Mem: +(.*)$/m
              .exec(execFileSync('free', ['-b'], { encoding: 'utf8' }))![0]
              .split(/ +/)
              .map(Number);
            expect(read.totalBytes).toBe(total);
            return Math.abs(read.availableBytes - available!) / total!;
          })
          .toBeLessThan(0.1);
      }
    } else expect(memory.totalBytes).toBe(Number(readFileSync(limitFile(memory.source), 'utf8')));
    expect(memory.usedBytes).toBeGreaterThan(0);
    if (processors.source === 'machine' && process.platform === 'linux') {
      expect(processors.cores).toBe(
        Number(execFileSync('getconf', ['_NPROCESSORS_ONLN'], { encoding: 'utf8' })),
      );
      let userMs = 0;
      for (const { times } of os.cpus()) userMs += times.user + times.nice;
      expect(Math.abs(processors.userSeconds - userMs / 1000)).toBeLessThan(60 * processors.cores);
    }
  });
});

function limitFile(source: string): string {
  const [v2, v1] = [`${source}/memory.max`, `${source}/memory.limit_in_bytes`];
  try {
    readFileSync(v2);
    return v2;
  } catch {
    return v1;
  }
}

describe('the files of the kernel', () => {
  const segment = fc
    .stringMatching(/^[a-zA-Z0-9_.:@-]{1,12}$/)
    .filter((name) => name !== '..' && name !== '.');
  const path = fc.array(segment, { maxLength: 5 }).map((names) => `/${names.join('/')}`);

  test('what is printed of places and mounts is read, and the levels lead from the group to the mount point', () => {
    const spaced = fc.tuple(path, fc.constantFrom('', ' with space', '\ttab')).map(([a, b]) => a + b);
    fc.assert(
      fc.property(path, path, spaced, (top, below, mountPoint) => {
        const own = below === '/' ? top : (top === '/' ? '' : top) + below;
        const escaped = mountPoint.replace(/[ \t]/g, (c) => `\\0${c.charCodeAt(0).toString(8)}`);
        const places = parsePlaces(`7:cpu,cpuacct:/else\n0::${own}\n`);
        expect(places).toEqual([
          { controllers: ['cpu', 'cpuacct'], path: '/else' },
          { controllers: [], path: own },
        ]);
        const mounts = parseMounts(`1 2 0:3 ${top} ${escaped} rw shared:1 - cgroup2 cgroup rw\n`);
        expect(mounts).toEqual([{ version: 2, controllers: [], root: top, mountPoint }]);
        const { unified } = levelsOf(places, mounts, '/base');
        const names = below.split('/').filter(Boolean);
        expect(unified).toHaveLength(names.length + 1);
        const base = `/base${mountPoint === '/' ? '' : mountPoint}`;
        expect(unified[0]).toBe([base, ...names].join('/'));
        expect(unified.at(-1)).toBe(base);
      }),
    );
  });

  test('numbers that are printed are read, and texts of all kinds give a number that can be, or none', () => {
    const whole = fc.nat(Number.MAX_SAFE_INTEGER);
    fc.assert(
      fc.property(
        whole,
        fc.integer({ min: 1, max: 1e9 }),
        fc.integer({ min: 1, max: 1e9 }),
        (n, quota, period) => {
          expect(numberIn(`${n}\n`)).toBe(n);
          expect(numberOf(`a 1\nwanted ${n}\nunwanted 2\n`, 'wanted')).toBe(n);
          expect(numberOf(`wanted:    ${n} kB\n`, 'wanted:')).toBe(n);
          expect(parseMemoryLimit(`${n}\n`)).toBe(n);
          expect(parseCpuMax(`${quota} ${period}\n`)).toBe(quota / period);
          expect(parseThrottling(`nr_periods ${n}\nnr_throttled 1\nthrottled_usec 2000000\n`)).toEqual({
            ...{ periods: n, throttledPeriods: 1, throttledSeconds: 2 },
          });
          expect(parsePressure(pressure(n, 5))).toEqual({ waitingSeconds: n / 1e6, stalledSeconds: 5e-6 });
          expect(workingSet(n, `inactive_file ${quota}\n`)).toBe(Math.max(0, n - quota));
        },
      ),
    );
    const words = fc
      .array(
        fc.constantFrom(
          'max',
          '-1',
          '0',
          '7',
          ' ',
          '\n',
          ':',
          '/',
          '..',
          ',',
          '-',
          'nr_periods',
          'some',
          'total=',
          '0::/',
          ' - cgroup2 ',
        ),
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(words, fc.string({ unit: 'binary' })), (garbage) => {
        const given = [
          ...[numberIn(garbage), numberOf(garbage, 'max'), parseMemoryLimit(garbage), parseCpuMax(garbage)],
          ...[
            countOfList(garbage),
            parsePressure(garbage)?.waitingSeconds,
            parseThrottling(garbage)?.periods,
          ],
        ];
        for (const one of given) expect(one ?? 0).toBeGreaterThanOrEqual(0);
        for (const level of levelsOf(parsePlaces(garbage), parseMounts(garbage), '/base').unified)
          expect(level.split('/')).not.toContain('..');
      }),
    );
  });

  test.each([
    ['0', 1],
    ['0-7\n', 8],
    ['0,2-3,8', 4],
    ['', undefined],
    ['3-1', undefined],
    ['a', undefined],
  ])('the list %j names %s processors', (list, count) => {
    expect(countOfList(list)).toBe(count);
  });
});

describe('what is reported', () => {
  const exposed = async (registry: ReturnType<typeof createRegistry>) =>
    String((await exposition(registry)).body)
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));

  test('all that is read of a container, under the usual names', async () => {
    const registry = createRegistry();
    using _ = reportSystem({ metrics: systemMetrics({ registry }), root: rootWith(containerV2(LIMITED)) });
    const lines = await exposed(registry);
    expect(lines.filter((line) => !line.startsWith('service_resident'))).toEqual([
      'system_cpu_limit_cores 1.5',
      'system_cpu_periods_total 4000',
      'system_cpu_seconds_total{mode="user"} 60.5',
      'system_cpu_seconds_total{mode="system"} 29.5',
      'system_cpu_seconds_total{mode="steal"} 0',
      'system_cpu_throttled_periods_total 1000',
      'system_cpu_throttled_seconds_total 250.5',
      `system_memory_available_bytes ${362 * MIB}`,
      `system_memory_total_bytes ${512 * MIB}`,
      `system_memory_used_bytes ${150 * MIB}`,
      'system_oom_kills_total 3',
      'system_pressure_stalled_seconds_total{resource="cpu"} 0.5',
      'system_pressure_stalled_seconds_total{resource="memory"} 0',
      'system_pressure_stalled_seconds_total{resource="io"} 2.5',
      'system_pressure_waiting_seconds_total{resource="cpu"} 1',
      'system_pressure_waiting_seconds_total{resource="memory"} 0',
      'system_pressure_waiting_seconds_total{resource="io"} 3',
    ]);
    expect(lines).toContainEqual(expect.stringMatching(/^service_resident_memory_bytes \d{7,}$/));
  });

  test('totals are counted once, however often they are asked for and by however many', async () => {
    const registry = createRegistry();
    const root = rootWith(containerV2(LIMITED));
    const metrics = systemMetrics({ registry });
    using _first = reportSystem({ metrics, root });
    using _second = reportSystem({ metrics: systemMetrics({ registry }), root });
    for (let i = 0; i < 3; i++) await exposed(registry);
    expect(value(metrics.throttled)).toBe(1000);
    writeBelow(root, {
      '/sys/fs/cgroup/cpu.stat':
        'user_usec 61000000\nsystem_usec 29000000\nnr_periods 4001\nnr_throttled 1001\n',
    });
    await exposed(registry);
    expect(value(metrics.throttled)).toBe(1001);
    expect(value(metrics.cpu, { mode: 'user' })).toBe(61);
    // It has fallen, which totals do not; nothing is taken back.
    expect(value(metrics.cpu, { mode: 'system' })).toBe(29.5);
  });

  test('where a limit is set while it runs, totals go on from that of the container', async () => {
    const registry = createRegistry();
    const root = rootWith(containerV2(FREE));
    const metrics = systemMetrics({ registry });
    using _ = reportSystem({ metrics, root });
    await exposed(registry);
    expect(value(metrics.cpu, { mode: 'user' })).toBe(12);
    expect(value(metrics.oomKills)).toBe(5);
    writeBelow(root, containerV2(LIMITED));
    await exposed(registry);
    expect(value(metrics.cpuCores)).toBe(1.5);
    expect(value(metrics.cpu, { mode: 'user' })).toBe(12);
    expect(value(metrics.oomKills)).toBe(5);
    writeBelow(root, { '/sys/fs/cgroup/cpu.stat': 'user_usec 61500000\nsystem_usec 29500000\n' });
    await exposed(registry);
    expect(value(metrics.cpu, { mode: 'user' })).toBe(13);
  });

  test('the memory of all processes comes alone, under the name that a service has for it', async () => {
    const registry = createRegistry();
    const metrics = systemMetrics({
      only: ['processMemory'],
      names: { processMemory: 'system_memory_usage_bytes' },
      registry,
    });
    expectTypeOf(metrics.memoryUsed).toEqualTypeOf<undefined>();
    expectTypeOf(metrics.processMemory).toEqualTypeOf<Gauge<Record<never, never>, 'bytes'>>();
    using _ = reportSystem({ metrics, root: '/nowhere' });
    const [line, ...rest] = await exposed(registry);
    expect(rest).toEqual([]);
    const [name, shown] = line!.split(' ');
    expect(name).toBe('system_memory_usage_bytes');
    expect(Math.abs(Number(shown) - process.memoryUsage.rss())).toBeLessThan(100 * MIB);
  });

  test('parts and labels are called as they are to be, and types follow', async () => {
    const registry = createRegistry();
    const metrics = systemMetrics({
      names: { memoryUsed: 'box_memory_bytes', cpu: 'box_cpu_seconds_total', pressureStalled: false },
      labels: { mode: false, resource: 'of' },
      registry,
    });
    expectTypeOf(metrics.cpu).toEqualTypeOf<Counter<Record<never, never>>>();
    expectTypeOf(metrics.pressureStalled).toEqualTypeOf<undefined>();
    using _ = reportSystem({ metrics, root: rootWith(containerV2(LIMITED)) });
    const lines = await exposed(registry);
    expect(lines).toContain(`box_memory_bytes ${150 * MIB}`);
    expect(lines).toContain('box_cpu_seconds_total 90');
    expect(lines).toContain('system_pressure_waiting_seconds_total{of="io"} 3');
    expect(lines.filter((line) => line.startsWith('system_pressure_stalled'))).toEqual([]);
    expect(value(metrics.pressureWaiting, { of: 'cpu' })).toBe(1);
    // @ts-expect-error a name must carry its unit
    expect(() => systemMetrics({ names: { memoryTotal: 'box_memory' }, registry })).toThrow(TypeError);
  });

  test('what is stopped sets nothing any more', async () => {
    const registry = createRegistry();
    const root = rootWith(containerV2(LIMITED));
    const metrics = systemMetrics({ registry });
    const reporting = reportSystem({ metrics, root });
    await exposed(registry);
    reporting.stop();
    writeBelow(root, { '/sys/fs/cgroup/memory.max': `${256 * MIB}\n` });
    await exposed(registry);
    expect(value(metrics.memoryTotal)).toBe(512 * MIB);
    expect(registry.collects).toBe(false);
  });

  test('a metric of another kind is refused', () => {
    const registry = createRegistry();
    const memoryUsed = counter({ name: 'used_total', help: 'U', registry });
    expect(() => reportSystem({ metrics: { memoryUsed } })).toThrow(
      'reportSystem: memoryUsed is used_total, which is no gauge',
    );
    const cpu = gauge({ name: 'cpu', help: 'C', registry });
    expect(() => reportSystem({ metrics: { cpu } })).toThrow('cpu is cpu, which is no counter');
  });

  test('the processes of a service say the same of the container, and are added up only for themselves', async () => {
    const directory = metricsDirectory();
    const root = rootWith(containerV2(LIMITED));
    const ask = async (member: ChildProcess, what: string) => {
      member.send(what);
      return ((await once(member, 'message')) as [{ exposition: string; rss: number }])[0];
    };
    const members = await Promise.all(
      [1, 2, 3].map(async () => {
        const member = start('system-member.mjs', directory, root);
        await once(member, 'message');
        return member;
      }),
    );
    const answers = await Promise.all(members.map((member) => ask(member, 'thread')));
    const { exposition: all } = await ask(members[0]!, 'tell');
    expect(valueIn(all, 'system_memory_used_bytes')).toBe(150 * MIB);
    expect(valueIn(all, 'system_memory_total_bytes')).toBe(512 * MIB);
    expect(valueIn(all, 'system_cpu_seconds_total{mode="user"}')).toBe(60.5);
    expect(valueIn(all, 'system_cpu_throttled_periods_total')).toBe(1000);
    expect(valueIn(all, 'system_pressure_waiting_seconds_total{resource="io"}')).toBe(3);
    // Three processes, though six threads.
    expect(valueIn(all, 'binnacle_metrics_writers')).toBe(6);
    const sum = answers.reduce((bytes, { rss }) => bytes + rss, 0);
    const resident = valueIn(all, 'service_resident_memory_bytes')!;
    expect(resident).toBeGreaterThan(0.75 * sum);
    expect(resident).toBeLessThan(1.5 * sum);
  });

  test('it keeps no process running', async () => {
    const dist = new URL('../../dist/', import.meta.url).href;
    const child = spawn(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `import { exposition } from '${dist}index.js';
        import { reportSystem } from '${dist}system.js';
        reportSystem();
        console.log(String((await exposition()).body).includes('system_memory_total_bytes'));`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [output, [code]] = await Promise.all([text(child.stdout!), once(child, 'exit')]);
    expect([output, code]).toEqual(['true\n', 0]);
  });

  test('what is defined is watched', () => {
    const { rows, groups } = systemWatch(systemMetrics({ registry: createRegistry() }));
    expect(rows[0]!.panels.map(({ title }) => title)).toEqual([
      ...['Processors', 'Held back', 'Memory', 'Share of memory', 'Killed for memory'],
    ]);
    expect(String(rows[0]!.panels[0]!.queries[0]!.expr)).toBe(
      'topk(5, sum by (instance) (rate(system_cpu_seconds_total{mode!~"idle|iowait"}[$__rate_interval])) / (max by (instance) (system_cpu_limit_cores) > 0))',
    );
    expect(groups[0]!.rules.map(({ name }) => name)).toEqual([
      ...['SystemMemoryHigh', 'SystemCpuBusy', 'SystemThrottled'],
    ]);
    // Parts that are left out are not watched.
    const few = systemMetrics({ only: ['processMemory'], registry: createRegistry() });
    const used = systemWatch({ ...few, memoryUsed: few.processMemory }, { memoryBytes: 2 ** 31 });
    expect(used.rows[0]!.panels.map(({ title }) => title)).toEqual(['Memory', 'Share of memory']);
  });
});
