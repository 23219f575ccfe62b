/** `binnacle check` in a project: what is defined in TypeScript is checked there, once, whatever was generated from it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseCheckCommand, runCheck } from '../dist/cli/check/check-command.js';
import { parseGenerateCommand, runGenerate } from '../dist/cli/generate.js';
import { loadProject } from '../dist/cli/project/load-project.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'binnacle-check-project-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
}

/** Runs the command in a folder of the project. */
async function check(paths: readonly string[] = [], from = '.') {
  const said: string[] = [];
  await runCheck(parseCheckCommand(paths, { json: true }), {
    cwd: path.join(folder, from),
    fetch,
    now: () => Date.UTC(2026, 10, 21),
    say: (line) => said.push(line),
    complain: () => {},
    isColored: false,
  });
  const { problems, summary } = JSON.parse(said.join('\n')) as {
    readonly problems: readonly {
      readonly check: string;
      readonly file: string;
      readonly line: number;
      readonly message: string;
    }[];
    readonly summary: Readonly<Record<string, number>>;
  };
  const unknown = problems.filter((one) => one.check === 'unknown-metric');
  return { problems, summary, unknown: unknown.map(({ file, line }) => `${file}:${line}`) };
}

/** As `binnacle generate` writes it: the files of the real stack, and those for Kubernetes. */
async function generate(out = 'monitoring'): Promise<void> {
  const complaints: string[] = [];
  const command = parseGenerateCommand([], {
    config: path.join(folder, 'binnacle.config.ts'),
    out: path.join(folder, out),
  });
  await runGenerate(command, { loadProject, say: () => {}, complain: (line) => complaints.push(line) });
  expect(complaints).toEqual([]);
}

const BLUEPRINT = JSON.stringify(path.resolve(import.meta.dirname, '../../blueprint/dist/index.js'));

/** A project with one mistake in a rule, in line 10 of its file, and one in a panel, in line 8 of its own. */
function project({ beforeRule = '', beforePanel = '' } = {}): Record<string, string> {
  return {
    'binnacle.config.ts': `import { alert, defineConfig, ruleGroup } from ${BLUEPRINT};
import { board } from './src/board.ts';
export default defineConfig({
  name: 'shop',
  services: [{ name: 'shop', targets: ['localhost:9464'], metrics: [{ name: 'http_requests_total', type: 'counter', labels: { status: ['ok', 'failed'] } }] }],
  dashboards: [board],
  rules: [
    ruleGroup('shop', [
      ${beforeRule}
      alert('Failing', {
        expr: 'sum(rate(http_request_total{status="failed"}[5m])) > 5',
        for: '5m',
        severity: 'warning',
        summary: 'Requests fail',
        description: 'More than five a second.',
        runbookUrl: 'https://example.com/runbooks#failing',
      }),
    ]),
  ],
});
`,
    'src/board.ts': `import { dashboard, row, timeseries } from ${BLUEPRINT};
export const board = dashboard({
  title: 'Shop',
  rows: [
    row('Requests', [
      // What is asked of the shop.
      ${beforePanel}
      timeseries({
        title: 'Requests',
        description: 'How many there are.',
        expr: 'sum(rate(http_requests_totl[$__rate_interval]))',
        unit: 'reqps',
      }),
    ]),
  ],
});
`,
  };
}

const DEFINED = ['binnacle.config.ts:10', 'src/board.ts:8'];
const RULES = 'monitoring/prometheus/rules/rules.yml';
const BOARD = 'monitoring/grafana/dashboards/shop.json';

function change(file: string, from: string, to: string): void {
  const text = readFileSync(path.join(folder, file), 'utf8');
  expect(text).toContain(from);
  write({ [file]: text.replaceAll(from, to) });
}

describe('what a configuration defines', () => {
  test('is found where it stands, with the panels of other files, and counted', async () => {
    write(project());
    const { unknown, summary } = await check();
    expect(unknown).toEqual(DEFINED);
    expect(summary).toMatchObject({ rules: 1, dashboards: 1, files: 2, generated: 0 });
  });

  test('may be suppressed by a comment, that of a panel too', async () => {
    const comment = '// binnacle:ignore unknown-metric it comes with the next release';
    write(project({ beforeRule: comment, beforePanel: comment }));
    const { unknown, summary, problems } = await check();
    expect(unknown).toEqual([]);
    expect(problems.filter((one) => one.check === 'ignore-comment')).toEqual([]);
    expect(summary).toMatchObject({ ignored: 2 });
  });

  test('is shown with the project also where it lies beside what is checked', async () => {
    const files = project();
    write({
      'src/board.ts': files['src/board.ts']!,
      'shop/binnacle.config.ts': files['binnacle.config.ts']!.replace('./src/', '../src/'),
    });
    expect((await check(['shop'])).unknown.sort()).toEqual(['shop/binnacle.config.ts:10', 'src/board.ts:8']);
  });
});

describe('what was generated from it', () => {
  beforeEach(async () => {
    write(project());
    await generate();
  });

  test('is not checked for it once more', async () => {
    const { unknown, summary } = await check();
    expect(unknown).toEqual(DEFINED);
    // The rules for Prometheus, those for Kubernetes, and the dashboard.
    expect(summary).toMatchObject({ rules: 1, dashboards: 1, generated: 3 });
  });

  test('and changed since is checked as it is', async () => {
    change(RULES, 'http_request_total', 'http_requestz_total');
    const { unknown, summary } = await check();
    expect(unknown).toEqual([...DEFINED.slice(0, 1), `${RULES}:7`, ...DEFINED.slice(1)]);
    expect(summary).toMatchObject({ rules: 2, dashboards: 1, generated: 2 });
  });

  test('as a dashboard and changed since takes the place of its definition', async () => {
    change(BOARD, 'http_requests_totl', 'http_requestz_total');
    const { unknown, summary } = await check();
    expect(unknown.map((place) => place.replace(/:\d+$/, ''))).toEqual(['binnacle.config.ts', BOARD]);
    expect(summary).toMatchObject({ rules: 1, dashboards: 1, generated: 2 });
  });

  test('is still looked at for what lies between files', async () => {
    change('monitoring/prometheus/prometheus.yml', 'rules/rules.yml', 'rules/alerts.yml');
    const { problems } = await check();
    expect(problems.map((one) => one.check)).toContain('unmatched-rule-files');
  });

  test('is checked itself where it is all that is named', async () => {
    const { unknown, summary } = await check([RULES]);
    expect(unknown).toEqual([`${RULES}:7`]);
    expect(summary).toMatchObject({ generated: 0 });
  });

  test('from another project is checked as any file', async () => {
    const files = project();
    write({
      'other/binnacle.config.ts': files['binnacle.config.ts']!.replace('./src/', '../src/'),
    });
    const { summary } = await check(['.'], 'other');
    expect(summary).toMatchObject({ generated: 0 });
    write({ 'monitoring/binnacle.config.ts': files['binnacle.config.ts']!.replace('./src/', '../src/') });
    expect((await check()).summary).toMatchObject({ rules: 3, generated: 0 });
  });
});
