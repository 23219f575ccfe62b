import { readFile } from 'node:fs/promises';
import { parse, parseDuration, printExpr, walk } from '@binnacle/promql';
import { describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import config from '../binnacle.config.ts';
import { alerts, DASHBOARD_FOLDER, dashboards, people, SYSTEM } from '../dist/blueprint.js';
import tests from '../lead-scraper.rules.ts';

const read = (name: string): Promise<string> => readFile(new URL(name, import.meta.url), 'utf8');

interface Contract {
  readonly services: {
    readonly api: { readonly job: string; readonly metricsPort: number };
  };
  readonly alerts: readonly {
    readonly alert: string;
    readonly for: string;
    readonly severity: string;
  }[];
  readonly dashboardFolder: string;
  readonly dashboards: Readonly<Record<string, readonly string[]>>;
  readonly scrape: Readonly<Record<'development' | 'production', string>>;
  readonly retention: Readonly<Record<'development' | 'production', string>>;
}

const CONTRACT = JSON.parse(await read('../contract.json')) as Contract;
const rules = alerts.rules.filter((rule) => rule.type === 'alert');

/** What stands for durations in Grafana's queries, and is none in PromQL. */
const parseQuery = (expr: string) => parse(expr.replaceAll(/\$__(?:rate_interval|range)/g, '5m'));

/** The selectors of an expression, and whether each asks for a range. */
function selectorsOf(
  expr: string,
): { readonly text: string; readonly name: string; readonly ranged: boolean }[] {
  const ranged = new Set<unknown>();
  const found: { text: string; name: string; ranged: boolean }[] = [];
  walk(parseQuery(expr), (node) => {
    if (node.type === 'matrixSelector') ranged.add(node.selector);
    if (node.type === 'vectorSelector')
      found.push({ text: printExpr(node), name: node.name ?? '', ranged: ranged.has(node) });
  });
  return found;
}

/** Every expression, with where it stands. */
const expressions = [
  ...dashboards.flatMap((dashboard) =>
    dashboard.rows.flatMap(({ panels }) =>
      panels.flatMap(({ title, queries }) =>
        queries.map(({ expr }) => ({ where: `${dashboard.title}: ${title}`, expr })),
      ),
    ),
  ),
  ...rules.map(({ name, expr }) => ({ where: name, expr })),
];

test('the dashboards are those of the contract, in its folder', () => {
  expect(config.dashboardFolder).toBe(CONTRACT.dashboardFolder);
  expect(DASHBOARD_FOLDER).toBe(CONTRACT.dashboardFolder);
  expect(dashboards.map(({ title }) => title)).toEqual(Object.keys(CONTRACT.dashboards));
});

describe.each(dashboards.map((dashboard) => [dashboard.title, dashboard] as const))(
  '%s',
  (title, { rows }) => {
    const panels = rows.flatMap((row) => row.panels);

    test('has every panel of the contract under its title', () => {
      expect(panels.map((panel) => panel.title)).toEqual(
        expect.arrayContaining([...CONTRACT.dashboards[title]!]),
      );
    });

    test('has panels that say what they mean, and ask for something', () => {
      for (const { title: panel, description = '', queries } of panels)
        expect([panel, description.length > 60 && description.endsWith('.'), queries.length > 0]).toEqual([
          panel,
          true,
          true,
        ]);
    });
  },
);

test('nothing is asked but of the targets of this system', () => {
  for (const { where, expr } of expressions) {
    const selectors = selectorsOf(expr);
    expect([where, selectors.length > 0]).toEqual([where, true]);
    for (const { text } of selectors)
      expect([where, text]).toEqual([where, expect.stringContaining(`system="${SYSTEM}"`)]);
  }
});

test('no expression takes a counter as it is: the document divides raw ones', () => {
  const counters = /_(?:total|bucket|sum|count)$/;
  for (const { where, expr } of expressions)
    for (const { name, ranged } of selectorsOf(expr))
      expect([where, name, counters.test(name) && !ranged]).toEqual([where, name, false]);
});

test('the alerts are those of the contract', () => {
  expect(rules.map(({ name, forMs, labels }) => [name, forMs, labels.severity])).toEqual(
    CONTRACT.alerts.map((alert) => [alert.alert, parseDuration(alert.for), alert.severity]),
  );
  for (const { labels } of rules)
    expect(labels).toMatchObject({ system: SYSTEM, job: CONTRACT.services.api.job });
});

test('every alert leads to a section of the README that says what to do', async () => {
  const sections = (await read('../README.md')).split(/^### /m).slice(1);
  const anchors = new Map(
    sections.map((section) => {
      const [heading = '', ...lines] = section.split('\n');
      return [heading.toLowerCase().replaceAll(' ', '-'), lines.join('\n')];
    }),
  );
  for (const { name, annotations } of rules) {
    const [, anchor = 'none'] =
      /^systems\/lead-scraper\/README\.md#([\w-]+)$/.exec(annotations.runbook_url ?? '') ?? [];
    expect([name, anchors.get(anchor)]).toEqual([name, expect.stringMatching(/^1\. /m)]);
  }
});

test('every alert is tested to fire', () => {
  const tested = tests.tests.flatMap(({ expectations }) =>
    expectations.flatMap((one) => (one.type === 'alerts' && one.expected.length > 0 ? [one.alert] : [])),
  );
  expect([...new Set(tested)].sort()).toEqual(rules.map(({ name }) => name).sort());
});

test('development and production are scraped as often and kept as long as the contract says', () => {
  const [service] = config.services;
  expect(service?.job).toBe(CONTRACT.services.api.job);
  expect(service?.targets).toEqual([`localhost:${CONTRACT.services.api.metricsPort}`]);
  for (const environment of ['development', 'production'] as const)
    expect(config[environment]).toMatchObject({
      scrapeInterval: CONTRACT.scrape[environment],
      retentionTime: CONTRACT.retention[environment],
    });
});

test('in production ports are those of this machine, and Grafana has no password by itself', async () => {
  const { services } = parseYaml(await read('../monitoring/compose.prod.yml')) as {
    readonly services: Readonly<
      Record<string, { readonly ports: readonly string[]; readonly environment?: Record<string, string> }>
    >;
  };
  expect(Object.keys(services).sort()).toEqual(['alertmanager', 'grafana', 'prometheus']);
  for (const { ports } of Object.values(services))
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  expect(services.grafana?.environment?.GF_SECURITY_ADMIN_PASSWORD).toMatch(/^\$\{GRAFANA_PASSWORD:\?/);
  expect(await read('../monitoring/.env.production.example')).toMatch(/^GRAFANA_PASSWORD=$/m);
});

test('who is told follows from the severity, and warnings are repeated later than what is critical', () => {
  const ways = Object.entries(people.receivers).map(([name, list]) => [name, list.map(({ type }) => type)]);
  expect(Object.fromEntries(ways)).toEqual({
    critical: ['email', 'slack'],
    warning: ['email', 'slack'],
    info: ['slack'],
  });
  const { routes = [] } = people.route;
  const repeatMs = (receiver: string): number =>
    parseDuration(routes.find((route) => route.receiver === receiver)?.repeatInterval ?? '0s');
  expect(repeatMs('warning')).toBeGreaterThan(repeatMs('critical'));
});
