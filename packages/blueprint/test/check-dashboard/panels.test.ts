/** What is found in the panels of a dashboard, and in the dashboard as a whole. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Grafana fills them in
import { board, dashboardSuite, graph, looks, SCRAPED } from './dashboard-suite.ts';

const R = 'rate(http_requests_total[$__rate_interval])';
const PANEL = 'panel "P"';
const BOARD = 'dashboard "API"';
const BUCKETS = 'sum by (le) (rate(http_request_duration_seconds_bucket[5m]))';
const LATENCY =
  'histogram_quantile(0.9, sum by (le) (rate(http_request_duration_seconds_bucket[$__rate_interval])))';
const RATIO = `sum(rate(http_requests_total{status="200"}[5m])) / sum(rate(http_requests_total[5m]))`;
const override = (id: string, value: string | number) => ({
  matcher: { id: 'byName', options: 'x' },
  properties: [{ id, value }],
});
const at = (x: number, y: number, w: number, h: number) => ({ gridPos: { x, y, w, h } });

dashboardSuite('unknown-unit', {
  reported: [
    [
      'a name of the menu',
      board([graph(`sum(${R})`, looks({ unit: 'milliseconds' }))]),
      [[PANEL, '"milliseconds"', 'warning', 'there is no unit "milliseconds"', 'ms']],
    ],
    [
      'a slip',
      board([graph(`sum(${R})`, looks({ unit: 'reqsp' }))]),
      [[PANEL, '"reqsp"', 'warning', 'there is no unit "reqsp"', 'reqps']],
    ],
    [
      'an override',
      board([graph(`sum(${R})`, looks({ unit: 's' }, override('unit', 'Byte')))]),
      [[PANEL, '"Byte"', 'warning', 'there is no unit "Byte"', 'bytes']],
    ],
  ],
  silent: [
    [
      'ids',
      board(
        ['s', 'percentunit', 'Bps', 'reqps', 'short', 'none', 'celsius', 'currencyUSD'].map((unit) =>
          graph('up', looks({ unit })),
        ),
      ),
    ],
    [
      "units of one's own",
      board(
        ['suffix: jobs', 'prefix:~', 'time:YYYY', 'si:mF', 'count:x', 'currency:EUR'].map((unit) =>
          graph('up', looks({ unit })),
        ),
      ),
    ],
  ],
});

dashboardSuite('unit-misfit', {
  reported: [
    [
      'bytes as seconds',
      board([graph('sum(disk_usage_bytes)', looks({ unit: 's' }))]),
      [[PANEL, '"s"', 'warning', 'the values are bytes, and are shown as s']],
    ],
    [
      'a rate of bytes as bytes',
      board([graph('sum(rate(sent_bytes_total[5m]))', looks({ unit: 'bytes' }))]),
      [[PANEL, '"bytes"', 'warning', 'the values are bytes per second, and are shown as bytes']],
    ],
    [
      'seconds as a plain number',
      board([graph(LATENCY, looks({ unit: 'short' }))]),
      [[PANEL, '"short"', 'info', 'the values are seconds, and are shown as short']],
    ],
    [
      'bytes as bits',
      board([graph('rate(sent_bytes_total[5m])', looks({ unit: 'bps' }))]),
      [[PANEL, '"bps"', 'warning', 'the values are bytes per second, and are shown as bps']],
    ],
    [
      'buckets of seconds as bytes',
      board([graph(BUCKETS, { type: 'heatmap', ...looks({ unit: 'bytes' }) })]),
      [[PANEL, '"bytes"', 'warning', 'the values are seconds, and are shown as bytes']],
    ],
    [
      'an axis of bytes for buckets of seconds',
      board([
        graph(BUCKETS, {
          type: 'heatmap',
          options: { yAxis: { unit: 'decbytes' } },
          ...looks({ unit: 'short' }),
        }),
      ]),
      [[PANEL, '"decbytes"', 'warning', 'the values are seconds, and are shown as decbytes']],
    ],
    [
      'bytes that a heatmap sorts into buckets as seconds',
      board([
        graph('disk_usage_bytes', { type: 'heatmap', options: { calculate: true }, ...looks({ unit: 's' }) }),
      ]),
      [[PANEL, '"s"', 'warning', 'the values are bytes, and are shown as s']],
    ],
  ],
  silent: [
    [
      'units that fit',
      board([
        graph(LATENCY, looks({ unit: 's' })),
        graph('rate(sent_bytes_total[5m])', looks({ unit: 'Bps' })),
        graph('disk_usage_bytes', looks({ unit: 'decbytes' })),
        graph('time() - last_backup_timestamp_seconds', looks({ unit: 'dtdurations' })),
      ]),
    ],
    [
      'numbers of things',
      board([
        graph(`sum(${R})`, looks({ unit: 'reqps' })),
        graph('sum(jobs_pending)', looks({ unit: 'short' })),
        graph('count(up)', looks({ unit: 'none' })),
        graph('sum(rate(http_request_duration_seconds_count[5m]))', looks({ unit: 'short' })),
      ]),
    ],
    [
      'what is converted',
      board([
        graph(`${LATENCY} * 1000`, looks({ unit: 'ms' })),
        graph('disk_usage_bytes / 1024 / 1024', looks({ unit: 'mbytes' })),
      ]),
    ],
    ['a unit of its own for some', board([graph(LATENCY, looks({ unit: 'bytes' }, override('unit', 's')))])],
    [
      'what a transformation computes',
      board([
        graph(LATENCY, {
          ...looks({ unit: 'ms' }),
          transformations: [{ id: 'calculateField', options: {} }],
        }),
      ]),
    ],
    ['words', board([graph(LATENCY, looks({ unit: 'suffix: s' }))])],
    [
      'the buckets of a heatmap, whose counts are in its cells',
      board([
        graph(BUCKETS, { type: 'heatmap', ...looks({ unit: 's' }) }),
        graph(`sum by (le) (increase(http_request_duration_seconds_bucket[5m]))`, {
          type: 'heatmap',
          options: { calculate: false },
          ...looks({ unit: 's' }),
        }),
        graph(BUCKETS, { type: 'heatmap', options: { yAxis: { unit: 's' } }, ...looks({ unit: 'short' }) }),
        graph(BUCKETS, { type: 'heatmap', ...looks({ unit: 'short' }) }),
        // Of what is in these buckets nobody says what it is.
        graph(`sum by (le) (rate(other_bucket[5m]))`, { type: 'heatmap', ...looks({ unit: 's' }) }),
      ]),
    ],
  ],
});

dashboardSuite('percent-scale', {
  reported: [
    [
      'a factor of 100',
      board([graph(`100 * (${RATIO})`, looks({ unit: 'percentunit' }))]),
      [[PANEL, '"percentunit"', 'warning', 'the values are multiplied by 100, and are shown as shares of 1']],
    ],
    [
      'a maximum of 100',
      board([graph('cache_hit_ratio', looks({ unit: 'percentunit', max: 100 }))]),
      [[PANEL, '100', 'warning', 'the maximum is 100, and the unit is percentunit']],
    ],
    [
      'thresholds up to 1',
      board([
        graph(
          'cache_percent',
          looks({
            unit: 'percent',
            thresholds: {
              mode: 'absolute',
              steps: [
                { color: 'red', value: null },
                { color: 'green', value: 0.9 },
              ],
            },
          }),
        ),
      ]),
      [[PANEL, '{', 'warning', 'the highest threshold is 0.9, and the unit is percent']],
    ],
  ],
  silent: [
    ['shares of 1', board([graph(RATIO, looks({ unit: 'percentunit', max: 1 }))])],
    [
      'a factor within',
      board([
        graph(
          '100 * sum(rate(jobs_total[5m])) / sum(rate(http_requests_total[5m]))',
          looks({ unit: 'percent' }),
        ),
      ]),
    ],
    ['percentages', board([graph(`(${RATIO}) * 100`, looks({ unit: 'percent', max: 100 }))])],
    [
      'thresholds that nobody has set',
      board([
        graph(
          'cache_hit_ratio',
          looks({
            unit: 'percentunit',
            thresholds: {
              mode: 'absolute',
              steps: [
                { color: 'green', value: null },
                { color: 'red', value: 80 },
              ],
            },
          }),
        ),
      ]),
    ],
    [
      'relative thresholds',
      board([
        graph(
          'cache_hit_ratio',
          looks({
            unit: 'percentunit',
            thresholds: { mode: 'percentage', steps: [{ color: 'red', value: 80 }] },
          }),
        ),
      ]),
    ],
    ['gauges that are percentages', board([graph('cpu_percent', looks({ unit: 'percent', max: 100 }))])],
  ],
});

dashboardSuite('panel-without-unit', {
  reported: [
    ['a stat', board([{ ...graph(`sum(${R})`), type: 'stat' }]), [[PANEL, '"P"', 'info', 'it has no unit']]],
  ],
  silent: [
    [
      'a table and a text',
      board([
        { ...graph('up'), type: 'table' },
        { type: 'text', title: 'T' },
      ]),
    ],
    ['a unit of an override', board([graph('up', looks({}, override('unit', 's')))])],
    [
      'words in place of values',
      board([
        {
          ...graph('up', looks({ mappings: [{ type: 'value', options: { 0: { text: 'down' } } }] })),
          type: 'stat',
        },
      ]),
    ],
  ],
});

dashboardSuite('gauge-without-max', {
  reported: [
    [
      'bytes',
      board([{ ...graph('disk_usage_bytes', looks({ unit: 'bytes', min: 0 })), type: 'gauge' }]),
      [[PANEL, '"P"', 'warning', 'the gauge has no maximum']],
    ],
  ],
  silent: [
    ['a maximum', board([{ ...graph('disk_usage_bytes', looks({ unit: 'bytes', max: 5 })), type: 'gauge' }])],
    ['a share', board([{ ...graph(RATIO, looks({ unit: 'percentunit' })), type: 'gauge' }])],
    ['a maximum of an override', board([{ ...graph('up', looks({}, override('max', 3))), type: 'gauge' }])],
    ['a stat', board([{ ...graph('up'), type: 'stat' }])],
  ],
});

dashboardSuite('stacked-quantiles', {
  reported: [
    [
      'one of two queries, as percent',
      board([
        graph([['sum(jobs_pending)'], [LATENCY]], looks({ custom: { stacking: { mode: 'percent' } } })),
      ]),
      [[PANEL, '"percent"', 'warning', 'quantiles are stacked']],
    ],
  ],
  silent: [
    [
      'parts of a whole',
      board([graph(`sum by (status) (${R})`, looks({ custom: { stacking: { mode: 'normal' } } }))]),
    ],
    ['shares', board([graph(RATIO, looks({ custom: { stacking: { mode: 'normal' } } }))])],
    ['lines', board([graph(LATENCY, looks({ custom: { stacking: { mode: 'none' } } }))])],
  ],
});

dashboardSuite('untitled-panel', {
  reported: [
    [
      'blanks',
      board([graph('up', { title: '  ' })]),
      [['panel "  "', '"  "', 'warning', 'a timeseries panel has no title']],
    ],
  ],
  silent: [['a text', board([{ type: 'text', title: '' }])]],
});

dashboardSuite('undescribed-panel', {
  reported: [
    [
      'one of two',
      board([graph('up', { description: 'Good: 1.' }), graph('up', { title: 'Q', description: '' })]),
      [['panel "Q"', '"Q"', 'info', 'it has no description']],
    ],
  ],
  silent: [
    [
      'a text and a row',
      board([
        { type: 'text', title: 'T' },
        { type: 'row', title: 'R', panels: [] },
      ]),
    ],
  ],
});

dashboardSuite('panel-without-query', {
  reported: [
    [
      'no queries',
      board([{ type: 'stat', title: 'P' }]),
      [[PANEL, '"P"', 'warning', 'a stat panel has no query']],
    ],
    [
      'a query that is switched off',
      board([{ type: 'stat', title: 'P', targets: [{ refId: 'A', expr: 'up', hide: true }] }]),
      [[PANEL, '"A"', 'warning', 'no query of the stat panel asks for anything']],
    ],
  ],
  silent: [
    [
      'texts and lists',
      board([
        { type: 'text', title: 'T' },
        { type: 'dashlist', title: 'D' },
        { type: 'alertlist', title: 'A' },
      ]),
    ],
    [
      'other languages',
      board([
        {
          type: 'stat',
          title: 'P',
          datasource: { type: 'influxdb', uid: 'i' },
          targets: [{ refId: 'A', measurement: 'x' }],
        },
      ]),
    ],
    [
      'one that is switched on',
      board([
        {
          type: 'stat',
          title: 'P',
          targets: [
            { refId: 'A', expr: 'up', hide: true },
            { refId: 'B', expr: 'up' },
          ],
        },
      ]),
    ],
  ],
});

dashboardSuite('long-title', {
  reported: [
    [
      'a line that is too long for any panel',
      board([graph('up', { title: 'x'.repeat(101) })]),
      [
        [
          `panel "${'x'.repeat(101)}"`,
          `"${'x'.repeat(101)}"`,
          'info',
          'the title has 101 characters, and about 100 fit',
        ],
      ],
    ],
  ],
  silent: [['one that fits', board([graph('up', { title: 'Requests per second', ...at(0, 0, 4, 4) })])]],
});

dashboardSuite('overlapping-panels', {
  reported: [
    [
      'by one row',
      board([graph('up', at(0, 0, 24, 8)), graph('up', { title: 'Q', ...at(0, 7, 24, 8) })]),
      [['panel "Q"', '{', 'warning', 'it lies on panel "P"']],
    ],
    [
      'beyond the edge',
      board([graph('up', at(20, 0, 6, 8))]),
      [[PANEL, '{', 'warning', 'it reaches beyond the 24 columns']],
    ],
  ],
  silent: [
    ['side by side', board([graph('up', at(0, 0, 12, 8)), graph('up', at(12, 0, 12, 8))])],
    [
      'closed rows',
      board([
        {
          type: 'row',
          title: 'R',
          collapsed: true,
          ...at(0, 0, 24, 1),
          panels: [{ id: 9, ...graph('up', at(0, 1, 24, 8)) }],
        },
        {
          type: 'row',
          title: 'S',
          collapsed: true,
          ...at(0, 1, 24, 1),
          panels: [{ id: 8, ...graph('up', at(0, 2, 24, 8)) }],
        },
      ]),
    ],
    ['panels without a place', board([graph('up', { gridPos: null }), graph('up', { gridPos: null })])],
  ],
});

dashboardSuite('duplicate-panel-id', {
  reported: [
    [
      'one in a closed row',
      board([
        graph('up', { id: 7 }),
        {
          type: 'row',
          title: 'R',
          id: 1,
          collapsed: true,
          panels: [{ id: 7, ...graph('up', { title: 'Q' }) }],
        },
      ]),
      [['panel "R / Q"', '7', 'warning', 'two panels have the id 7']],
    ],
  ],
  silent: [
    ['none at all', board([graph('up', { id: null }), graph('up', { id: null })])],
    ['different ones', board([graph('up'), graph('up')])],
  ],
});

dashboardSuite('deprecated-panel', {
  reported: [
    [
      'a singlestat',
      board([{ ...graph('up'), type: 'singlestat' }]),
      [[PANEL, '"singlestat"', 'warning', 'there are no singlestat panels any more']],
    ],
  ],
  silent: [
    ['panels of today and of plugins', board([graph('up'), { ...graph('up'), type: 'grafana-clock-panel' }])],
  ],
});

dashboardSuite('misplaced-field', {
  reported: [
    [
      'thresholds among the options',
      board([{ ...graph('up'), type: 'stat', options: { decimals: 2 } }]),
      [[PANEL, '2', 'warning', 'options.decimals belongs in fieldConfig.defaults']],
    ],
  ],
  silent: [['where Grafana looks', board([graph('up', looks({ unit: 's', decimals: 2 }))])]],
});

dashboardSuite('duplicate-dashboard', {
  reported: [
    [
      'a title in one folder',
      board([], { uid: 'other' }),
      [[BOARD, '"API"', 'warning', 'dashboards/a.json has the title "API", too']],
      { files: { 'dashboards/a.json': JSON.stringify(board([])) } },
    ],
    [
      'a uid in another folder',
      board([], { title: 'X' }),
      [['dashboard "X"', '"api"', 'error', 'a.json has the uid api, too']],
      { files: { 'a.json': JSON.stringify(board([])) } },
    ],
  ],
  silent: [
    [
      'a title in another folder',
      board([], { uid: 'other' }),
      { files: { 'a.json': JSON.stringify(board([])) } },
    ],
    [
      'dashboards without a uid',
      board([], { uid: '', title: 'X' }),
      { files: { 'dashboards/a.json': JSON.stringify(board([], { uid: '' })) } },
    ],
  ],
});

const PROVISIONED = {
  files: { 'ds.yml': 'apiVersion: 1\ndatasources:\n  - {name: Prometheus, uid: prom, type: prometheus}\n' },
};

dashboardSuite('fixed-datasource', {
  reported: [
    [
      'where nothing is provisioned',
      board([graph('up', { datasource: { type: 'prometheus', uid: 'abc' } })]),
      [[BOARD, '"abc"', 'info', 'the data source abc is written into it']],
    ],
    [
      'of a query',
      board([
        {
          ...graph('up'),
          targets: [{ refId: 'A', expr: 'up', datasource: { type: 'prometheus', uid: 'abc' } }],
        },
      ]),
      [[BOARD, '"abc"', 'error', 'there is no data source abc']],
      PROVISIONED,
    ],
  ],
  silent: [
    [
      'a variable',
      board([graph('up', { datasource: { type: 'prometheus', uid: '${datasource}' } })], {
        variables: [{ name: 'datasource', type: 'datasource', query: 'prometheus' }],
      }),
      PROVISIONED,
    ],
    [
      'one that is provisioned',
      board([graph('up', { datasource: { type: 'prometheus', uid: 'prom' } })]),
      PROVISIONED,
    ],
    [
      'those of Grafana',
      board([graph('up', { datasource: { type: 'datasource', uid: '-- Mixed --' } })], {
        annotations: [{ name: 'A', datasource: { type: 'grafana', uid: '-- Grafana --' } }],
      }),
      PROVISIONED,
    ],
  ],
});

dashboardSuite('fast-refresh', {
  reported: [
    [
      '10 seconds',
      board([], { refresh: '10s' }),
      [[BOARD, '"10s"', 'info', 'it refreshes every 10s, and scrapes are 15s apart']],
      SCRAPED,
    ],
  ],
  silent: [
    ['as often as is scraped', board([], { refresh: '15s' }), SCRAPED],
    ['never', board([], { refresh: '' }), SCRAPED],
    [
      'as often as nobody has chosen',
      board([], { refresh: '30s' }),
      { files: { 'prometheus.yml': 'scrape_configs:\n  - job_name: api\n' } },
    ],
    ['what nobody knows of scrapes', board([], { refresh: '1s' })],
  ],
});

dashboardSuite('editable-dashboard', {
  reported: [
    ['one that is', board([], { editable: true }), [[BOARD, 'true', 'info', 'it can be edited in Grafana']]],
  ],
  silent: [
    ['one that is not', board([], { editable: false })],
    ['one that does not say it', board([])],
  ],
});

dashboardSuite('dashboard-file', { reported: [], silent: [['a dashboard', board([])]] });
