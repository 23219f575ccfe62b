/** Panels of every kind in a real browser, over the real engine, drawn from good and from wrong JSON. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { at, instant, open, overlaps, page, panel, query } from './dashboard-browser.ts';
import type { Fill } from './dashboard-stage.ts';

const KINDS: Readonly<
  Record<string, { readonly json: object; readonly drawn: string; readonly least?: number }>
> = {
  timeseries: { json: { targets: [query('rate(requests_total[1m])')] }, drawn: 'canvas' },
  stat: { json: { targets: [query('sum(rate(requests_total[1m]))')] }, drawn: '.stat-value' },
  gauge: { json: { targets: [query('queue_jobs')] }, drawn: '.gauge svg' },
  bargauge: {
    json: { targets: [query('sum by (status) (requests_total)', instant)] },
    drawn: '.bar-line',
    least: 2,
  },
  piechart: {
    json: { targets: [query('sum by (status) (requests_total)', instant)] },
    drawn: '.pie-part',
    least: 2,
  },
  table: {
    json: { targets: [query('requests_total', { ...instant, format: 'table' })] },
    drawn: 'tbody tr',
    least: 6,
  },
  heatmap: {
    json: { targets: [query('sum by (le) (rate(duration_seconds_bucket[1m]))', { format: 'heatmap' })] },
    drawn: 'canvas',
  },
  histogram: { json: { targets: [query('queue_jobs')] }, drawn: '.histogram-bars i', least: 3 },
  'state-timeline': {
    json: { targets: [query('up', { legendFormat: '{{instance}}' })] },
    drawn: '.state-track i',
    least: 4,
  },
  text: { json: { options: { content: '**Bold** words' } }, drawn: '.prose strong' },
};

describe('every kind of panel', () => {
  const panels = Object.entries(KINDS).map(([type, { json }], i) => ({
    id: i + 1,
    type,
    title: type,
    ...at((i % 3) * 8, Math.floor(i / 3) * 8, 8, 8),
    ...json,
  }));

  test.for([
    [1200, 'dark'],
    [1200, 'light'],
    [390, 'dark'],
    [390, 'light'],
  ] as const)('is drawn %s pixels wide, in %s, within its place', async ([width, theme], context) => {
    await open(context, { panels }, { width, theme });
    for (const [type, { drawn, least = 1 }] of Object.entries(KINDS)) {
      await panel(type).scrollIntoViewIfNeeded();
      await expect.poll(() => panel(type).locator(drawn).count()).toBeGreaterThanOrEqual(least);
    }
    await expect
      .poll(() => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth))
      .toBe(true);
    await expect.poll(overlaps).toEqual([]);
    expect(await page.getByText('could not be drawn').count()).toBe(0);
  });

  const hostile: readonly (readonly [string, object])[] = [
    ['nothing but a type', { targets: undefined }],
    [
      'null everywhere',
      { options: null, fieldConfig: null, gridPos: null, targets: null, title: null, links: null },
    ],
    ['texts everywhere', { options: 'x', fieldConfig: 'x', gridPos: 'x', links: 'x', transformations: 'x' }],
    [
      'lists of nulls',
      {
        fieldConfig: {
          defaults: { mappings: [null], thresholds: { steps: [null, {}] }, links: [null] },
          overrides: [null, {}],
        },
      },
    ],
    ['places that are none', { gridPos: { x: -5, y: 1e15, w: 99, h: 0.2 } }],
    ['heights without end', { gridPos: { x: 0, y: 0, w: 1.7, h: 1e12 } }],
    [
      'settings far outside',
      {
        options: {
          bucketSize: 1e-300,
          rowHeight: 1e9,
          reduceOptions: { calcs: [5] },
          legend: [],
          tooltip: 7,
        },
        fieldConfig: {
          defaults: {
            decimals: 1e9,
            min: 5,
            max: -5,
            unit: '__proto__',
            color: { mode: 'fixed', fixedColor: 'url(https://example.org/)' },
            custom: {
              lineWidth: 1e12,
              fillOpacity: -7,
              lineStyle: { fill: 'dash', dash: ['x'] },
              stacking: 5,
            },
          },
        },
      },
    ],
    [
      'least and most being one',
      {
        fieldConfig: {
          defaults: { min: 3, max: 3, thresholds: { mode: 'percentage', steps: [{ color: 'red' }] } },
        },
      },
    ],
    ['a repeat of what is not there', { repeat: 'nowhere', maxPerRow: -4, repeatDirection: 5 }],
    [
      'huge values',
      { targets: [query('vector(1e308) or label_replace(vector(-1e308), "le", "1", "", "")')] },
    ],
    ['tiny values', { targets: [query('label_replace(vector(5e-324), "le", "+Inf", "", "")')] }],
    [
      'logarithms of nothing',
      {
        targets: [query('vector(0)')],
        fieldConfig: { defaults: { custom: { scaleDistribution: { type: 'log', log: 10 } } } },
      },
    ],
    ['what is not a number', { targets: [query('vector(0) / vector(0)')] }],
  ];

  test.for(hostile)('survives %s', async ([, wrong], context) => {
    const wronged = panels.map((json) => ({ ...json, ...wrong, title: json.title }));
    await open(context, { panels: wronged }, { more: '&var-nowhere=1' });
    await expect.poll(() => page.locator('.panel').count()).toBe(panels.length);
    // Those below the screen are drawn too when they are seen.
    for (const type of Object.keys(KINDS)) await panel(type).scrollIntoViewIfNeeded();
    await expect.poll(() => page.locator('.panel[aria-busy=true]').count()).toBe(0);
    expect(await page.getByText('could not be drawn').count()).toBe(0);
    await expect.poll(overlaps).toEqual([]);
  });
});

describe('a dashboard of before Grafana 8', () => {
  /** Written by hand: `graph` panels, one with its axis as an object instead of a list, and none with a place. */
  const OLD = JSON.parse(
    readFileSync(new URL('./fixtures/dashboard-without-places.json', import.meta.url), 'utf8'),
  ) as object;
  const GIB = 1024 ** 3;
  const BUCKETS = [
    ['1', 0.4],
    ['10', 0.9],
    ['+Inf', 1],
  ] as const;

  /** A downloader that has two providers, and an error now and then. */
  const downloader: Fill = (add, step) => {
    for (const [i, provider] of ['azure', 's3'].entries()) {
      add('downloads_total', { provider, status: 'success' }, 30 * step * (i + 1));
      add('downloads_total', { provider, status: 'failed' }, 3 * step);
      add('storage_usage_bytes', { provider }, (i + 1) * GIB + 1e7 * step);
      for (const [le, share] of BUCKETS)
        add('download_duration_seconds_bucket', { provider, le }, 30 * step * share);
    }
    add('downloads_in_progress', {}, 3);
    add('errors_total', { error_code: 'VIDEO_UNAVAILABLE' }, Math.floor(step / 3));
    for (const [le, share] of BUCKETS)
      add('http_request_duration_seconds_bucket', { endpoint: '/api/download', le }, 50 * step * share);
  };

  const SERIES = {
    'Download Rate': ['failed - azure', 'failed - s3', 'success - azure', 'success - s3'],
    'Download Duration': ['p50', 'p50', 'p95', 'p95'],
    'Storage Usage': ['azure', 's3'],
    'Error Rate': ['VIDEO_UNAVAILABLE'],
    'API Response Time': ['/api/download'],
  };

  test.for([1200, 390] as const)('is drawn %s pixels wide, each panel in a place', async (width, context) => {
    await open(context, { panels: [] }, { width, others: [OLD], fill: downloader });
    // A file that gives no uid is known by its name.
    await page.goto(page.url().replace('#/d/main', '#/d/1'));
    await expect.poll(() => page.locator('.panel').count()).toBe(1 + Object.keys(SERIES).length);
    for (const [title, series] of Object.entries(SERIES)) {
      await panel(title).scrollIntoViewIfNeeded();
      await panel(title).locator('canvas').waitFor();
      const legend = async () => (await panel(title).locator('.legend-name').allTextContents()).sort();
      await expect.poll(legend, { message: title }).toEqual(series);
    }
    await panel('Active Downloads').scrollIntoViewIfNeeded();
    await expect.poll(() => panel('Active Downloads').locator('.stat-value').textContent()).toBe('3');
    expect(await page.getByText('No data').count()).toBe(0);
    await expect.poll(overlaps).toEqual([]);
  });
});
