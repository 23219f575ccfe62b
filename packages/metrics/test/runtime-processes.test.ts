/** The metrics of the runtime in processes and threads of their own: collections, services, other runtimes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { metricsDirectory, start, valueIn } from './members.ts';

const dist = new URL('../dist/', import.meta.url).href;

interface Answer {
  /** What a process knows of itself. */
  readonly own: Readonly<Record<string, number>>;
  /** What it exposes of all. */
  readonly exposition: string;
}

async function ask(member: ChildProcess, what = 'tell'): Promise<Answer> {
  member.send(what);
  const [answer] = (await once(member, 'message')) as [Answer];
  return answer;
}

/** What a program of these lines prints; the package is imported already. */
async function printed(lines: string, ...flags: string[]): Promise<string> {
  const program = `
    import { createRegistry, exposition } from '${dist}index.js';
    import { runtimeMetrics } from '${dist}runtime/index.js';
    const registry = createRegistry();
    const exposed = async () => (await exposition(registry)).body;
    ${lines}`;
  const child = spawn(process.execPath, [...flags, '--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output, [code]] = await Promise.all([text(child.stdout!), once(child, 'exit')]);
  expect(code).toBe(0);
  return output;
}

test('collections are counted by kind, and keep no process running', async () => {
  const exposition = await printed(
    `runtimeMetrics({ registry });
    for (let i = 0; i < 7; i++) gc();
    for (let i = 0; i < 3; i++) gc({ type: 'minor' });
    console.log(await exposed());`,
    '--expose-gc',
  );
  expect(valueIn(exposition, 'nodejs_gc_duration_seconds_count{kind="major"}')).toBeGreaterThanOrEqual(7);
  expect(valueIn(exposition, 'nodejs_gc_duration_seconds_count{kind="minor"}')).toBeGreaterThanOrEqual(3);
  expect(valueIn(exposition, 'nodejs_gc_duration_seconds_sum{kind="major"}')).toBeGreaterThan(0);
  expect(valueIn(exposition, 'nodejs_gc_duration_seconds_count{kind="weakcb"}')).toBeGreaterThanOrEqual(0);
});

test('a runtime that lacks or refuses what Node.js measures has the rest', async () => {
  const exposition = await printed(`
    import perfHooks from 'node:perf_hooks';
    import v8 from 'node:v8';
    const refuse = () => { throw Object.assign(new Error('not implemented'), { code: 'ERR_NOT_IMPLEMENTED' }); };
    perfHooks.monitorEventLoopDelay = refuse;
    perfHooks.performance.eventLoopUtilization = refuse;
    delete perfHooks.PerformanceObserver;
    v8.getHeapSpaceStatistics = refuse;
    process.memoryUsage = refuse;
    delete process.getActiveResourcesInfo;
    delete process._getActiveHandles;
    delete process._getActiveRequests;
    delete process.cpuUsage;
    runtimeMetrics({ registry });
    await exposed();
    console.log(await exposed());`);
  const families = [...exposition.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  expect(families).toContain('nodejs_eventloop_lag_seconds');
  expect(families).toContain('process_start_time_seconds');
  expect(families.filter((name) => /cpu|heap_s|gc|active|lag_(m|p|std)|utili|dropped/.test(name!))).toEqual(
    [],
  );
});

test('a worker thread reports its own loop and heap, and the main thread the process, once', async () => {
  const [main, thread, after] = JSON.parse(
    await printed(`
    import { once } from 'node:events';
    import { Worker } from 'node:worker_threads';
    runtimeMetrics({ registry });
    const worker = new Worker(\`
      import { parentPort } from 'node:worker_threads';
      Promise.all([import('${dist}index.js'), import('${dist}runtime/index.js')]).then(
        async ([{ createRegistry, exposition }, { runtimeMetrics }]) => {
          const registry = createRegistry();
          runtimeMetrics({ registry });
          while (true) {
            const { body } = await exposition(registry);
            // Delays are known when the loop was looked at twice.
            if (/^nodejs_eventloop_lag_max_seconds /m.test(body)) return parentPort.postMessage(body);
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
        });
      setInterval(() => {}, 1000);
    \`, { eval: true });
    const [thread] = await once(worker, 'message');
    const main = await exposed();
    await worker.terminate();
    console.log(JSON.stringify([main, thread, await exposed()]));`),
  ) as string[];
  expect(valueIn(main!, 'nodejs_worker_threads')).toBe(1);
  expect(valueIn(after!, 'nodejs_worker_threads')).toBe(0);
  expect(main).toContain('\nprocess_resident_memory_bytes ');
  expect(thread).not.toMatch(/^process_/m);
  for (const name of [
    'nodejs_heap_size_used_bytes',
    'nodejs_eventloop_lag_max_seconds',
    'nodejs_worker_threads',
  ])
    expect(thread).toContain(`\n${name} `);
});

test('the processes of a service add up as each metric says', async () => {
  const directory = metricsDirectory();
  const members: ChildProcess[] = [];
  for (let i = 0; i < 3; i++) {
    const one = start('runtime-member.mjs', directory);
    members.push(one);
    await once(one, 'message');
  }
  // Each tells of itself when it is asked; the last one then has what the others have said.
  const answers: Answer[] = [];
  for (const one of members) answers.push(await ask(one));
  const { exposition } = answers[2]!;
  const of = (name: string) => answers.map(({ own }) => own[name]!);
  const total = (name: string) => of(name).reduce((sum, value) => sum + value, 0);

  expect(valueIn(exposition, 'process_start_time_seconds')).toBe(
    Math.min(...of('process_start_time_seconds')),
  );
  // What they have said is a little older than what they know; without one of three it would be two thirds.
  const resident =
    valueIn(exposition, 'process_resident_memory_bytes')! / total('process_resident_memory_bytes');
  expect(resident).toBeGreaterThan(0.85);
  expect(resident).toBeLessThan(1.15);
  expect(valueIn(exposition, 'process_cpu_seconds_total')).toBeGreaterThanOrEqual(
    total('process_cpu_seconds_before'),
  );
  expect(valueIn(exposition, 'process_open_fds')).toBeLessThan(2 * Math.max(...of('process_open_fds')));
  expect(valueIn(exposition, 'process_max_fds')).toBe(Math.min(...of('process_max_fds')));
  expect(exposition).toContain(`version="${process.version}",`);
  expect(exposition).toMatch(/^nodejs_version_info\{.*\} 1$/m);

  const gone = once(members[0]!, 'exit');
  members[0]!.kill('SIGKILL');
  await gone;
  const after = (await ask(members[2]!)).exposition;
  expect(valueIn(after, 'process_cpu_seconds_total')).toBeGreaterThanOrEqual(
    valueIn(exposition, 'process_cpu_seconds_total')!,
  );
  expect(valueIn(after, 'process_resident_memory_bytes')).toBeLessThan(
    valueIn(exposition, 'process_resident_memory_bytes')! * 0.9,
  );
  expect(valueIn(after, 'process_start_time_seconds')).toBe(of('process_start_time_seconds')[1]);
});

test('a thread of a service adds its heap, and not the process a second time', async () => {
  const process = start('runtime-member.mjs', metricsDirectory());
  await once(process, 'message');
  const { own, exposition } = await ask(process, 'thread');
  const share = (name: string) => valueIn(exposition, name)! / own[name]!;
  expect(valueIn(exposition, 'nodejs_worker_threads')).toBe(1);
  expect(valueIn(exposition, 'binnacle_metrics_writers')).toBe(2);
  expect(share('process_resident_memory_bytes')).toBeGreaterThan(0.7);
  expect(share('process_resident_memory_bytes')).toBeLessThan(1.3);
  expect(share('process_cpu_seconds_total')).toBeLessThanOrEqual(1);
  expect(share('nodejs_heap_size_total_bytes')).toBeGreaterThan(1.3);
});

test('CommonJS has the same, over the same state', async () => {
  const output = await printed(`
    import { createRequire } from 'node:module';
    const other = createRequire('${dist}')('./cjs/runtime/index.js');
    const first = runtimeMetrics({ registry, only: ['gc'] });
    const second = other.runtimeMetrics({ registry, only: ['gc', 'heap'] });
    console.log(JSON.stringify([first.names, second.names]));
    `);
  expect(JSON.parse(output)).toEqual([
    ['nodejs_gc_duration_seconds'],
    ['nodejs_heap_size_total_bytes', 'nodejs_heap_size_used_bytes', 'nodejs_external_memory_bytes'],
  ]);
});
