/** Dashboards of any JSON in the words of the model: rendered again they have all that was in the file. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Grafana's own references
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import {
  DashboardFormatError,
  normalizeDashboard,
  readGrafana,
  renderGrafana,
  stringifyDashboard,
} from '../dist/index.js';
import { anyDashboard } from './grafana-read-dashboards.ts';
import {
  at,
  branchesOf,
  dashboardOfDocument,
  FIXTURES,
  fixture,
  type Json,
  leavesOf,
  panelOfDocument,
} from './grafana-read-fixtures.ts';

vi.setConfig({ testTimeout: 300_000 });

/** Leaves of the normalized JSON that are not in the rendering, neither in their place nor where a note says. */
function missing(json: Json): readonly string[] {
  const { dashboard } = normalizeDashboard(json);
  const read = readGrafana(json);
  const rendered = renderGrafana(read.dashboard);
  const moves = read.notes.filter(
    ({ message, from, to }) => to !== undefined && message.startsWith('the variable ') && from !== to,
  );
  const placeOf = (pointer: string): string => {
    const index = /^\/templating\/list\/(\d+)/.exec(pointer);
    if (index === null || moves.length === 0) return pointer;
    return pointer.replace(index[0], moves[Number(index[1])]?.to ?? index[0]);
  };
  return leavesOf(dashboard)
    .filter(([pointer, value]) => {
      const now = at(rendered, placeOf(pointer));
      if (pointer === '/templating/list' && read.notes.some(({ to }) => to === '/templating/list/0'))
        return false;
      // What was empty may have been filled; a list may not.
      if (Array.isArray(value)) return !Array.isArray(now) || now.length > 0;
      return typeof value === 'object' && value !== null ? typeof now !== 'object' : !Object.is(now, value);
    })
    .map(([pointer]) => pointer);
}

describe.each(FIXTURES)('%s', (name) => {
  test('every leaf is in the rendering of what was read', () => {
    expect(missing(fixture(name))).toEqual([]);
  });

  test('read again, what was rendered renders to the same bytes', () => {
    const first = stringifyDashboard(readGrafana(fixture(name)).dashboard);
    expect(stringifyDashboard(readGrafana(JSON.parse(first)).dashboard)).toBe(first);
  });
});

test('the dashboard with everything that the builder can say comes back in its words', () => {
  const file = new URL('./golden/dashboard/everything.json', import.meta.url);
  const text = readFileSync(file, 'utf8');
  const { dashboard, notes } = readGrafana(JSON.parse(text));
  expect(stringifyDashboard(dashboard)).toBe(text);
  expect(notes).toEqual([]);
  expect(dashboard.rows.flatMap(({ panels }) => panels).filter(({ rest }) => rest !== undefined)).toEqual([]);
});

test('the samples of documents lose nothing', (context) => {
  expect(missing(panelOfDocument(context))).toEqual([]);
  expect(missing(dashboardOfDocument(context))).toEqual([]);
});

test('damaged dashboards lose nothing either', () => {
  const wrong = fc.oneof(
    fc.constantFrom<Json>(
      null,
      true,
      0,
      -1,
      '',
      'x',
      [],
      {},
      [null],
      ['a'],
      [{}],
      '$job',
      'rgba(0, 0, 0, 1)',
    ),
    fc.jsonValue({ maxDepth: 2 }).map((value) => value as Json),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...FIXTURES),
      fc.array(fc.tuple(fc.nat(), wrong), { minLength: 1, maxLength: 4 }),
      (name, changes) => {
        const json = fixture(name);
        for (const [index, value] of changes) {
          const all = branchesOf(json);
          const [owner, key] = all[index % all.length]!;
          owner[key] = structuredClone(value);
        }
        try {
          normalizeDashboard(json);
        } catch (error) {
          expect(error).toBeInstanceOf(DashboardFormatError);
          return;
        }
        expect(missing(json)).toEqual([]);
      },
    ),
    { numRuns: 200 },
  );
});

test('a dashboard of the model, rendered and read, renders to the same bytes', () => {
  fc.assert(
    fc.property(anyDashboard, (dashboard) => {
      const text = stringifyDashboard(dashboard);
      const read = readGrafana(JSON.parse(text));
      expect(stringifyDashboard(read.dashboard)).toBe(text);
      expect(read.notes).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

/** What the words of the model say, so that `rest` does not have to. */
test('what the model has words for is said in them', () => {
  fc.assert(
    fc.property(anyDashboard, (dashboard) => {
      const { dashboard: read } = readGrafana(JSON.parse(stringifyDashboard(dashboard)));
      expect(read.rest).toBeUndefined();
      expect(read.variables.map((variable) => variable.type === 'other' || variable.rest)).toEqual(
        read.variables.map(() => undefined),
      );
      const panels = read.rows.flatMap((row) => row.panels);
      const written = dashboard.rows.flatMap((row) => row.panels);
      expect(panels.map(({ type, title }) => [type, title])).toEqual(
        written.map(({ type, title }) => [type, title]),
      );
      for (const [i, panel] of panels.entries()) {
        expect(panel.rest, JSON.stringify(written[i])).toBeUndefined();
        expect(panel.queries.map(({ expr, legend, rest }) => [expr, legend, rest])).toEqual(
          written[i]?.queries.map(({ expr, legend }) => [expr, legend, undefined]),
        );
      }
    }),
    { numRuns: 60 },
  );
});
