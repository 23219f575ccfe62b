/** Dashboards for the golden files: each kind of panel in one line and with all that it can say, and all else once. */
import { counter, gauge as gaugeMetric, histogram as histogramMetric, label } from '@binnacle/metrics';
import { buckets, histogramQuantile, increase, rate, re, select, sum, topk } from '@binnacle/promql/builder';
import {
  annotation,
  barGauge,
  constantVariable,
  customVariable,
  type Dashboard,
  dashboard,
  datasourceVariable,
  firingAlerts,
  gauge,
  heatmap,
  histogram,
  intervalVariable,
  labelVariable,
  link,
  other,
  type Panel,
  pie,
  processRestarts,
  queryVariable,
  row,
  stat,
  stateTimeline,
  table,
  tagLink,
  text,
  textboxVariable,
  timeseries,
} from '../dist/index.js';

const OVER = '$__rate_interval';
const requests = counter({
  name: 'http_requests_total',
  help: 'Requests answered.',
  labels: { status: ['200', '500'], endpoint: label },
});
const took = histogramMetric({
  name: 'http_request_duration_seconds',
  unit: 'seconds',
  help: 'How long requests took.',
  buckets: [0.1, 1],
  labels: { endpoint: label },
});
const waiting = gaugeMetric({ name: 'jobs_waiting', help: 'Jobs that wait.', labels: { queue: label } });
const perStatus = sum(rate(select(requests), OVER)).by('status');
const p95 = histogramQuantile(0.95, sum(rate(buckets(took), OVER)).by('le', 'endpoint'));
const steps = [{ color: 'green' }, { value: 5, color: 'red' }] as const;

/** Two panels of each kind by Grafana's name: in one line, and with everything. */
export const KINDS: Readonly<Record<string, readonly Panel[]>> = {
  timeseries: [
    timeseries('Requests', perStatus),
    timeseries({
      title: 'Everything',
      description: 'Good below 5.',
      queries: [
        { expr: perStatus, legend: 'code {{status}}', minStep: '1m', exemplars: true },
        { expr: p95, hidden: true, instant: true },
      ],
      unit: 'suffix: /s',
      min: 0,
      max: 10,
      decimals: 1,
      noValue: 'nobody asks',
      thresholds: steps,
      thresholdsInPercent: true,
      thresholdStyle: 'dashed+area',
      colors: { 'code 200': 'green', 'code 500': '#ff0000' },
      mappings: [
        { value: 0, text: 'none', color: 'blue' },
        { value: 1, text: 'one' },
        { from: 2, to: 3, text: 'few' },
        { from: 100, color: 'rgb(0, 0, 0)' },
        { pattern: '/^4/i', text: 'theirs' },
        { special: 'null+nan', text: '—' },
        { value: 'x', text: 'y' },
      ],
      overrides: [
        {
          match: { name: 'p95' },
          displayName: '95th percentile',
          unit: 's',
          color: 'semi-dark-orange',
          min: 0,
          max: 1,
          decimals: 2,
          axis: 'right',
          dashed: true,
          lineWidth: 3,
          fill: 0,
        },
        { match: { pattern: '/^debug/' }, hidden: true },
        { match: { query: 'B' }, axis: 'hidden' },
        { match: { kind: 'number' }, properties: [{ id: 'custom.axisSoftMax', value: 1 }] },
        { match: { matcher: 'byValue', options: { reducer: 'max', op: 'gte', value: 1 } } },
      ],
      links: [link('Runbook', 'https://example.com/runbook', { newTab: true })],
      // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's own placeholder
      valueLinks: [link('Logs', '/explore?status=${__field.labels.status}')],
      transformations: [{ id: 'labelsToFields', options: { mode: 'columns' } }],
      stack: 'normal',
      fill: 20,
      draw: 'bars',
      interpolation: 'stepAfter',
      calcs: ['mean', 'max', 'lastNotNull'],
      legendPlacement: 'right',
      tooltip: 'single',
      logarithmic: true,
      spanGaps: true,
      axisLabel: 'per second',
      transparent: true,
      width: 12,
      height: 10,
      rest: { interval: '30s', options: { tooltip: { maxHeight: 300 } } },
    }),
  ],
  stat: [
    stat('Waiting', sum(select(waiting))),
    stat({
      title: 'Everything',
      expr: perStatus,
      calc: 'max',
      graph: 'none',
      colorMode: 'background',
      textMode: 'value_and_name',
      thresholds: steps,
      mappings: { 0: { text: 'idle', color: 'green' } },
    }),
  ],
  gauge: [
    gauge('Full', 'disk_used_bytes / disk_size_bytes'),
    gauge({
      title: 'Everything',
      expr: p95,
      min: -1,
      max: 5,
      calc: 'mean',
      markers: false,
      thresholds: steps,
    }),
  ],
  bargauge: [
    barGauge('Slowest', topk(5, p95)),
    barGauge({
      title: 'Everything',
      expr: perStatus,
      min: 1,
      calc: 'sum',
      orientation: 'vertical',
      display: 'lcd',
      unfilled: false,
      valueMode: 'text',
    }),
  ],
  table: [
    table('Routes', sum(rate(select(requests), OVER)).by('endpoint')),
    table(
      'Side by side',
      { Requests: sum(rate(select(requests), OVER)).by('endpoint'), p95 },
      { sortBy: '-p95' },
    ),
    table(
      'Everything',
      { Requests: sum(rate(select(requests), OVER)).by('endpoint'), p95 },
      {
        columns: {
          endpoint: 'Route',
          p95: { title: 'Slow', decimals: 1, cell: 'color-background', width: 90 },
          Requests: { unit: 'reqpm', align: 'right', cell: 'gauge' },
        },
        sortBy: 'Route',
        filterable: true,
        thresholds: steps,
        transformations: [{ id: 'limit', options: { limitField: 10 } }],
      },
    ),
  ],
  heatmap: [
    heatmap('Latency', sum(rate(buckets(took), OVER)).by('le')),
    heatmap({
      title: 'Everything',
      expr: 'sum(rate(native_bytes[$__rate_interval]))',
      unit: 'bytes',
      scheme: 'Blues',
      steps: 10,
      scale: 'linear',
      colorScale: false,
      hideBelow: 0.5,
    }),
  ],
  histogram: [
    histogram('Depth', select(waiting)),
    histogram({
      title: 'Everything',
      expr: select(waiting),
      bucketSize: 10,
      bucketCount: 20,
      combine: true,
      fill: 50,
      calcs: ['count'],
      tooltip: 'none',
      legendPlacement: 'hidden',
    }),
  ],
  piechart: [
    pie('Outcomes', sum(increase(select(requests), '$__range')).by('status')),
    pie({
      title: 'Everything',
      expr: perStatus,
      calc: 'sum',
      shape: 'pie',
      labels: ['name', 'percent'],
      legendValues: [],
      legendPlacement: 'bottom',
    }),
  ],
  'state-timeline': [
    stateTimeline('Up', 'up', { mappings: { 0: { text: 'down', color: 'red' } } }),
    stateTimeline({
      title: 'Everything',
      expr: 'max by (queue) (jobs_waiting)',
      values: 'never',
      merge: false,
      bandHeight: 0.5,
      fill: 100,
      thresholds: steps,
      tooltip: 'multi',
    }),
  ],
  text: [
    text('About', 'Read **this** first.'),
    text({ title: 'Everything', content: '<b>x</b>', mode: 'html', transparent: true, width: 24, height: 2 }),
  ],
  other: [
    other({ kind: 'welcome', title: 'Welcome' }),
    other({
      kind: 'geomap',
      title: 'Everything',
      description: 'Where requests come from.',
      queries: [{ expr: 'sum by (country) (visits)', legend: '{{country}}', instant: true }],
      json: { options: { view: { zoom: 2 } }, fieldConfig: { defaults: {}, overrides: [] } },
    }),
  ],
};

/** One dashboard with everything beside its panels. */
export const EVERYTHING: Dashboard = dashboard({
  title: 'Everything',
  uid: 'everything',
  description: 'One of each.',
  tags: ['generated', 'shop'],
  refresh: '30s',
  time: { from: 'now-6h', to: 'now' },
  timezone: 'utc',
  pointer: 'values',
  variables: [
    labelVariable('system', { metric: 'up', label: 'System', multi: false, default: 'shop' }),
    labelVariable('instance', {
      metric: 'up{system=~"$system"}',
      regex: '/^(.*):\\d+$/',
      sort: 'natural ascending',
      refresh: 'load',
    }),
    labelVariable('endpoint', { metric: took, default: ['/', '/upload'], all: false }),
    labelVariable('code', { metric: select(requests, { endpoint: re('$endpoint') }), of: 'status' }),
    queryVariable('worst', topk(3, sum(rate(select(requests), '5m')).by('endpoint')), {
      regex: '/endpoint="([^"]+)"/',
      hide: 'label',
    }),
    customVariable('quantile', { median: '0.5', '95th': '0.95', 'a, b': '0.99' }, { default: '0.95' }),
    customVariable('queue', ['a', 'b', 'c'], { multi: true, default: ['a', 'b'] }),
    customVariable('all', ['a', 'b'], { multi: true, allValue: '.*' }),
    intervalVariable('window', ['5m', '1h'], { default: '1h', auto: true }),
    textboxVariable('search', { default: '.*', description: 'A regular expression.' }),
    constantVariable('limit', '50'),
    datasourceVariable('logs', { plugin: 'loki', regex: '/prod/', default: 'Loki' }),
  ],
  links: [
    tagLink('Related', ['shop'], { tooltip: 'Dashboards of the shop' }),
    link('Runbook', 'https://example.com/runbook?system=$system', { newTab: true, keepTime: false }),
    link('Details', { uid: 'details' }, { keepVariables: false }),
  ],
  annotations: [
    firingAlerts({ where: 'system=~"$system"' }),
    processRestarts({ where: 'job="web"', color: 'purple' }),
    processRestarts({ step: '5m', enabled: false, hidden: true }),
    annotation('Deploys', 'changes(build_info[1m]) > 0', { tags: ['version'], text: '{{version}}' }),
  ],
  panels: [text('About', 'Is the shop **open**?', { height: 3 })],
  rows: [
    row('Overview', [
      stat('Waiting', sum(select(waiting))),
      gauge('Full', 'disk_used_bytes / disk_size_bytes'),
      timeseries('Requests', perStatus, { stack: 'normal' }),
      timeseries('Of $endpoint', p95, { repeat: { variable: 'endpoint', maxPerRow: 3 } }),
      stat('$queue', 'max(jobs_waiting{queue="$queue"})', { repeat: { variable: 'queue', direction: 'v' } }),
    ]),
    row('Details of $instance', [heatmap('Latency', sum(rate(buckets(took), OVER)).by('le'))], {
      collapsed: true,
      repeat: 'instance',
    }),
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a dashboard's placeholder
    row('Windows', [timeseries('Errors', rate(select(requests, { status: '500' }), '${window}'))]),
  ],
  rest: { weekStart: 'monday', timepicker: { nowDelay: '1m' } },
});
