/** Over processes: what any of them answers is what all have counted, also those that hang or were killed. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test, vi } from 'vitest';
import { temporaryFolder } from '../../../test/children.ts';
import { placeOf } from '../dist/place.js';
import { openMetricsContentType } from '../index.js';

/** Processes take as long to start as the machine has others to run; a limit only ends what hangs. */
vi.setConfig({ testTimeout: 240_000 });

const fixture = fileURLToPath(new URL('./fixtures/service.cjs', import.meta.url));
const running: ChildProcess[] = [];

/** Where clusters meet. */
const base = path.dirname(placeOf({ env: {}, primaryPid: process.pid, main: undefined })!.directory);

afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    for (const name of existsSync(base) ? readdirSync(base) : []) {
      // Workers end a moment after their primary.
      if (name.includes(`-${child.pid}-`))
        rmSync(path.join(base, name), { recursive: true, force: true, maxRetries: 20 });
    }
  }
});

type Message = Readonly<Record<string, unknown>>;

/** A process that does what it is told, and hands on what is for its workers. */
class Service {
  readonly process: ChildProcess;
  #id = 0;

  constructor(env: Readonly<Record<string, string>> = {}) {
    const { BINNACLE_METRICS_DIR: _, PROMETHEUS_MULTIPROC_DIR: __, ...rest } = process.env;
    this.process = fork(fixture, [], {
      env: { ...rest, ...env },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.process.setMaxListeners(50);
    running.push(this.process);
  }

  async tell(action: string, args: Message = {}): Promise<unknown> {
    const id = ++this.#id;
    const answered = this.says((message) => message.id === id);
    this.process.send({ id, do: action, ...args });
    const { error, result } = await answered;
    if (error !== undefined) throw new Error(String(error));
    return result;
  }

  /** The next message that is meant; several may come at once. */
  says(isMeant: (message: Message) => boolean): Promise<Message> {
    return new Promise((resolve) => {
      const listen = (message: Message) => {
        if (!isMeant(message)) return;
        this.process.off('message', listen);
        resolve(message);
      };
      this.process.on('message', listen);
    });
  }

  /** Samples whose name begins so. */
  async samples(action: string, prefix: string, args: Message = {}): Promise<string[]> {
    const text = (await this.tell(action, args)) as string;
    return text.split('\n').filter((line) => line.startsWith(prefix));
  }
}

async function clusterOf(workers: number): Promise<Service> {
  const service = new Service({ WORKERS: String(workers) });
  // Counting works at once, and is seen by others when a process has joined, a moment later.
  await expect
    .poll(() => service.samples('cluster', 'binnacle_metrics_writers '))
    .toEqual([`binnacle_metrics_writers ${workers + 1}`]);
  return service;
}

test('what workers have counted is in the answer of each, and of the primary', async () => {
  const service = await clusterOf(4);
  for (const worker of [1, 2, 3, 4]) await service.tell('count', { worker, code: 200, times: worker });
  await service.tell('observe', { worker: 1, route: '/', values: [0.5, 1.5] });
  await service.tell('observe', { worker: 2, route: '/', values: [0.5, 9] });
  const expected = ['requests_total{code="200"} 10'];
  expect(await service.samples('metrics', 'requests_total', { worker: 3 })).toEqual(expected);
  expect(await service.samples('cluster', 'requests_total')).toEqual(expected);
  expect(await service.samples('cluster', 'latency_seconds', { worker: 3 })).toEqual([
    'latency_seconds_bucket{le="1",route="/"} 2',
    'latency_seconds_bucket{le="2",route="/"} 3',
    'latency_seconds_bucket{le="+Inf",route="/"} 4',
    'latency_seconds_sum{route="/"} 11.5',
    'latency_seconds_count{route="/"} 4',
  ]);
  expect(await service.samples('single', 'requests_total', { worker: 4, name: 'requests_total' })).toEqual(
    expected,
  );
  // Objects are of one process: programs add them up themselves.
  expect(JSON.stringify(await service.tell('json', { worker: 4 }))).toContain(
    '"value":4,"labels":{"code":200}',
  );
});

test('counters do not fall when a worker is killed, and one that hangs delays nothing', async () => {
  const service = await clusterOf(3);
  for (const worker of [1, 2, 3]) await service.tell('count', { worker, code: 200, times: 5 });
  await service.samples('cluster', 'requests_total');
  const pid = (await service.tell('pid', { worker: 1 })) as number;
  const exited = service.says((message) => 'exited' in message);
  process.kill(pid, 'SIGKILL');
  expect(await exited).toEqual({ exited: 'SIGKILL' });
  const folder = temporaryFolder();
  const [begun, end] = [path.join(folder, 'begun'), path.join(folder, 'end')];
  const blocked = service.tell('block', { worker: 2, begun, end });
  await expect.poll(() => existsSync(begun)).toBe(true);
  expect(await service.samples('cluster', 'requests_total')).toEqual(['requests_total{code="200"} 15']);
  writeFileSync(end, '');
  await blocked;
  expect(await service.samples('metrics', 'requests_total', { worker: 2 })).toEqual([
    'requests_total{code="200"} 15',
  ]);
});

test('gauges add up as their aggregators say', async () => {
  const service = await clusterOf(2);
  const jobs = { mail: 3, video: 1 };
  await service.tell('gauges', { worker: 1, free: 0.5, load: 1, number: 7, jobs });
  await service.tell('gauges', { worker: 2, free: 0.25, load: 0, number: 8, jobs: { mail: 4 } });
  await service.tell('metrics', { worker: 1 });
  const text = (await service.tell('metrics', { worker: 2 })) as string;
  // The primary has the same metrics and has never set them.
  expect(text).toContain('\nfree_ratio 0.25\n');
  expect(text).toContain('\nload_ratio 0.5\n');
  expect(text).toContain('\nown_number 8\n');
  expect(text).toContain('\nqueue_depth{queue="mail"} 7\nqueue_depth{queue="video"} 1\n');
  expect(await service.samples('cluster', 'own_number')).toEqual([]);
  await service.tell('gauges', { worker: 1, free: 0.5, load: 1, number: 7, jobs: { mail: 1 } });
  expect(await service.samples('metrics', 'queue_depth', { worker: 1 })).toEqual([
    'queue_depth{queue="mail"} 5',
  ]);
});

test('quantiles of a summary are those of all processes, never sums of theirs', async () => {
  const service = await clusterOf(3);
  for (const [worker, values] of [
    [1, [10, 10, 10]],
    [2, [10, 10]],
    [3, [1000]],
  ] as const)
    await service.tell('summarize', { worker, kind: 'photo', values });
  for (const from of [{ worker: 1 }, { worker: 3 }, {}]) {
    const lines = await service.samples('cluster', 'size_bytes', from);
    const [median, ...totals] = lines;
    expect(totals).toEqual(['size_bytes_sum{kind="photo"} 1050', 'size_bytes_count{kind="photo"} 6']);
    expect(median).toMatch(/^size_bytes\{quantile="0\.5",kind="photo"\} /);
    expect(Math.abs(Number(median!.split(' ')[1]) - 10)).toBeLessThan(0.2);
  }
  const own = (await service.tell('json', { worker: 3 })) as { name: string; values: { value: number }[] }[];
  expect(own.find(({ name }) => name === 'size_bytes')!.values.map(({ value }) => value)).toEqual([
    1000, 1000, 1,
  ]);
});

test('exemplars of all processes are shown', async () => {
  const service = await clusterOf(2);
  for (const worker of [1, 2]) await service.tell('shareTraced', { worker });
  await service.tell('trace', { worker: 1, value: 0.5, trace: 'one' });
  // Exemplars have a time in milliseconds, and the newest one is shown.
  const firstMs = Date.now();
  while (Date.now() <= firstMs) await new Promise((resolve) => setTimeout(resolve, 1));
  await service.tell('trace', { worker: 2, value: 7, trace: 'two' });
  const lines = await service.samples('tracedMetrics', 'traced', { worker: 1 });
  const time = /\d+(?:\.\d+)?$/;
  expect(lines.map((line) => (line.includes('#') ? line.replace(time, 'TIME') : line))).toEqual([
    'traced_total 7.5 # {trace_id="two"} 7 TIME',
    'traced_seconds_bucket{le="1"} 1 # {trace_id="one"} 0.5 TIME',
    'traced_seconds_bucket{le="+Inf"} 2 # {trace_id="two"} 7 TIME',
    'traced_seconds_sum 7.5',
    'traced_seconds_count 2',
  ]);
});

test('a gauge that is emptied and filled for each scrape takes no further slots', async () => {
  const directory = `${temporaryFolder()}/metrics`;
  const service = new Service({ BINNACLE_METRICS_DIR: directory });
  const bytes = () =>
    readdirSync(directory).reduce((sum, name) => sum + statSync(`${directory}/${name}`).size, 0);
  await service.tell('gauges', { free: 1, load: 1, number: 1, jobs: { mail: 1 } });
  await expect.poll(() => service.samples('metrics', 'binnacle_metrics_writers')).toHaveLength(1);
  const before = bytes();
  expect(before).toBeGreaterThan(0);
  for (let i = 0; i < 2_000; i++) await service.tell('single', { name: 'queue_depth' });
  expect(await service.samples('metrics', 'queue_depth')).toEqual(['queue_depth{queue="mail"} 1']);
  expect(bytes()).toBe(before);
});

test('removing is for all processes; clearing a registry takes nothing from the service', async () => {
  const service = await clusterOf(2);
  for (const worker of [1, 2]) {
    await service.tell('count', { worker, code: 200, times: 2 });
    await service.tell('count', { worker, code: 500, times: 2 });
  }
  await service.tell('cluster');
  await service.tell('remove', { worker: 1, code: 500 });
  await service.tell('metrics', { worker: 1 });
  expect(await service.samples('cluster', 'requests_total')).toEqual(['requests_total{code="200"} 4']);
  await service.tell('clear', { worker: 1 });
  expect(await service.samples('metrics', 'requests_total', { worker: 2 })).toEqual([
    'requests_total{code="200"} 4',
  ]);
});

test('what only other processes define is shown too, and a registry of its own stays apart', async () => {
  const service = await clusterOf(2);
  await service.tell('lazily', { worker: 1, name: 'late_total' });
  await service.tell('count', { worker: 1, code: 200 });
  await service.tell('countApart', { worker: 1 });
  expect(await service.samples('metrics', 'late_total', { worker: 2 })).toEqual(['late_total 1']);
  expect(await service.samples('metrics', 'requests_total', { worker: 2 })).toEqual([
    'requests_total{code="200"} 1',
  ]);
  expect(await service.samples('metricsApart', 'requests_total', { worker: 2 })).toEqual([
    'requests_total 0',
  ]);
  for (const worker of [1, 2]) await service.tell('shareApart', { worker });
  expect(await service.samples('metricsApart', 'requests_total', { worker: 2 })).toEqual([
    'requests_total 1',
  ]);
  expect(await service.samples('metrics', 'requests_total', { worker: 2 })).toEqual([
    'requests_total{code="200"} 1',
  ]);
});

test('the primary answers with the default labels of its workers, and as OpenMetrics to its end', async () => {
  const service = await clusterOf(1);
  await service.tell('defaultLabels', { worker: 1, labels: { app: 'shop' } });
  await service.tell('count', { worker: 1, code: 200 });
  await service.tell('metrics', { worker: 1 });
  expect(await service.samples('cluster', 'requests_total')).toEqual([
    'requests_total{code="200",app="shop"} 1',
  ]);
  const text = (await service.tell('cluster', { contentType: openMetricsContentType })) as string;
  expect(text).toContain('\nrequests_total{code="200",app="shop"} 1\n');
  expect(text).toMatch(/\n# EOF\n$/);
});

test('a primary that loads the package when its workers have long been counting finds what they have', async () => {
  const primary = fork(fileURLToPath(new URL('./fixtures/late-primary.cjs', import.meta.url)), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  running.push(primary);
  const [text] = await once(primary, 'message');
  expect(text).toContain('\nrequests_total{code="200"} 2\n');
});

test('processes that are no cluster meet where the environment says', async () => {
  const env = { PROMETHEUS_MULTIPROC_DIR: `${temporaryFolder()}/metrics` };
  const [one, other] = [new Service(env), new Service(env)];
  await one.tell('count', { code: 200, times: 2 });
  await other.tell('count', { code: 200, times: 3 });
  await expect.poll(() => one.samples('metrics', 'requests_total')).toEqual(['requests_total{code="200"} 5']);
  other.process.kill('SIGKILL');
  await once(other.process, 'exit');
  expect(await one.samples('cluster', 'requests_total')).toEqual(['requests_total{code="200"} 5']);
});

test('a program that calls serveMetrics itself shows the same there', async () => {
  const service = new Service({ BINNACLE_METRICS_DIR: `${temporaryFolder()}/metrics` });
  await service.tell('count', { code: 200, times: 3 });
  expect(await service.samples('metrics', 'requests_total')).toEqual(['requests_total{code="200"} 3']);
  const address = (await service.tell('serve', { service: 'shop' })) as string;
  const response = await fetch(address);
  expect(await response.text()).toContain('\nrequests_total{code="200"} 3\n');
  expect(await service.samples('metrics', 'requests_total')).toEqual(['requests_total{code="200"} 3']);
});

test('a process that is to stay alone does', async () => {
  const env = {
    PROMETHEUS_MULTIPROC_DIR: `${temporaryFolder()}/metrics`,
    BINNACLE_PROM_CLIENT_SHARED: 'False',
  };
  const [one, other] = [new Service(env), new Service(env)];
  await one.tell('count', { code: 200 });
  await other.tell('count', { code: 200 });
  expect(await one.samples('metrics', 'requests_total')).toEqual(['requests_total{code="200"} 1']);
  expect(await one.tell('cluster')).toBe('');
});
