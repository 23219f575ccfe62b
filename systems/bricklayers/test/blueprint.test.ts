import { readFile } from 'node:fs/promises';
import { renderGrafana, stringifyDashboard } from '@binnacle/blueprint';
import { parse, parseDuration, printExpr, walk } from '@binnacle/promql';
import { expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { bricklayers, bricklayersRules, SYSTEM } from '../dist/blueprint.js';

const read = (name: string): Promise<string> => readFile(new URL(`../${name}`, import.meta.url), 'utf8');
const CONTRACT = JSON.parse(await read('contract.json')) as {
  readonly panelGroups: Readonly<Record<string, readonly string[]>>;
  readonly services: { readonly web: { readonly metrics: readonly { readonly name: string }[] } };
};
/** What the document calls the kinds of panels. A counter and a gauge of things are big numbers here. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  counter: ['stat'],
  gauge: ['gauge', 'stat'],
  graph: ['timeseries'],
  heatmap: ['heatmap'],
  // Of values that were counted into buckets when they came.
  histogram: ['bargauge'],
  'pie chart': ['piechart'],
};

test('the dashboard has the rows and panels of the contract, each of its kind', () => {
  const wanted = Object.entries(CONTRACT.panelGroups).map(([title, panels]) => [
    title,
    panels.map((panel) => panel.replace(/ \(.*/, '')),
  ]);
  expect(bricklayers.rows.map(({ title, panels }) => [title, panels.map((panel) => panel.title)])).toEqual(
    wanted,
  );
  const kinds = Object.values(CONTRACT.panelGroups)
    .flat()
    .map((panel) => /\((.*)\)$/.exec(panel)![1]!);
  for (const [i, { title, type }] of bricklayers.rows.flatMap(({ panels }) => panels).entries())
    expect([title, KINDS[kinds[i]!]]).toEqual([title, expect.arrayContaining([type])]);
});

test('its queries ask for metrics of the contract, of our own targets, over ranges that follow the shown time', () => {
  const names = new Set(CONTRACT.services.web.metrics.map(({ name }) => name));
  const queries = bricklayers.rows.flatMap(({ panels }) => panels.flatMap((panel) => panel.queries));
  for (const { expr } of queries) {
    const selectors = [...expr.matchAll(/(\w+)\{([^}]*)\}(\[[^\]]*\])?/g)];
    expect(selectors.length).toBeGreaterThan(0);
    for (const [, name = '', matchers, range] of selectors) {
      expect(names).toContain(name.replace(/_(bucket|sum|count)$/, ''));
      expect(matchers).toContain('system="bricklayers"');
      expect([undefined, '[$__rate_interval]', '[$__range]']).toContain(range);
    }
  }
});

test('every panel says what it means', () => {
  for (const { panels } of bricklayers.rows)
    for (const { title, description } of panels)
      expect([title, (description ?? '').length > 60]).toEqual([title, true]);
});

test('it renders to the JSON of Grafana', () => {
  const rendered = JSON.parse(stringifyDashboard(renderGrafana(bricklayers))) as {
    uid: string;
    panels: unknown[];
  };
  expect(rendered.uid).toBe('bricklayers');
  // A row is a panel too.
  expect(rendered.panels).toHaveLength(6 + 20);
});

interface DocumentRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: object;
  readonly annotations: object;
}

test('the alerts are those of the document: expressions, times, labels and texts', async () => {
  const { groups } = parseYaml(await read('test/document-rules.yml')) as {
    readonly groups: readonly [{ readonly name: string; readonly rules: readonly DocumentRule[] }];
  };
  const { name, rules } = bricklayersRules();
  expect(name).toBe(groups[0].name);
  const ours = rules.flatMap((rule) => {
    if (rule.type !== 'alert') return [];
    const { runbook_url: _, ...annotations } = rule.annotations;
    return [{ ...rule, annotations }];
  });
  expect(
    ours.map(({ name, expr, forMs, labels, annotations }) => ({ name, expr, forMs, labels, annotations })),
  ).toEqual(
    groups[0].rules.map(({ alert, expr, for: time = '0s', labels, annotations }) => ({
      name: alert,
      expr: printExpr(parse(expr)),
      forMs: time === '0s' ? 0 : parseDuration(time),
      labels,
      annotations,
    })),
  );
});

test('under a monitor with other systems, the alerts are bound to their own targets', () => {
  for (const { name, expr } of bricklayersRules({ system: SYSTEM }).rules) {
    const selectors: string[] = [];
    walk(parse(expr), (node) => {
      if (node.type === 'vectorSelector') selectors.push(printExpr(node));
    });
    expect(selectors.length).toBeGreaterThan(0);
    for (const selector of selectors)
      expect([name, selector]).toEqual([name, expect.stringContaining('system="bricklayers"')]);
  }
});

test('every alert leads to a runbook that exists', async () => {
  const anchors = [...(await read('README.md')).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading.toLowerCase().replace(/\s+/g, '-'),
  );
  for (const rule of bricklayersRules().rules) {
    const runbook = rule.type === 'alert' ? rule.annotations.runbook_url : undefined;
    const [, anchor] = /^systems\/bricklayers\/README\.md#([\w-]+)$/.exec(runbook ?? '') ?? [];
    expect(anchors).toContain(anchor);
  }
});
