import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import {
  customVariable,
  type DashboardSpec,
  DefinitionError,
  dashboard,
  gauge,
  histogram,
  intervalVariable,
  labelVariable,
  type QuerySpec,
  row,
  stat,
  timeseries,
  type Variable,
} from '../dist/index.js';

/** The message with which a dashboard of one timeseries is refused; undefined when it is accepted. */
function refusal(expr: string, variables: readonly Variable[] = []): string | undefined {
  return thrown(() =>
    dashboard({ title: 'D', variables, rows: [row('Jobs', [timeseries({ title: 'Rate', expr })])] }),
  );
}

function thrown(define: () => unknown): string | undefined {
  try {
    define();
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(DefinitionError);
    return (error as Error).message;
  }
}

test('one line is a panel, and everything left open has its usual value', () => {
  expect(timeseries({ title: 'Queue depth', expr: 'jobs_pending', legend: 'pending' })).toEqual({
    type: 'timeseries',
    title: 'Queue depth',
    unit: 'short',
    queries: [{ expr: 'jobs_pending', legend: 'pending', instant: false }],
    stack: 'none',
    fill: 8,
    draw: 'line',
    interpolation: 'linear',
    thresholdStyle: 'off',
    calcs: [],
    legendPlacement: 'bottom',
    tooltip: 'multi',
    logarithmic: false,
    spanGaps: false,
    axisLabel: '',
    definedAt: { file: fileURLToPath(import.meta.url), line: expect.any(Number), column: expect.any(Number) },
  });
});

test('a stat asks for the range only when it draws it, a gauge never', () => {
  const instant = (panel: { readonly queries: readonly { readonly instant: boolean }[] }): boolean =>
    panel.queries[0]!.instant;
  expect(instant(stat({ title: 'a', expr: 'up' }))).toBe(false);
  expect(instant(stat({ title: 'a', expr: 'up', graph: 'none' }))).toBe(true);
  expect(instant(gauge({ title: 'a', expr: 'up' }))).toBe(true);
  expect(instant(gauge({ title: 'a', queries: [{ expr: 'up', instant: false }] }))).toBe(false);
});

test('a gauge has two ends', () => {
  expect(gauge({ title: 'a', expr: 'up' })).toMatchObject({ min: 0, max: 100 });
  expect(gauge({ title: 'a', expr: 'up', unit: 'percentunit' })).toMatchObject({ min: 0, max: 1 });
});

test('bars of a histogram may be narrower than 1', () => {
  expect(histogram('a', 'up', { bucketSize: 0.5 }).bucketSize).toBe(0.5);
});

test('macros and variables stand where durations, values and numbers may', () => {
  const variables = [
    labelVariable('job', { metric: 'up' }),
    intervalVariable('window', ['5m', '1h']),
    customVariable('q', ['0.95', '0.99']),
  ];
  for (const expr of [
    'rate(a_total[$__rate_interval])',
    'avg_over_time(a[$__range:$__interval])',
    'increase(a_total{job=~"$job"}[$window])',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a dashboard's placeholder
    'histogram_quantile($q, sum by (le) (rate(a_bucket{job=~"${job:regex}"}[${window}])))',
    'a_total / $__range_s',
    'a{job=~"[[job]]"}',
  ])
    expect(refusal(expr, variables), expr).toBeUndefined();
});

test('an expression that does not parse is refused with its panel and a caret', () => {
  expect(refusal('sum(rate(a_total[5m])) by (job) by')).toBe(
    'panel "Jobs / Rate": unexpected <by>\n  sum(rate(a_total[5m])) by (job) by\n                                  ^',
  );
});

test('the caret counts in what the author wrote, past macros and letters of several bytes', () => {
  const refused = refusal('rate(a{x="äöü"}[$__rate_interval]) +* 2')!.split('\n');
  expect(refused[2]!.indexOf('^')).toBe(refused[1]!.indexOf('*'));
});

test('the caret stands under the line that has the mistake', () => {
  const refused = refusal('sum(\n  rate(a_total[5m]) +* 2\n)')!.split('\n');
  expect(refused[1]).toBe('    rate(a_total[5m]) +* 2');
  expect(refused[2]!.indexOf('^')).toBe(refused[1]!.indexOf('*'));
});

test('the uid comes from the title and stays', () => {
  const uid = (title: string): string => dashboard({ title, rows: [] }).uid;
  expect(uid('Jobs & queues')).toBe('jobs-queues');
  expect(uid('Bricklayers')).toBe('bricklayers');
  const long = uid('What a very long title for a dashboard that nobody will ever read');
  expect(long).toMatch(/^what-a-very-long-title-for-a-das-\w{7}$/);
  expect(uid('What a very long title for a dashboard that nobody will ever see')).not.toBe(long);
  expect(uid('日本')).toMatch(/^\w{7}$/);
});

// @ts-expect-error a panel asks directly or with a list, not both
export const both: Parameters<typeof timeseries>[0] = {
  title: 'T',
  expr: 'up',
  queries: [] satisfies QuerySpec[],
};
// @ts-expect-error colours are names of the palette or hex
export const colour: Parameters<typeof timeseries>[0] = { title: 'T', expr: 'up', colors: { a: 'greeen' } };
export const complete: DashboardSpec = { title: 'D', rows: [] };
