import { readdir, readFile } from 'node:fs/promises';
import { type Panel, renderGrafana, runtimeInstrument, stringifyDashboard } from '@binnacle/blueprint';
import { parse, parseDuration, printExpr, walk } from '@binnacle/promql';
import { describe, expect, test } from 'vitest';
import config from '../binnacle.config.ts';
import { dashboards, services, transcriptsRules } from '../dist/blueprint.js';
import { drills } from '../dist/drills.js';
import { RUNTIME_METRICS } from '../dist/metrics/runtime.js';

const read = (name: string): Promise<string> => readFile(new URL(`../${name}`, import.meta.url), 'utf8');

interface AlertContract {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly severity: string;
}

const CONTRACT = JSON.parse(await read('contract.json')) as {
  readonly services: Readonly<
    Record<
      'api' | 'worker',
      { readonly job: string; readonly port: number; readonly metrics: readonly { readonly name: string }[] }
    >
  >;
  readonly alertGroups: Readonly<Record<string, readonly AlertContract[]>>;
  readonly dashboards: Readonly<Record<string, readonly string[]>>;
  readonly scrape: { readonly interval: string };
  readonly retention: { readonly time: string; readonly size: string };
};

/** What the expressions of the contract, which it says in words, are in PromQL; those in PromQL are bound to us. */
const EXPRESSIONS: Readonly<Record<string, string>> = {
  HighErrorRate: `sum(rate(http_requests_total{status=~"5..",system="transcripts"}[5m]))
    / sum(rate(http_requests_total{system="transcripts"}[5m])) > 0.05`,
  SlowResponseTime: `histogram_quantile(0.95, sum by (le, endpoint) (
    rate(http_request_duration_seconds_bucket{system="transcripts"}[5m]))) > 1`,
  APIServiceDown: 'up{job="api",system="transcripts"} == 0',
  NoJobsCompleted: 'sum(increase(videos_processed_total{result="completed",system="transcripts"}[1h])) < 1',
  WorkerServiceDown: 'up{job="worker",system="transcripts"} == 0',
  HighJobFailureRate: `sum(rate(videos_processed_total{result="failed",system="transcripts"}[15m]))
    / sum(rate(videos_processed_total{system="transcripts"}[15m])) > 0.2`,
  JobsStuckInQueue: 'videos_pending{system="transcripts"} > 50',
  HighDatabaseErrors: 'sum(rate(db_errors_total{system="transcripts"}[5m])) > 1',
  UnusualExportActivity: 'sum(rate(exports_total{system="transcripts"}[5m])) > 10',
};

/** What stands for durations in Grafana's queries, and is none in PromQL. */
const parseQuery = (expr: string) => parse(expr.replaceAll(/\$__(?:rate_interval|range)/g, '5m'));

/** The selectors of an expression: each metric that it names, and the selector as text. */
function selectorsOf(expr: string): { readonly name: string; readonly text: string }[] {
  const selectors: { name: string; text: string }[] = [];
  walk(parseQuery(expr), (node) => {
    if (node.type === 'vectorSelector') selectors.push({ name: node.name ?? '', text: printExpr(node) });
  });
  return selectors;
}

const panelsOf = ({ rows }: (typeof dashboards)[number]): readonly Panel[] =>
  rows.flatMap(({ panels }) => panels);

const alerts = transcriptsRules.flatMap(({ rules }) => rules.filter((rule) => rule.type === 'alert'));

test('the dashboards are those of the contract, each with its panels in their order, open', () => {
  expect(dashboards.map(({ title }) => title)).toEqual(Object.keys(CONTRACT.dashboards));
  for (const { title, rows } of dashboards) {
    const open = rows.filter(({ collapsed }) => !collapsed).flatMap(({ panels }) => panels);
    const titles = open.map((panel) => panel.title);
    expect(titles).toEqual(expect.arrayContaining([...CONTRACT.dashboards[title]!]));
  }
});

test('their files are called as in the document', () => {
  expect(dashboards.map(({ uid }) => uid)).toEqual(['overview', 'api-performance', 'pipeline']);
});

describe.each(dashboards.map((dashboard) => [dashboard.title, dashboard] as const))('%s', (_, dashboard) => {
  test('has panels that say what is good, or what to do', () => {
    for (const { title, description = '' } of panelsOf(dashboard))
      expect([title, description.length > 40 && description.endsWith('.')]).toEqual([title, true]);
  });

  test('asks for metrics that are defined, of the targets of this system', () => {
    const defined = new Set([
      'up',
      ...Object.values(CONTRACT.services).flatMap(({ metrics }) => metrics.map(({ name }) => name)),
      ...Object.values(runtimeInstrument()).map(({ name }) => name),
    ]);
    for (const { title, queries } of panelsOf(dashboard)) {
      expect([title, queries.length > 0]).toEqual([title, true]);
      for (const { name, text } of queries.flatMap(({ expr }) => selectorsOf(expr))) {
        expect(defined).toContain(defined.has(name) ? name : name.replace(/_(bucket|sum|count)$/, ''));
        expect([title, text]).toEqual([title, expect.stringContaining('system="transcripts"')]);
      }
    }
  });

  test('renders to the JSON of Grafana', () => {
    const rendered = JSON.parse(stringifyDashboard(renderGrafana(dashboard))) as { readonly uid: string };
    expect(rendered.uid).toBe(dashboard.uid);
  });
});

test('what every metric of the contract tells is shown somewhere', () => {
  const shown = new Set(
    dashboards
      .flatMap(panelsOf)
      .flatMap(({ queries }) => queries.flatMap(({ expr }) => selectorsOf(expr)))
      .map(({ name }) => name.replace(/_(bucket|sum|count)$/, '')),
  );
  const names = Object.values(CONTRACT.services).flatMap(({ metrics }) => metrics.map(({ name }) => name));
  // chunk_count is a histogram whose own name ends as if it were a part of one.
  expect(names.filter((name) => !shown.has(name) && !shown.has(name.replace(/_count$/, '')))).toEqual([]);
});

test('the alerts are those of the contract: groups, expressions, times and severities', () => {
  const ours = transcriptsRules.map(({ name, rules }) => [
    name,
    rules.map((rule) => rule.type === 'alert' && [rule.name, rule.expr, rule.forMs, rule.labels]),
  ]);
  const wanted = Object.entries(CONTRACT.alertGroups).map(([name, rules]) => [
    name,
    rules.map((rule) => [
      rule.alert,
      printExpr(parse(EXPRESSIONS[rule.alert]!)),
      parseDuration(rule.for),
      { severity: rule.severity, system: 'transcripts' },
    ]),
  ]);
  expect(ours).toEqual(wanted);
});

test('what the contract says in PromQL is that, bound to this system', () => {
  for (const { alert, expr } of Object.values(CONTRACT.alertGroups).flat()) {
    if (/\s(?:above|by|within|a)\s/.test(expr)) continue;
    const unbound = EXPRESSIONS[alert]!.replace(/,system="transcripts"|\{system="transcripts"\}/, '');
    expect(unbound).toBe(expr);
  }
});

test('every alert leads to a section of the README, and says what to do', async () => {
  const anchors = [...(await read('README.md')).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading.toLowerCase().replaceAll(/\s+/g, '-'),
  );
  for (const { name, annotations } of alerts) {
    const [, anchor = 'none'] =
      /^systems\/transcripts\/README\.md#([\w-]+)$/.exec(annotations.runbook_url ?? '') ?? [];
    expect([name, anchors.includes(anchor)]).toEqual([name, true]);
    expect([name, annotations.description]).toEqual([name, expect.stringMatching(/\. .*(?:See|see) .*\.$/)]);
  }
});

test('jobs, ports, the interval of scrapes and how long samples are kept are those of the contract', () => {
  for (const [word, { job, port }] of Object.entries(CONTRACT.services)) {
    const service = config.services.find((one) => one.job === job);
    expect(service).toMatchObject({
      name: `transcripts-${word}`,
      targets: [`localhost:${port}`],
      scrapeInterval: CONTRACT.scrape.interval,
      labels: { system: 'transcripts' },
    });
  }
  expect(Object.keys(services)).toEqual(Object.keys(CONTRACT.services));
  const { time: retentionTime, size: retentionSize } = CONTRACT.retention;
  expect(config.development).toMatchObject({ retentionTime, retentionSize });
  expect(config.production).toMatchObject({ retentionTime, retentionSize });
});

test('the services tell of the runtime what is shown, and nothing else', () => {
  const shown = Object.values(runtimeInstrument()).map(({ name }) => name);
  expect([...RUNTIME_METRICS].sort()).toEqual(shown.sort());
});

test('every alert can be drilled', () => {
  expect(Object.keys(drills.alerts).sort()).toEqual(alerts.map(({ name }) => name).sort());
});

test('the lines that the README shows are lines of the code', async () => {
  const root = new URL('../../', import.meta.url);
  const folders = ['transcripts/src/', 'parts/src/'];
  const code = new Set<string>();
  for (const folder of folders)
    for (const file of await readdir(new URL(folder, root), { recursive: true }))
      if (file.endsWith('.ts'))
        for (const line of (await readFile(new URL(file, new URL(folder, root)), 'utf8')).split('\n'))
          code.add(line.trim());
  const blocks = [...(await read('README.md')).matchAll(/^```ts\n(.*?)^```/gms)].map(([, text = '']) => text);
  const shown = blocks.flatMap((text) => text.split('\n')).map((line) => line.replace(/\/\/ .*/, '').trim());
  expect(shown.filter((line) => line !== '').length).toBeGreaterThan(20);
  expect(shown.filter((line) => line !== '' && !code.has(line))).toEqual([]);
});
