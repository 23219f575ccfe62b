import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DASHBOARD_CHECKS } from '../../dist/check/dashboard/dashboard-checks.js';
import { JsonPlaces } from '../../dist/check/dashboard/json-places.js';
import { SourceFile } from '../../dist/check/source-file.js';
import {
  ALL_CHECK_NAMES,
  checkRepository,
  dashboard,
  defineConfig,
  row,
  stringifyDashboard,
  timeseries,
} from '../../dist/index.js';

test('every check of dashboards has a file, a table of tests and a page, all of its name', () => {
  const tables = ['queries', 'panels']
    .map((name) => readFileSync(new URL(`${name}.test.ts`, import.meta.url), 'utf8'))
    .join('');
  for (const { name } of DASHBOARD_CHECKS) {
    expect(existsSync(new URL(`../../src/check/dashboard/checks/${name}.ts`, import.meta.url)), name).toBe(
      true,
    );
    expect(existsSync(new URL(`../../../../docs/checks/${name}.md`, import.meta.url)), name).toBe(true);
    expect(tables, name).toContain(`dashboardSuite('${name}'`);
    expect(ALL_CHECK_NAMES).toContain(name);
  }
});

/** All values of some JSON that are no objects and no lists, by their pointers. */
function* leaves(value: unknown, pointer = ''): Generator<readonly [string, unknown]> {
  if (typeof value !== 'object' || value === null) yield [pointer, value];
  else
    for (const [key, inner] of Object.entries(value))
      yield* leaves(inner, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`);
}

/** The text under the marks of a place, which is shown on one line here. */
function textAt(text: string, { line, column }: { line: number; column: number }): string {
  const lines = text.split('\n');
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0) + column - 1;
  return text.slice(start);
}

test('any value of any JSON is found where it stands, and any character of a text', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1, '\t'), fc.nat(), (json, indent, at) => {
      const text = JSON.stringify(json, null, indent);
      const places = new JsonPlaces(new SourceFile('a.json', text));
      for (const [pointer, value] of leaves(json)) {
        const here = textAt(text, places.place(pointer));
        expect(here.startsWith(JSON.stringify(value)), pointer).toBe(true);
        if (typeof value !== 'string' || value === '') continue;
        const from = at % value.length;
        const rest = textAt(text, places.place(pointer, from, from + 1));
        expect(rest.startsWith(JSON.stringify(value.slice(from)).slice(1)), pointer).toBe(true);
      }
    }),
  );
});

describe('dashboards that are defined in TypeScript', () => {
  const metrics = [
    { name: 'jobs_total', help: '', type: 'counter' as const, labels: { status: 'open' as const } },
  ];
  const catalogs = [{ service: 'worker', job: 'worker', targetLabels: {}, metrics }];
  const config = defineConfig({
    name: 'shop',
    services: [{ name: 'worker', targets: ['worker:9464'] }],
    dashboards: [
      dashboard({
        title: 'Worker',
        uid: 'worker',
        rows: [
          row('Open', [timeseries({ title: 'Right', expr: 'sum(rate(jobs_total[$__rate_interval]))' })]),
          row(
            'Closed',
            [
              timeseries({ title: 'Other', expr: 'sum(rate(jobs_total[$__rate_interval]))' }),
              timeseries({ title: 'Wrong', expr: 'sum(rate(job_total[$__rate_interval]))' }),
            ],
            { collapsed: true },
          ),
        ],
      }),
    ],
  });
  const [made] = config.dashboards;
  const project = { config, path: '/elsewhere/binnacle.config.ts' };

  test('are checked where their panels are defined', () => {
    const { problems } = checkRepository(
      { files: new Map(), catalogs, project, root: '/elsewhere' },
      { nowMs: 0 },
    );
    const unknown = problems.filter(({ check }) => check === 'unknown-metric');
    const wrong = made?.rows[1]?.panels[1]?.definedAt;
    expect(wrong).toBeDefined();
    expect(unknown.map(({ subject, place }) => [subject, place])).toEqual([
      ['panel "Closed / Wrong"', { file: wrong?.file, line: wrong?.line, column: wrong?.column }],
    ]);
  });

  test('show the line, where the file was read', () => {
    const wrong = made!.rows[1]!.panels[1]!.definedAt!;
    const files = new Map([[wrong.file, readFileSync(wrong.file, 'utf8')]]);
    const { problems } = checkRepository({ files, catalogs, project }, { nowMs: 0 });
    const [problem] = problems.filter(({ check }) => check === 'unknown-metric');
    expect(problem?.place).toMatchObject({ file: wrong.file, line: wrong.line, column: wrong.column });
    expect(problem?.place.excerpt).toContain("timeseries({ title: 'Wrong'");
  });

  test('are checked in their file instead where they were rendered to one', () => {
    const files = new Map([['dashboards/worker.json', stringifyDashboard(made!)]]);
    const { problems, dashboards } = checkRepository({ files, catalogs, project }, { nowMs: 0 });
    const unknown = problems.filter(({ check }) => check === 'unknown-metric');
    expect(unknown.map(({ place }) => place.file)).toEqual(['dashboards/worker.json']);
    expect(problems.some(({ check }) => check === 'duplicate-dashboard')).toBe(false);
    expect(dashboards).toBe(1);
  });
});
