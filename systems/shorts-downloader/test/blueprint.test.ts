/** Dashboards and alerts, beside the document's dashboard and the contract. */
import { readFile } from 'node:fs/promises';
import { type Dashboard, readGrafana, stringifyDashboard } from '@binnacle/blueprint';
import { parse, parseDuration, printExpr, walk } from '@binnacle/promql';
import { describe, expect, test } from 'vitest';
import { QUOTA_BYTES, SYSTEM, watching } from '../dist/blueprint.js';
import tests from '../shorts-downloader.rules.ts';

const read = (name: string): Promise<string> => readFile(new URL(`../${name}`, import.meta.url), 'utf8');
const CONTRACT = JSON.parse(await read('contract.json')) as {
  readonly dashboards: Readonly<Record<string, readonly string[]>>;
  readonly alerts: readonly { readonly alert: string; readonly for: string; readonly severity: string }[];
  readonly services: { readonly backend: { readonly metrics: readonly { readonly name: string }[] } };
};
const NAMES = new Set(CONTRACT.services.backend.metrics.map(({ name }) => name));
const DOCUMENT = readGrafana(JSON.parse(await read('grafana-dashboard.json'))).dashboard;

/** Titles, kinds, expressions and legends, the expressions as they are read: `0.50` is `0.5`. */
function asked({ rows }: Dashboard): object[] {
  return rows.flatMap(({ panels }) =>
    panels.map(({ title, type, queries }) => ({
      title,
      type,
      queries: queries.map(({ expr, legend }) => ({ expr: printExpr(parse(expr)), legend })),
    })),
  );
}

const [kept, health] = watching().dashboards as readonly [Dashboard, Dashboard];

test('the dashboard of the document is kept: its panels, their kinds, expressions and legends', async () => {
  expect(kept.title).toBe(DOCUMENT.title);
  expect(asked(kept)).toEqual(asked(DOCUMENT));
  expect(Object.entries(CONTRACT.dashboards)).toEqual([
    [kept.title, kept.rows.flatMap(({ panels }) => panels.map(({ title }) => title))],
  ]);
});

test('and what is generated for Grafana is that dashboard', async () => {
  const text = await read('monitoring/grafana/dashboards/youtube-downloader-metrics.json');
  expect(text).toBe(stringifyDashboard(kept));
  expect(asked(readGrafana(JSON.parse(text)).dashboard)).toEqual(asked(DOCUMENT));
});

function selectorsOf(expr: string): string[] {
  const selectors: string[] = [];
  walk(parse(expr.replaceAll(/\$__(?:rate_interval|range)/g, '5m')), (node) => {
    if (node.type === 'vectorSelector') selectors.push(printExpr(node));
  });
  return selectors;
}

describe('under a monitor of several systems', () => {
  const bound = watching({ system: SYSTEM });

  test('dashboards and alerts ask for the targets of this one', () => {
    const expressions = [
      ...bound.dashboards.flatMap(({ rows }) =>
        rows.flatMap(({ panels }) => panels.flatMap(({ queries }) => queries.map(({ expr }) => expr))),
      ),
      ...bound.rules.rules.map(({ expr }) => expr),
    ];
    expect(expressions.length).toBeGreaterThan(20);
    for (const selector of expressions.flatMap(selectorsOf)) {
      expect(selector).toContain(`system="${SYSTEM}"`);
      expect([...NAMES, 'up']).toContain(/^\w+/.exec(selector)![0].replace(/_bucket$/, ''));
    }
  });

  test('alerts say of which system they are', () => {
    for (const { labels } of bound.rules.rules) expect(labels).toMatchObject({ system: SYSTEM });
  });

  test('the document’s dashboard differs by that only', () => {
    const [dashboard] = bound.dashboards as readonly [Dashboard];
    const freed = JSON.stringify(dashboard).replaceAll(`{system=\\"${SYSTEM}\\"}`, '');
    expect(JSON.parse(freed)).toEqual(JSON.parse(JSON.stringify(kept)));
  });
});

test('the alerts are those of the contract, by their times and severities', () => {
  const { rules } = watching().rules;
  const alerts = rules.filter((rule) => rule.type === 'alert');
  expect(alerts.map(({ name, forMs, labels }) => [name, forMs, labels?.severity])).toEqual(
    CONTRACT.alerts.map(({ alert, for: duration, severity }) => [alert, parseDuration(duration), severity]),
  );
  expect(Object.fromEntries(alerts.map(({ name, expr }) => [name, expr]))).toEqual({
    HighDownloadFailureRate:
      'sum(rate(downloads_total{status="failed"}[10m])) / sum(rate(downloads_total[10m])) > 0.2',
    StorageQuotaNearlyUsed: `storage_usage_bytes / ${QUOTA_BYTES} * 100 > 80`,
    TaskQueueBacklog: 'celery_queue_length > 50',
    BackendDown: 'up{job="youtube_downloader"} == 0',
  });
});

test('the quota of alert and dashboard is the one that the backend was told', () => {
  const { dashboards, rules } = watching({ quotaBytes: 1_000 });
  expect(rules.rules.map(({ expr }) => expr)).toContain('storage_usage_bytes / 1000 * 100 > 80');
  expect(JSON.stringify(dashboards)).toContain('/ 1000"');
});

test('every alert leads to a part of the README, and is tested to fire', async () => {
  const headings = [...(await read('README.md')).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading.toLowerCase().replaceAll(/\s+/g, '-'),
  );
  const fired = tests.tests.flatMap(({ expectations }) =>
    expectations.flatMap((one) => (one.type === 'alerts' && one.expected.length > 0 ? [one.alert] : [])),
  );
  for (const rule of watching().rules.rules) {
    if (rule.type !== 'alert') continue;
    const [, anchor] =
      /^systems\/shorts-downloader\/README\.md#(.+)$/.exec(rule.annotations.runbook_url ?? '') ?? [];
    expect([rule.name, headings.includes(anchor ?? '')]).toEqual([rule.name, true]);
    expect(fired).toContain(rule.name);
  }
});

test('every panel says what it means', () => {
  for (const { panels } of [kept, health].flatMap(({ rows }) => rows))
    for (const { title, description = '' } of panels)
      expect([title, description.length > 40 && description.endsWith('.')]).toEqual([title, true]);
});
