import { describe, expect, test } from 'vitest';
import type { MemoryStorage } from '../dist/index.js';
import { answer, loaded } from './script.ts';

const MINUTE = 60_000;

describe("the reference document's queries", () => {
  // 20 samples in a window of 5 minutes; every counter grows evenly, so each rate is its increment per 15 s.
  const storage: MemoryStorage = loaded(
    15_000,
    'http_requests_total{method="GET",endpoint="/a",status="200"} 0+27x80',
    'http_requests_total{method="GET",endpoint="/a",status="304"} 0+1x80',
    'http_requests_total{method="POST",endpoint="/b",status="500"} 0+2x80',
    'http_request_duration_seconds_bucket{method="GET",endpoint="/a",le="0.1"} 0+10x80',
    'http_request_duration_seconds_bucket{method="GET",endpoint="/a",le="0.5"} 0+18x80',
    'http_request_duration_seconds_bucket{method="GET",endpoint="/a",le="1"} 0+20x80',
    'http_request_duration_seconds_bucket{method="GET",endpoint="/a",le="+Inf"} 0+20x80',
    'http_request_duration_seconds_bucket{method="POST",endpoint="/b",le="5"} 0+1x80',
    'http_request_duration_seconds_bucket{method="POST",endpoint="/b",le="10"} 0+20x80',
    'http_request_duration_seconds_bucket{method="POST",endpoint="/b",le="+Inf"} 0+20x80',
    'processing_duration_seconds_sum 0+60x80',
    'processing_duration_seconds_count 0+15x80',
    'uploads_total{status="success"} 0+9x80',
    'uploads_total{status="failed_size"} 0+1x80',
    'upload_validation_failures_total{reason="file_too_large"} 0+3x80',
    'upload_validation_failures_total{reason="invalid_extension"} 0+6x80',
    'processing_jobs_total{status="completed"} 0+15x80',
    'processing_jobs_total{status="error"} 0+3x80',
    'processing_jobs_total{status="timeout"} 0+2x80',
    'processing_jobs_pending 41+1x80',
    'cleanup_bytes_freed_total 0+4096x300',
    'cleanup_runs_total 0+2x300',
    'cleanup_files_deleted_total 0+1x300',
    'cleanup_errors_total 0+0.025x300',
  );
  test.each([
    [
      'rate(http_requests_total[5m])',
      [
        '{endpoint="/a", method="GET", status="200"} 1.8',
        '{endpoint="/a", method="GET", status="304"} 0.06666666666666667',
        '{endpoint="/b", method="POST", status="500"} 0.13333333333333333',
      ],
    ],
    [
      'sum(rate(http_requests_total{status=~"2..|3.."}[5m])) / sum(rate(http_requests_total[5m]))',
      [`{} ${28 / 30}`],
    ],
    [
      'histogram_quantile(0.95, rate(http_request_duration_seconds_bucket[5m]))',
      ['{endpoint="/a", method="GET"} 0.75', `{endpoint="/b", method="POST"} ${5 + 5 * (18 / 19)}`],
    ],
    ['rate(processing_duration_seconds_sum[5m]) / rate(processing_duration_seconds_count[5m])', ['{} 4']],
    ['sum(rate(uploads_total{status="success"}[5m])) / sum(rate(uploads_total[5m]))', ['{} 0.9']],
    [
      'sum by (reason) (rate(upload_validation_failures_total[5m]))',
      ['{reason="file_too_large"} 0.2', '{reason="invalid_extension"} 0.4'],
    ],
    ['rate(processing_jobs_total{status="completed"}[1m]) * 60', ['{status="completed"} 60']],
    ['avg_over_time(processing_jobs_pending[5m])', ['{} 111.5']],
    [
      'sum(rate(processing_jobs_total{status=~"error|timeout"}[5m])) / sum(rate(processing_jobs_total[5m]))',
      ['{} 0.25'],
    ],
    [
      'sum(rate(http_requests_total{status=~"5.."}[5m]))\n/ sum(rate(http_requests_total[5m])) > 0.05',
      [`{} ${2 / 30}`],
    ],
    [
      'sum(rate(processing_jobs_total{status=~"error|timeout"}[10m]))\n/ sum(rate(processing_jobs_total[10m])) > 0.1',
      ['{} 0.25'],
    ],
    ['processing_jobs_pending > 50', ['processing_jobs_pending 121']],
    [
      'histogram_quantile(0.95,\n  rate(http_request_duration_seconds_bucket[5m])\n) > 5',
      [`{endpoint="/b", method="POST"} ${5 + 5 * (18 / 19)}`],
    ],
  ])('%s', async (query, wanted) => {
    const got = await answer(storage, query, 20 * MINUTE);
    expect(got.map((line) => line.split(' ').slice(0, -1))).toEqual(
      wanted.map((line) => line.split(' ').slice(0, -1)),
    );
    got.forEach((line, i) => {
      expect(Number(line.split(' ').at(-1))).toBeCloseTo(Number(wanted[i]!.split(' ').at(-1)), 9);
    });
  });

  test.each([
    ['rate(cleanup_bytes_freed_total[1h]) / rate(cleanup_runs_total[1h])', 2048],
    ['increase(cleanup_files_deleted_total[1h])', 240],
    ['increase(cleanup_errors_total[1h]) > 5', 6],
  ])('%s', async (query, wanted) => {
    const [line] = await answer(storage, query, 75 * MINUTE);
    expect(Number(line!.split(' ').at(-1))).toBeCloseTo(wanted, 9);
  });
});

test('an alert that no series fires has an empty answer, not a zero', async () => {
  const storage = loaded(
    15_000,
    'http_requests_total{status="200"} 0+1x40',
    'http_requests_total{status="500"} 0x40',
  );
  const query =
    'sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m])) > 0.05';
  expect(await answer(storage, query, 10 * MINUTE)).toEqual([]);
  expect(await answer(loaded(15_000), query, 10 * MINUTE)).toEqual([]);
});
