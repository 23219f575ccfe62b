/** The dashboards that the tests of reading work on: one file for each trait, and what is done with all of them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'vitest';

const here = path.dirname(fileURLToPath(import.meta.url));
const folder = path.join(here, 'fixtures/grafana');

/** Anything that JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The names of all fixtures. */
export const FIXTURES: readonly string[] = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.slice(0, -'.json'.length))
  .sort();

/** A fixture, read anew: nobody else has it. */
export function fixture(name: string): Json {
  return JSON.parse(readFileSync(path.join(folder, `${name}.json`), 'utf8')) as Json;
}

/** Every value that is no object and no list, and every empty one of these, by its JSON pointer. */
export function leavesOf(json: unknown, pointer = ''): readonly (readonly [string, unknown])[] {
  if (typeof json !== 'object' || json === null) return [[pointer, json]];
  const entries = Object.entries(json);
  if (entries.length === 0) return [[pointer, json]];
  return entries.flatMap(([key, value]) =>
    leavesOf(value, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  );
}

/** What stands at a JSON pointer. */
export function at(json: unknown, pointer: string): unknown {
  let value = json;
  for (const key of pointer.split('/').slice(1)) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[key.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return value;
}

/** Every place of a JSON at which something else may be put. */
export function branchesOf(json: Json): readonly (readonly [Record<string, Json>, string])[] {
  if (typeof json !== 'object' || json === null) return [];
  const owner = json as Record<string, Json>;
  return Object.entries(json).flatMap(([key, value]) => [
    [owner, key] as const,
    ...branchesOf(value as Json),
  ]);
}

/** The panel that a document shows, word for word; skips where the documents are not beside the repository. */
export function panelOfDocument(context: TestContext): Json {
  return sample(context, '001_196660fa155077ec.txt', /Sample Grafana Panel JSON\s+```json\n(.*?)\n```/s);
}

/** The dashboard that a document shows, word for word. */
export function dashboardOfDocument(context: TestContext): Json {
  return sample(context, '003_2d6f6081d0040456.txt', /grafana-dashboard\.json`\*\*\s+```json\n(.*?)\n```/s);
}

function sample(context: TestContext, file: string, pattern: RegExp): Json {
  const place = path.join(here, '../../../../shared/seeds', file);
  if (!existsSync(place)) {
    if (process.env.BINNACLE_REQUIRE === 'all') throw new Error(`${file} is missing beside the repository`);
    return context.skip(`${file} is missing beside the repository`);
  }
  const found = pattern.exec(readFileSync(place, 'utf8'))?.[1];
  if (found === undefined) throw new Error(`${file} has no dashboard`);
  return JSON.parse(found) as Json;
}
