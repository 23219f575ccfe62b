/** The table of series against a model: whatever is named and removed, in whatever form. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SeriesTable } from '../dist/labels.js';

const NAMES = ['a', 'b', 'c'];

/** Values that look alike in one way or another. */
const value = fc.constantFrom<unknown>(
  '',
  '1',
  1,
  '1,b:2',
  'undefined',
  undefined,
  'null',
  null,
  'x',
  0,
  '0',
);

const labels = fc
  .tuple(value, value, value)
  .map((values) => Object.fromEntries(NAMES.map((name, i) => [name, values[i]])) as Record<string, unknown>);

interface Series {
  readonly values: readonly string[];
}

const keyOf = (given: Readonly<Record<string, unknown>>) =>
  JSON.stringify(NAMES.map((name) => (given[name] === undefined ? '' : String(given[name]))));

const step = fc.tuple(fc.constantFrom('get', 'of', 'partial', 'take'), labels);

test('equal labels find the same series, others another, in every form', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const table = new SeriesTable<Series>(NAMES, (_, values) => ({ values }));
      const model = new Map<string, Series>();
      for (const [what, given] of steps) {
        const key = keyOf(given);
        const known = model.get(key);
        if (what === 'take') {
          expect(table.take([given])).toBe(known);
          model.delete(key);
          continue;
        }
        const positional = NAMES.map((name) => given[name]);
        const partial = Object.fromEntries(Object.entries(given).filter(([, one]) => one !== undefined));
        // An object in the first place would be taken for labels.
        const found =
          what === 'of' && given.a !== null
            ? table.of(positional)
            : table.get(what === 'partial' ? partial : given);
        if (known === undefined) expect([...model.values()]).not.toContain(found);
        else expect(found).toBe(known);
        expect(JSON.stringify(found.values)).toBe(key);
        expect(table.find(given)).toBe(found);
        model.set(key, found);
      }
    }),
  );
});

test('a metric without labels has one series', () => {
  const table = new SeriesTable<Series>([], (_, values) => ({ values }));
  const series = table.get({});
  expect(table.get({})).toBe(series);
  expect(table.of([])).toBe(series);
  expect(table.take([])).toBe(series);
  expect(table.get({})).not.toBe(series);
  expect(() => table.get({ a: 1 })).toThrow(/Added label "a"/);
});

test('where code from strings is forbidden, series are found all the same', () => {
  const { Function: real } = globalThis;
  globalThis.Function = class {
    constructor() {
      throw new EvalError('forbidden');
    }
  } as unknown as FunctionConstructor;
  try {
    const table = new SeriesTable<Series>(NAMES, (_, values) => ({ values }));
    const series = table.get({ a: '1', b: 2, c: '3' });
    expect(table.get({ c: '3', b: 2, a: '1' })).toBe(series);
    expect(table.get({ a: '1', b: '2', c: '3' })).toBe(series);
    expect(table.get({ a: '1', b: '2' })).not.toBe(series);
    expect(() => table.get({ a: '1', b: 2, c: '3', d: 4 })).toThrow(/Added label "d"/);
  } finally {
    globalThis.Function = real;
  }
});
