/** What is found in dashboards that nobody made wrong for a test: those that this package makes, and those of documents. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { catalogOf } from '@binnacle/promql';
import fc from 'fast-check';
import { describe, expect, type TestContext, test, vi } from 'vitest';
import { DASHBOARD_CHECKS } from '../../dist/check/dashboard/dashboard-checks.js';
import { REPOSITORY_CHECKS } from '../../dist/check/repository/repository-checks.js';
import {
  BACKEND_NAMES,
  type CheckInput,
  checkRepository,
  dashboard,
  generate,
  type Problem,
  stringifyDashboard,
} from '../../dist/index.js';
import { exampleCatalogs, exampleConfig } from '../generate/example.ts';
import { anyDashboard } from '../grafana-read-dashboards.ts';
import { watchedServices } from '../watch-contracts.ts';

vi.setConfig({ testTimeout: 300_000 });

const PROMETHEUS = (job: string): string =>
  `global:\n  scrape_interval: 15s\nscrape_configs:\n  - job_name: ${job}\n    static_configs:\n      - targets: [localhost:9464]\n`;

function problems(input: CheckInput): readonly Problem[] {
  return checkRepository(input, { nowMs: 0 }).problems;
}

/** The checks of dashboards, of their queries and of files; those of rules have tests of their own. */
const OURS = new Set([...DASHBOARD_CHECKS, ...REPOSITORY_CHECKS].map(({ name }) => name));

/** Problems that are more than something worth a look, each in a line. */
function grave(found: readonly Problem[]): string[] {
  return found
    .filter(
      ({ severity, check, place }) =>
        severity !== 'info' && (OURS.has(check) || place.file.endsWith('.json')),
    )
    .map(
      ({ place, subject, check, message }) => `${place.file}:${place.line} ${subject}: ${message} (${check})`,
    );
}

test.each(watchedServices().map((one) => [`${one.system}: ${one.service}`, one] as const))(
  'nothing is wrong with the dashboard that the watches make of %s',
  (_, { system, service, job, definitions, watches }) => {
    const made = dashboard({
      title: service,
      uid: service,
      refresh: '30s',
      rows: watches.flatMap(({ rows }) => rows),
    });
    const text = stringifyDashboard(made);
    const files = new Map([
      ['dashboards/a.json', text],
      ['prometheus.yml', PROMETHEUS(job)],
    ]);
    const catalogs = [{ service, job, targetLabels: { system }, metrics: catalogOf(definitions) }];
    expect(text.length).toBeGreaterThan(5_000);
    expect(grave(problems({ files, catalogs }))).toEqual([]);
  },
);

test('nothing is wrong with what is rendered of all kinds of panels', () => {
  const folder = new URL('../golden/dashboard/', import.meta.url);
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  expect(names.length).toBeGreaterThan(10);
  const files = new Map(names.map((name) => [name, readFileSync(new URL(name, folder), 'utf8')]));
  expect(grave(problems({ files }))).toEqual([]);
});

test.each(BACKEND_NAMES)(
  'nothing is wrong with the files beside each other that are generated for %s',
  (backend) => {
    const generated = generate(exampleConfig, { backend, catalogs: exampleCatalogs });
    const files = new Map(generated.map(({ path, text }) => [path, text]));
    expect(grave(problems({ files, catalogs: exampleCatalogs }))).toEqual([]);
  },
);

test('whatever the model can say is rendered without errors of form', () => {
  /** What only an author can get right: which metrics there are, and what is chosen and shown. */
  const ofForm = [
    'dashboard-file',
    'misplaced-field',
    'duplicate-panel-id',
    'overlapping-panels',
    'deprecated-panel',
  ];
  fc.assert(
    fc.property(anyDashboard, (one) => {
      const found = problems({ files: new Map([['a.json', stringifyDashboard(one)]]) });
      expect(found.filter(({ check }) => ofForm.includes(check))).toEqual([]);
      expect(
        grave(found).filter(
          (line) => line.endsWith('(promql-syntax)') || line.endsWith('(unknown-variable)'),
        ),
      ).toEqual([]);
    }),
    { numRuns: 30 },
  );
});

/** A sample of the documents that the reference systems were described by, from a folder beside the repository. */
function sample(context: TestContext, name: string, pattern: RegExp): string {
  const file = new URL(`../../../../../shared/seeds/${name}`, import.meta.url);
  if (!existsSync(file)) {
    if (process.env.BINNACLE_REQUIRE === 'all') throw new Error(`${name} is missing`);
    return context.skip(`${name} is missing: the folder with the documents of the reference systems`);
  }
  const text = pattern.exec(readFileSync(file, 'utf8'))?.[1];
  if (text === undefined) throw new Error(`${name} has no such sample`);
  return text;
}

describe('the samples of documents', () => {
  test('a dashboard of graphs in an envelope', (context) => {
    const text = sample(
      context,
      '003_2d6f6081d0040456.txt',
      /grafana-dashboard\.json`\*\*\n```json\n([\s\S]*?)```/,
    );
    const found = problems({ files: new Map([['dashboard.json', text]]) });
    expect(grave(found)).toEqual(
      ['Download Rate', 'Download Duration', 'Storage Usage', 'Error Rate', 'API Response Time'].map(
        (title) =>
          expect.stringContaining(`panel "${title}": there are no graph panels any more (deprecated-panel)`),
      ),
    );
    expect(counts(found)).toEqual({
      'deprecated-panel': 5,
      'panel-without-unit': 6,
      'rate-interval': 5,
      'undescribed-panel': 6,
    });
  });

  test('a compose file and what it mounts', (context) => {
    const pattern = (heading: string): RegExp =>
      new RegExp(`${heading}\\n\\n(?:.*\\n)?\`\`\`yaml\\n([\\s\\S]*?)\`\`\``);
    const compose = sample(context, '003_2d6f6081d0040456.txt', pattern('### Docker Compose'));
    const prometheus = sample(context, '003_2d6f6081d0040456.txt', pattern('### Prometheus Configuration'));
    const files = new Map([
      ['docker-compose.yml', compose],
      ['monitoring/prometheus.yml', prometheus],
    ]);
    expect(grave(problems({ files }))).toEqual([
      'docker-compose.yml:4 : service prometheus runs prom/prometheus:latest, and latest is another version every time (unpinned-image)',
    ]);
  });
});

/** How often each check finds something. */
function counts(found: readonly Problem[]): Record<string, number> {
  const all: Record<string, number> = {};
  for (const { check } of found) all[check] = (all[check] ?? 0) + 1;
  return all;
}
