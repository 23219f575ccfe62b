import { readFile } from 'node:fs/promises';
import { runtimeInstrument } from '@binnacle/blueprint';
import { parse, printExpr, walk } from '@binnacle/promql';
import { describe, expect, test } from 'vitest';
import tests from '../asset-platform.rules.ts';
import { assetPlatformRules, dashboards } from '../dist/blueprint.js';
import { RUNTIME_METRICS } from '../dist/metrics/runtime.js';

const read = (name: string): Promise<string> => readFile(new URL(name, import.meta.url), 'utf8');
const CONTRACT = JSON.parse(await read('../contract.json')) as { readonly dashboards: readonly string[] };

/** What stands for durations in Grafana's queries, and is none in PromQL. */
const parseQuery = (expr: string) => parse(expr.replaceAll(/\$__(?:rate_interval|range)/g, '5m'));

function selectorsOf(expr: string): string[] {
  const selectors: string[] = [];
  walk(parseQuery(expr), (node) => {
    if (node.type === 'vectorSelector') selectors.push(printExpr(node));
  });
  return selectors;
}

function expectBound(where: string, expr: string): void {
  const selectors = selectorsOf(expr);
  expect([where, selectors.length > 0]).toEqual([where, true]);
  for (const selector of selectors)
    expect([where, selector]).toEqual([where, expect.stringContaining('system="asset-platform"')]);
}

test('the dashboards are those of the contract', () => {
  expect(dashboards.map(({ title }) => title)).toEqual(CONTRACT.dashboards);
});

describe.each(dashboards.map((dashboard) => [dashboard.title, dashboard] as const))(
  '%s',
  (_title, { rows }) => {
    test('has panels that say what they mean', () => {
      expect(rows.length).toBeGreaterThan(2);
      for (const { title: of, panels } of rows)
        for (const { title, description = '' } of panels)
          expect([of, title, description.length > 25 && description.endsWith('.')]).toEqual([
            of,
            title,
            true,
          ]);
    });

    test('asks for nothing but the targets of this system', () => {
      for (const { title: of, panels } of rows)
        for (const { title, queries } of panels) {
          expect([of, title, queries.length > 0]).toEqual([of, title, true]);
          for (const { expr } of queries) expectBound(`${of}, ${title}`, expr);
        }
    });
  },
);

const alerts = assetPlatformRules.flatMap(({ rules }) => rules.filter((rule) => rule.type === 'alert'));

test('every alert is about the targets of this system, and is told from all others by its labels', () => {
  expect(alerts.length).toBeGreaterThan(50);
  for (const { name, expr, labels } of alerts) {
    expectBound(name, expr);
    expect([name, labels]).toEqual([name, expect.objectContaining({ system: 'asset-platform' })]);
  }
  const identities = alerts.map(({ name, labels }) => JSON.stringify([name, labels]));
  expect(new Set(identities).size).toBe(identities.length);
});

test('every alert leads to a runbook that exists', async () => {
  const headings = (await read('../../../docs/watches.md')).matchAll(/^#+ (.*)$/gm);
  const anchors = new Set(
    [...headings].map(([, heading = '']) => heading.toLowerCase().replaceAll(/\s+/g, '-')),
  );
  for (const { name, annotations } of alerts) {
    const [, anchor = 'none'] = /^docs\/watches\.md#([\w-]+)$/.exec(annotations.runbook_url ?? '') ?? [];
    expect([name, anchor, anchors.has(anchor)]).toEqual([name, anchor, true]);
  }
});

test('every alert of every service is tested to fire', () => {
  const tested = tests.tests.flatMap(({ expectations }) =>
    expectations.flatMap((expectation) =>
      expectation.type === 'alerts'
        ? expectation.expected.map(({ labels }) => `${expectation.alert} of ${labels.job}`)
        : [],
    ),
  );
  expect(tested.sort()).toEqual(alerts.map(({ name, labels }) => `${name} of ${labels.job}`).sort());
});

test('the services tell of the runtime what is shown, and nothing else', () => {
  const shown = Object.values(runtimeInstrument()).map(({ name }) => name);
  expect([...RUNTIME_METRICS].sort()).toEqual(shown.sort());
});
