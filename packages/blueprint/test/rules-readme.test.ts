/** The README's examples of rules and objectives compile with the strictest settings, run, and give what stands there. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test, vi } from 'vitest';
import { type Dashboard, type Slo, sloReport, sloReportText } from '../dist/index.js';

vi.setConfig({ testTimeout: 300_000 });

const root = fileURLToPath(new URL('../../..', import.meta.url));
const readme = fs.readFileSync(fileURLToPath(new URL('../README.md', import.meta.url)), 'utf8');
const section = /\n## Rules\n.*$/s.exec(readme)![0];
// Within the package, so that the examples find the packages as a reader's project would. `dist` may be packed meanwhile.
const folder = fileURLToPath(new URL('../.binnacle/dist/rules-readme', import.meta.url));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

/** What the examples export. */
interface Example {
  readonly file: string;
  readonly rules: string;
  readonly objectives: readonly Slo[];
  readonly overview: Dashboard;
}

function blocks(language: string): string[] {
  return [...section.matchAll(/```(\w*)\n(.*?)```/gs)]
    .filter((match) => match[1] === language)
    .map((match) => match[2]!);
}

test('the examples of rules and objectives compile and give what stands beside them', async () => {
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'example.ts'), blocks('ts').join(''));
  const config = {
    extends: path.join(root, 'tsconfig.base.json'),
    compilerOptions: { composite: false, types: ['node'], noErrorTruncation: true },
    include: ['*.ts'],
  };
  fs.writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(config));
  const compiler = path.join(root, 'node_modules/typescript/bin/tsc');
  expect(spawnSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' }).stdout).toBe('');
  const example = (await import(path.join(folder, 'example.js'))) as Example;
  expect(example.file).toBe(blocks('yaml')[0]);
  expect(example.overview.rows.map(({ title }) => title)).toEqual([
    'All objectives',
    'shop-answers',
    'shop-is-fast',
  ]);
  expect(example.rules).toContain('alert: ShopAnswersErrorBudgetBurn');
  const recorded: Readonly<Record<string, Readonly<Record<string, number>>>> = {
    'shop-is-fast': {
      'slo:period_events:sum': 1_204_133,
      'slo:period_bad_events:sum': 15_653,
      'slo:error_budget_remaining:ratio': -0.3,
      'slo:error:ratio_rate1d': 0.013,
      'slo:error:ratio_rate3d': 0.0124,
    },
    'shop-answers': {
      'slo:period_events:sum': 1_204_133,
      'slo:period_bad_events:sum': 481.4,
      'slo:error_budget_remaining:ratio': 0.6,
      'slo:error:ratio_rate1h': 0,
      'slo:error:ratio_rate6h': 0.0002,
      'slo:error:ratio_rate1d': 0.0004,
      'slo:error:ratio_rate3d': 0.0004,
    },
  };
  const query = (expr: string): Promise<number | undefined> => {
    const [, series, name] = /^(.*)\{slo="(.*)"\}$/.exec(expr)!;
    return Promise.resolve(recorded[name!]![series!]);
  };
  const outcomes = await sloReport(example.objectives, query, 0);
  expect(sloReportText(outcomes)).toBe(blocks('')[0]);
});
