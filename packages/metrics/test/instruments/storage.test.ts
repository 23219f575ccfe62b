import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { storageWatch } from '../../../blueprint/dist/index.js';
import { createRegistry } from '../../dist/index.js';
import {
  instrumentStorage,
  measureUsage,
  OTHER_PROVIDER,
  PROVIDERS_MAX,
  type ProviderUsage,
  storageMetrics,
  type UsageMeasuring,
} from '../../dist/storage.js';
import { changes, value } from '../../dist/testing.js';

const running: UsageMeasuring[] = [];

afterEach(() => {
  for (const measuring of running.splice(0)) measuring.stop();
  vi.useRealTimers();
});

function keep(measuring: UsageMeasuring): UsageMeasuring {
  running.push(measuring);
  return measuring;
}

function start() {
  const registry = createRegistry();
  const metrics = storageMetrics({ registry, providers: ['gcs', 'azure', 's3'], capacity: true });
  return { registry, metrics, storage: instrumentStorage({ metrics }) };
}

/** `usage{provider}` to its value, of the series that there are. */
function shown(registry: ReturnType<typeof createRegistry>, name: string): Record<string, number> {
  return Object.fromEntries(
    [...registry.series()]
      .filter(({ shape }) => shape.name === name)
      .map(({ labelValues, values, index }) => [labelValues[0], values[index]!]),
  );
}

describe('operations', () => {
  test('are counted by provider and ending, and give what they gave', async () => {
    const { metrics, storage } = start();
    const failure = new Error('no such bucket');
    const promise = Promise.resolve('written');
    const result = await changes(metrics, async () => {
      expect(storage.upload('s3', () => promise)).toBe(promise);
      expect(await promise).toBe('written');
      await expect(storage.upload('s3', () => Promise.reject(failure))).rejects.toBe(failure);
      expect(() =>
        storage.upload('gcs', () => {
          throw failure;
        }),
      ).toThrow(failure);
      expect(storage.download('azure', () => 7)).toBe(7);
      await storage.delete('azure', async () => {});
      await expect(storage.delete('azure', () => Promise.reject(failure))).rejects.toBe(failure);
    });
    const counts = Object.entries(result).filter(([series]) => !/_sum\{/.test(series));
    expect(Object.fromEntries(counts)).toEqual({
      'storage_uploads_total{provider="s3",status="success"}': 1,
      'storage_uploads_total{provider="s3",status="failed"}': 1,
      'storage_uploads_total{provider="gcs",status="failed"}': 1,
      'storage_upload_duration_seconds_count{provider="s3"}': 2,
      'storage_upload_duration_seconds_count{provider="gcs"}': 1,
      'storage_downloads_total{provider="azure",status="success"}': 1,
      'storage_download_duration_seconds_count{provider="azure"}': 1,
      'storage_deletes_total{provider="azure",status="success"}': 1,
      'storage_deletes_total{provider="azure",status="failed"}': 1,
    });
  });

  test('of listed providers begin at 0, and other providers do not compile', () => {
    const { registry, storage } = start();
    const writes = [...registry.series()].filter(({ shape }) => shape.name === 'storage_uploads_total');
    expect(writes.map(({ labelValues }) => labelValues.join(' ')).sort()).toEqual([
      'azure failed',
      'azure success',
      'gcs failed',
      'gcs success',
      's3 failed',
      's3 success',
    ]);
    // @ts-expect-error Providers are those of the definition.
    expect(storage.upload('ftp', () => 1)).toBe(1);
    const dropped = [...registry.series()].some(
      ({ shape }) => shape.name === 'binnacle_metrics_dropped_total',
    );
    expect(dropped).toBe(true);
  });

  test('of providers that are not listed are told apart up to a limit', () => {
    const metrics = storageMetrics({ registry: createRegistry() });
    const storage = instrumentStorage({ metrics });
    for (let i = 0; i < PROVIDERS_MAX + 3; i++) storage.upload(`bucket-${i}`, () => {});
    expect(value(metrics.writes, { provider: OTHER_PROVIDER, status: 'success' })).toBe(3);
    expect(value(metrics.writes, { provider: 'bucket-0', status: 'success' })).toBe(1);
  });

  test('are named as a service has always named them', () => {
    const registry = createRegistry();
    const metrics = storageMetrics({
      registry,
      providers: ['gcs', 'azure', 's3'],
      names: { usageErrors: false, reads: false, readDuration: false, deletes: false },
      buckets: [1, 5, 10, 30, 60, 120, 300],
    });
    instrumentStorage({ metrics }).download('s3', () => {});
    const names = [...new Set([...registry.series()].map(({ shape }) => shape.name))];
    expect(names.sort()).toEqual(['storage_upload_duration_seconds', 'storage_uploads_total']);
    const renamed = storageMetrics({
      registry: createRegistry(),
      names: { writes: 'blobs_written_total' },
      labels: { provider: 'cloud', status: 'result' },
    });
    instrumentStorage({ metrics: renamed }).upload('s3', () => {});
    expect(value(renamed.writes, { cloud: 's3', result: 'success' })).toBe(1);
  });
});

/** The clock goes on only when it is told. */
function stopClock(): void {
  vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] });
}

describe('usage', () => {
  test('is measured at once and again, and has no series before', async () => {
    const { registry, metrics } = start();
    expect(shown(registry, 'storage_usage_bytes')).toEqual({});
    let files = 2;
    keep(
      measureUsage({
        metrics,
        intervalMs: 5,
        usage: async () => ({ s3: { bytes: files * 10, files, capacityBytes: 100 }, gcs: { bytes: 1 } }),
      }),
    );
    await expect.poll(() => shown(registry, 'storage_usage_bytes')).toEqual({ s3: 20, gcs: 1 });
    expect(shown(registry, 'storage_file_count')).toEqual({ s3: 2 });
    expect(shown(registry, 'storage_capacity_bytes')).toEqual({ s3: 100 });
    files = 1;
    await expect.poll(() => shown(registry, 'storage_usage_bytes')).toEqual({ s3: 10, gcs: 1 });
    expect(value(metrics.usageErrors)).toBe(0);
  });

  test('is asked for once at a time', async () => {
    const { registry, metrics } = start();
    let asked = 0;
    let answer: (usage: Record<string, ProviderUsage>) => void = () => {};
    const measuring = keep(
      measureUsage({
        metrics,
        intervalMs: 2,
        usage: () => {
          asked++;
          return new Promise<Record<string, ProviderUsage>>((resolve) => {
            answer = resolve;
          });
        },
      }),
    );
    const both = [measuring.run(), measuring.run()];
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(asked).toBe(1);
    answer({ s3: { bytes: 5 } });
    await Promise.all(both);
    expect(shown(registry, 'storage_usage_bytes')).toEqual({ s3: 5 });
    await expect.poll(() => asked).toBe(2);
  });

  test('stays for a time when it fails, which is counted, and then goes until it is there again', async () => {
    stopClock();
    const { registry, metrics } = start();
    let works = true;
    const measuring = keep(
      measureUsage({
        metrics,
        intervalMs: 1e6,
        keepMs: 200,
        usage: () => {
          if (!works) throw new Error('the database is away');
          return { s3: { bytes: 5, files: 1 } };
        },
      }),
    );
    await measuring.run();
    expect(shown(registry, 'storage_usage_bytes')).toEqual({ s3: 5 });
    works = false;
    vi.advanceTimersByTime(200);
    await measuring.run();
    expect(value(metrics.usageErrors)).toBe(1);
    expect(shown(registry, 'storage_usage_bytes')).toEqual({ s3: 5 });
    vi.advanceTimersByTime(1);
    await measuring.run();
    expect(shown(registry, 'storage_usage_bytes')).toEqual({});
    expect(shown(registry, 'storage_file_count')).toEqual({});
    works = true;
    await measuring.run();
    expect(shown(registry, 'storage_usage_bytes')).toEqual({ s3: 5 });
  });

  test('of a provider that is no longer told goes, and that of others stays', async () => {
    const { registry, metrics } = start();
    let usage: Record<string, ProviderUsage> = { s3: { bytes: 5 }, gcs: { bytes: 6 } };
    const measuring = keep(measureUsage({ metrics, intervalMs: 2, keepMs: 100, usage: () => usage }));
    await measuring.run();
    usage = { s3: { bytes: 7 } };
    await expect.poll(() => shown(registry, 'storage_usage_bytes')).toEqual({ s3: 7 });
  });

  test('goes where a question is never answered', async () => {
    stopClock();
    const { registry, metrics } = start();
    let first = true;
    const measuring = keep(
      measureUsage({
        metrics,
        intervalMs: 2,
        keepMs: 50,
        usage: () => {
          if (!first) return new Promise<never>(() => {});
          first = false;
          return { s3: { bytes: 5 } };
        },
      }),
    );
    await measuring.run();
    vi.advanceTimersByTime(50);
    expect(shown(registry, 'storage_usage_bytes')).toEqual({ s3: 5 });
    vi.advanceTimersByTime(2);
    expect(shown(registry, 'storage_usage_bytes')).toEqual({});
  });

  test('that is none is counted as an error', async () => {
    const { registry, metrics } = start();
    let usage: unknown = { s3: { bytes: Number.NaN }, gcs: {}, azure: { bytes: 3 } };
    const measuring = keep(measureUsage({ metrics, intervalMs: 1e6, usage: () => usage as never }));
    await measuring.run();
    expect(value(metrics.usageErrors)).toBe(2);
    expect(shown(registry, 'storage_usage_bytes')).toEqual({ azure: 3 });
    usage = undefined;
    await measuring.run();
    expect(value(metrics.usageErrors)).toBe(3);
  });

  test('is not measured any more when it is stopped, and an interval that cannot be is refused', async () => {
    const { registry, metrics } = start();
    let answer: (usage: Record<string, ProviderUsage>) => void = () => {};
    const measuring = measureUsage({
      metrics,
      intervalMs: 2,
      usage: () =>
        new Promise<Record<string, ProviderUsage>>((resolve) => {
          answer = resolve;
        }),
    });
    measuring.stop();
    answer({ s3: { bytes: 5 } });
    await measuring.run();
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(shown(registry, 'storage_usage_bytes')).toEqual({});
    expect(() => measureUsage({ intervalMs: 0, usage: () => ({}) })).toThrow(RangeError);
  });

  test('keeps no process running', async () => {
    const built = fileURLToPath(new URL('../../dist/storage.js', import.meta.url));
    const code = `import(${JSON.stringify(built)}).then(({ measureUsage }) => measureUsage({ usage: () => ({}) }))`;
    const child = spawn(process.execPath, ['-e', code], { stdio: 'ignore' });
    const [exitCode] = (await once(child, 'exit')) as [number];
    expect(exitCode).toBe(0);
  });
});

test('the watch of storage takes the metrics', () => {
  const metrics = storageMetrics({ registry: createRegistry(), providers: ['gcs', 'azure', 's3'] });
  const text = JSON.stringify(storageWatch(metrics, { quotaBytes: 5 * 2 ** 30 }));
  for (const title of ['Used', 'Share used', 'Files', 'Writes', 'Duration of writes'])
    expect(text).toContain(`"${title}"`);
  for (const alert of ['StorageNearlyFull', 'StorageWritesFailing']) expect(text).toContain(alert);
});

test('the watch of storage takes metrics of which some are left out', () => {
  const metrics = storageMetrics({
    registry: createRegistry(),
    names: { files: false, writes: false, writeDuration: false },
    capacity: true,
  });
  const text = JSON.stringify(storageWatch(metrics));
  expect(text).toContain('storage_capacity_bytes');
  expect(text).not.toContain('storage_file_count');
});
