/** Dashboards in a real browser, over the real engine: variables, copies, links, annotations, overrides. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: dashboards write references this way
import type { Locator } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { address, asked, at, instant, open, overlaps, page, panel, query } from './dashboard-browser.ts';
import { DEPLOYED_MS, END_MS, START_MS } from './dashboard-stage.ts';

const SYSTEM = { type: 'query', name: 'system', label: 'System', query: 'label_values(up, system)', sort: 1 };
const INSTANCE = {
  type: 'query',
  name: 'instance',
  label: 'Instance',
  query: { query: 'label_values(up{system=~"$system"}, instance)', refId: 'x' },
  multi: true,
  includeAll: true,
  refresh: 2,
};

describe('variables', () => {
  test('hold several values, which are chosen by keys alone and stand in the address', async (context) => {
    await open(context, {
      templating: { list: [{ ...SYSTEM, multi: true, includeAll: true }, INSTANCE] },
      panels: [
        {
          type: 'timeseries',
          title: 'Of $system',
          ...at(0, 0, 24, 8),
          targets: [query('up{instance=~"$instance"}')],
        },
      ],
    });
    await expect.poll(() => asked).toContain('up{instance=~"(a1:80|a2:80|b\\\\.1\\\\|x:80)"}');
    await panel('Of All').locator('canvas').waitFor();
    await page.getByRole('button', { name: 'Instance: All' }).focus();
    await page.keyboard.press('Enter');
    const search = page.getByRole('combobox', { name: 'Search the values of Instance' });
    await expect.poll(() => search.evaluate((element) => element === document.activeElement)).toBe(true);
    const picked = page.getByRole('listbox').getByRole('option', { selected: true });
    await expect.poll(() => picked.allInnerTexts()).toEqual(['All']);
    await page.keyboard.type('A2');
    await page.keyboard.press('Enter');
    await expect.poll(address).toContain('var-instance=a2:80');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('b.');
    await page.keyboard.press('Enter');
    await expect.poll(address).toContain('var-instance=a2:80&var-instance=b.1|x:80');
    await expect.poll(() => asked).toContain('up{instance=~"(a2:80|b\\\\.1\\\\|x:80)"}');
    await page.keyboard.press('Escape');
    await page
      .getByRole('button', { name: 'Instance: a2:80, b.1|x:80' })
      .and(page.locator(':focus'))
      .waitFor();

    // The system that is left has one of the two.
    await page.getByRole('button', { name: 'System: All' }).click();
    await page.getByRole('option', { name: 'a', exact: true }).click();
    await page.getByRole('button', { name: 'Instance: a2:80', exact: true }).waitFor();
    await expect.poll(() => asked.at(-1)).toBe('up{instance=~"a2:80"}');
    await panel('Of a').waitFor();
    await page.getByRole('button', { name: 'Instance: a2:80' }).click();
    await expect
      .poll(() => page.getByRole('listbox').getByRole('option').allInnerTexts())
      .toEqual(['All', 'a1:80', 'a2:80']);
    await page.getByRole('listbox').getByRole('option', { name: 'All' }).click();
    await expect.poll(() => asked.at(-1)).toBe('up{instance=~"(a1:80|a2:80)"}');
    await expect.poll(address).toContain('var-instance=$__all');
  });

  test('given once in an address are read, and what a dashboard was saved with elsewhere is not kept', async (context) => {
    const saved = { ...SYSTEM, current: { text: 'elsewhere', value: 'elsewhere' } };
    await open(
      context,
      {
        templating: { list: [saved, INSTANCE] },
        panels: [
          { type: 'stat', title: 'S', targets: [query('up{system="$system", instance="$instance"}')] },
        ],
      },
      { more: '&var-instance=a2:80' },
    );
    await expect.poll(() => asked).toEqual(['up{system="a", instance="a2:80"}']);
  });

  test('of every kind offer what they find', async (context) => {
    const variable = (name: string, json: object): object => ({ type: 'query', name, ...json });
    await open(context, {
      templating: {
        list: [
          variable('names', { query: 'label_names()', sort: 1 }),
          variable('metrics', { query: 'metrics(_total$)' }),
          variable('result', {
            query: 'query_result(sum by (status) (requests_total) > 100)',
            regex: '/status="([^"]+)".* (\\d+) /',
            sort: 1,
          }),
          variable('groups', {
            query: 'label_values(up, instance)',
            regex: '/(?<text>[ab]).*:(?<value>\\d+)/',
          }),
          variable('numbers', { query: 'label_values(duration_seconds_bucket, le)', sort: 4 }),
          variable('series', { query: 'up{system="b"}' }),
          { type: 'custom', name: 'custom', query: 'Half : 0.5, All of it : 1', current: { value: '1' } },
          {
            type: 'interval',
            name: 'window',
            query: '1m,10m',
            auto: true,
            auto_count: 10,
            auto_min: '1m',
            current: { value: '$__auto_interval_window' },
          },
          { type: 'constant', name: 'fixed', query: 'queue_jobs' },
          { type: 'textbox', name: 'words', query: '', current: { value: 'ok' } },
          { type: 'query', name: 'broken', query: 'label_values(up{, x)' },
        ],
      },
      panels: [
        {
          type: 'text',
          title: 'T',
          options: {
            content:
              '`${names} ${metrics} ${result} ${groups:text} ${groups} ${numbers} ${series} ${custom:text} ${custom} ${window} ${fixed} ${words}`',
          },
        },
      ],
    });
    const words = () => panel('T').locator('code').innerText();
    await expect
      .poll(words)
      .toBe(
        '__name__ requests_total failed a 80 1 up{instance="b.1|x:80", job="web", system="b"} All of it 1 5m queue_jobs ok',
      );
    const select = (name: string) => page.getByRole('combobox', { name, exact: true });
    const offered = (name: string) => expect.poll(() => select(name).locator('option').allInnerTexts());
    await offered('names').toEqual(['__name__', 'instance', 'job', 'le', 'status', 'system', 'version']);
    await offered('result').toEqual(['failed', 'ok']);
    await offered('custom').toEqual(['Half', 'All of it']);
    await offered('window').toEqual(['auto', '1m', '10m']);
    await page.getByRole('button', { name: /^Values of broken: .*unexpected/ }).waitFor();
    const text = page.getByRole('textbox', { name: 'words' });
    await text.fill('');
    await text.press('Enter');
    await expect.poll(address).toMatch(/var-words=$/);
    await select('custom').selectOption('Half');
    await expect.poll(words).toContain('Half 0.5');
  });
});

describe('copies', () => {
  const chosen = '&var-instance=a1:80&var-instance=a2:80&var-instance=b.1|x:80';
  const stat = (title: string, more: object): object => ({
    type: 'stat',
    title,
    ...more,
    targets: [query('up{instance="$instance"}')],
  });
  const titlesByPlace = () =>
    page.locator('.panel').evaluateAll((panels) =>
      panels
        .map((element) => ({
          title: element.getAttribute('aria-label'),
          box: element.getBoundingClientRect(),
        }))
        .sort((a, b) => a.box.top - b.box.top || a.box.left - b.box.left)
        .map(({ title, box }) => `${title} ${Math.round((24 * box.width) / 1170)}`),
    );

  test('of panels share the width, and move what is below', async (context) => {
    await open(
      context,
      {
        templating: { list: [INSTANCE] },
        panels: [
          stat('I $instance', { ...at(0, 0, 6, 4), repeat: 'instance', maxPerRow: 2 }),
          stat('Beside', at(6, 0, 6, 4)),
          stat('Down $instance', { ...at(0, 4, 8, 4), repeat: 'instance', repeatDirection: 'v' }),
          stat('Below', at(0, 8, 24, 4)),
        ],
      },
      { more: chosen },
    );
    await expect
      .poll(titlesByPlace)
      .toEqual([
        'I a1:80 12',
        'I a2:80 12',
        'I b.1|x:80 12',
        'Beside 6',
        'Down a1:80 8',
        'Down a2:80 8',
        'Down b.1|x:80 8',
        'Below 24',
      ]);
    await expect.poll(overlaps).toEqual([]);
    await expect.poll(() => new Set(asked)).toContain('up{instance="a1:80"}');
    await expect.poll(() => new Set(asked)).toContain('up{instance="b.1|x:80"}');
  });

  test('of rows hold their panels, each for its value, and are closed each by itself', async (context) => {
    await open(
      context,
      {
        templating: { list: [INSTANCE] },
        panels: [
          { type: 'row', title: 'Row $instance', repeat: 'instance', panels: [] },
          stat('In $instance', at(0, 1, 12, 4)),
          { type: 'row', title: '', collapsed: true, panels: [stat('Shut', at(0, 9, 12, 4))] },
        ],
      },
      { more: chosen },
    );
    const rows = page.locator('.row-toggle');
    await expect
      .poll(() => rows.allInnerTexts())
      .toEqual(['Row a1:80', 'Row a2:80', 'Row b.1|x:80', expect.stringMatching(/^Row\s+1 panel$/)]);
    const panels = () => expect.poll(() => page.locator('.panel h3').allInnerTexts());
    await panels().toEqual(['In a1:80', 'In a2:80', 'In b.1|x:80']);
    await rows.nth(1).click();
    await panels().toEqual(['In a1:80', 'In b.1|x:80']);
    await rows.nth(3).click();
    await panel('Shut').waitFor();
  });
});

test('links lead on with time and choices, and never where something would run', async (context) => {
  const other = { uid: 'other', title: 'Other', tags: ['shop'], panels: [] };
  await open(
    context,
    {
      tags: ['shop'],
      links: [
        {
          type: 'dashboards',
          title: 'Related',
          tags: ['shop'],
          asDropdown: true,
          keepTime: true,
          includeVars: true,
        },
        { type: 'link', title: 'Docs of $system', url: 'https://example.org/?q=$system', targetBlank: true },
        { type: 'link', title: 'Bad', url: 'javascript:alert(1)' },
      ],
      templating: { list: [{ ...SYSTEM, current: { value: 'b' } }] },
      panels: [
        {
          type: 'table',
          title: 'Rows',
          ...at(0, 0, 12, 8),
          links: [{ title: 'To it', url: '/d/other/name?var-system=${system:percentencode}' }],
          targets: [query('up', { ...instant, format: 'table' })],
          fieldConfig: {
            overrides: [
              {
                matcher: { id: 'byName', options: 'instance' },
                properties: [
                  {
                    id: 'links',
                    value: [
                      {
                        title: 'One',
                        url: '/d/other?var-instance=${__data.fields.instance}&${__url_time_range}',
                      },
                    ],
                  },
                ],
              },
            ],
          },
        },
        {
          type: 'timeseries',
          title: 'Lines',
          ...at(12, 0, 12, 8),
          targets: [query('sum(up)', { legendFormat: 'all' })],
          fieldConfig: {
            defaults: {
              links: [
                {
                  title: 'Look at ${__series.name}',
                  url: 'https://example.org/${__series.name}?v=${__value.raw}',
                },
              ],
            },
          },
        },
      ],
    },
    { others: [other] },
  );
  await page.getByRole('button', { name: 'Related' }).click();
  const related = page.getByRole('link', { name: 'Other' });
  await expect
    .poll(() => related.getAttribute('href'))
    .toBe(`#/d/other?from=${START_MS}&to=${END_MS}&var-system=b`);
  await closed(related);
  const docs = page.getByRole('link', { name: 'Docs of b' });
  expect([
    await docs.getAttribute('href'),
    await docs.getAttribute('target'),
    await docs.getAttribute('rel'),
  ]).toEqual(['https://example.org/?q=b', '_blank', 'noreferrer']);
  expect(await page.locator('[href^="javascript"]').count()).toBe(0);
  expect(await panel('Rows').locator('.panel-link.lasting').getAttribute('href')).toBe(
    '#/d/other?var-system=b',
  );
  const links = panel('Rows').locator('td a');
  await expect.poll(() => links.count()).toBe(3);
  expect(await links.last().getAttribute('href')).toBe(
    `#/d/other?from=${START_MS}&to=${END_MS}&var-instance=b.1%7Cx%3A80`,
  );
  const over = panel('Lines').locator('.u-over');
  const look = page.getByRole('link', { name: 'Look at all' });
  // A chart that is drawn anew in between knows nothing of a click on the one before.
  await expect
    .poll(async () => {
      const there = { position: { x: 200, y: 60 }, timeout: 2_000 };
      if ((await look.count()) > 0) return look.getAttribute('href');
      await over.hover(there);
      await over.click(there);
      return look.getAttribute('href', { timeout: 2_000 });
    })
    .toMatch(/^https:\/\/example\.org\/all\?v=[23]$/);
  await closed(look);
});

/** Presses Escape until something is gone: what opened a moment ago may not hear it yet. */
async function closed(what: Locator): Promise<void> {
  await expect
    .poll(async () => {
      await page.keyboard.press('Escape');
      return what.count();
    })
    .toBe(0);
}

test('annotations mark charts and heatmaps, say what they are, and are switched off and on', async (context) => {
  const target = [query('sum by (le) (rate(duration_seconds_bucket[1m]))', { format: 'heatmap' })];
  await open(context, {
    annotations: {
      list: [
        {
          name: 'Deploys',
          expr: 'deployed > 0',
          iconColor: 'red',
          titleFormat: 'Deployed {{version}}',
          textFormat: 'on {{system}}',
          tagKeys: 'system, nothing',
        },
        { name: 'Off at first', expr: 'up == bool 0', enable: false, step: '15s' },
        { name: 'Never seen', expr: 'queue_jobs > 1e9', hide: true },
        { name: 'Elsewhere', expr: '{app="x"}', datasource: { type: 'loki', uid: 'l' } },
      ],
    },
    panels: [
      {
        id: 1,
        type: 'timeseries',
        title: 'Lines',
        ...at(0, 0, 24, 10),
        targets: [query('sum(up)', { legendFormat: 'all' })],
      },
      { id: 2, type: 'heatmap', title: 'Heat', ...at(0, 10, 24, 10), targets: target },
    ],
  });
  await expect.poll(() => page.getByRole('switch').allInnerTexts()).toEqual(['Deploys', 'Off at first']);
  await expect.poll(() => asked).toContain('deployed > 0');
  expect(asked).not.toContain('up == bool 0');
  // Nothing is waited for: where the pointer came before the chart, it must come again.
  const tooltipAtDeployment = async (title: string): Promise<string> => {
    const over = panel(title).locator('.u-over');
    const { width } = (await over.boundingBox())!;
    const x = (width * (DEPLOYED_MS - START_MS)) / (END_MS - START_MS);
    await over.hover({ position: { x: x - 40, y: 30 } });
    await over.hover({ position: { x, y: 30 } });
    return (await page.locator('.tooltip:visible').allInnerTexts()).join();
  };
  for (const title of ['Lines', 'Heat']) {
    await panel(title).locator('.u-over').waitFor();
    await expect.poll(() => tooltipAtDeployment(title)).toMatch(/Deployed 1\.2\s+on a\s+a/);
  }
  await page.getByRole('switch', { name: 'Deploys' }).click();
  await page.getByRole('switch', { name: 'Off at first' }).click();
  await expect.poll(() => asked).toContain('up == bool 0');
  await expect
    .poll(() => page.getByRole('switch', { name: 'Off at first' }).getAttribute('title'))
    .toBe('1 marked in this range');
  await expect.poll(() => tooltipAtDeployment('Lines')).toMatch(/^(?!.*Deployed).*all/s);
});

test('overrides change names, sides and texts of single series', async (context) => {
  const override = (id: string, options: unknown, properties: object): object => ({
    matcher: { id, options },
    properties: Object.entries(properties).map(([property, value]) => ({ id: property, value })),
  });
  await open(context, {
    panels: [
      {
        type: 'timeseries',
        title: 'Lines',
        ...at(0, 0, 12, 10),
        targets: [
          query('sum by (status) (rate(requests_total[1m]))'),
          query('queue_jobs', { refId: 'B', legendFormat: 'queue' }),
        ],
        fieldConfig: {
          defaults: { unit: 'reqps' },
          overrides: [
            override('byRegexp', '/^fail/', {
              displayName: 'Failures of ${__field.labels.status}',
              'custom.lineStyle': { fill: 'dash', dash: [4, 4] },
            }),
            override('byFrameRefID', 'B', {
              unit: 'none',
              'custom.axisPlacement': 'right',
              'custom.axisLabel': 'jobs',
            }),
            override('byName', 'ok', { 'custom.hideFrom': { viz: true, legend: true, tooltip: true } }),
          ],
        },
        options: { tooltip: { mode: 'multi' } },
      },
      {
        type: 'stat',
        title: 'Texts',
        ...at(12, 0, 12, 10),
        targets: [query('up', { legendFormat: '{{instance}}', ...instant })],
        options: { textMode: 'value_and_name' },
        fieldConfig: {
          defaults: {
            mappings: [
              { type: 'range', options: { from: 1, to: null, result: { text: 'Fine', color: 'green' } } },
            ],
          },
          overrides: [override('byName', 'a1:80', { mappings: [], unit: 's', decimals: 2 })],
        },
      },
    ],
  });
  await expect
    .poll(() => panel('Lines').locator('.legend-name').allInnerTexts())
    .toEqual(['Failures of failed', 'queue']);
  // Of time, of requests on the left, of jobs on the right.
  const axes = panel('Lines').locator('.u-axis');
  const places = () =>
    axes.evaluateAll((all) => all.map((axis) => Math.round(axis.getBoundingClientRect().left)));
  await expect.poll(places).toHaveLength(3);
  await expect.poll(async () => (await places())[2]! - (await places())[1]!).toBeGreaterThan(300);
  const over = panel('Lines').locator('.u-over');
  await expect
    .poll(async () => {
      await over.hover({ position: { x: 160, y: 60 } });
      await over.hover({ position: { x: 200, y: 60 } });
      return page.locator('.tooltip:visible .tooltip-name').allInnerTexts();
    })
    .toEqual(['Failures of failed', 'queue']);
  await expect
    .poll(() => panel('Texts').locator('.stat').allInnerTexts())
    .toEqual([
      expect.stringMatching(/1\.00\s+s\s+a1:80/),
      expect.stringMatching(/Fine\s+a2:80/),
      expect.stringMatching(/Fine\s+b\.1\|x:80/),
    ]);
});

test('queries that cannot be asked say what they are', async (context) => {
  await open(context, {
    panels: [
      {
        type: 'timeseries',
        title: 'Only',
        ...at(0, 0, 12, 8),
        targets: [
          { refId: 'A', datasource: { type: 'loki', uid: 'l' }, expr: '{app="x"}' },
          {
            refId: 'B',
            datasource: { type: '__expr__', uid: '__expr__' },
            type: 'math',
            expression: '$A * 2',
          },
          { refId: 'C', datasource: { type: 'mysql', uid: 'm' }, rawSql: 'SELECT 1' },
        ],
      },
      {
        type: 'stat',
        title: 'Both',
        ...at(12, 0, 12, 8),
        targets: [
          query('sum(up)'),
          { refId: 'E', datasource: { type: '__expr__', uid: '__expr__' }, type: 'reduce' },
        ],
      },
      {
        type: 'stat',
        title: 'Idle',
        ...at(0, 8, 12, 8),
        targets: [query('vector(0) / vector(0)')],
        fieldConfig: { defaults: { noValue: 'nobody yet' } },
      },
    ],
  });
  await expect
    .poll(() => panel('Only').locator('p').allInnerTexts())
    .toEqual([
      'Query A is LogQL of Loki, which is not asked here.',
      "Query B is the expression $A * 2 (math) of Grafana's server, which is not asked here.",
      'Query C is SQL of MySQL, which is not asked here.',
    ]);
  await panel('Both')
    .getByRole('button', { name: /Query E is the reduce expression/ })
    .waitFor();
  await panel('Idle').getByText('nobody yet').waitFor();
  expect(asked).not.toContain('{app="x"}');
});
