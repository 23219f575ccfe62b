import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DASHBOARD_CHECKS } from '../../dist/check/dashboard/dashboard-checks.js';
import { JsonPlaces } from '../../dist/check/dashboard/json-places.js';
import { ALL_CHECK_NAMES, SourceFile } from '../../dist/index.js';

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
