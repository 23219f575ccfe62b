import { describe, expect, test } from 'vitest';
import { jobsWatch } from '../../../blueprint/dist/index.js';
import { createRegistry, label, type Registry } from '../../dist/index.js';
import {
  ERROR_CODES_MAX,
  ERROR_NAME_CHARACTERS_MAX,
  ERROR_TYPES_MAX,
  jobTracker,
  OTHER_ERROR,
  UNKNOWN_ERROR,
} from '../../dist/jobs.js';
import { changes, value } from '../../dist/testing.js';

class QuotaExceeded extends Error {
  readonly code = 'QUOTA_EXCEEDED';
}

function seriesOf(registry: Registry): string[] {
  const found = new Set<string>();
  for (const { shape, labelValues } of registry.series()) {
    const pairs = shape.labelNames.map((name, i) => `${name}="${labelValues[i]}"`).sort();
    found.add(`${shape.name}{${pairs.join(',')}}`);
  }
  return [...found].sort();
}

/** What a tracker of downloads counts while work is done; the sums of durations are left out. */
async function counted(
  work: (tracker: ReturnType<typeof downloads>) => unknown,
  registry = createRegistry(),
): Promise<Record<string, number>> {
  const tracker = downloads(registry);
  const changed = await changes(registry, async () => work(tracker));
  return Object.fromEntries(Object.entries(changed).filter(([series]) => !series.includes('_sum')));
}

function downloads(registry: Registry) {
  return jobTracker({ name: 'download', help: 'Downloads', endLabels: { provider: label }, registry });
}

describe('A job', () => {
  test('counts when it has ended, with what is known then', async () => {
    const registry = createRegistry();
    const tracker = downloads(registry);
    const result = tracker.run(async (job) => {
      expect(value(tracker.active)).toBe(1);
      job.set({ provider: 'youtube' });
      await null;
      job.set({ provider: 's3' });
      return 7;
    });
    expect(value(tracker.total, { status: 'success', provider: 's3' })).toBe(0);
    expect(await result).toBe(7);
    expect(value(tracker.total, { status: 'success', provider: 's3' })).toBe(1);
    expect(value(tracker.active)).toBe(0);
    expect(value(tracker.duration).count).toBe(1);
  });

  test('that is sync counts at once, and so does one that throws', async () => {
    expect(await counted((tracker) => expect(tracker.run(() => 5)).toBe(5))).toEqual({
      'downloads_total{status="success",provider="unknown"}': 1,
      download_duration_seconds_count: 1,
    });
    const error = new QuotaExceeded('no');
    expect(
      await counted((tracker) => {
        expect(() =>
          tracker.run((job) => {
            job.set({ provider: 's3' });
            throw error;
          }),
        ).toThrow(error);
      }),
    ).toEqual({
      'downloads_total{status="failed",provider="s3"}': 1,
      download_duration_seconds_count: 1,
      'download_errors_total{error_code="QUOTA_EXCEEDED",error_type="QuotaExceeded"}': 1,
    });
  });

  test('that is taken back is no error, and one that takes too long is', async () => {
    expect(
      await counted(async (tracker) => {
        await expect(tracker.run(() => Promise.reject(AbortSignal.abort().reason))).rejects.toThrow();
        await expect(
          tracker.run(() => Promise.reject(new DOMException('late', 'TimeoutError'))),
        ).rejects.toThrow('late');
      }),
    ).toEqual({
      'downloads_total{status="aborted",provider="unknown"}': 1,
      'downloads_total{status="failed",provider="unknown"}': 1,
      download_duration_seconds_count: 2,
      'download_errors_total{error_code="UNKNOWN_ERROR",error_type="TimeoutError"}': 1,
    });
  });

  test('may have others within', async () => {
    expect(
      await counted((tracker) =>
        tracker.run(async (outer) => {
          outer.set({ provider: 'outer' });
          await tracker
            .run(async (inner) => {
              inner.set({ provider: 'inner' });
              expect(value(tracker.active)).toBe(2);
              throw new TypeError('no');
            })
            .catch(() => {});
          expect(value(tracker.active)).toBe(1);
        }),
      ),
    ).toEqual({
      'downloads_total{status="success",provider="outer"}': 1,
      'downloads_total{status="failed",provider="inner"}': 1,
      download_duration_seconds_count: 2,
      'download_errors_total{error_code="UNKNOWN_ERROR",error_type="TypeError"}': 1,
    });
  });

  test('is one of a thousand at once', async () => {
    const registry = createRegistry();
    const tracker = downloads(registry);
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const all = Array.from({ length: 1_000 }, (_, i) =>
      tracker
        .run(async (job) => {
          await gate;
          job.set({ provider: `p${i % 10}` });
          if (i % 4 === 0) throw new Error('no');
        })
        .catch(() => {}),
    );
    expect(value(tracker.active)).toBe(1_000);
    open();
    await Promise.all(all);
    expect(value(tracker.active)).toBe(0);
    expect(value(tracker.duration).count).toBe(1_000);
    for (let p = 0; p < 10; p++) {
      const provider = `p${p}`;
      const failed = p % 2 === 0 ? 50 : 0;
      expect(value(tracker.total, { status: 'failed', provider })).toBe(failed);
      expect(value(tracker.total, { status: 'success', provider })).toBe(100 - failed);
    }
    expect(value(tracker.errors, { error_code: UNKNOWN_ERROR, error_type: 'Error' })).toBe(250);
  });

  test('ends once, also where it is ended by hand', async () => {
    expect(
      await counted(async (tracker) => {
        const job = tracker.begin();
        expect(value(tracker.active)).toBe(1);
        job.set({ provider: 'by hand' });
        job.succeed();
        job.fail(new Error('too late'));
        job.succeed();
        // What reports its failure in its result.
        expect(
          await tracker.run(async (one) => {
            one.fail(new QuotaExceeded());
            return { ok: false };
          }),
        ).toEqual({ ok: false });
      }),
    ).toEqual({
      'downloads_total{status="success",provider="by hand"}': 1,
      'downloads_total{status="failed",provider="unknown"}': 1,
      download_duration_seconds_count: 2,
      'download_errors_total{error_code="QUOTA_EXCEEDED",error_type="QuotaExceeded"}': 1,
    });
  });

  test('leaves promises as they are, and takes thenables once', async () => {
    const tracker = downloads(createRegistry());
    const promise = Promise.resolve(1);
    expect(tracker.run(() => promise)).toBe(promise);
    let begun = 0;
    const lazy: PromiseLike<number> = {
      // biome-ignore lint/suspicious/noThenProperty: as query builders are
      then(resolved) {
        begun++;
        return Promise.resolve(5).then(resolved);
      },
    };
    expect(await tracker.run(() => lazy)).toBe(5);
    expect(begun).toBe(1);
  });
});

describe('Errors', () => {
  const nameless = Object.assign(new Error('x'), { name: undefined });
  Object.setPrototypeOf(nameless, null);
  const evil = new Proxy(
    {},
    {
      get() {
        throw new Error('never look');
      },
      has() {
        throw new Error('never look');
      },
    },
  );
  const cases: readonly [what: string, error: unknown, code: string, type: string][] = [
    ['with a code', Object.assign(new Error(), { code: 'ECONNREFUSED' }), 'ECONNREFUSED', 'Error'],
    ['with a code that is none', Object.assign(new Error(), { code: 'user 17' }), UNKNOWN_ERROR, 'Error'],
    [
      'with a number for a code',
      Object.assign(new RangeError(), { code: 23_505 }),
      UNKNOWN_ERROR,
      'RangeError',
    ],
    [
      'with a code that is too long',
      Object.assign(new Error(), { code: 'A'.repeat(ERROR_NAME_CHARACTERS_MAX + 1) }),
      UNKNOWN_ERROR,
      'Error',
    ],
    [
      'with only a name',
      Object.assign(new Error(), { name: 'DatabaseError' }),
      UNKNOWN_ERROR,
      'DatabaseError',
    ],
    ['with a name that is none', Object.assign(new Error(), { name: 'user 17' }), UNKNOWN_ERROR, 'Error'],
    ['without a name', nameless, UNKNOWN_ERROR, 'Error'],
    ['of a class of its own', new (class extends Error {})(), UNKNOWN_ERROR, 'Error'],
    ['that are strings', 'no', UNKNOWN_ERROR, 'string'],
    ['that are nothing', undefined, UNKNOWN_ERROR, 'undefined'],
    ['that are null', null, UNKNOWN_ERROR, 'null'],
    ['that are plain objects', { message: 'no' }, UNKNOWN_ERROR, 'Object'],
    ['that cannot be looked at', evil, UNKNOWN_ERROR, 'Error'],
  ];
  test.each(cases)('%s have a code and a type', async (_, error, code, type) => {
    const tracker = downloads(createRegistry());
    let caught: unknown;
    try {
      tracker.run(() => {
        throw error;
      });
    } catch (thrown) {
      caught = thrown;
    }
    expect(Object.is(caught, error)).toBe(true);
    expect(value(tracker.errors, { error_code: code, error_type: type })).toBe(1);
    expect(value(tracker.total, { status: 'failed', provider: 'unknown' })).toBe(1);
  });

  test('have at most so many codes and types', () => {
    const registry = createRegistry();
    const tracker = downloads(registry);
    for (let i = 0; i < ERROR_CODES_MAX + 30; i++) {
      const error = Object.assign(new Error(), { code: `E_${i}`, name: `Error${i}` });
      expect(() => tracker.run(() => Promise.reject(error)).catch(() => {})).not.toThrow();
      tracker.begin().fail(error);
    }
    expect(ERROR_TYPES_MAX).toBe(ERROR_CODES_MAX);
    expect(value(tracker.errors, { error_code: OTHER_ERROR, error_type: OTHER_ERROR })).toBe(30);
    expect(value(tracker.errors, { error_code: 'E_0', error_type: 'Error0' })).toBe(1);
  });

  test('are called as one says, and a mistake there hurts nobody', () => {
    const registry = createRegistry();
    const tracker = jobTracker({
      name: 'thing',
      help: 'Things',
      registry,
      errorCode: (error) => {
        if (error === 'bug') throw new Error('a bug');
        return `HTTP_${(error as { status: number }).status}`;
      },
      endingOf: (error) => {
        if (error === 'bug') throw new Error('a bug');
        return (error as { status: number }).status === 504 ? 'timeout' : 'failed';
      },
      statuses: { timeout: 'timeout' },
    });
    tracker.begin().fail({ status: 504 });
    tracker.begin().fail('bug');
    expect(value(tracker.errors, { error_code: 'HTTP_504', error_type: 'Object' })).toBe(1);
    expect(value(tracker.errors, { error_code: UNKNOWN_ERROR, error_type: 'string' })).toBe(1);
    expect(value(tracker.total, { status: 'timeout' })).toBe(1);
    expect(value(tracker.total, { status: 'failed' })).toBe(1);
  });
});

describe('Trackers are called as other systems call them', () => {
  test('shorts-downloader', () => {
    const registry = createRegistry();
    const tracker = jobTracker({
      name: 'download',
      help: 'Downloads',
      endLabels: { provider: label },
      names: { errors: 'errors_total' },
      statuses: { aborted: false },
      buckets: [5, 10, 30, 60, 120, 300, 600, 1800],
      registry,
    });
    const job = tracker.begin();
    job.set({ provider: 'youtube' });
    job.fail(AbortSignal.abort().reason);
    expect(seriesOf(registry)).toEqual([
      'download_duration_seconds{}',
      'downloads_in_progress{}',
      'downloads_total{provider="youtube",status="failed"}',
      'downloads_total{provider="youtube",status="success"}',
      'errors_total{error_code="UNKNOWN_ERROR",error_type="AbortError"}',
    ]);
    expect(value(tracker.total, { provider: 'youtube', status: 'failed' })).toBe(1);
  });

  test('bricklayers', () => {
    const registry = createRegistry();
    const tracker = jobTracker({
      name: 'processing_job',
      help: 'Processing of a print',
      names: {
        active: 'processing_jobs_active',
        duration: 'processing_duration_seconds',
        errors: false,
      },
      statuses: { success: 'completed', failed: 'error', timeout: 'timeout', aborted: false },
      registry,
    });
    tracker.begin().fail(new DOMException('late', 'TimeoutError'));
    expect(seriesOf(registry)).toEqual([
      'processing_duration_seconds{}',
      'processing_jobs_active{}',
      'processing_jobs_total{status="completed"}',
      'processing_jobs_total{status="error"}',
      'processing_jobs_total{status="timeout"}',
    ]);
    expect(value(tracker.total, { status: 'timeout' })).toBe(1);
    // @ts-expect-error a status that this tracker does not have
    value(tracker.total, { status: 'success' });
    expect(tracker.errors).toBeUndefined();
  });

  test('lead-scraper', async () => {
    const registry = createRegistry();
    const tracker = jobTracker({
      name: 'scraping_job',
      help: 'Scraping of a source',
      labels: { source: label },
      names: { active: 'scraping_jobs_active', errors: false },
      statuses: { success: 'completed', aborted: false },
      registry,
    });
    await tracker.run({ source: 'maps' }, async () => {});
    expect(seriesOf(registry)).toEqual([
      'scraping_job_duration_seconds{source="maps"}',
      'scraping_jobs_active{source="maps"}',
      'scraping_jobs_total{source="maps",status="completed"}',
      'scraping_jobs_total{source="maps",status="failed"}',
    ]);
    expect(value(tracker.total, { source: 'maps', status: 'completed' })).toBe(1);
    // @ts-expect-error neither what is called otherwise nor what counts as another
    value(tracker.total, { source: 'maps', status: 'aborted' });
  });

  test('transcripts', () => {
    const registry = createRegistry();
    const tracker = jobTracker({
      name: 'job',
      help: 'Transcription',
      labels: { job_type: ['single', 'channel'] },
      names: {
        total: false,
        created: 'jobs_created_total',
        completed: 'jobs_completed_total',
        failed: 'jobs_failed_total',
        duration: false,
        active: false,
        errors: false,
      },
      registry,
    });
    tracker.created.inc({ job_type: 'single' });
    tracker.run({ job_type: 'single' }, () => {});
    tracker.begin({ job_type: 'channel' }).fail(new Error());
    // Taken back: neither completed nor failed.
    tracker.begin({ job_type: 'channel' }).fail(AbortSignal.abort().reason);
    expect(seriesOf(registry)).toEqual([
      'jobs_completed_total{job_type="channel"}',
      'jobs_completed_total{job_type="single"}',
      'jobs_created_total{job_type="channel"}',
      'jobs_created_total{job_type="single"}',
      'jobs_failed_total{job_type="channel"}',
      'jobs_failed_total{job_type="single"}',
    ]);
    expect(value(tracker.completed, { job_type: 'single' })).toBe(1);
    expect(value(tracker.failed, { job_type: 'channel' })).toBe(1);
    expect(value(tracker.failed, { job_type: 'single' })).toBe(0);
    const watch = jobsWatch(tracker);
    expect(watch.rows[0]?.panels.map(({ title }) => title)).toEqual([
      'Jobs',
      'Share that fails',
      'Success rate',
    ]);
  });
});

test('A tracker is watched', () => {
  const tracker = jobTracker({
    name: 'backup',
    help: 'Backups',
    labels: { source: label },
    names: { lastSuccess: 'backup_success_timestamp_seconds' },
    registry: createRegistry(),
  });
  tracker.run({ source: 'db' }, () => {});
  expect(value(tracker.lastSuccess, { source: 'db' })).toBeGreaterThan(Date.now() / 1000 - 60);
  const watch = jobsWatch(tracker);
  expect(watch.rows.flatMap(({ panels }) => panels.map(({ title }) => title))).toEqual([
    'Jobs',
    'Share that fails',
    'Success rate',
    'Waiting and active',
    'Duration',
    'Most frequent kinds',
    'Failing kinds',
    'Slowest kinds',
    'Since the last success',
    'Distribution of durations',
  ]);
});

test('Types know labels, names and what is left out', () => {
  const registry = createRegistry();
  const tracker = jobTracker({
    name: 'thing',
    help: 'Things',
    labels: { source: label },
    endLabels: { quality: ['good', 'bad'] },
    labelNames: { status: 'result' },
    names: { duration: false },
    registry,
  });
  const left: undefined = tracker.duration;
  expect(left).toBeUndefined();
  tracker.run({ source: 'a' }, (job) => {
    job.set({ quality: 'good' });
    // @ts-expect-error there is no such quality
    job.set({ quality: 'fair' });
  });
  // @ts-expect-error labels are missing
  tracker.begin();
  expect(value(tracker.total, { source: 'a', quality: 'unknown', result: 'success' })).toBe(1);
  expect(() =>
    jobTracker({ name: 'x', help: 'X', labels: { a: label }, endLabels: { a: label }, registry }),
  ).toThrow('label a is known at the start or at the end');
  // The same definition gives the same metrics.
  expect(downloads(registry).total).toBe(downloads(registry).total);
});
