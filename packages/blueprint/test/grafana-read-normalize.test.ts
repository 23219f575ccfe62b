/** Any dashboard JSON becomes the classic model of today, nothing is lost on the way, and each change is told. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ClassicPanel,
  DashboardFormatError,
  inventory,
  type NormalizedDashboard,
  type Note,
  normalizeDashboard,
} from '../dist/index.js';
import { expectGolden } from './golden-file.ts';
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

const line = ({ code, from, to, was, became, message }: Note): string =>
  `${code}: ${message}: ${from || '(all)'} -> ${to ?? '(gone)'}${
    was === undefined ? '' : `, was ${JSON.stringify(was)}`
  }${became === undefined ? '' : `, is ${JSON.stringify(became)}`}`;

describe.each(FIXTURES)('%s', (name) => {
  const read = normalizeDashboard(fixture(name));

  test('becomes what was reviewed, with these notes', () => {
    const text = { dashboard: read.dashboard, notes: read.notes.map(line) };
    expectGolden(`grafana-read/${name}.golden`, `${JSON.stringify(text, null, 1)}\n`);
  });

  test('loses nothing: what is not in the result is in a note', () => {
    expect(lost(fixture(name), read)).toEqual([]);
  });

  test('is whole, and what was read of it is left alone', () => {
    const json = fixture(name);
    const before = JSON.stringify(json);
    check(normalizeDashboard(json));
    expect(JSON.stringify(json)).toBe(before);
  });

  test('has its form: reading the result changes nothing more', () => {
    const again = normalizeDashboard(read.dashboard);
    expect(again.notes).toEqual([]);
    expect(again.dashboard).toEqual(read.dashboard);
  });

  test('gives places that exist in what was read', () => {
    const json = fixture(name);
    for (const note of read.notes) {
      expect(at(json, note.from), `${note.from} of ${line(note)}`).not.toBeUndefined();
      if (note.to !== undefined) expect(at(read.dashboard, note.to), line(note)).not.toBeUndefined();
    }
    for (const [pointer] of leavesOf(read.dashboard))
      expect(at(json, read.source(pointer)), pointer).not.toBeUndefined();
  });
});

/** Leaves of what was read that neither stand in the result nor in a note. */
function lost(json: Json, { dashboard, notes, source }: NormalizedDashboard): readonly string[] {
  const kept = new Map(leavesOf(dashboard).map(([pointer, value]) => [source(pointer), value]));
  // These wrap a dashboard and are no part of it.
  const around = /^\/(meta|overwrite|folderUid|message|access|apiVersion|kind|metadata)\b/;
  return leavesOf(json)
    .filter(([pointer]) => !around.test(pointer) || 'panels' in (json as object))
    .filter(([pointer, value]) => {
      if (kept.has(pointer) && Object.is(kept.get(pointer), value)) return false;
      if (typeof value === 'object' && value !== null) return false;
      return !notes.some(
        ({ from, was }) => pointer === from || (was !== undefined && pointer.startsWith(`${from}/`)),
      );
    })
    .map(([pointer]) => pointer)
    .filter((pointer) => !UNSAID.test(pointer));
}

/**
 * What the form of the classic model says without words: how high old rows were, and V2's names of kinds, of
 * elements and of numbers.
 */
const UNSAID =
  /^\/rows\/\d+\/(height|showTitle|collapse|repeatIteration|panels\/\d+\/(span|height))|\/kind$|\/(layout|elements\/[^/]+\/kind)|\/(cursorSync|hide|refresh|sort|builtIn)$|\/query\/(version|group|kind)$|__elements/;

/** The promises of the types. */
function check({ dashboard, notes }: NormalizedDashboard): void {
  expect(typeof dashboard.title).toBe('string');
  expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(39);
  const ids = new Set<number>();
  const panel = (json: ClassicPanel): void => {
    expect(Number.isInteger(json.id)).toBe(true);
    expect(ids.has(json.id), `id ${json.id}`).toBe(false);
    ids.add(json.id);
    expect(typeof json.type).toBe('string');
    expect(typeof json.title).toBe('string');
    for (const side of ['h', 'w', 'x', 'y'] as const) expect(json.gridPos[side]).toBeTypeOf('number');
    expect(json.gridPos.w).toBeLessThanOrEqual(24);
    expect(typeof json.datasource).not.toBe('string');
    if (json.targets !== undefined) {
      const names = json.targets.map(({ refId }) => refId);
      expect(new Set(names).size).toBe(names.length);
      for (const target of json.targets) {
        expect(typeof target.refId).toBe('string');
        expect(typeof target.datasource).not.toBe('string');
      }
    }
    if (json.fieldConfig !== undefined) {
      expect(json.fieldConfig.defaults).toBeTypeOf('object');
      for (const { matcher, properties } of json.fieldConfig.overrides) {
        expect(typeof matcher.id).toBe('string');
        for (const property of properties) expect(typeof property.id).toBe('string');
      }
    }
    for (const { id } of json.transformations ?? []) expect(typeof id).toBe('string');
    for (const inner of json.type === 'row' ? (json.panels ?? []) : []) {
      expect(json.collapsed).toBe(true);
      expect(inner.type).not.toBe('row');
      panel(inner);
    }
  };
  for (const json of dashboard.panels) panel(json);
  for (const { name, type, datasource } of dashboard.templating.list) {
    expect(typeof name).toBe('string');
    expect(typeof type).toBe('string');
    expect(typeof datasource).not.toBe('string');
  }
  for (const { name } of dashboard.annotations.list) expect(typeof name).toBe('string');
  for (const note of notes) expect(note.message).not.toBe('');
}

/** What no Grafana could load: where, and what is said. */
const REFUSED: readonly (readonly [string, unknown, string, string])[] = [
  ['nothing', null, '', 'is null and not a dashboard'],
  ['a list', [], '', 'is a list and not a dashboard'],
  ['a text', '{}', '', 'is a string and not a dashboard'],
  ['undefined', undefined, '', 'is of type undefined, which JSON cannot say'],
  ['a function in it', { title: 'a', x: [() => 1] }, '/x/0', 'is of type function, which JSON cannot say'],
  ['not a number', { title: 'a', x: Number.NaN }, '/x', 'is NaN, which JSON cannot say'],
  [
    'any other JSON',
    { name: 'a', version: 1 },
    '',
    'has no panels, no rows and no title, so it is not a dashboard',
  ],
  [
    'an empty envelope',
    { dashboard: {} },
    '/dashboard',
    'has no panels, no rows and no title, so it is not a dashboard',
  ],
  [
    'a resource without a spec',
    { apiVersion: 'v1', metadata: {}, spec: [] },
    '',
    'has no panels, no rows and no title, so it is not a dashboard',
  ],
  ['panels that are a text', { title: 'a', panels: 'x' }, '/panels', 'is a string and not a list of panels'],
  ['panels by name', { title: 'a', panels: { a: {} } }, '/panels', 'is an object and not a list of panels'],
  ['a panel that is a text', { panels: [{}, 'x'] }, '/panels/1', 'is a string and not a panel'],
  [
    'a panel that is nothing',
    { dashboard: { panels: [null] } },
    '/dashboard/panels/0',
    'is null and not a panel',
  ],
  [
    'a panel in a row',
    { panels: [{ type: 'row', panels: [7] }] },
    '/panels/0/panels/0',
    'is a number and not a panel',
  ],
  ['rows by name', { rows: {} }, '/rows', 'is an object and not a list of rows'],
  ['a row that is a number', { rows: [1] }, '/rows/0', 'is a number and not a row'],
  ['a panel of an old row', { rows: [{ panels: [1] }] }, '/rows/0/panels/0', 'is a number and not a panel'],
  ['targets', { panels: [{ targets: 7 }] }, '/panels/0/targets', 'is a number and not a list of queries'],
  ['a target', { panels: [{ targets: [{}, 7] }] }, '/panels/0/targets/1', 'is a number and not a query'],
  ['templating', { title: 'a', templating: 7 }, '/templating', 'is a number and not an object with a list'],
  [
    'a list of variables',
    { title: 'a', templating: { list: {} } },
    '/templating/list',
    'is an object and not a list',
  ],
  [
    'a variable',
    { title: 'a', templating: { list: ['x'] } },
    '/templating/list/0',
    'is a string and not an object',
  ],
  [
    'a variable without a name',
    { title: 'a', templating: { list: [{ type: 'query' }] } },
    '/templating/list/0',
    'is a variable without a name',
  ],
  ['an annotation', { title: 'a', annotations: [7] }, '/annotations/0', 'is a number and not an object'],
];

test.each(REFUSED)('%s is refused, and where is said', (_, json, pointer, problem) => {
  const error = caught(() => normalizeDashboard(json));
  expect(error).toBeInstanceOf(DashboardFormatError);
  expect(error).toMatchObject({ pointer, problem });
  expect((error as Error).message).toBe(`${pointer === '' ? 'the dashboard' : pointer}: ${problem}`);
});

function caught(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

test('what contains itself, or goes too deep, is refused and not followed', () => {
  const itself: Record<string, unknown> = { title: 'a' };
  itself.panels = [{ options: itself }];
  expect(caught(() => normalizeDashboard(itself))).toBeInstanceOf(DashboardFormatError);
  const deep = JSON.parse(`{"title":"a","x":${'['.repeat(5000)}${']'.repeat(5000)}}`);
  expect(caught(() => normalizeDashboard(deep))).toBeInstanceOf(DashboardFormatError);
});

test('a key named __proto__ is a key like any other', () => {
  const json = JSON.parse(
    '{"title":"a","panels":[{"type":"stat","__proto__":{"polluted":1},"options":{"constructor":2}}]}',
  );
  const { dashboard } = normalizeDashboard(json);
  expect(JSON.stringify(dashboard)).toContain('"__proto__":{"polluted":1}');
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

test('random JSON is read or refused with its place, and never anything else', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (json) => {
      const error = caught(() => inventory(normalizeDashboard(json)));
      if (error !== undefined) expect(error).toBeInstanceOf(DashboardFormatError);
    }),
    { numRuns: 300 },
  );
});

test('fixtures with any leaf or branch replaced are read whole or refused, and never anything else', () => {
  const wrong = fc.oneof(
    fc.constantFrom<Json>(null, true, 0, -1, '', 'x', [], {}, [null], ['a'], [{}], { list: [7] }, '$job'),
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
        let read: NormalizedDashboard;
        try {
          read = normalizeDashboard(json);
        } catch (error) {
          expect(error).toBeInstanceOf(DashboardFormatError);
          expect(at(json, (error as DashboardFormatError).pointer)).not.toBeUndefined();
          return;
        }
        check(read);
        inventory(read);
        expect(normalizeDashboard(read.dashboard).dashboard).toEqual(read.dashboard);
      },
    ),
    { numRuns: 400 },
  );
});

test('the panel of a document has its unit where Grafana reads it', (context) => {
  const json = panelOfDocument(context);
  const read = normalizeDashboard(json);
  check(read);
  expect(read.dashboard.panels[0]).toMatchObject({
    type: 'stat',
    fieldConfig: { defaults: { unit: 'percentunit' } },
    options: {},
  });
  expect(read.notes.find(({ code }) => code === 'misplaced')).toMatchObject({
    from: '/options/unit',
    to: '/panels/0/fieldConfig/defaults/unit',
  });
  expect(inventory(read).queries.map(({ expr, language }) => [expr, language])).toEqual([
    ['sum(rate(uploads_total{status="success"}[5m])) / sum(rate(uploads_total[5m]))', 'promql'],
  ]);
});

test('the dashboard of a document is taken out of its envelope, and its graphs are timeseries', (context) => {
  const json = dashboardOfDocument(context);
  const read = normalizeDashboard(json);
  check(read);
  expect(read.dashboard.panels.map(({ type, title }) => `${type} ${title}`)).toEqual([
    'timeseries Download Rate',
    'stat Active Downloads',
    'timeseries Download Duration',
    'timeseries Storage Usage',
    'timeseries Error Rate',
    'timeseries API Response Time',
  ]);
  expect(read.dashboard.panels[3]?.fieldConfig?.defaults).toEqual({ custom: { axisLabel: 'GB' } });
  expect(read.source('/panels/3/fieldConfig/defaults/custom/axisLabel')).toBe(
    '/dashboard/panels/3/yaxes/label',
  );
  expect(inventory(read).queries.map(({ exprSpot }) => at(json, exprSpot.source))).toEqual(
    inventory(read).queries.map(({ expr }) => expr),
  );
});
