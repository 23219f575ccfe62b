import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkRepository } from '@binnacle/blueprint';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type GenerateFlags, parseGenerateCommand, runGenerate } from '../dist/cli/generate.js';
import { MANIFEST_NAME } from '../dist/cli/generate-folder.js';
import { UsageError } from '../dist/cli/options.js';
import { loadProject } from '../dist/cli/project/load-project.js';
import { type ProjectFolder, projectFolder } from './project-folder.ts';

// Processes start slowly where many do.
vi.setConfig({ testTimeout: 300_000 });

const METRICS = `
import { counter } from '@binnacle/metrics';
export const requests = counter({ name: 'http_requests_total', help: 'Requests.', labels: { status: ['ok', 'failed'] } });
`;

const CONFIG = `
import { alert, alerting, defineConfig, dashboard, row, ruleGroup, timeseries } from '@binnacle/blueprint';
import * as metrics from './src/metrics';

export default defineConfig({
  name: 'shop',
  services: [{ name: 'web', metrics, targets: ['localhost:9464'] }],
  dashboards: [
    dashboard({
      title: 'Overview',
      rows: [row('HTTP', [timeseries({ title: 'Requests', expr: 'sum by (status) (rate(http_requests_total[5m]))' })])],
    }),
  ],
  rules: [
    ruleGroup('web', [
      alert('Failures', {
        expr: 'sum by (status) (rate(http_requests_total{status="failed"}[5m])) > 1',
        for: '5m',
        severity: 'warning',
        summary: 'Requests fail',
        description: 'With status {{ $labels.status }}.',
      }),
      alert('Silence', {
        expr: 'sum(rate(http_requests_total[5m])) == 0',
        for: '5m',
        severity: 'critical',
        summary: 'Nobody comes',
        description: 'No requests.',
      }),
      alert('Flood', {
        expr: 'sum(rate(http_requests_total[5m])) > 1000',
        for: '5m',
        severity: 'warning',
        summary: 'Everybody comes',
        description: 'Many requests.',
      }),
    ]),
  ],
  alerting: alerting({
    receivers: { team: [{ type: 'slack', channel: '#alerts', webhookUrl: { env: 'SLACK_URL' } }] },
    route: { receiver: 'team' },
  }),
});
`;

const open: ProjectFolder[] = [];
afterEach(() => {
  for (const folder of open.splice(0)) folder.remove();
});

function project(): ProjectFolder {
  const folder = projectFolder({ 'src/metrics.ts': METRICS, 'binnacle.config.ts': CONFIG });
  open.push(folder);
  return folder;
}

interface Outcome {
  readonly code: number;
  readonly said: readonly string[];
  readonly complained: readonly string[];
}

/** Runs the command on a project; paths in what it says are relative to the folder. */
async function generated(folder: ProjectFolder, flags: GenerateFlags = {}): Promise<Outcome> {
  const said: string[] = [];
  const complained: string[] = [];
  const shown = (line: string) => line.replaceAll(`${folder.path}/`, '').replace(/^monitoring\//, '');
  const code = await runGenerate(parseGenerateCommand([], { config: folder.path, ...flags }), {
    loadProject,
    say: (line) => said.push(shown(line)),
    complain: (line) => complained.push(shown(line)),
  });
  return { code, said, complained };
}

function change(folder: ProjectFolder, file: string, from: string, to: string): void {
  const path = join(folder.path, file);
  const text = readFileSync(path, 'utf8');
  if (!text.includes(from)) throw new Error(`${file} does not hold ${from}`);
  writeFileSync(path, text.replaceAll(from, to));
}

/** All files of the generated folder, with their texts. */
function contents(folder: ProjectFolder): Readonly<Record<string, string>> {
  const root = join(folder.path, 'monitoring');
  return Object.fromEntries(
    readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((path) => statSync(join(root, path)).isFile())
      .sort()
      .map((path) => [path.replaceAll('\\', '/'), readFileSync(join(root, path), 'utf8')]),
  );
}

describe('binnacle generate', () => {
  test('writes a folder beside the configuration, and finds nothing to do the second time', async () => {
    const folder = project();
    const first = await generated(folder);
    expect(first).toMatchObject({ code: 0, complained: [] });
    expect(first.said).toContain('compose.yml: written');
    const files = contents(folder);
    expect(Object.keys(files)).toContain('prometheus/rules/rules.yml');
    expect(Object.keys(files).filter((path) => path.endsWith('.new'))).toEqual([]);
    expect(files['MONITORING.md']).toContain('| `http_requests_total` | counter |');

    const second = await generated(folder);
    expect(second.code).toBe(0);
    expect(second.said).toEqual([expect.stringMatching(/files, nothing to do$/)]);
    expect(contents(folder)).toEqual(files);
    expect(await generated(folder, { check: true })).toMatchObject({
      code: 0,
      said: [expect.stringMatching(/all as the configuration says$/)],
    });
  });

  test('--check names every file that a renamed label makes stale, and writes nothing', async () => {
    const folder = project();
    await generated(folder);
    const before = contents(folder);
    for (const file of ['src/metrics.ts', 'binnacle.config.ts']) change(folder, file, 'status', 'outcome');
    const { code, said, complained } = await generated(folder, { check: true });
    expect(code).toBe(1);
    expect(said).toEqual([
      'MONITORING.md: stale',
      'grafana/dashboards/overview.json: stale',
      'kubernetes/dashboards/overview.yml: stale',
      'kubernetes/prometheus-rules.yml: stale',
      'prometheus/rules/rules.yml: stale',
    ]);
    expect(complained).toEqual([expect.stringContaining('run binnacle generate')]);
    expect(contents(folder)).toEqual(before);

    expect((await generated(folder)).said).toEqual([
      ...said.map((line) => line.replace('stale', 'written')),
      expect.stringMatching(/5 written, 0 removed$/),
    ]);
    expect((await generated(folder, { check: true })).code).toBe(0);
  });

  test('a file that a person has changed is kept and named, until --force gives it up', async () => {
    const folder = project();
    await generated(folder);
    const compose = join(folder.path, 'monitoring/compose.yml');
    const ours = readFileSync(compose, 'utf8');
    writeFileSync(compose, `${ours}# mine\n`);
    change(folder, 'binnacle.config.ts', 'localhost:9464', 'localhost:9465');

    const checked = await generated(folder, { check: true });
    expect(checked.code).toBe(1);
    expect(checked.said).toContain('compose.yml: changed by hand');
    expect(checked.said).toContain('prometheus/prometheus.yml: stale');

    const kept = await generated(folder);
    expect(kept.code).toBe(1);
    expect(kept.complained).toEqual([
      expect.stringMatching(/^compose.yml: kept, since it was changed by hand/),
    ]);
    expect(kept.said).toContain('prometheus/prometheus.yml: written');
    expect(readFileSync(compose, 'utf8')).toBe(`${ours}# mine\n`);
    // It stays known as changed, however often the rest is generated.
    expect((await generated(folder)).code).toBe(1);

    expect((await generated(folder, { force: true })).code).toBe(0);
    expect(readFileSync(compose, 'utf8')).toBe(ours);
    expect((await generated(folder, { check: true })).code).toBe(0);
  });

  test('files that are no longer wanted are removed with their folders, but for those that a person has changed', async () => {
    const folder = project();
    await generated(folder);
    const text = join(folder.path, 'monitoring/alertmanager/alertmanager.yml');
    writeFileSync(text, `${readFileSync(text, 'utf8')}# mine\n`);
    change(folder, 'binnacle.config.ts', 'alerting: alerting(', 'alerting: undefined && alerting(');

    expect((await generated(folder, { check: true })).said).toEqual(
      expect.arrayContaining([
        'alertmanager/templates/binnacle.tmpl: superfluous',
        'kubernetes/alertmanager-config.yml: superfluous',
        'alertmanager/alertmanager.yml: superfluous, and not ours to remove',
      ]),
    );
    const done = await generated(folder);
    expect(done.code).toBe(1);
    expect(done.said).toContain('alertmanager/templates/binnacle.tmpl: removed');
    expect(existsSync(join(folder.path, 'monitoring/alertmanager/templates'))).toBe(false);
    expect(existsSync(text)).toBe(true);

    expect(await generated(folder, { force: true })).toMatchObject({ code: 0 });
    expect(existsSync(join(folder.path, 'monitoring/alertmanager'))).toBe(false);
  });

  test('without its list nothing is overwritten, and old files with our mark are named', async () => {
    const folder = project();
    await generated(folder);
    rmSync(join(folder.path, 'monitoring', MANIFEST_NAME));
    change(folder, 'binnacle.config.ts', 'localhost:9464', 'localhost:9465');
    const old = join(folder.path, 'monitoring/prometheus/rules/old.yml');
    writeFileSync(old, readFileSync(join(folder.path, 'monitoring/prometheus/rules/rules.yml')));
    writeFileSync(join(folder.path, 'monitoring/notes.md'), 'Ours, and no business of anybody.\n');
    mkdirSync(join(folder.path, 'monitoring/node_modules'));
    writeFileSync(join(folder.path, 'monitoring/node_modules/x.yml'), readFileSync(old));

    const checked = await generated(folder, { check: true });
    expect(checked.said).toContain('prometheus/prometheus.yml: changed by hand');
    expect(checked.said).toContain('prometheus/rules/old.yml: superfluous, and not ours to remove');
    expect(checked.said.join('\n')).not.toMatch(/notes|node_modules/);
    expect((await generated(folder)).code).toBe(1);
    expect(existsSync(old)).toBe(true);
    expect((await generated(folder, { force: true })).code).toBe(0);
    expect(existsSync(old)).toBe(false);
    expect(existsSync(join(folder.path, 'monitoring/notes.md'))).toBe(true);
  });

  test('line ends that a checkout has changed are no change', async () => {
    const folder = project();
    await generated(folder);
    const file = join(folder.path, 'monitoring/README.md');
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('\n', '\r\n'));
    expect((await generated(folder, { check: true })).code).toBe(0);
  });

  test('the backend is remembered, and another one takes its files away', async () => {
    const folder = project();
    await generated(folder, { for: 'mimir' });
    expect(existsSync(join(folder.path, 'monitoring/mimir/mimir.yml'))).toBe(true);
    expect((await generated(folder, { check: true })).code).toBe(0);
    expect((await generated(folder)).code).toBe(0);
    expect(existsSync(join(folder.path, 'monitoring/mimir/mimir.yml'))).toBe(true);
    expect((await generated(folder, { for: 'prometheus' })).said).toContain('mimir/mimir.yml: removed');
    expect(existsSync(join(folder.path, 'monitoring/mimir'))).toBe(false);
  });

  test('for programs it answers in JSON', async () => {
    const folder = project();
    const checked = await generated(folder, { check: true, json: true });
    expect(checked.code).toBe(1);
    expect(JSON.parse(checked.said.join(''))).toMatchObject({
      stale: [],
      changed: [],
      superfluous: [],
      leftOver: [],
    });
    const done = await generated(folder, { json: true });
    expect(JSON.parse(done.said.join(''))).toMatchObject({
      written: (JSON.parse(checked.said.join('')) as { missing: string[] }).missing,
      removed: [],
      kept: [],
    });
  });

  test('an inhibition that silences more than it says is warned of', async () => {
    const folder = project();
    change(
      folder,
      'binnacle.config.ts',
      "route: { receiver: 'team' },",
      `route: { receiver: 'team' },
       inhibitRules: [
         { sourceMatchers: ['severity = critical'], targetMatchers: ['severity = warning'], equal: ['instance'] },
       ],`,
    );
    expect(await generated(folder)).toMatchObject({
      code: 0,
      complained: [
        expect.stringMatching(
          /^warning: inhibitRules\[0\]: Silence silences every F\w+, since neither has instance/,
        ),
      ],
    });
  });

  test.each([
    ['{', 'is not a list of generated files'],
    ['[]', 'is not a list of generated files'],
    ['{"version":2,"for":"prometheus","files":{}}', 'is not a list of generated files'],
    ['{"version":1,"for":"influx","files":{}}', 'is not a list of generated files'],
    [
      '{"version":1,"for":"prometheus","files":{"../../etc/passwd":"sha256:0"}}',
      'is not a list of generated files',
    ],
    [
      '{"version":1,"for":"prometheus","files":{"/etc/passwd":"sha256:0"}}',
      'is not a list of generated files',
    ],
    ['{"version":1,"for":"prometheus","files":{"a":1}}', 'is not a list of generated files'],
  ])('the list %s is refused, and nothing is written', async (text, message) => {
    const folder = project();
    mkdirSync(join(folder.path, 'monitoring'));
    writeFileSync(join(folder.path, 'monitoring', MANIFEST_NAME), text);
    const { code, complained } = await generated(folder);
    expect(code).toBe(1);
    expect(complained.join()).toContain(message);
    expect(Object.keys(contents(folder))).toEqual([MANIFEST_NAME]);
  });

  test('what is wrong with the project is told as everywhere', async () => {
    const folder = project();
    change(folder, 'binnacle.config.ts', "name: 'shop'", 'name: shop');
    const { code, complained } = await generated(folder);
    expect(code).toBe(1);
    expect(complained.join()).toContain('binnacle.config.ts:');
  });
});

describe('the command line of binnacle generate', () => {
  test.each([
    [['extra'], {}, 'takes no "extra"'],
    [[], { for: 'influx' }, 'is not one of prometheus, mimir, thanos, victoriametrics'],
    [[], { check: true, force: true }, '--check writes nothing'],
  ] as const)('refuses %j %j', (rest, flags, message) => {
    expect(() => parseGenerateCommand(rest, flags)).toThrow(UsageError);
    expect(() => parseGenerateCommand(rest, flags)).toThrow(message);
  });

  test('names the folder from where it is typed', async () => {
    const folder = project();
    const out = join(folder.path, 'ops/stack');
    expect((await generated(folder, { out })).code).toBe(0);
    expect(existsSync(join(out, 'compose.yml'))).toBe(true);
    expect(existsSync(join(folder.path, 'monitoring'))).toBe(false);
  });
});

describe('a label that is renamed in the code of a service', () => {
  const TYPED = `
import { alert, dashboard, defineConfig, row, ruleGroup, timeseries } from '@binnacle/blueprint';
import { gt, rate, select, sum } from '@binnacle/promql/builder';
import * as metrics from './src/metrics';

export default defineConfig({
  name: 'shop',
  services: [{ name: 'web', metrics, targets: ['localhost:9464'] }],
  dashboards: [
    dashboard({
      title: 'Overview',
      rows: [row('HTTP', [timeseries('Requests', sum(rate(select(metrics.requests), '5m')).by('status'))])],
    }),
  ],
  rules: [
    ruleGroup('web', [
      alert('Failures', {
        expr: gt(sum(rate(select(metrics.requests, { status: 'failed' }), '5m')), 1),
        for: '5m',
        severity: 'warning',
        summary: 'Requests fail',
        description: 'More than one in a second.',
      }),
    ]),
  ],
});
`;
  const TSCONFIG = {
    compilerOptions: {
      strict: true,
      noEmit: true,
      module: 'preserve',
      moduleResolution: 'bundler',
      target: 'es2023',
      skipLibCheck: true,
      types: [],
    },
    include: ['binnacle.config.ts'],
  };

  test('is found by the compiler, by the checks, and by generate --check', async () => {
    const folder = projectFolder({
      'src/metrics.ts': METRICS,
      'binnacle.config.ts': TYPED,
      'tsconfig.json': JSON.stringify(TSCONFIG),
    });
    open.push(folder);
    expect(compiled(folder)).toBe('');
    expect((await generated(folder)).code).toBe(0);
    expect((await generated(folder, { check: true })).code).toBe(0);
    expect(await checked(folder)).toEqual([]);

    change(folder, 'src/metrics.ts', 'status', 'outcome');

    expect(compiled(folder)).toMatch(/binnacle\.config\.ts.*error TS.*status/);
    expect(await checked(folder)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^prometheus\/rules\/rules\.yml:\d+: .*no label status.* \(unknown-label\)$/),
      ]),
    );
    const { code, said } = await generated(folder, { check: true });
    expect(code).toBe(1);
    expect(said).toContain('MONITORING.md: stale');
  });

  function compiled(folder: ProjectFolder): string {
    const tsc = fileURLToPath(new URL('../../../node_modules/.bin/tsc', import.meta.url));
    return spawnSync(tsc, ['-p', folder.path], { cwd: folder.path, encoding: 'utf8' }).stdout;
  }

  /** The errors of our checks over the generated folder, against what the code has now. */
  async function checked(folder: ProjectFolder): Promise<readonly string[]> {
    const { catalogs } = await loadProject(folder.path);
    const { problems } = checkRepository(
      { files: new Map(Object.entries(contents(folder))), catalogs },
      { nowMs: 0 },
    );
    return problems
      .filter(({ severity }) => severity === 'error')
      .map(({ place, message, check }) => `${place.file}:${place.line}: ${message} (${check})`);
  }
});
