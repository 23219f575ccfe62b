/** What holds of every dashboard that is rendered, whatever is in it. */
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import {
  barGauge,
  type Dashboard,
  dashboard,
  type GridPos,
  gauge,
  heatmap,
  histogram,
  type JsonObject,
  type JsonValue,
  labelVariable,
  other,
  type Panel,
  pie,
  renderGrafana,
  row,
  stat,
  stateTimeline,
  stringifyDashboard,
  table,
  text,
  timeseries,
} from '../dist/index.js';

vi.setConfig({ testTimeout: 300_000 });

const KINDS: readonly ((title: string, size: object) => Panel)[] = [
  (title, size) => timeseries(title, 'sum by (job) (up)', size),
  (title, size) => stat(title, 'up', size),
  (title, size) => gauge(title, 'up', size),
  (title, size) => barGauge(title, 'up', size),
  (title, size) => table(title, { a: 'up', b: 'time() - x_seconds' }, size),
  (title, size) => heatmap(title, 'sum by (le) (rate(x_bucket[5m]))', size),
  (title, size) => histogram(title, 'up', size),
  (title, size) => pie(title, 'up', size),
  (title, size) => stateTimeline(title, 'up', size),
  (title, size) => text(title, 'x', size),
  (title, size) => other({ kind: 'geomap', title, queries: [{ expr: 'up' }], ...size }),
];

const size = fc.record(
  {
    width: fc.integer({ min: 1, max: 24 }),
    height: fc.integer({ min: 1, max: 12 }),
    repeat: fc.constantFrom('job', { variable: 'job', direction: 'v' as const }),
  },
  { requiredKeys: [] },
);
/** No dollar: what a variable is has tests of its own. */
const title = fc
  .oneof(fc.string({ minLength: 1, maxLength: 6 }), fc.string({ unit: 'binary', minLength: 1 }))
  .filter((drawn) => drawn.trim() !== '' && !/[$[]/.test(drawn));
const panel = fc
  .record({ kind: fc.nat(KINDS.length - 1), title, size })
  .map(({ kind, title, size }) => KINDS[kind]!(title, size));
const panels = fc.uniqueArray(panel, { maxLength: 12, selector: ({ title }) => title });
const anyDashboard: fc.Arbitrary<Dashboard> = fc
  .record({
    above: panels,
    rows: fc.uniqueArray(fc.record({ title, panels, collapsed: fc.boolean() }), {
      maxLength: 5,
      selector: ({ title }) => title,
    }),
  })
  .map(({ above, rows }) =>
    dashboard({
      title: 'D',
      panels: above,
      rows: rows.map(({ title, panels, collapsed }) => row(title, panels, { collapsed })),
      variables: [labelVariable('job', { metric: 'up' })],
    }),
  );

interface Placed {
  readonly id: number;
  readonly gridPos: GridPos;
  readonly panels?: readonly Placed[];
}

test('the same dashboard gives the same bytes', () => {
  fc.assert(
    fc.property(anyDashboard, (made) => {
      const text = stringifyDashboard(made);
      expect(stringifyDashboard(made)).toBe(text);
      expect(stringifyDashboard(renderGrafana(made))).toBe(text);
      // Written twice in other orders it is the same dashboard.
      const backwards = Object.fromEntries(Object.entries(made).reverse()) as unknown as Dashboard;
      expect(stringifyDashboard(backwards)).toBe(text);
      expect(JSON.stringify(JSON.parse(text), null, 2)).toBe(text.trimEnd());
    }),
  );
});

test('ids are positive and unique, also of panels in closed rows', () => {
  fc.assert(
    fc.property(anyDashboard, (made) => {
      const rendered = renderGrafana(made).panels as readonly Placed[];
      const ids = rendered.flatMap(({ id, panels = [] }) => [id, ...panels.map((inside) => inside.id)]);
      expect(new Set(ids).size).toBe(ids.length);
      for (const id of ids) expect(Number.isInteger(id) && id > 0).toBe(true);
      const count = made.rows.reduce(
        (sum, { panels, headless }) => sum + panels.length + (headless ? 0 : 1),
        0,
      );
      expect(ids).toHaveLength(count);
    }),
  );
});

test('nothing overlaps, and nothing is beyond the 24 columns', () => {
  fc.assert(
    fc.property(anyDashboard, (made) => {
      const rendered = renderGrafana(made).panels as readonly Placed[];
      free(rendered);
      for (const { gridPos, panels = [] } of rendered) {
        free(panels);
        // What is in a closed row stands below its heading when it opens.
        for (const inside of panels) expect(inside.gridPos.y).toBeGreaterThan(gridPos.y);
      }
    }),
  );
});

function free(placed: readonly Placed[]): void {
  const taken = new Set<number>();
  for (const { gridPos } of placed) {
    const { x, y, w, h } = gridPos;
    if (!(x >= 0 && y >= 0 && w >= 1 && h >= 1 && x + w <= 24))
      expect.fail(`beyond the grid: ${JSON.stringify(gridPos)}`);
    for (let line = y; line < y + h; line++) {
      for (let column = x; column < x + w; column++) {
        const cell = line * 24 + column;
        if (taken.has(cell)) expect.fail(`something stands there already: ${JSON.stringify(gridPos)}`);
        taken.add(cell);
      }
    }
  }
}

test('ids that meet give way in the order of the panels', () => {
  const titles = Array.from({ length: 4000 }, (_, i) => `${i}`);
  const panels = titles.map((drawn) => stat(drawn, 'up'));
  const idsOf = (shown: readonly Panel[]): number[] =>
    renderGrafana(dashboard({ title: 'D', panels: shown })).panels.map(({ id }) => id);
  const ids = idsOf(panels);
  expect(new Set(ids).size).toBe(titles.length);
  // On a million ids some of so many meet for certain. Each is alone what it is among the others, but for those.
  const alone = panels.map((panel) => idsOf([panel])[0]!);
  const moved = titles.filter((_, i) => ids[i] !== alone[i]);
  expect(moved.length).toBeGreaterThan(0);
  expect(moved.length).toBeLessThan(50);
  for (const title of moved) {
    const first = alone.indexOf(alone[Number(title)]!);
    expect(first).toBeLessThan(Number(title));
    expect(ids[first]).toBe(alone[first]);
  }
});

const key = fc.oneof(
  fc.constantFrom(
    'title',
    'options',
    'fieldConfig',
    'gridPos',
    'id',
    'editable',
    'schemaVersion',
    '__proto__',
  ),
  fc.string({ maxLength: 5 }),
);
const { json } = fc.letrec<{ readonly json: JsonValue; readonly object: JsonObject }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 3 },
    fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null)),
    fc.array(tie('json'), { maxLength: 3 }),
    tie('object'),
  ),
  object: fc.dictionary(key, tie('json'), { maxKeys: 4 }),
}));
const rest = json.filter((drawn): drawn is JsonObject => {
  return typeof drawn === 'object' && drawn !== null && !Array.isArray(drawn);
});

test('what is carried along comes out as it was, wherever it stands', () => {
  fc.assert(
    fc.property(rest, rest, rest, (ofDashboard, ofRow, ofPanel) => {
      // The places of the parts are looked for by their index, so the dashboard keeps its hands off its panels.
      const { panels: _, ...above } = ofDashboard;
      const made = dashboard({
        title: 'D',
        rows: [row('R', [stat('T', 'up', { rest: ofPanel })], { rest: ofRow })],
        rest: above,
      });
      const rendered = JSON.parse(stringifyDashboard(made)) as JsonObject & { readonly panels: JsonObject[] };
      contains(rendered, above);
      contains(rendered.panels[0]!, ofRow);
      contains(rendered.panels[1]!, ofPanel);
    }),
  );
});

/** All of `part` is in `whole`, at the same place; lists and plain values are equal. */
function contains(whole: JsonValue, part: JsonValue, at = ''): void {
  if (typeof part !== 'object' || part === null || Array.isArray(part)) {
    expect(whole, at).toEqual(part);
    return;
  }
  const object = whole as JsonObject;
  for (const [name, value] of Object.entries(part)) {
    expect(Object.hasOwn(object, name), `${at}/${name}`).toBe(true);
    contains(object[name]!, value, `${at}/${name}`);
  }
}
