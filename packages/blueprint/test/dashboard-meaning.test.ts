/** What follows from an expression, so that nobody writes it: unit, legend, description. */
import { counter, gauge as gaugeMetric, histogram as histogramMetric, label } from '@binnacle/metrics';
import {
  add,
  buckets,
  countOf,
  div,
  histogramAvg,
  histogramQuantile,
  increase,
  max,
  mul,
  promql,
  rate,
  select,
  sub,
  sum,
  sumOf,
  time,
  topk,
} from '@binnacle/promql/builder';
import { expect, test } from 'vitest';
import { barGauge, dashboard, type Expression, heatmap, row, stat, timeseries } from '../dist/index.js';

const OVER = '$__rate_interval';
const requests = counter({
  name: 'http_requests_total',
  help: 'Requests answered.',
  labels: { status: ['200', '500'], endpoint: label },
});
const received = counter({ name: 'received_bytes_total', unit: 'bytes', help: 'Bytes received.' });
const took = histogramMetric({
  name: 'took_seconds',
  unit: 'seconds',
  help: 'How long requests took.',
  buckets: [0.1, 1],
  labels: { endpoint: label },
});
const size = histogramMetric({
  name: 'native_size_bytes',
  unit: 'bytes',
  help: 'Sizes.',
  native: true,
  buckets: [],
});
const waiting = gaugeMetric({ name: 'jobs_waiting', help: 'Jobs that wait.', labels: { queue: label } });
const heat = { name: 'heat', type: 'gauge', unit: 'celsius', labels: {} } as const;

const shown = (expr: Expression, of?: unknown) => {
  const { unit, queries, description } = timeseries({ title: 'T', expr, of });
  return { unit, legend: queries[0]!.legend, description };
};

test('the unit follows from the metrics and from what is done to them', () => {
  const all = sum(rate(select(requests), OVER));
  const failed = sum(rate(select(requests, { status: '500' }), OVER));
  const cases: readonly [Expression, string][] = [
    [all, 'reqps'],
    [mul(60, all), 'reqpm'],
    [sum(increase(select(requests), '$__range')), 'short'],
    [div(failed, all), 'percentunit'],
    [mul(100, div(failed, all)), 'percent'],
    [sub(1, div(failed, all)), 'percentunit'],
    [rate(select(received), OVER), 'Bps'],
    [mul(8, rate(select(received), OVER)), 'bps'],
    [increase(select(received), '1h'), 'bytes'],
    [div(select(received), 1024 * 1024), 'mbytes'],
    [div(sum(rate(sumOf(took), OVER)), sum(rate(countOf(took), OVER))), 's'],
    [mul(1000, histogramQuantile(0.95, sum(rate(buckets(took), OVER)).by('le'))), 'ms'],
    [histogramQuantile(0.95, sum(rate(select(size), OVER))), 'bytes'],
    [histogramAvg(sum(rate(select(size), OVER))), 'bytes'],
    [sum(rate(countOf(took), OVER)), 'ops'],
    [sum(rate(sumOf(took), OVER)), 'percentunit'],
    [select(waiting), 'short'],
    [max(select(heat)), 'celsius'],
    // Texts: by what names say, or by what is given.
    ['sum(rate(jobs_total[$__rate_interval]))', 'ops'],
    ['60 * sum(rate(cleanup_runs_total[5m]))', 'opm'],
    [
      'sum by (status) (rate(http_requests_total{job="$job"}[$window])) / sum(rate(http_requests_total[5m]))',
      'percentunit',
    ],
    ['hits_total / (hits_total + misses_total)', 'percentunit'],
    ['sum(rate(files_total[5m])) / sum(rate(jobs_total[5m]))', 'short'],
    ['process_resident_memory_bytes / memory_limit_bytes', 'percentunit'],
    ['rate(process_cpu_seconds_total[5m])', 'percentunit'],
    ['time() - last_success_timestamp_seconds', 's'],
    ['(time() - last_success_timestamp_seconds) / 3600', 'h'],
    ['histogram_quantile(0.9, sum by (le) (rate(wait_seconds_bucket[5m])))', 's'],
    ['up', 'short'],
    ['sum(up) / count(up)', 'percentunit'],
    ['count(a > 1) / count(a)', 'percentunit'],
    ['avg(disk_used_ratio)', 'percentunit'],
    ['a_seconds > 1', 's'],
    ['a_seconds > bool 1', 'short'],
    ['a_seconds * on (x) group_left (version) app_info', 's'],
    ['a_seconds or vector(0)', 's'],
    ['a_seconds + b_bytes', 'short'],
    ['a_seconds ^ 2', 'short'],
    ['rate(power_joules_total[5m])', 'watt'],
    ['1 - slo:period_error:ratio{slo="shop"}', 'percentunit'],
    ['slo:error:ratio_rate1h', 'percentunit'],
    ['slo:error:ratio_rate1h / slo:error_budget:ratio', 'short'],
    ['transcode_progress_percentage', 'percent'],
    ['cpu_percent / 100', 'percentunit'],
    ['sum(rate(gc_seconds_sum[5m])) / sum(rate(process_cpu_seconds_total[5m]))', 'percentunit'],
    ['(sum(rate(failed_total[5m])) or 0 * sum(rate(all_total[5m]))) / sum(rate(all_total[5m]))', 'short'],
    [
      '(sum(rate(a_total{b="c"}[5m])) or 0 * sum(rate(a_total[5m]))) / (sum(rate(a_total[5m])) > 0)',
      'percentunit',
    ],
    ['histogram_count(sum(rate(query_seconds[5m])))', 'ops'],
    ['histogram_count(query_seconds)', 'short'],
    ['histogram_sum(sum(rate(query_seconds[5m]))) / histogram_count(sum(rate(query_seconds[5m])))', 's'],
    ['histogram_quantile(0.9, sum(rate(query_bytes[5m])))', 'bytes'],
    ['this does not parse', 'short'],
  ];
  for (const [expr, unit] of cases) expect(shown(expr).unit, String(expr)).toBe(unit);
});

test('each unit of a metric is one of Grafana, by itself, per second and multiplied', () => {
  const cases: Readonly<Record<string, string>> = {
    level_seconds: 's',
    'level_seconds * 1000': 'ms',
    'level_seconds * 1e6': 'µs',
    'level_seconds * 1e9': 'ns',
    'level_seconds / 60': 'm',
    'level_seconds / 3600': 'h',
    'level_seconds / 86400': 'd',
    level_milliseconds: 'ms',
    level_microseconds: 'µs',
    level_nanoseconds: 'ns',
    level_minutes: 'm',
    level_hours: 'h',
    level_days: 'd',
    level_bytes: 'bytes',
    'level_bytes * 8': 'bits',
    'level_bytes / 1024': 'kbytes',
    'level_bytes / 1024 / 1024': 'mbytes',
    'level_bytes / 1073741824': 'gbytes',
    'level_bytes / 1e3': 'deckbytes',
    'level_bytes / 1e6': 'decmbytes',
    'level_bytes / 1e9': 'decgbytes',
    level_bits: 'bits',
    level_kilobytes: 'deckbytes',
    level_megabytes: 'decmbytes',
    level_gigabytes: 'decgbytes',
    level_kibibytes: 'kbytes',
    level_mebibytes: 'mbytes',
    level_gibibytes: 'gbytes',
    level_celsius: 'celsius',
    level_kelvin: 'kelvin',
    level_fahrenheit: 'fahrenheit',
    level_meters: 'lengthm',
    level_volts: 'volt',
    level_amperes: 'amp',
    level_joules: 'joule',
    level_watts: 'watt',
    level_grams: 'massg',
    level_hertz: 'hertz',
    'rate(sent_bytes_total[5m])': 'Bps',
    '8 * rate(sent_bytes_total[5m])': 'bps',
    'rate(sent_bits_total[5m])': 'bps',
    'rate(walked_meters_total[5m])': 'velocityms',
    'rate(used_joules_total[5m])': 'watt',
    'rate(things_total[5m])': 'ops',
    '60 * rate(things_total[5m])': 'opm',
    'rate(requests_total[5m])': 'reqps',
    '60 * rate(requests_total[5m])': 'reqpm',
    '3600 * rate(requests_total[5m])': 'short',
  };
  for (const [expr, unit] of Object.entries(cases)) expect(shown(expr).unit, expr).toBe(unit);
});

test('of a text the metrics can be given, where names say nothing', () => {
  const heap = { name: 'heap_used', type: 'gauge', unit: 'bytes', help: 'Memory in use.' } as const;
  expect(shown('max(heap_used)')).toEqual({ unit: 'short', legend: 'T', description: undefined });
  expect(shown('max(heap_used)', heap)).toEqual({
    unit: 'bytes',
    legend: 'T',
    description: 'Memory in use.',
  });
  // A module of metrics tells units; which of them is meant by the help is not known.
  expect(shown('max(heap_used)', { heap, waiting })).toMatchObject({ unit: 'bytes', description: undefined });
});

test('what is written has the last word', () => {
  const panel = timeseries('T', sum(rate(select(requests), OVER)).by('status'), {
    unit: 'short',
    legend: 'code {{status}}',
    description: 'Mine.',
  });
  expect(panel).toMatchObject({ unit: 'short', description: 'Mine.' });
  expect(panel.queries).toMatchObject([{ legend: 'code {{status}}' }]);
  expect(panel.queries[0]).not.toHaveProperty('unit');
});

test('the legend has the labels that the expression keeps', () => {
  const perStatus = sum(rate(select(requests), OVER)).by('status');
  const cases: readonly [Expression, string][] = [
    [perStatus, '{{status}}'],
    [sum(rate(select(requests), OVER)).by('status', 'endpoint'), '{{status}} {{endpoint}}'],
    [topk(5, perStatus), '{{status}}'],
    [mul(60, perStatus), '{{status}}'],
    [div(perStatus, sum(rate(select(requests), OVER)).by('status')), '{{status}}'],
    [
      div(perStatus, sum(rate(select(requests), OVER)))
        .on()
        .groupLeft(),
      '{{status}}',
    ],
    [histogramQuantile(0.5, sum(rate(buckets(took), OVER)).by('le', 'endpoint')), '{{endpoint}}'],
    [histogramQuantile(0.5, sum(rate(buckets(took), OVER)).by('le')), 'T'],
    [sum(select(waiting)), 'T'],
    [time(), 'T'],
    [select(waiting), ''],
    [add(sum(select(waiting)), 1), 'T'],
    [promql('sum without (instance) (up)'), ''],
    ['a / on (job) b', '{{job}}'],
    ['sum by (a, b) (x) / ignoring (b) sum by (a) (y)', '{{a}}'],
    ['sum by (job) (a) or sum by (job) (b)', '{{job}}'],
    ['sum by (job) (a) or sum by (system) (b)', ''],
    ['sum(a) or vector(0)', 'T'],
    ['count_values("version", build)', ''],
    ['clamp_min(sum by (job) (a), 0) and on () (up == 1)', '{{job}}'],
    ['label_replace(sum by (job) (a), "x", "$1", "job", "(.*)")', ''],
    ['sum by (job) (a) unless', ''],
  ];
  for (const [expr, legend] of cases) expect(shown(expr).legend, String(expr)).toBe(legend);
});

test('several queries are named by their keys; one that has another unit keeps it', () => {
  const panel = stat('Requests', {
    rate: sum(rate(select(requests), OVER)),
    p95: histogramQuantile(0.95, sum(rate(buckets(took), OVER)).by('le')),
  });
  expect(panel.unit).toBe('reqps');
  expect(panel.queries.map(({ legend, unit }) => [legend, unit])).toEqual([
    ['rate', undefined],
    ['p95', 's'],
  ]);
  // Without names nothing is known that tells series of two queries apart.
  const unnamed = stat({ title: 'T', queries: [{ expr: 'sum(a)' }, { expr: 'sum(b)' }] });
  expect(unnamed.queries.map(({ legend }) => legend)).toEqual(['', '']);
});

test('the axis of a heatmap has the unit of what was observed', () => {
  const classic = sum(rate(buckets(took), OVER)).by('le');
  expect(heatmap('Latency', classic)).toMatchObject({ unit: 's', queries: [{ legend: '{{le}}' }] });
  expect(heatmap('Sizes', sum(rate(select(size), OVER))).unit).toBe('bytes');
  expect(heatmap('By name', 'sum by (le) (rate(x_bytes_bucket[5m]))').unit).toBe('bytes');
});

test('bars of buckets count, and keep their buckets apart', () => {
  const counts = sum(increase(buckets(took), '$__range')).by('le');
  expect(barGauge('Sizes', counts, { buckets: true })).toMatchObject({
    unit: 'short',
    queries: [{ legend: '{{le}}', format: 'heatmap', instant: true }],
  });
  expect(barGauge('Sizes', counts).queries[0]).not.toHaveProperty('format');
});

test('an axis begins at 0 where no value can be below it', () => {
  const temperature = { name: 'room_celsius', type: 'histogram', unit: 'celsius', buckets: [-5, 5] } as const;
  const all = sum(rate(select(requests), OVER));
  const cases: readonly [Expression, boolean][] = [
    [all, true],
    [mul(60, all), true],
    [div(sum(rate(sumOf(took), OVER)), sum(rate(countOf(took), OVER))), true],
    [histogramQuantile(0.95, sum(rate(buckets(took), OVER)).by('le')), true],
    [histogramQuantile(0.95, sum(rate(buckets(temperature), OVER)).by('le')), false],
    [topk(3, increase(select(requests), '1h')), true],
    [sub(all, all), false],
    [sub(1, div(all, all)), false],
    [select(waiting), false],
    [max(select(heat)), false],
    ['count(up == 0) or vector(0)', true],
    ['-sum(rate(sent_bytes_total[5m]))', false],
    ['deriv(disk_used_bytes[1h])', false],
    ['max_over_time(sum(rate(a_total[5m]))[1h:])', true],
    ['quantile_over_time(0.9, rate(a_total[5m])[1h:])', true],
    ['quantile_over_time(0.9, room_celsius[1h])', false],
    ['this does not parse', false],
  ];
  for (const [expr, fromZero] of cases)
    expect(timeseries('T', expr).min, String(expr)).toBe(fromZero ? 0 : undefined);
  expect(timeseries('T', all, { fromZero: false }).min).toBeUndefined();
  expect(timeseries('T', select(waiting), { fromZero: true }).min).toBe(0);
  expect(timeseries('T', all, { min: 5 }).min).toBe(5);
  expect(timeseries('T', all, { logarithmic: true }).min).toBeUndefined();
  expect(timeseries('T', all, { max: -1 }).min).toBeUndefined();
  expect(timeseries('T', { all, waiting: select(waiting) }).min).toBeUndefined();
});

test('the description is the help of the metric, if it is one', () => {
  expect(shown(sum(select(waiting))).description).toBe('Jobs that wait.');
  expect(shown(add(sum(select(waiting)), sum(select(requests)))).description).toBeUndefined();
  expect(shown('sum(jobs_waiting)').description).toBeUndefined();
  expect(shown('sum(jobs_waiting)', waiting).description).toBe('Jobs that wait.');
  expect(shown(select(heat)).description).toBeUndefined();
});

test('a definition knows where it stands', () => {
  const panel = stat('T', 'up');
  const made = dashboard({ title: 'D', rows: [row('R', [panel])] });
  const { definedAt } = panel;
  expect(definedAt?.file).toMatch(/dashboard-meaning\.test\.ts$/);
  expect(made.definedAt).toMatchObject({ file: definedAt!.file, line: definedAt!.line + 1 });
});
