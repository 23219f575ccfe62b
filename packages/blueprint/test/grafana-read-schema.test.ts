/**
 * What older panels become, against Grafana's own types: the compiler is the test. Their options, styles, overrides
 * and mappings are written into a module, each as a value of the type that Grafana has for it, so that a field which
 * Grafana does not know or a value that it does not take does not compile.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test, vi } from 'vitest';
import { type ClassicPanel, normalizeDashboard } from '../dist/index.js';
import { FIXTURES, fixture } from './grafana-read-fixtures.ts';

vi.setConfig({ testTimeout: 300_000 });

const root = fileURLToPath(new URL('../../..', import.meta.url));
// Within the package, so that the types of Grafana are found; `dist` may be packed meanwhile.
const folder = fileURLToPath(new URL('../.binnacle/dist/older-panels', import.meta.url));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

/** Dashboards of older panels, and of fields in older forms or places. */
const OLDER = FIXTURES.filter((name) =>
  /^(graph|singlestat|piechart|table-old|heatmap-old|field-options|older-options|misplaced|rows-old)/.test(
    name,
  ),
);

/** The types of options and styles, by kind; what they are called in the module is made of the kind. */
const COMPOSABLE: Readonly<Record<string, { readonly file: string; readonly fields: boolean }>> = {
  barchart: { file: 'barchart/panelcfg/x/BarChartPanelCfg_types.gen', fields: true },
  gauge: { file: 'gauge/panelcfg/x/GaugePanelCfg_types.gen', fields: false },
  heatmap: { file: 'heatmap/panelcfg/x/HeatmapPanelCfg_types.gen', fields: true },
  histogram: { file: 'histogram/panelcfg/x/HistogramPanelCfg_types.gen', fields: true },
  piechart: { file: 'piechart/panelcfg/x/PieChartPanelCfg_types.gen', fields: true },
  stat: { file: 'stat/panelcfg/x/StatPanelCfg_types.gen', fields: false },
  table: { file: 'table/panelcfg/x/TablePanelCfg_types.gen', fields: false },
  text: { file: 'text/panelcfg/x/TextPanelCfg_types.gen', fields: false },
  timeseries: { file: 'timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen', fields: true },
};

const HEAD = `import type { GraphFieldConfig, Panel, TableFieldOptions } from '@grafana/schema';
${Object.entries(COMPOSABLE)
  .map(([kind, { file, fields }]) => {
    const names = fields
      ? `FieldConfig as ${kind}Fields, Options as ${kind}Options`
      : `Options as ${kind}Options`;
    return `import type { ${names} } from '@grafana/schema/dist/esm/raw/composable/${file}';`;
  })
  .join('\n')}

/** Grafana's types with their enums as values, everything may be left out. */
type Plain<T> = T extends string
  ? \`\${T}\`
  : T extends number
    ? \`\${T}\` extends \`\${infer N extends number}\` ? N : number
    : T extends readonly (infer Item)[]
      ? readonly Plain<Item>[]
      : T extends object
        ? { readonly [Key in keyof T]?: Plain<T[Key]> }
        : T;
type Field = NonNullable<Panel['fieldConfig']>;
`;

/** The module that says of each panel what it is. */
function moduleOf(panels: readonly (readonly [string, ClassicPanel])[]): string {
  const lines = panels.flatMap(([name, { type, options, fieldConfig }], i) => {
    if (COMPOSABLE[type] === undefined) return [];
    const { custom, ...defaults } = fieldConfig?.defaults ?? {};
    const style =
      type === 'table' ? 'TableFieldOptions' : type === 'timeseries' ? 'GraphFieldConfig' : undefined;
    const say = (what: string, as: string, value: unknown): string =>
      `/* ${name} ${type} */ export const ${what}${i}: Plain<${as}> = ${JSON.stringify(value ?? {})};`;
    return [
      say('options', `${type}Options`, options),
      say('defaults', "Omit<Field['defaults'], 'custom'>", defaults),
      say('overrides', "Field['overrides']", fieldConfig?.overrides ?? []),
      ...(style !== undefined && custom !== undefined ? [say('custom', style, custom)] : []),
    ];
  });
  return `${HEAD}\n${lines.join('\n')}\n`;
}

/** What the compiler says of a module. */
function compiled(name: string, source: string): string {
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, `${name}.ts`), source);
  const config = {
    extends: path.join(root, 'tsconfig.base.json'),
    compilerOptions: {
      composite: false,
      noEmit: true,
      noUnusedLocals: false,
      exactOptionalPropertyTypes: false,
    },
    files: [`${name}.ts`],
  };
  fs.writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(config));
  const compiler = path.join(root, 'node_modules/typescript/bin/tsc');
  return spawnSync(process.execPath, [compiler, '-p', folder, '--pretty', 'false'], { encoding: 'utf8' })
    .stdout;
}

test('what older panels become is what Grafana has types for', () => {
  const panels = OLDER.flatMap((name) =>
    normalizeDashboard(fixture(name)).dashboard.panels.map((panel) => [name, panel] as const),
  );
  const kinds = new Set(panels.map(([, { type }]) => type));
  for (const kind of Object.keys(COMPOSABLE)) expect([...kinds], kind).toContain(kind);
  expect(compiled('panels', moduleOf(panels))).toBe('');
});

test('a field that Grafana does not know would be found', () => {
  const [panel] = normalizeDashboard(fixture('graph')).dashboard.panels;
  const wrong = structuredClone(panel!);
  (wrong.options as { legend: Record<string, unknown> }).legend.calculations = [];
  expect(compiled('wrong', moduleOf([['graph', wrong]]))).toContain(`'"calculations"' does not exist`);
});
