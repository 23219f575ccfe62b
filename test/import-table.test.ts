/** Holds the table of who may import whom, as ARCHITECTURE.md prints it. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Browser-safe units: no built-in module of Node. */
const PURE = ['metrics/model', 'metrics/exposition', 'promql', 'blueprint', 'ui'];

/** What each unit may import of ours, beside itself. The longest unit that a path begins with is the one it is in. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'metrics/model': [],
  'metrics/exposition': ['metrics/model'],
  metrics: ['metrics/model', 'metrics/exposition'],
  'prom-client': ['metrics', 'metrics/model', 'metrics/exposition'],
  promql: ['metrics/model'],
  blueprint: ['promql', 'metrics/model'],
  'monitor/config': ['promql', 'metrics/model', 'monitor'],
  'monitor/tsdb': ['promql', 'metrics', 'metrics/model', 'metrics/exposition', 'monitor'],
  'monitor/scrape': ['promql', 'metrics', 'metrics/model', 'metrics/exposition', 'monitor', 'monitor/config'],
  'monitor/rules': ['promql', 'metrics', 'metrics/model', 'metrics/exposition', 'monitor', 'monitor/config'],
  'monitor/notify': ['promql', 'metrics', 'metrics/model', 'metrics/exposition', 'monitor', 'monitor/config'],
  'monitor/api': [
    'promql',
    'metrics',
    'metrics/model',
    'metrics/exposition',
    'monitor',
    'type monitor/scrape',
    'type monitor/rules',
    'type monitor/notify',
    'type monitor/config',
  ],
  'monitor/cli': ['everything'],
  monitor: ['promql', 'metrics', 'metrics/model'],
  ui: ['promql', 'metrics/model'],
  systems: ['metrics', 'metrics/model', 'metrics/exposition', 'blueprint', 'promql'],
};

const PACKAGES: Readonly<Record<string, string>> = {
  '@binnacle/metrics': 'metrics',
  '@binnacle/prom-client': 'prom-client',
  '@binnacle/promql': 'promql',
  '@binnacle/blueprint': 'blueprint',
  binnacle: 'monitor/cli',
};

function unitOf(file: string): string {
  const relative = path.relative(root, file).replaceAll('\\', '/');
  if (relative.startsWith('systems/')) return 'systems';
  const inside = relative.replace(/^packages\/([^/]+)\/src\//, '$1/');
  const units = Object.keys(ALLOWED).filter((unit) => inside.startsWith(`${unit}/`));
  return units.sort((a, b) => b.length - a.length)[0] ?? 'unknown';
}

function unitOfPackage(specifier: string): string | undefined {
  for (const [name, unit] of Object.entries(PACKAGES)) {
    if (specifier === name) return unit;
    if (!specifier.startsWith(`${name}/`)) continue;
    const subpath = `${unit}/${specifier.slice(name.length + 1)}`;
    return subpath in ALLOWED ? subpath : unit;
  }
  return undefined;
}

function* sources(directory: string): Generator<string> {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const full = path.join(directory, entry.name);
    if (entry.isDirectory() && !['node_modules', 'dist', 'test'].includes(entry.name)) yield* sources(full);
    else if (/\.tsx?$/.test(entry.name) && full.includes(`${path.sep}src${path.sep}`)) yield full;
  }
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s+(type\s)?(?:[^'"`;]*?\sfrom\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g;

function violations(): string[] {
  const found: string[] = [];
  for (const file of [...sources(path.join(root, 'packages')), ...sources(path.join(root, 'systems'))]) {
    const from = unitOf(file);
    const shown = path.relative(root, file);
    for (const [, typeOnly, fixed, dynamic] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
      const specifier = (fixed ?? dynamic)!;
      if (specifier.startsWith('node:')) {
        if (PURE.includes(from)) found.push(`${shown} is to be browser-safe, but imports ${specifier}`);
        continue;
      }
      const to = specifier.startsWith('.')
        ? unitOf(path.resolve(path.dirname(file), specifier))
        : unitOfPackage(specifier);
      if (to === undefined || to === from) continue;
      const allowed = ALLOWED[from] ?? [];
      if (allowed.includes('everything') || allowed.includes(to)) continue;
      if (typeOnly !== undefined && allowed.includes(`type ${to}`)) continue;
      found.push(`${shown} (${from}) may not import ${specifier} (${to})`);
    }
  }
  return found;
}

test('every import is one that the table allows', () => {
  expect(violations()).toEqual([]);
});

test('what instruments share knows none of them', () => {
  const shared = path.join(root, 'packages/metrics/src/instrument');
  const imported = [...sources(shared)].flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(IMPORT)].map(([, , fixed, dynamic]) => fixed ?? dynamic),
  );
  expect([...new Set(imported)]).toEqual(['../labels.ts']);
});

test('the table is held: a forbidden import would be found', () => {
  const text =
    "import { a } from './x.ts';\nimport type { B } from '@binnacle/blueprint';\nexport * from 'node:fs';\nawait import('koffi');";
  expect(
    [...text.matchAll(IMPORT)].map(([, type, fixed, dynamic]) => [type?.trim(), fixed ?? dynamic]),
  ).toEqual([
    [undefined, './x.ts'],
    ['type', '@binnacle/blueprint'],
    [undefined, 'node:fs'],
    [undefined, 'koffi'],
  ]);
  expect(unitOf(path.join(root, 'packages/monitor/src/tsdb/head.ts'))).toBe('monitor/tsdb');
  expect(unitOf(path.join(root, 'packages/monitor/src/storage.ts'))).toBe('monitor');
  expect(unitOfPackage('@binnacle/metrics/model')).toBe('metrics/model');
});
