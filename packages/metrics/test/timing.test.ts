import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createRegistry, gauge, histogram, label } from '../dist/index.js';
import { changes, value } from '../dist/testing.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'Date', 'setTimeout'], now: 1_700_000_000_250 });
});
afterEach(() => {
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTime(ms);

function durations() {
  const registry = createRegistry();
  const buckets = [0.1, 1];
  return {
    registry,
    plain: histogram({ name: 'plain_seconds', unit: 'seconds', help: 'P', buckets, registry }),
    labelled: histogram({
      name: 'labelled_seconds',
      unit: 'seconds',
      help: 'L',
      labels: { route: label, status: ['ok', 'bad'] },
      buckets,
      registry,
    }),
  };
}

test('milliseconds are observed as the seconds that they are', () => {
  const { plain, labelled } = durations();
  plain.observeMs(250);
  labelled.observeMs({ route: '/', status: 'ok' }, 50);
  labelled.bind({ route: '/', status: 'ok' }).observeMs(2000);
  expect(value(plain)).toEqual({ count: 1, sum: 0.25, buckets: { '0.1': 0, '1': 1, '+Inf': 1 } });
  expect(value(labelled, { route: '/', status: 'ok' })).toEqual({
    count: 2,
    sum: 2.05,
    buckets: { '0.1': 1, '1': 1, '+Inf': 2 },
  });
});

test('a function is timed until it returns or throws', () => {
  const { plain, labelled } = durations();
  const work = () => {
    pass(500);
    return 'result';
  };
  expect(plain.time(work)).toBe('result');
  expect(() =>
    labelled.time({ route: '/', status: 'bad' }, () => {
      pass(50);
      throw new RangeError('no');
    }),
  ).toThrow(RangeError);
  expect(value(plain)).toMatchObject({ count: 1, sum: 0.5 });
  expect(value(labelled, { route: '/', status: 'bad' })).toMatchObject({ count: 1, sum: 0.05 });
});

test('an async function is timed until its promise settles, and the caller gets that very promise', async () => {
  const { plain } = durations();
  const promise = new Promise<string>((resolve) => setTimeout(() => resolve('done'), 300));
  const timed = plain.time(() => promise);
  expect(timed).toBe(promise);
  expect(value(plain).count).toBe(0);
  pass(300);
  expect(await timed).toBe('done');
  expect(value(plain)).toMatchObject({ count: 1, sum: 0.3 });

  const failing = plain.time(async () => {
    pass(100);
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect(value(plain)).toMatchObject({ count: 2, sum: 0.4 });
});

test('a thenable that begins its work in then is asked once', async () => {
  const { plain } = durations();
  let asked = 0;
  const query: PromiseLike<string> = {
    // biome-ignore lint/suspicious/noThenProperty: a query builder is such a thing
    then: (resolve, reject) => {
      asked++;
      return Promise.resolve('rows').then(resolve, reject);
    },
  };
  expect(await plain.time(() => query)).toBe('rows');
  expect(asked).toBe(1);
  expect(value(plain).count).toBe(1);
});

test('a timer observes once, and says the seconds each time', () => {
  const { plain } = durations();
  const timer = plain.start();
  pass(200);
  expect(timer.stop()).toBe(0.2);
  pass(100);
  expect(timer.stop()).toBe(0.2);
  expect(value(plain)).toMatchObject({ count: 1, sum: 0.2 });
});

test('a timer takes labels at the start, at the end, or some at each', () => {
  const { labelled, registry } = durations();
  const started = { route: '/a', status: 'ok' } as const;
  const mutable: { route: string; status: 'ok' } = { ...started };
  const atStart = labelled.start(mutable);
  mutable.route = '/changed';
  const completed = labelled.start({ route: '/b' });
  const atEnd = labelled.start();
  const replaced = labelled.start({ route: '/d', status: 'bad' });
  const changed = changes(registry, () => {
    pass(1000);
    atStart.stop();
    completed.stop({ status: 'bad' });
    atEnd.stop({ route: '/c', status: 'ok' });
    replaced.stop({ status: 'ok' });
  });
  expect(Object.keys(changed).filter((name) => name.includes('_count'))).toEqual([
    'labelled_seconds_count{route="/a",status="ok"}',
    'labelled_seconds_count{route="/b",status="bad"}',
    'labelled_seconds_count{route="/c",status="ok"}',
    'labelled_seconds_count{route="/d",status="ok"}',
  ]);
});

test('using stops a timer at the end of its block, also when the block throws', () => {
  const { plain, labelled } = durations();
  const work = () => {
    using _whole = plain.start();
    using _bound = labelled.bind({ route: '/', status: 'ok' }).start();
    pass(700);
    throw new Error('no');
  };
  expect(work).toThrow('no');
  expect(value(plain)).toMatchObject({ count: 1, sum: 0.7 });
  expect(value(labelled, { route: '/', status: 'ok' })).toMatchObject({ count: 1, sum: 0.7 });
});

test('a gauge is up while work is under way, however it ends', async () => {
  const registry = createRegistry();
  const busy = gauge({ name: 'busy', help: 'B', registry });
  const queued = gauge({ name: 'queued', help: 'Q', labels: { queue: label }, registry });
  expect(busy.during(() => value(busy))).toBe(1);
  expect(() =>
    busy.during(() => {
      throw new Error('no');
    }),
  ).toThrow('no');
  let finish = () => {};
  const promise = queued.during({ queue: 'in' }, () => new Promise<void>((resolve) => (finish = resolve)));
  expect(value(queued, { queue: 'in' })).toBe(1);
  finish();
  await promise;
  await expect(queued.bind({ queue: 'in' }).during(() => Promise.reject(new Error('no')))).rejects.toThrow();
  expect([value(busy), value(queued, { queue: 'in' })]).toEqual([0, 0]);
});

test('a gauge in seconds can be set to the time', () => {
  const registry = createRegistry();
  const last = gauge({ name: 'last_success_timestamp_seconds', unit: 'seconds', help: 'L', registry });
  const by = gauge({ name: 'last_seconds', unit: 'seconds', help: 'L', labels: { job: label }, registry });
  last.setToCurrentTime();
  by.setToCurrentTime({ job: 'a' });
  by.bind({ job: 'b' }).setToCurrentTime();
  expect([value(last), value(by, { job: 'a' }), value(by, { job: 'b' })]).toEqual(
    Array(3).fill(1_700_000_000.25),
  );
});

test('where the unit is not seconds, time is dropped and counted, and work is done all the same', () => {
  const registry = createRegistry();
  const size = histogram({ name: 'size_bytes', unit: 'bytes', help: 'S', registry }) as unknown as ReturnType<
    typeof durations
  >['plain'];
  const depth = gauge({ name: 'depth', help: 'D', registry });
  const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const changed = changes(registry, () => {
    size.observeMs(3);
    size.start().stop();
    expect(size.time(() => 'done')).toBe('done');
    (depth as unknown as { setToCurrentTime(): void }).setToCurrentTime();
  });
  emit.mockRestore();
  expect(changed).toEqual({
    'binnacle_metrics_dropped_total{metric="size_bytes",reason="value"}': 3,
    'binnacle_metrics_dropped_total{metric="depth",reason="value"}': 1,
  });
});

test('the compiler allows time only where the unit is seconds, and only with all labels', () => {
  const registry = createRegistry();
  const { plain, labelled } = durations();
  const size = histogram({ name: 'size_bytes', unit: 'bytes', help: 'S', registry });
  const bare = histogram({ name: 'bare', help: 'B', registry });
  const depth = gauge({ name: 'depth', help: 'D', registry });
  const never = () => {
    // @ts-expect-error bytes are no time
    size.observeMs(1);
    // @ts-expect-error bytes are no time
    size.time(() => 1);
    // @ts-expect-error a quantity without a unit is no time
    bare.start();
    // @ts-expect-error bytes are no time, in a series either
    size.bind({}).observeMs(1);
    // @ts-expect-error labels are missing
    labelled.observeMs(1);
    // @ts-expect-error labels are missing
    labelled.time(() => 1);
    // @ts-expect-error a value that is not in the list
    labelled.start({ route: '/', status: 'good' });
    // @ts-expect-error a label that the metric does not have
    labelled.start({ nothing: '/' });
    // @ts-expect-error the timer has no status yet
    labelled.start({ route: '/' }).stop();
    // @ts-expect-error a metric without labels
    plain.start().stop({ route: '/' });
    // @ts-expect-error a timer without all labels cannot stop at the end of a block
    using _timer = labelled.start({ route: '/' });
    // @ts-expect-error the name alone is no unit
    histogram({ name: 'took_seconds', help: 'T', registry }).observeMs(1);
    // @ts-expect-error a depth is no time
    depth.setToCurrentTime();
    const text: string = plain.time(() => 'text');
    const promised: Promise<number> = labelled.time({ route: '/', status: 'ok' }, async () => text.length);
    return promised;
  };
  expect(never).toBeTypeOf('function');
});
