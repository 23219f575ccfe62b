import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type * as BullMQ from 'bullmq';
import { afterEach, beforeAll, describe, expect, type TestContext, test, vi } from 'vitest';
import { redisServer, type TestServer } from '../../../../test/servers.ts';
import { jobsWatch } from '../../../blueprint/dist/index.js';
import {
  countQueueTotals,
  instrumentQueue,
  instrumentWorker,
  JOB_NAMES_MAX,
  OTHER_JOBS,
  type QueueInstrument,
  queueMetrics,
  rememberInQueue,
} from '../../dist/bullmq.js';
import { createRegistry, type Registry } from '../../dist/index.js';
import { value } from '../../dist/testing.js';
import { AGES, type Age, library } from '../libraries/library.ts';
import { MAPPED, type Member, member, metricsDirectory, valueIn } from '../members.ts';

// Tests start servers and processes.
vi.setConfig({ testTimeout: 180_000 });

const SOAK = process.env.BINNACLE_SOAK === '1';

let server: TestServer | undefined;
const closing: (() => unknown)[] = [];
let queues = 0;

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

describe.each(AGES)('BullMQ, %s', (age) => {
  // Kills take seconds; of the oldest one the long runs have them.
  const isLong = age === 'newest' || SOAK;
  let bullmq: typeof BullMQ;

  beforeAll(async () => {
    bullmq = await library<typeof BullMQ>(age, 'bullmq');
  });

  async function connectionTo(context: TestContext) {
    server ??= await redisServer(context);
    return { host: '127.0.0.1', port: server.port };
  }

  /** A queue and the metrics of its own. */
  async function queueOf(
    context: TestContext,
    metrics: QueueInstrument = queueMetrics({ registry: createRegistry() }),
  ) {
    const connection = await connectionTo(context);
    const name = `${age}-${queues++}`;
    const queue = new bullmq.Queue(name, { connection });
    queue.on('error', () => {});
    closing.push(() => queue.close());
    const work = (
      processor: (job: BullMQ.Job) => unknown,
      options: Partial<BullMQ.WorkerOptions> & { jobNames?: readonly string[] } = {},
    ) => {
      const { jobNames = [], ...others } = options;
      const worker = new bullmq.Worker(name, async (job) => processor(job), {
        connection,
        drainDelay: 1,
        ...others,
      });
      worker.on('error', () => {});
      closing.push(() => worker.close(true));
      instrumentWorker(worker, { metrics, jobNames });
      return worker;
    };
    return { name, queue, work, metrics, connection };
  }

  test('counts each job that ends once, and attempts apart', async (context) => {
    const metrics = queueMetrics({ registry: createRegistry() });
    const { name, queue, work } = await queueOf(context, metrics);
    await queue.add('good', {});
    await queue.add('urgent', {}, { priority: 1 });
    await queue.add('later', {}, { delay: 300 });
    await queue.add('bad', {});
    await queue.add('worse', {}, { attempts: 3 });
    await queue.add('patient', {}, { attempts: 3, backoff: { type: 'fixed', delay: 50 } });
    work((job) => {
      if (job.name === 'bad' || job.name === 'worse') throw new Error('no');
      if (job.name === 'patient' && job.attemptsMade < 2) throw new Error('not yet');
    });
    const total = (status: string) => value(metrics.total, { queue: name, status });
    await expect.poll(() => [total('completed'), total('failed')]).toEqual([4, 2]);
    expect(value(metrics.retries, { queue: name })).toBe(4);
    // Each of the ten attempts is one duration; each job has begun once, and ended after its attempts.
    expect(value(metrics.duration, { queue: name }).count).toBe(10);
    const wait = value(metrics.wait, { queue: name });
    expect(wait.count).toBe(6);
    expect(wait.buckets['+Inf']).toBe(6);
    expect(value(metrics.attempts, { queue: name })).toMatchObject({
      count: 6,
      sum: 10,
      buckets: { 1: 4, 2: 4, 3: 6 },
    });
    expect(value(metrics.workers, { queue: name })).toBe(1);
  });

  test('takes the end of a delay for the time from which a job waits', async (context) => {
    const metrics = queueMetrics({ registry: createRegistry() });
    const { name, queue, work } = await queueOf(context, metrics);
    const job = await queue.add('later', {}, { delay: 1_500 });
    let processedOn = 0;
    work((one) => {
      processedOn = one.processedOn!;
    });
    await expect.poll(() => value(metrics.total, { queue: name, status: 'completed' })).toBe(1);
    const { sum } = value(metrics.wait, { queue: name });
    expect(sum).toBeCloseTo(Math.max(0, processedOn - job.timestamp - 1_500) / 1000, 6);
  });

  test('shows what waits, and takes it back when nobody knows', async (context) => {
    const registry = createRegistry();
    const metrics = queueMetrics({ registry });
    const { name, queue, work } = await queueOf(context, metrics);
    using _reading = instrumentQueue(queue, { metrics, intervalMs: 20 });
    const shown = () => {
      const of = { queue: name };
      const { pending, active, delayed } = metrics;
      return [value(pending, of), value(active, of), value(delayed, of)];
    };
    const first = await queue.add('a', {});
    await queue.add('b', {});
    await queue.add('c', {}, { priority: 5 });
    await queue.add('d', {}, { delay: 60_000 });
    await expect.poll(shown).toEqual([3, 0, 1]);
    await queue.pause();
    await queue.add('e', {});
    await expect.poll(shown).toEqual([4, 0, 1]);
    const age = value(metrics.oldestWaiting, { queue: name });
    expect(age).toBeGreaterThan(0);
    expect(age).toBeLessThanOrEqual((Date.now() - first.timestamp) / 1000);
    await queue.resume();
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    work(() => released, { concurrency: 2 });
    await expect.poll(shown).toEqual([2, 2, 1]);
    release();
    await expect.poll(shown).toEqual([0, 0, 1]);
    await expect.poll(() => value(metrics.oldestWaiting, { queue: name })).toBe(0);
  });

  // The reading that is under way waits for its five seconds.
  if (SOAK)
    test('goes on when Redis was killed and is there again', async (context) => {
      const own = await redisServer(context);
      const registry = createRegistry();
      const metrics = queueMetrics({ registry });
      const connection = { host: '127.0.0.1', port: own.port };
      const queue = new bullmq.Queue('in', { connection });
      const worker = new bullmq.Worker('in', async () => {}, { connection, drainDelay: 1 });
      queue.on('error', () => {});
      worker.on('error', () => {});
      closing.push(() => queue.close());
      closing.push(() => worker.close(true));
      using _working = instrumentWorker(worker, { metrics });
      using _reading = instrumentQueue(queue, { metrics, intervalMs: 20 });
      for (let i = 0; i < 5; i++) await queue.add('a', {});
      const completed = () => value(metrics.total, { queue: 'in', status: 'completed' });
      const pendingSeries = () =>
        [...registry.series()].filter(({ shape }) => shape.name === 'queue_jobs_waiting').length;
      await expect.poll(() => [completed(), pendingSeries()]).toEqual([5, 1]);
      await own.kill();
      await expect.poll(() => droppedIn(registry), { timeout: 60_000 }).toBeGreaterThan(0);
      expect(pendingSeries()).toBe(0);
      await own.start();
      for (let i = 0; i < 5; i++) await queue.add('a', {});
      await expect.poll(() => [completed(), pendingSeries()], { timeout: 60_000 }).toEqual([10, 1]);
      expect(value(metrics.total, { queue: 'in', status: 'failed' })).toBe(0);
    });

  test('counts a job that stalls too often as failed, once', async (context) => {
    const metrics = queueMetrics({ registry: createRegistry() });
    const { name, queue, work } = await queueOf(context, metrics);
    await queue.add('hang', {});
    let began = 0;
    // It never renews its lock, as if its process were gone.
    const lost = new bullmq.Worker(name, () => new Promise(() => began++), {
      connection: await connectionTo(context),
      lockDuration: 200,
      lockRenewTime: 3_600_000,
      skipStalledCheck: true,
    });
    lost.on('error', () => {});
    closing.push(() => lost.close(true));
    await expect.poll(() => began).toBe(1);
    work(() => {}, { stalledInterval: 100, maxStalledCount: 0 });
    await expect.poll(() => value(metrics.total, { queue: name, status: 'failed' })).toBe(1);
    expect(value(metrics.total, { queue: name, status: 'completed' })).toBe(0);
    expect(value(metrics.retries, { queue: name })).toBe(0);
  });

  test('equals the jobs done, though the own counters of the queue are reset in the middle', async (context) => {
    const registry = createRegistry();
    const metrics = queueMetrics({ registry, countedBy: 'queue' });
    const { name, queue, work } = await queueOf(context, metrics);
    work(
      (job) => {
        if (job.name === 'bad') throw new Error('no');
      },
      { metrics: { maxDataPoints: 10 } },
    );
    const done = { completed: 0, failed: 0 };
    const run = async (good: number, bad: number) => {
      for (let i = 0; i < good; i++) await queue.add('good', {});
      for (let i = 0; i < bad; i++) await queue.add('bad', {}, { attempts: 2 });
      done.completed += good;
      done.failed += bad;
    };
    const shown = () => ({
      completed: value(metrics.total, { queue: name, status: 'completed' }),
      failed: value(metrics.total, { queue: name, status: 'failed' }),
    });
    const remember = rememberInQueue(queue, 'test');
    const totals = countQueueTotals(queue, { metrics, intervalMs: 50, remember });
    expect(await totals.read()).toBe('counted');
    await run(7, 3);
    await expect.poll(shown).toEqual(done);
    const redis = await clientOf(queue);
    // More than there were before: only the mark tells that it was reset.
    await redis.del(queue.toKey('metrics:completed'), queue.toKey('metrics:failed'));
    await run(9, 4);
    await expect.poll(shown).toEqual(done);
    expect((await queue.getMetrics('completed')).meta.count).toBe(9);
    await redis.del(queue.toKey('metrics:completed'));
    await run(2, 0);
    await expect.poll(shown).toEqual(done);
    totals.stop();
    // What is done while nobody looks counts with who comes next, and nothing else.
    await run(5, 1);
    await expect.poll(async () => (await queue.getMetrics('completed')).meta.count).toBe(7);
    await expect.poll(async () => (await queue.getMetrics('failed')).meta.count).toBe(5);
    const later = queueMetrics({ registry: createRegistry(), countedBy: 'queue' });
    using again = countQueueTotals(queue, { metrics: later, remember });
    expect(await again.read()).toBe('counted');
    expect(value(later.total, { queue: name, status: 'completed' })).toBe(5);
    expect(value(later.total, { queue: name, status: 'failed' })).toBe(1);
    // The workers have told how long it took, and counted no end.
    await expect.poll(() => value(metrics.duration, { queue: name }).count).toBe(23 + 8 * 2);
  });

  for (const countedBy of ['workers', 'queue'] as const)
    if (isLong)
      test(`counts once what two processes do, one of which is killed, counted by ${
        countedBy === 'queue' ? 'the queue' : 'workers'
      }`, async (context) => {
        const own = await redisServer(context);
        const directory = metricsDirectory();
        const queue = new bullmq.Queue('in', { connection: { host: '127.0.0.1', port: own.port } });
        queue.on('error', () => {});
        closing.push(() => queue.close());
        const join = (hangs: boolean) =>
          member(directory, {
            fixture: 'bullmq-member.mjs',
            sharing: {
              ...MAPPED,
              env: {
                BULLMQ_FROM: placeOf(age),
                REDIS_PORT: String(own.port),
                COUNTED_BY: countedBy,
                HANGS: hangs ? 'yes' : 'no',
              },
            },
          });
        // The first one reads the queue.
        const doomed = await join(true);
        const total = async (one: Member) => {
          const text = (await one.tell('exposition')) as string;
          return ['completed', 'failed'].map((status) =>
            valueIn(text, `queue_jobs_total{queue="in",status="${status}"}`),
          );
        };
        await expect
          .poll(async () =>
            valueIn((await doomed.tell('exposition')) as string, 'queue_jobs_waiting{queue="in"}'),
          )
          .toBe(0);
        await doomed.tell('work');
        for (let i = 0; i < 10; i++) await queue.add('done', {});
        await expect.poll(() => total(doomed)).toEqual([10, 0]);
        const other = await join(false);
        await queue.add('hang', {});
        await expect.poll(() => doomed.tell('hanging')).toBe(true);
        await doomed.kill();
        await queue.add('done', {});
        await other.tell('work');
        await expect.poll(() => total(other), { timeout: 60_000 }).toEqual([12, 0]);
        await expect
          .poll(async () => {
            const text = (await other.tell('exposition')) as string;
            return ['queue_jobs_stalled_total{queue="in"}', 'queue_workers{queue="in"}'].map((series) =>
              valueIn(text, series),
            );
          })
          .toEqual([1, 1]);
        // It also reads the queue now.
        await queue.add('later', {}, { delay: 3_600_000 });
        await expect
          .poll(async () =>
            valueIn((await other.tell('exposition')) as string, 'queue_jobs_delayed{queue="in"}'),
          )
          .toBe(1);
      });

  test('is counted once by however many, and no longer when it is stopped or closed', async (context) => {
    const registry = createRegistry();
    const metrics = queueMetrics({ registry });
    const { name, queue, work } = await queueOf(context, metrics);
    const listeners = (worker: BullMQ.Worker) => worker.listenerCount('completed');
    const worker = work(() => {});
    const before = listeners(worker);
    const again = instrumentWorker(worker, { metrics: queueMetrics({ registry }) });
    expect(listeners(worker)).toBe(before);
    await queue.add('a', {});
    const completed = () => value(metrics.total, { queue: name, status: 'completed' });
    await expect.poll(completed).toBe(1);
    again.stop();
    expect(listeners(worker)).toBe(before - 1);
    expect(value(metrics.workers, { queue: name })).toBe(0);
    instrumentWorker(worker, { metrics });
    expect(value(metrics.workers, { queue: name })).toBe(1);
    await worker.close();
    await expect.poll(() => value(metrics.workers, { queue: name })).toBe(0);
    expect(completed()).toBe(1);
  });

  test('tells at most so many names of jobs apart', async (context) => {
    const metrics = queueMetrics({ registry: createRegistry(), labels: { job_name: 'job_name' } });
    const { name, queue, work } = await queueOf(context, metrics);
    const jobs = Array.from({ length: JOB_NAMES_MAX + 20 }, (_, i) => ({ name: `job-${i}`, data: {} }));
    await queue.addBulk(jobs);
    work(() => {}, { concurrency: 20 });
    const of = (job_name: string) => value(metrics.total, { queue: name, job_name, status: 'completed' });
    await expect
      .poll(() => [of(OTHER_JOBS), of('job-0'), of(`job-${JOB_NAMES_MAX - 1}`), of(`job-${JOB_NAMES_MAX}`)])
      .toEqual([20, 1, 1, 0]);
  });

  test('is called as other systems call it', async (context) => {
    const registry = createRegistry();
    const celery = queueMetrics({
      registry,
      names: {
        ...NOTHING,
        total: 'celery_tasks_total',
        duration: 'celery_task_duration_seconds',
        pending: 'celery_queue_length',
      },
      labels: { queue: false, job_name: 'task_name' },
      statuses: { completed: 'success', failed: 'failed' },
      buckets: [5, 10, 30, 60, 120, 300, 600],
    });
    const scraping = queueMetrics({
      registry,
      names: { ...NOTHING, total: 'queue_jobs_total', pending: 'queue_size' },
      labels: { queue: 'queue_name' },
      statuses: { completed: 'finished', failed: 'failed', started: 'started' },
    });
    const one = await queueOf(context, celery);
    using _one = instrumentQueue(one.queue, { metrics: celery, intervalMs: 20 });
    one.work(() => {}, { jobNames: ['process_download'] });
    const other = await queueOf(context, scraping);
    using _other = instrumentQueue(other.queue, { metrics: scraping, intervalMs: 20 });
    other.work(() => {});
    expect(seriesOf(registry)).toEqual(
      [
        'celery_task_duration_seconds{task_name="process_download"}',
        'celery_tasks_total{task_name="process_download",status="failed"} 0',
        'celery_tasks_total{task_name="process_download",status="success"} 0',
        'celery_queue_length{} 0',
        `queue_jobs_total{queue_name="${other.name}",status="failed"} 0`,
        `queue_jobs_total{queue_name="${other.name}",status="finished"} 0`,
        `queue_jobs_total{queue_name="${other.name}",status="started"} 0`,
      ].sort(),
    );
    await one.queue.add('process_download', {});
    await other.queue.add('scrape', {});
    await expect
      .poll(() => seriesOf(registry))
      .toEqual(
        [
          'celery_task_duration_seconds{task_name="process_download"}',
          'celery_tasks_total{task_name="process_download",status="failed"} 0',
          'celery_tasks_total{task_name="process_download",status="success"} 1',
          'celery_queue_length{} 0',
          `queue_jobs_total{queue_name="${other.name}",status="failed"} 0`,
          `queue_jobs_total{queue_name="${other.name}",status="finished"} 1`,
          `queue_jobs_total{queue_name="${other.name}",status="started"} 1`,
          `queue_size{queue_name="${other.name}"} 0`,
        ].sort(),
      );
  });
});

/** Names that leave out all that other systems do not have. */
const NOTHING = {
  retries: false,
  stalled: false,
  duration: false,
  wait: false,
  attempts: false,
  active: false,
  delayed: false,
  waitingChildren: false,
  oldestWaiting: false,
  workers: false,
} as const;

test('Queue metrics are watched', () => {
  const watch = jobsWatch(queueMetrics({ registry: createRegistry() }));
  const titles = watch.rows.flatMap(({ panels }) => panels.map(({ title }) => title));
  expect(titles).toEqual([
    'Jobs',
    'Share that fails',
    'Success rate',
    'Waiting and active',
    'Duration',
    'Most frequent kinds',
    'Failing kinds',
    'Slowest kinds',
    'Waiting by queue',
    'Oldest waiting',
    'Distribution of durations',
  ]);
});

test('Metrics that the queue counts know no kinds of jobs, and workers cannot count them twice', async () => {
  const registry = createRegistry();
  expect(() => queueMetrics({ registry, countedBy: 'queue', labels: { job_name: 'kind' } })).toThrow(
    TypeError,
  );
  expect(() => queueMetrics({ registry, countedBy: 'queue', statuses: { started: 'started' } })).toThrow(
    TypeError,
  );
  const metrics = queueMetrics({ registry });
  expect(() => countQueueTotals({} as never, { metrics })).toThrow('counted by workers');
});

test('Types know what is left out and what labels are called', () => {
  const metrics = queueMetrics({
    registry: createRegistry(),
    names: { wait: false },
    labels: { queue: 'queue_name' },
  });
  const left: undefined = metrics.wait;
  expect(left).toBeUndefined();
  metrics.total.inc({ queue_name: 'a', status: 'failed' });
  // @ts-expect-error the label has another name
  metrics.pending.set({ queue: 'a' }, 1);
});

async function clientOf(queue: BullMQ.Queue): Promise<{ del(...keys: string[]): Promise<unknown> }> {
  const either = queue as unknown as {
    client?: Promise<unknown>;
    getBackend?: () => { client: Promise<unknown> };
  };
  return (await (either.getBackend?.().client ?? either.client)) as never;
}

function placeOf(age: Age): string {
  const own = fileURLToPath(new URL(`../libraries/${age}/package.json`, import.meta.url));
  createRequire(own).resolve('bullmq');
  return own;
}

function droppedIn(registry: Registry): number {
  let dropped = 0;
  for (const { shape, values, index, labelValues } of registry.series())
    if (shape.name === 'binnacle_metrics_dropped_total' && labelValues[1] === 'callback')
      dropped += values[index]!;
  return dropped;
}

function seriesOf(registry: Registry): string[] {
  const found = [];
  for (const { shape, labelValues, values, index } of registry.series()) {
    const labels = shape.labelNames.map((name, i) => `${name}="${labelValues[i]}"`).join(',');
    found.push(`${shape.name}{${labels}}${shape.type === 'histogram' ? '' : ` ${values[index]}`}`);
  }
  return found.sort();
}
