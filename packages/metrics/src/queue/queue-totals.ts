/**
 * BullMQ's own counters of a queue as totals.
 *
 * They are hashes in Redis, `bull:NAME:metrics:completed` with the fields `count`, `prevTS` and `prevCount`. A field of
 * our own is set beside them where it is missing. It lives as long as the counter: it goes with whatever resets the
 * counter, and comes back with the counter when Redis starts again from its disk. So it is the counter's incarnation.
 * `HGETALL` reads both in one step. Where the store is none with such commands, the counters are read through BullMQ,
 * and a reset is known by a total that fell.
 */
import { randomUUID } from 'node:crypto';
import type { CountQueueTotalsOptions, MeasuredQueue } from '../bullmq.ts';
import type { BoundCounter } from '../counter.ts';
import { bound } from '../instrument/naming.ts';
import { type CountedTotals, countTotals, type Remember, type Total } from '../totals.ts';

/** The field of a counter's hash that tells its incarnation. */
const INCARNATION = 'binnacle';

/** What of Redis's commands is used, as ioredis has them. */
interface Commands {
  hget(key: string, field: string): Promise<string | null | undefined>;
  hset(key: string, field: string, value: string): Promise<unknown>;
  hsetnx(key: string, field: string, value: string): Promise<unknown>;
  hgetall(key: string): Promise<Readonly<Record<string, string | undefined>>>;
}

/** Counts how jobs end by what their queue counts. */
export function countTotalsOf(queue: MeasuredQueue, options: CountQueueTotalsOptions): CountedTotals {
  const { total, labelNames, statuses, registry } = options.metrics;
  const into: { completed?: BoundCounter; failed?: BoundCounter } = {};
  for (const ending of ['completed', 'failed'] as const) {
    const of = { queue: queue.name, job_name: '', status: statuses[ending] };
    const series = bound(total, of, labelNames);
    if (series !== undefined) into[ending] = series;
  }
  return countTotals<'completed' | 'failed'>({
    source: async () => {
      const [completed, failed] = await Promise.all([
        counterOf(queue, 'completed'),
        counterOf(queue, 'failed'),
      ]);
      return { completed, failed };
    },
    into: into as Required<typeof into>,
    registry,
    ...(options.intervalMs !== undefined && { intervalMs: options.intervalMs }),
    ...(options.from !== undefined && { from: options.from }),
    ...(options.remember !== undefined && { remember: options.remember }),
  });
}

async function counterOf(queue: MeasuredQueue, ending: 'completed' | 'failed'): Promise<Total> {
  const redis = await commandsOf(queue);
  if (redis === undefined || typeof redis.hsetnx !== 'function') {
    const { meta } = await queue.getMetrics(ending, 0, 0);
    return meta.count;
  }
  const key = queue.toKey(`metrics:${ending}`);
  let fields = await redis.hgetall(key);
  if (fields[INCARNATION] === undefined) {
    // Only one of several services that find none can set it.
    await redis.hsetnx(key, INCARNATION, randomUUID());
    fields = await redis.hgetall(key);
  }
  return { total: Number(fields.count ?? 0), incarnation: fields[INCARNATION] };
}

/** The client of a queue: its own in BullMQ 5, its backend's in 6; undefined where that is no Redis. */
async function commandsOf(queue: MeasuredQueue): Promise<Commands | undefined> {
  const { client, getBackend } = queue as {
    readonly client?: Promise<Commands>;
    readonly getBackend?: () => { readonly client?: Promise<Commands> };
  };
  return getBackend === undefined ? client : getBackend.call(queue).client;
}

/**
 * Remembers in Redis, beside the queue: what is counted outlives the machine as long as the queue does, and is taken
 * back together with it where Redis loses what it had not written yet.
 * @param service counts the queue; each has a memory of its own
 */
export function rememberInQueue(queue: MeasuredQueue, service: string): Remember {
  const key = queue.toKey('binnacle-totals');
  const redis = async (): Promise<Commands> => {
    const commands = await commandsOf(queue);
    if (commands === undefined) throw new Error(`queue ${queue.name} lies in no Redis`);
    return commands;
  };
  return {
    async load() {
      return (await (await redis()).hget(key, service)) ?? undefined;
    },
    async save(text) {
      await (await redis()).hset(key, service, text);
    },
  };
}
