import { expect, test } from 'vitest';
import type { PrometheusApi, ResultSeries } from '../src/api/prometheus.js';
import { loadPanel } from '../src/dashboard/load-panel.js';

const signal = new AbortController().signal;
const window = { fromMs: 1_000_000_000, toMs: 1_000_060_000 };
const asking = { window, widthPx: 100, scrapeMs: 15_000, choices: {} };
const query = {
  refId: 'A',
  expr: 'rate(jobs_total[$__rate_interval])',
  legend: '{{status}}',
  instant: false,
  format: 'time_series',
} as const;

/** A server that knows some answers by query; all others are empty. It remembers what it was asked. */
function server(
  answers: Record<string, readonly ResultSeries[]>,
  metrics: string[] = [],
): PrometheusApi & { asked: string[] } {
  const asked: string[] = [];
  const answer = (text: string): Promise<{ series: readonly ResultSeries[]; warnings: string[] }> => {
    asked.push(text);
    return Promise.resolve({ series: answers[text] ?? [], warnings: [] });
  };
  return {
    asked,
    queryRange: (text, { start, end, step }) => answer(`${text} @${start}..${end}/${step}`),
    queryInstant: (text, time) => answer(`${text} @${time}`),
    labelValues: () => Promise.resolve(metrics),
    labelNames: () => Promise.resolve([]),
    series: () => Promise.resolve([]),
  };
}

test('a panel asks on the grid of its steps and names what it gets', async () => {
  const api = server({
    'rate(jobs_total[1m]) @1000005..1000050/15': [
      {
        metric: { status: 'ok' },
        values: [
          [1_000_005, '1'],
          [1_000_035, '3'],
        ],
      },
      { metric: { status: 'never' }, values: [[1_000_005, 'NaN']] },
    ],
  });
  const data = await loadPanel([query], asking, signal, api);
  expect(api.asked).toEqual(['rate(jobs_total[1m]) @1000005..1000050/15']);
  expect(data.series).toEqual([
    { name: 'ok', labels: { status: 'ok' }, refId: 'A', column: [1, null, 3, null] },
  ]);
  expect(data.onlyNaN).toBe(false);
});

test('an instant query asks for the end of the range and stands at the end of the grid', async () => {
  const api = server({ 'up @1000060': [{ metric: { __name__: 'up' }, value: [1_000_060, '1'] }] });
  const data = await loadPanel(
    [{ refId: 'B', expr: 'up', legend: '__auto', instant: true, format: 'time_series' }],
    asking,
    signal,
    api,
  );
  expect(data.series).toMatchObject([{ name: 'up', refId: 'B', column: [null, null, null, 1] }]);
});

test('nothing but NaN is told apart from nothing', async () => {
  const nan = server({ 'a / b @1000060': [{ metric: {}, value: [1_000_060, 'NaN'] }] });
  const target = { refId: 'A', expr: 'a / b', legend: '', instant: true, format: 'time_series' } as const;
  expect(await loadPanel([target], asking, signal, nan)).toMatchObject({ series: [], onlyNaN: true });
  expect(await loadPanel([target], asking, signal, server({}))).toMatchObject({ series: [], onlyNaN: false });
});

test('one failing query fails the panel', async () => {
  const api = { ...server({}), queryInstant: () => Promise.reject(new Error('no')) };
  await expect(loadPanel([query, { ...query, instant: true }], asking, signal, api)).rejects.toThrow('no');
});
