/** GPUs as the tools tell them: programs of a few lines that print what the real ones print, hang and fail. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, expectTypeOf, test, vi } from 'vitest';
import { gpuWatch } from '../../../blueprint/dist/index.js';
import { runTool } from '../../dist/gpu/gpu-command.js';
import { type GpuReading, parseGpus } from '../../dist/gpu/gpu-readings.js';
import {
  GPU_DEVICES_MAX,
  GPU_INTERVAL_MS_MIN,
  GPU_RETRY_MS,
  gpuMetrics,
  reportGpus,
} from '../../dist/gpu.js';
import { counter, createRegistry, exposition, type Gauge, type Registry } from '../../dist/index.js';
import { metricsDirectory, start, valueIn } from '../members.ts';

const MIB = 2 ** 20;

/** Two devices of a machine, as nvidia-smi 570 prints them. */
const TWO = `0, GPU-b1e0c7d2-7a41-11ee-9c2b-0242ac120002, NVIDIA A100-SXM4-80GB, 1024, 81920, 37, 41, 68.21
1, GPU-c2f1d8e3-7a41-11ee-9c2b-0242ac120002, NVIDIA A100-SXM4-80GB, 0, 81920, 0, 33, 55.04
`;

const ROCM = {
  card0: {
    'GPU ID': '0x6861',
    'Temperature (Sensor edge) (C)': '39.0',
    'Temperature (Sensor junction) (C)': '40.0',
    'Temperature (Sensor memory) (C)': '92.0',
    'Average Graphics Package Power (W)': '15.0',
    'GPU use (%)': '25',
    'VRAM Total Memory (B)': '17163091968',
    'VRAM Total Used Memory (B)': '17776640',
  },
  system: { 'Driver version': '5.9.25' },
};

// Each test starts programs, some of them several.
vi.setConfig({ testTimeout: 180_000 });

/** A tool that is to end by itself has this long, not what a program of the shell may need on a machine that is busy. */
const PATIENT = { timeoutMs: 600_000 } as const;

let folder = '';
let warned: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'binnacle-gpu-'));
  warned = [];
  vi.spyOn(process, 'emitWarning').mockImplementation((message) => {
    warned.push(String(message));
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  vi.useRealTimers();
  // What was killed just now may still have made a file.
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
});

/** A program of the shell that stands in for a tool; each run adds a line to the file `runs`. */
function tool(lines: string, name = 'nvidia-smi'): string {
  const file = path.join(folder, name);
  writeFileSync(file, `#!/bin/sh\necho "$*" >> ${folder}/runs\n${lines}\n`);
  chmodSync(file, 0o755);
  return file;
}

const printing = (output: string) => `cat <<'END'\n${output}END`;
const runs = (): string[] =>
  existsSync(`${folder}/runs`) ? readFileSync(`${folder}/runs`, 'utf8').trim().split('\n') : [];

const series = async (registry: Registry) =>
  String((await exposition(registry)).body)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));

/** Waits until the series are these. */
const expectSeries = (registry: Registry, lines: readonly string[]) =>
  expect.poll(() => series(registry), { timeout: 60_000, interval: 10 }).toEqual(lines);

/** Waits until an expectation holds, whoever has stopped the clock. */
async function until(expectation: () => unknown): Promise<void> {
  const beganMs = performance.now();
  for (;;) {
    try {
      await expectation();
      return;
    } catch (error) {
      if (performance.now() - beganMs > 60_000) throw error;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

describe('what the tools print', () => {
  const device = (device: string, ...values: (number | undefined)[]): GpuReading => {
    const [memoryUsedBytes, memoryTotalBytes, utilization, celsius, watts] = values;
    return { device, memoryUsedBytes, memoryTotalBytes, utilization, celsius, watts };
  };
  const none = undefined;

  test.each<[string, string, readonly GpuReading[] | undefined]>([
    [
      'several devices',
      TWO,
      [device('0', 1024 * MIB, 81920 * MIB, 0.37, 41, 68.21), device('1', 0, 81920 * MIB, 0, 33, 55.04)],
    ],
    [
      'a device with MIG, asked in a container',
      '0, GPU-b1, NVIDIA A100-SXM4-80GB, [Insufficient Permissions], [Insufficient Permissions], [N/A], 47, 61.30\n',
      [device('0', none, none, none, 47, 61.3)],
    ],
    [
      'a small one with an older driver',
      '0, GPU-b1, GeForce GT 710, 120, 2001, [Not Supported], 44, [Not Supported]\r\n',
      [device('0', 120 * MIB, 2001 * MIB, none, 44, none)],
    ],
    [
      'one that shares the memory of the machine',
      '0, GPU-b1, NVIDIA GB10, [N/A], [N/A], 96, 61, 42.08\n',
      [device('0', none, none, 0.96, 61, 42.08)],
    ],
    [
      'units',
      '0, GPU-b1, Tesla T4, 3 MiB, 15360 MiB, 7 %, 30, 9.87 W\n',
      [device('0', 3 * MIB, 15360 * MIB, 0.07, 30, 9.87)],
    ],
    [
      'a name with commas',
      '3, GPU-b1, Quadro, the old, one, 1, 2, 3, 4, 5\n',
      [device('3', MIB, 2 * MIB, 0.03, 4, 5)],
    ],
    [
      'one that is lost beside one that works',
      `Unable to determine the device handle for GPU0000:3B:00.0: GPU is lost.\n${TWO.split('\n')[1]}\n`,
      [device('1', 0, 81920 * MIB, 0, 33, 55.04)],
    ],
    [
      'an error in a field',
      '0, GPU-b1, T4, 1, 2, ERR!, [Unknown Error], [GPU requires reset]\n',
      [device('0', MIB, 2 * MIB, none, none, none)],
    ],
    ['no device', 'No devices were found\n', undefined],
    ['nothing', '', undefined],
  ])('nvidia-smi: %s', (_what, printed, expected) => {
    expect(parseGpus('nvidia-smi', printed)).toEqual(expected);
  });

  const card0 = device('0', 17776640, 17163091968, 0.25, 40, 15);
  const { card0: old } = ROCM;
  test.each<[string, string, readonly GpuReading[] | undefined]>([
    ['a device', JSON.stringify(ROCM, null, 2), [card0]],
    [
      'warnings in front',
      `WARNING: AMD GPU device(s) is/are in a low-power state. {Check}\n\n${JSON.stringify(ROCM)}\n`,
      [card0],
    ],
    [
      'the names of later versions',
      JSON.stringify({
        card1: {
          'Temperature (Sensor junction) (C)': '35.0',
          'Temperature (Sensor edge) (C)': 'N/A',
          'Current Socket Graphics Package Power (W)': '133.0',
          'GPU use (%)': '0',
          'VRAM Total Memory (B)': '206141652992',
          'VRAM Total Used Memory (B)': '297181184',
        },
      }),
      [device('1', 297181184, 206141652992, 0, 35, 133)],
    ],
    [
      'one that tells little',
      JSON.stringify({
        card0: old,
        card2: { 'GPU use (%)': 'N/A', 'Temperature (Sensor edge) (C)': '31.0' },
      }),
      [card0, device('2', none, none, none, 31, none)],
    ],
    [
      'numbers that are none of text',
      '{"card0":{"GPU use (%)":50}}',
      [device('0', none, none, 0.5, none, none)],
    ],
    ['no device', '{"system": {"Driver version": "6.3.6"}}', undefined],
    ['what is cut off', JSON.stringify(ROCM).slice(0, -5), undefined],
    ['what is no object', '[1]', undefined],
    ['nothing', '', undefined],
  ])('rocm-smi: %s', (_what, printed, expected) => {
    expect(parseGpus('rocm-smi', printed)).toEqual(expected);
  });

  test('what is printed is read, and what is not never harms', () => {
    const whole = fc.nat(1_000_000);
    const field = fc.oneof(whole, fc.constant(undefined));
    const shown = (value: number | undefined) => (value === undefined ? '[N/A]' : String(value));
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(fc.nat(99), field, field, fc.nat(100), field, field), {
          selector: ([index]) => index,
          minLength: 1,
        }),
        (devices) => {
          const lines = devices.map(
            ([index, ...values]) => `${index}, GPU-x, Some name, ${values.map(shown).join(', ')}\n`,
          );
          expect(parseGpus('nvidia-smi', lines.join(''))).toEqual(
            devices.map(([index, used, total, load, heat, power]) =>
              device(String(index), used && used * MIB, total && total * MIB, load / 100, heat, power),
            ),
          );
        },
      ),
    );
    const garbage = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .array(fc.constantFrom('0', ', ', '[N/A]', '\n', '{', '}', '"card0":', 'GPU', '1e999', '-'))
        .map((all) => all.join('')),
    );
    fc.assert(
      fc.property(garbage, fc.constantFrom('nvidia-smi' as const, 'rocm-smi' as const), (given, of) => {
        for (const { device, ...values } of parseGpus(of, given) ?? []) {
          expect(device).toMatch(/^\d+$/);
          for (const one of Object.values(values)) expect(Number.isFinite(one ?? 0)).toBe(true);
        }
      }),
    );
  });
});

describe('what is reported', () => {
  const TWO_SERIES = [
    `gpu_memory_total_bytes{device="0"} ${81920 * MIB}`,
    `gpu_memory_total_bytes{device="1"} ${81920 * MIB}`,
    `gpu_memory_used_bytes{device="0"} ${1024 * MIB}`,
    'gpu_memory_used_bytes{device="1"} 0',
    'gpu_power_watts{device="0"} 68.21',
    'gpu_power_watts{device="1"} 55.04',
    'gpu_temperature_celsius{device="0"} 41',
    'gpu_temperature_celsius{device="1"} 33',
    'gpu_utilization_ratio{device="0"} 0.37',
    'gpu_utilization_ratio{device="1"} 0',
  ];

  test('all devices, of the tool that the path leads to', async () => {
    tool(printing(TWO));
    vi.stubEnv('PATH', `${folder}:${process.env.PATH}`);
    vi.stubEnv('LC_ALL', 'de_DE.UTF-8');
    const registry = createRegistry();
    using _ = reportGpus({ metrics: gpuMetrics({ registry }), intervalMs: GPU_RETRY_MS, ...PATIENT });
    await expectSeries(registry, TWO_SERIES);
    expect(runs()).toEqual([
      '--query-gpu=index,uuid,name,memory.used,memory.total,utilization.gpu,temperature.gpu,power.draw --format=csv,noheader,nounits',
    ]);
    expect(warned).toEqual([]);
  });

  test('where there is no nvidia-smi, rocm-smi tells', async () => {
    tool(printing(`${JSON.stringify(ROCM)}\n`), 'rocm-smi');
    vi.stubEnv('PATH', `${folder}:/bin:/usr/bin`);
    const registry = createRegistry();
    using _ = reportGpus({
      metrics: gpuMetrics({ registry, names: { power: false } }),
      intervalMs: GPU_RETRY_MS,
      ...PATIENT,
    });
    await expectSeries(registry, [
      'gpu_memory_total_bytes{device="0"} 17163091968',
      'gpu_memory_used_bytes{device="0"} 17776640',
      'gpu_temperature_celsius{device="0"} 40',
      'gpu_utilization_ratio{device="0"} 0.25',
    ]);
    expect(runs()).toEqual(['--showmeminfo vram --showuse --showtemp --showpower --json']);
  });

  test('numbers are asked for with a point, whatever the language', async () => {
    const command = tool('echo "0, GPU-b1, T4, 1, 2, 3, 4, 5.$LC_ALL"');
    vi.stubEnv('LC_ALL', 'de_DE.UTF-8');
    const run = runTool(command, [], PATIENT.timeoutMs);
    expect(await run.ended).toEqual({ kind: 'printed', text: '0, GPU-b1, T4, 1, 2, 3, 4, 5.C\n' });
  });

  test('where there is neither, there are no series, a line says so, and it is not tried again for long', async () => {
    vi.stubEnv('PATH', folder);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const registry = createRegistry();
    using _ = reportGpus({ metrics: gpuMetrics({ registry }), intervalMs: 1_000 });
    await until(() => expect(warned).toHaveLength(1));
    await until(() => expect(vi.getTimerCount()).toBe(1));
    expect(warned).toEqual([
      'no GPU is reported: there is no nvidia-smi and no rocm-smi; it is looked for again every 60 minutes',
    ]);
    expect(await series(registry)).toEqual([]);
    tool(printing(TWO).replace('cat', '/bin/cat'));
    vi.advanceTimersByTime(GPU_RETRY_MS - 1);
    expect(vi.getTimerCount()).toBe(1);
    expect(runs()).toEqual([]);
    vi.advanceTimersByTime(1);
    vi.useRealTimers();
    await expectSeries(registry, TWO_SERIES);
    expect(warned).toHaveLength(1);
  });

  test.each([
    [
      'a driver that does not answer',
      'echo "NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver." ; exit 9',
      'it ended with 9: NVIDIA-SMI has failed',
    ],
    [
      'another version of the driver',
      'echo "Failed to initialize NVML: Driver/library version mismatch" >&2; exit 18',
      'it ended with 18: Failed to initialize NVML',
    ],
    ['no devices', 'echo "No devices were found"; exit 0', 'tells of no device'],
    ['a kill', 'kill -9 $$', 'it ended with SIGKILL'],
    [
      'too much output',
      'while :; do echo "0123456789012345678901234567890123456789"; done',
      'it printed more than 1048576 bytes',
    ],
  ])('%s is no GPU, and says why', async (_what, lines, why) => {
    const command = tool(lines);
    const registry = createRegistry();
    using _ = reportGpus({ metrics: gpuMetrics({ registry }), command, ...PATIENT });
    await expect.poll(() => warned, { timeout: 60_000 }).toHaveLength(1);
    expect(warned[0]).toContain('no GPU is reported: ');
    expect(warned[0]).toContain(why);
    expect(await series(registry)).toEqual([]);
  });

  test('a tool that hangs is killed, and no other is started before it is gone', async () => {
    const command = tool(`echo $$ > ${folder}/pid\nexec sleep 600`);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const registry = createRegistry();
    using _ = reportGpus({ metrics: gpuMetrics({ registry }), command, timeoutMs: 1_500 });
    await until(() => expect(pidIn('pid')).toBeDefined());
    vi.advanceTimersByTime(1_499);
    expect(warned).toEqual([]);
    vi.advanceTimersByTime(1);
    await until(() => expect(warned).toHaveLength(1));
    expect(warned[0]).toContain('it was killed after 1500 ms');
    await until(() => expect(isRunning(pidIn('pid')!)).toBe(false));
    // Until the next run.
    await until(() => expect(vi.getTimerCount()).toBe(1));
    expect(runs()).toHaveLength(1);
  });

  test('one that is stopped before a missing tool is known to be missing kills nobody', async () => {
    const module = new URL('../../dist/gpu.js', import.meta.url).href;
    const program = `
      const { reportGpus } = await import(${JSON.stringify(module)});
      for (const command of ['/nowhere/nvidia-smi', 'no-such-smi']) reportGpus({ command }).stop();
      reportGpus({ command: '/nowhere/nvidia-smi' });
      process.exit(7);`;
    // In a group of its own: the whole group was killed once.
    for (let i = 0; i < 5; i++) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
        detached: true,
        stdio: 'ignore',
      });
      expect(await once(child, 'exit')).toEqual([7, null]);
    }
  });

  test('a tool that leaves a child with its output behind does not hold the next reading up', async () => {
    const command = tool(`sleep 600 & echo $! > ${folder}/child\nexec sleep 600`);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const run = runTool(command, [], 1_500);
    await until(() => expect(pidIn('child')).toBeDefined());
    vi.advanceTimersByTime(1_500);
    expect(await run.ended).toEqual({ kind: 'failed', problem: 'it was killed after 1500 ms' });
    await run.gone;
    process.kill(pidIn('child')!, 'SIGKILL');
  });

  test('devices that go take their series along, and all do while the tool fails', async () => {
    const one = TWO.split('\n').slice(1).join('\n');
    const command = tool(`case $(wc -l < ${folder}/runs) in
1) ${printing(TWO)}
;;
2) ${printing(one)}
;;
3) echo "GPU access blocked by the operating system"; exit 17;;
*) ${printing(TWO)}
;;
esac`);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const registry = createRegistry();
    using _ = reportGpus({ metrics: gpuMetrics({ registry }), command, intervalMs: 5_000 });
    /** Waits until a run has ended and been shown, and the next one has its time. */
    const shown = async (count: number, lines: readonly string[]) => {
      await until(() => expect(runs()).toHaveLength(count));
      await until(async () => expect(await series(registry)).toEqual(lines));
      await until(() => expect(vi.getTimerCount()).toBe(1));
    };
    await shown(1, TWO_SERIES);
    vi.advanceTimersByTime(5_000);
    await shown(
      2,
      TWO_SERIES.filter((line) => line.includes('"1"')),
    );
    vi.advanceTimersByTime(5_000);
    await shown(3, []);
    expect(warned).toEqual([
      `GPUs are not reported for now: ${command}: it ended with 17: GPU access blocked by the operating system; it is tried again after longer and longer pauses`,
    ]);
    // After twice the interval, not after one.
    vi.advanceTimersByTime(9_999);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(1);
    await shown(4, TWO_SERIES);
  });

  test('parts and the label are called as they are to be; without it all devices are one', async () => {
    const command = tool(printing(TWO));
    const registry = createRegistry();
    const metrics = gpuMetrics({
      names: { memoryUsed: 'cuda_memory_bytes', memoryTotal: false, power: false, temperature: false },
      labels: { device: 'gpu' },
      registry,
    });
    expectTypeOf(metrics.memoryTotal).toEqualTypeOf<undefined>();
    expectTypeOf(metrics.memoryUsed).toExtend<
      Gauge<{ readonly gpu: typeof import('../../dist/index.js').label }, 'bytes'>
    >();
    const folded = createRegistry();
    using _named = reportGpus({ metrics, command, ...PATIENT });
    using _folded = reportGpus({
      metrics: gpuMetrics({ labels: { device: false }, registry: folded }),
      command,
      ...PATIENT,
    });
    await expectSeries(registry, [
      `cuda_memory_bytes{gpu="0"} ${1024 * MIB}`,
      'cuda_memory_bytes{gpu="1"} 0',
      'gpu_utilization_ratio{gpu="0"} 0.37',
      'gpu_utilization_ratio{gpu="1"} 0',
    ]);
    await expectSeries(folded, [
      `gpu_memory_total_bytes ${2 * 81920 * MIB}`,
      `gpu_memory_used_bytes ${1024 * MIB}`,
      'gpu_power_watts 123.25',
      'gpu_temperature_celsius 41',
      'gpu_utilization_ratio 0.185',
    ]);
  });

  test('devices beyond a limit are left out', async () => {
    const many = Array.from({ length: GPU_DEVICES_MAX + 3 }, (_, i) => `${i}, GPU-${i}, T4, 1, 2, 3, 4, 5\n`);
    const command = tool(printing(many.join('')));
    const registry = createRegistry();
    using _ = reportGpus({ metrics: gpuMetrics({ registry }), command, ...PATIENT });
    await expect.poll(async () => (await series(registry)).length).toBe(5 * GPU_DEVICES_MAX);
  });

  test('what is stopped runs nothing any more, and takes its series back', async () => {
    const command = tool(printing(TWO));
    const registry = createRegistry();
    const reporting = reportGpus({ metrics: gpuMetrics({ registry }), command, ...PATIENT });
    await expectSeries(registry, TWO_SERIES);
    reporting.stop();
    expect(await series(registry)).toEqual([]);
    const hanging = tool(`echo $$ > ${folder}/pid\nexec sleep 600`, 'hanging');
    const stopped = reportGpus({ metrics: gpuMetrics({ registry }), command: hanging, ...PATIENT });
    await expect.poll(() => pidIn('pid')).toBeDefined();
    stopped.stop();
    const pid = pidIn('pid')!;
    await expect.poll(() => isRunning(pid)).toBe(false);
  });

  test('what cannot be is refused', () => {
    const registry = createRegistry();
    const memoryUsed = counter({ name: 'used_total', help: 'U', registry });
    expect(() => reportGpus({ metrics: { memoryUsed } })).toThrow(
      'memoryUsed is used_total, which is no gauge',
    );
    const metrics = gpuMetrics({ registry });
    for (const intervalMs of [0, GPU_INTERVAL_MS_MIN - 1, Number.NaN, GPU_RETRY_MS + 1])
      expect(() => reportGpus({ metrics, intervalMs })).toThrow(RangeError);
    expect(() => reportGpus({ metrics, timeoutMs: 0 })).toThrow(RangeError);
  });

  test.each([
    ['hangs', 'exec sleep 600'],
    ['tells of a device', printing(TWO)],
    ['is not there', undefined],
  ])('a process ends though the tool %s, and takes it along', async (_what, lines) => {
    const command = lines === undefined ? `${folder}/nothing` : tool(`echo $$ > ${folder}/pid\n${lines}`);
    const begun =
      lines === undefined
        ? 'true'
        : `existsSync('${folder}/pid') && readFileSync('${folder}/pid').length > 1`;
    const dist = new URL('../../dist/', import.meta.url).href;
    const child = spawn(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `import { existsSync, readFileSync } from 'node:fs';
        import { reportGpus } from '${dist}gpu.js';
        reportGpus({ command: ${JSON.stringify(command)}, timeoutMs: 600_000 });
        do await new Promise((resolve) => setTimeout(resolve, 100));
        while (!(${begun}));
        console.log('over');`,
      ],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const [output, [code]] = await Promise.all([text(child.stdout!), once(child, 'exit')]);
    expect([output, code]).toEqual(['over\n', 0]);
    const pid = pidIn('pid');
    if (lines === undefined) expect(pid).toBeUndefined();
    else await expect.poll(() => isRunning(pid!)).toBe(false);
  });

  test('processes of a service that all report do not add up, and what one said goes with it', async () => {
    const directory = metricsDirectory();
    const member = async (name: string, used: number) => {
      const command = tool(printing(`0, GPU-b1, T4, ${used}, 15360, 7, 30, 9.87\n`), name);
      const child = start('gpu-member.mjs', directory, command);
      await once(child, 'message');
      return child;
    };
    const ask = async (child: ChildProcess) => {
      child.send('tell');
      return ((await once(child, 'message')) as [string])[0];
    };
    const first = await member('one', 100);
    const second = await member('two', 300);
    const used = async () => valueIn(await ask(first), 'gpu_memory_used_bytes{device="0"}');
    await expect.poll(used).toBe(300 * MIB);
    second.kill('SIGKILL');
    await once(second, 'exit');
    await expect.poll(used).toBe(100 * MIB);
  });

  test('what is defined is watched', () => {
    const { rows, groups } = gpuWatch(gpuMetrics({ registry: createRegistry() }));
    expect(rows[0]!.panels.map(({ title }) => title)).toEqual([
      ...['Load', 'Memory', 'Share of memory', 'Temperature', 'Power'],
    ]);
    expect(groups[0]!.rules.map(({ name }) => name)).toEqual(['GpuMemoryFull', 'GpuHot']);
  });
});

/** The process that a program of the shell has written down, once it is there. */
function pidIn(name: string): number | undefined {
  const file = `${folder}/${name}`;
  const digits = existsSync(file) ? /^(\d+)\n$/.exec(readFileSync(file, 'utf8'))?.[1] : undefined;
  return digits === undefined ? undefined : Number(digits);
}

/** Whether there is such a process, other than as one that has ended and that nobody has asked for. */
function isRunning(pid: number): boolean {
  if (!(pid > 1)) throw new Error(`no process has the number ${pid}`);
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return true;
  }
}
