import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { dependenciesWatch } from '../../../blueprint/dist/index.js';
import {
  CHECK_ERROR_CHARACTERS_MAX,
  HANGING_MAX,
  type HealthCheckOptions,
  type HealthChecks,
  healthChecks,
  healthMetrics,
} from '../../dist/health.js';
import { createRegistry, gauge, type Registry, sparse } from '../../dist/index.js';
import { value } from '../../dist/testing.js';
import { member, metricsDirectory, startAs } from '../members.ts';

const running: HealthChecks<string>[] = [];

afterEach(() => {
  for (const health of running.splice(0)) health.stop();
});

/** Starts checks that run again only when they are told, and has them run once. */
async function start<const D extends string>(
  checks: HealthCheckOptions<D>['checks'],
  options: Partial<HealthCheckOptions<D>> = {},
) {
  const registry = createRegistry();
  const metrics = healthMetrics({ dependencies: Object.keys(checks) as D[], registry });
  const health = healthChecks({ checks, metrics, intervalMs: 3_600_000, ...options });
  running.push(health);
  await health.run();
  return { health, metrics, registry };
}

/** What is exposed of a family, by the value of its only label. */
function exposed(registry: Registry, name = 'dependency_up'): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { shape, labelValues, values, index } of registry.series())
    if (shape.name === name) found[labelValues.join()] = values[index]!;
  return found;
}

describe('a check', () => {
  test('that resolves is well, with anything but false', async () => {
    const { health, metrics, registry } = await start({
      database: async () => undefined,
      redis: () => 'PONG',
      ollama: async () => false,
    });
    expect(exposed(registry)).toEqual({ database: 1, redis: 1, ollama: 0 });
    const { database, redis, ollama } = health.status();
    expect([database.up, redis.up, ollama.up]).toEqual([true, true, false]);
    expect([database.error, ollama.error]).toEqual([undefined, 'the check says so']);
    expect(database.checkedAtMs).toBeGreaterThan(Date.now() - 60_000);
    expect(value(metrics.duration, { dependency: 'ollama' }).count).toBe(1);
  });

  test.each([
    ['rejects', async () => Promise.reject(new Error('refused')), 'refused'],
    [
      'throws',
      () => {
        throw new TypeError('not connected', { cause: new Error('no route') });
      },
      'not connected: no route',
    ],
    [
      'rejects without a message',
      async () => Promise.reject(Object.assign(new Error(), { code: 'ECONNREFUSED' })),
      'ECONNREFUSED',
    ],
    ['rejects with nothing', async () => Promise.reject(undefined), 'undefined'],
    [
      'rejects with what has no text',
      async () => Promise.reject(Object.create(null)),
      'an error that has no text',
    ],
    [
      'says too much',
      async () => Promise.reject(new Error('x'.repeat(10_000))),
      `${'x'.repeat(CHECK_ERROR_CHARACTERS_MAX - 3)}...`,
    ],
  ])('that %s is down, and why is in the status alone', async (_what, check, error) => {
    const { health, registry } = await start({ database: check });
    expect(exposed(registry)).toEqual({ database: 0 });
    expect(health.status().database).toMatchObject({ up: false, error, hanging: 0 });
  });

  test('that recovers is well again', async () => {
    let well = false;
    const { health, registry } = await start({ database: () => well });
    expect(exposed(registry)).toEqual({ database: 0 });
    well = true;
    expect((await health.run()).database).toMatchObject({ up: true, error: undefined });
    expect(exposed(registry)).toEqual({ database: 1 });
  });

  test('that is too slow is down after its time, and its signal is aborted', async () => {
    let reason: unknown;
    const slow = (signal: AbortSignal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reason = signal.reason;
          reject(signal.reason);
        });
      });
    const { health, metrics, registry } = await start({
      database: { check: slow, timeoutMs: 20 },
      redis: () => 1,
    });
    expect(exposed(registry)).toEqual({ database: 0, redis: 1 });
    expect(reason).toMatchObject({ name: 'TimeoutError' });
    expect(value(metrics.duration, { dependency: 'database' })).toMatchObject({ count: 1 });
    expect(health.status().database.error).toBe('no answer within 20 ms');
    await expect.poll(() => health.status().database.hanging).toBe(0);
  });

  test('that hangs is not started again while so many of its runs hang', async () => {
    const ends: ((value: unknown) => void)[] = [];
    const hanging = () => new Promise((resolve) => ends.push(resolve));
    const { health, registry } = await start({ database: { check: hanging, timeoutMs: 5 } });
    for (let i = 0; i < HANGING_MAX + 5; i++) await health.run();
    expect(ends).toHaveLength(HANGING_MAX);
    expect(health.status().database).toMatchObject({
      up: false,
      error: `${HANGING_MAX} runs hang, and it is not started again`,
      hanging: HANGING_MAX,
    });
    // What a run says when its time is over counts for nothing, but it makes room for another.
    ends[0]!(true);
    await expect.poll(() => health.status().database.hanging).toBe(HANGING_MAX - 1);
    expect(exposed(registry)).toEqual({ database: 0 });
    await health.run();
    expect(ends).toHaveLength(HANGING_MAX + 1);
    for (const end of ends) end(true);
    await expect.poll(() => health.status().database.hanging).toBe(0);
  });

  test('runs once at a time, whoever asks', async () => {
    let runs = 0;
    const ends: (() => void)[] = [];
    const check = () => {
      runs++;
      return new Promise<void>((resolve) => ends.push(resolve));
    };
    const health = healthChecks({
      checks: { database: check },
      metrics: metricsOf('database'),
      timeoutMs: 600_000,
      intervalMs: 3_600_000,
    });
    running.push(health);
    const asked = [health.run(), health.run()];
    expect(health.status().database.up).toBe(undefined);
    expect(runs).toBe(1);
    ends[0]!();
    for (const { database } of await Promise.all(asked)) expect(database.up).toBe(true);
    expect(runs).toBe(1);
  });

  test('runs again by itself', async () => {
    let runs = 0;
    await start({ database: () => ++runs }, { intervalMs: 5 });
    await expect.poll(() => runs).toBeGreaterThan(3);
  });
});

function metricsOf(...dependencies: string[]) {
  return healthMetrics({ dependencies, registry: createRegistry() });
}

test('a dependency that was not checked yet has no series, and none any more after the end', async () => {
  const registry = createRegistry();
  const metrics = healthMetrics({ dependencies: ['database', 'redis', 'ollama'], registry });
  const ends: (() => void)[] = [];
  const health = healthChecks({
    checks: { database: () => undefined, redis: () => new Promise<void>((resolve) => ends.push(resolve)) },
    metrics,
    timeoutMs: 600_000,
    intervalMs: 3_600_000,
  });
  running.push(health);
  await expect.poll(() => exposed(registry)).toEqual({ database: 1 });
  ends[0]!();
  await health.run();
  expect(exposed(registry)).toEqual({ database: 1, redis: 1 });
  const last = health.run();
  health.stop();
  await last;
  expect(exposed(registry)).toEqual({});
  ends[1]!();
  await health.run();
  expect(ends).toHaveLength(2);
  expect(exposed(registry)).toEqual({});
});

test('an end aborts what is under way', async () => {
  let signal: AbortSignal | undefined;
  const { health } = await start({ database: { check: () => undefined } });
  running.push(health);
  const hanging = healthChecks({
    checks: {
      database: (given) => {
        signal = given;
        return new Promise(() => {});
      },
    },
    metrics: metricsOf('database'),
  });
  const asked = hanging.run();
  hanging.stop();
  await asked;
  expect(signal?.aborted).toBe(true);
});

test('what cannot be is refused', () => {
  const checks = { database: () => true };
  expect(() => healthChecks({ checks, metrics: metricsOf('redis') })).toThrow(/no dependency database/);
  expect(() => healthChecks({ checks: {}, metrics: metricsOf('redis') })).toThrow(TypeError);
  for (const ms of [0, -1, Number.NaN, 2 ** 31]) {
    expect(() => healthChecks({ checks, metrics: metricsOf('database'), intervalMs: ms })).toThrow(
      RangeError,
    );
    expect(() => healthChecks({ checks, metrics: metricsOf('database'), timeoutMs: ms })).toThrow(RangeError);
  }
  expect(() => healthMetrics({ dependencies: ['a', 'b'], labels: { dependency: false } })).toThrow(TypeError);
});

test('definitions can have other names, and are watched', async () => {
  const registry = createRegistry();
  const metrics = healthMetrics({
    registry,
    dependencies: ['database'],
    names: { up: 'service_up', duration: false },
    labels: { dependency: 'service' },
  });
  expect(Object.keys(metrics)).toEqual(['up']);
  const health = healthChecks({ checks: { database: () => true }, metrics });
  running.push(health);
  await health.run();
  expect(value(metrics.up, { service: 'database' })).toBe(1);
  const titles = (watch: ReturnType<typeof dependenciesWatch>) =>
    watch.rows.flatMap(({ panels }) => panels.map(({ title }) => title));
  expect(titles(dependenciesWatch(metrics))).toEqual(['Health']);
  expect(titles(dependenciesWatch(metricsOf('database')))).toEqual(['Health', 'Duration']);
});

describe('several processes', () => {
  const fixture = 'health-member.mjs';

  test('show the worst of those that run', async () => {
    const directory = metricsDirectory();
    const [one, other] = [await member(directory, { fixture }), await member(directory, { fixture })];
    expect(await one.tell('lines')).toEqual([]);
    await one.tell('check', true);
    expect(await other.tell('lines')).toEqual(['dependency_up{dependency="redis"} 1']);
    await other.tell('check', false);
    expect(await one.tell('lines')).toEqual(['dependency_up{dependency="redis"} 0']);
    await one.tell('check', true);
    expect(await one.tell('lines')).toEqual(['dependency_up{dependency="redis"} 0']);
    await other.kill();
    await expect.poll(() => one.tell('lines')).toEqual(['dependency_up{dependency="redis"} 1']);
    await one.tell('stop');
    expect(await one.tell('lines')).toEqual([]);
  });

  test('show what was found last, where that is wanted', async () => {
    const directory = metricsDirectory();
    const options = { fixture, instance: 'mostrecent' };
    const [one, other] = [await member(directory, options), await member(directory, options)];
    await one.tell('check', false);
    expect(await other.tell('lines')).toEqual(['dependency_up{dependency="redis"} 0']);
    await other.tell('check', true);
    expect(await one.tell('lines')).toEqual(['dependency_up{dependency="redis"} 1']);
    await other.tell('stop');
    await other.kill();
    expect(await one.tell('lines')).toEqual(['dependency_up{dependency="redis"} 1']);
  });
});

test('a process with checks ends by itself, and closed labels stay where others are left out', async () => {
  const child = startAs({ env: { METRICS_INCLUDE_LABELS: 'false' } }, 'health-exit.mjs');
  const exit = once(child, 'exit');
  const [message] = (await once(child, 'message')) as [string[]];
  expect(message).toEqual([
    'dependency_up{dependency="database"} 1',
    'dependency_up{dependency="redis"} 0',
    'dependency_up{dependency="ollama"} 1',
  ]);
  expect(await exit).toEqual([0, null]);
});

test('a sparse label is a closed one whose series come one by one', () => {
  const registry = createRegistry();
  const level = gauge({
    name: 'level',
    help: 'L',
    labels: { tank: sparse(['a', 'b', 'c']), side: ['left', 'right'] },
    registry,
  });
  expect(exposed(registry, 'level')).toEqual({});
  level.set({ tank: 'b', side: 'left' }, 3);
  // @ts-expect-error: there is no such tank.
  level.set({ tank: 'd', side: 'left' }, 3);
  expect(exposed(registry, 'level')).toEqual({ 'b,left': 3, 'b,right': 0 });
});
