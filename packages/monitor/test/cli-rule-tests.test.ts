/** `binnacle test` with tests in TypeScript, coverage and watching, as a shell runs them. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type ProjectFolder, projectFolder } from './project-folder.ts';

// Processes start slowly where many do.
vi.setConfig({ testTimeout: 300_000 });

const command = fileURLToPath(new URL('../bin/binnacle.js', import.meta.url));
const env = { ...process.env, NO_COLOR: '1' };
/** For processes on machines that have much to do. */
const WAIT = { timeout: 60_000 };

const METRICS = `
import { counter, gauge } from '@binnacle/metrics';
export const jobs = counter({ name: 'jobs_total', help: 'Jobs', labels: { status: ['done', 'failed'] } });
export const waiting = gauge({ name: 'jobs_waiting', help: 'Jobs that wait' });
`;

const RULES = `
import { alert, record, ruleGroup } from '@binnacle/blueprint';
import { gt, rate, select, sum } from '@binnacle/promql/builder';
import { jobs, waiting } from './metrics';

export const rules = [
  ruleGroup('jobs', [
    record('job:jobs:rate5m', sum(rate(select(jobs), '5m')).by('job')),
    alert('JobsFail', {
      expr: gt(sum(rate(select(jobs, { status: 'failed' }), '5m')).by('job'), 0.1),
      for: '2m',
      severity: 'warning',
      summary: 'Jobs fail',
      description: ({ value, label, text }) => text\`\${value.humanize} fail per second in \${label('job')}\`,
    }),
    alert('Backlog', { expr: gt(sum(select(waiting)), 50), for: '5m', severity: 'info', summary: 'Backlog', description: 'Backlog' }),
  ]),
];
`;

const HEAD = `
import { fires, gives, ruleTest, ruleTests, series, silent } from '@binnacle/blueprint';
import { jobs } from './metrics';
import { rules } from './rules';
`;

function tests(body: string): string {
  return `${HEAD}
export default ruleTests(rules, [
  ruleTest('jobs of one service fail', {
    every: '30s',
    series: [
      series(jobs, { status: 'failed', job: 'a' }, '0+6x40'),
      series(jobs, { status: 'done', job: 'a' }, '0+6x40'),
      series(jobs, { status: 'failed', job: 'b' }, '0x40'),
    ],
    expect: [${body}],
  }),
]);
`;
}

const open: ProjectFolder[] = [];
afterEach(() => {
  for (const folder of open.splice(0)) folder.remove();
});

function project(test: string, more: Readonly<Record<string, string>> = {}): ProjectFolder {
  const folder = projectFolder({ 'metrics.ts': METRICS, 'rules.ts': RULES, 'jobs.test.ts': test, ...more });
  open.push(folder);
  return folder;
}

function run(folder: ProjectFolder, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, 'test', ...args], {
    cwd: folder.path,
    encoding: 'utf8',
    env,
  });
  return { status, stdout, stderr };
}

describe('tests in TypeScript', () => {
  it('pass where the rules do what they say; an alert may have more labels than are expected', () => {
    const folder = project(
      tests(`
        silent('JobsFail', '2m'),
        fires('JobsFail', '10m', [{ labels: { job: 'a', severity: 'warning' }, annotations: { description: '200m fail per second in a' } }]),
        gives('job:jobs:rate5m', '10m', [{ labels: { __name__: 'job:jobs:rate5m', job: 'a' }, value: 0.4 }, { labels: { __name__: 'job:jobs:rate5m', job: 'b' }, value: 0 }]),`),
    );
    expect(run(folder, 'jobs.test.ts')).toEqual({
      status: 0,
      stdout: 'jobs.test.ts: ok, 1 test\n',
      stderr: '',
    });
  });

  it('show what was expected beside what came, with the line', () => {
    const folder = project(
      tests(`
        silent('JobsFail', '10m'),
        fires('JobsFail', '11m', [{ labels: { job: 'b' } }]),
        gives('sum(jobs_total)', '1m', 7),`),
    );
    expect(run(folder, 'jobs.test.ts')).toEqual({
      status: 1,
      stdout: '',
      stderr: `jobs.test.ts: FAILED, 1 of 1 test
  jobs of one service fail (line 7)
    alert JobsFail at 10m (line 15): 0 expected, 1 firing
      + {alertname="JobsFail", job="a", severity="warning"}
      +   description="200m fail per second in a"
      +   summary="Jobs fail"
    alert JobsFail at 11m (line 16): 1 expected, 1 firing
      - {alertname="JobsFail", job="b"}
      + {alertname="JobsFail", job="a", severity="warning"}
      +   description="200m fail per second in a"
      +   summary="Jobs fail"
    sum(jobs_total) at 1m (line 17)
      - {} 7
      + {} 24
`,
    });
  });

  it.each([
    ['export const nothing = 1;', 'its default export is not what ruleTests of @binnacle/blueprint returns'],
    [
      `${HEAD}export default ruleTests(rules, [ruleTest('a', { series: [], expect: [silent('JobFails', '1m')] })]);`,
      'test "a": there is no alert JobFails; there are JobsFail, Backlog',
    ],
    [
      `${HEAD}export default ruleTests(rules, [ruleTest('a', { series: ['up{ 1'], expect: [silent('Backlog', '1m')] })]);`,
      'test "a": unexpected',
    ],
    [`${HEAD}throw new Error('no luck');`, 'no luck'],
  ])('that cannot be run say why: %#', (test, message) => {
    const { status, stderr } = run(project(test), 'jobs.test.ts');
    expect(status).toBe(1);
    expect(stderr).toContain('jobs.test.ts: FAILED');
    expect(stderr).toContain(message);
  });
});

it('coverage counts what is tested to fire and to be silent, in TypeScript and in YAML', () => {
  const yaml = `
rule_files: [more.yml]
tests:
- input_series: [{ series: up, values: 0x10 }]
  alert_rule_test: [{ eval_time: 1m, alertname: Down, exp_alerts: [{}] }]
`;
  const more = 'groups: [{ name: more, rules: [{ alert: Down, expr: up == 0 }] }]';
  const folder = project(
    tests(`silent('JobsFail', '1m'), fires('JobsFail', '10m'), fires('JobsFail', '12m')`),
    {
      'more.yml': more,
      'more.test.yml': yaml,
    },
  );
  const table = `
alert     fires  silent
JobsFail      2       1
Backlog       -       -  not tested
Down          1       -  never tested to be silent
3 alerts: 2 tested to fire, 1 to be silent
`;
  const files = ['jobs.test.ts', 'more.test.yml'];
  const ok = 'jobs.test.ts: ok, 1 test\nmore.test.yml: ok, 1 test\n';
  expect(run(folder, '--coverage', ...files)).toEqual({ status: 0, stdout: ok + table, stderr: '' });
  const required = run(folder, '--coverage-required', ...files);
  expect(required).toMatchObject({ status: 1, stdout: ok + table });
  expect(required.stderr).toContain('not tested both to fire and to be silent: Backlog, Down');
});

it('watching runs the tests again when a rule or what it imports changes', { timeout: 240_000 }, async () => {
  const folder = project(tests(`fires('JobsFail', '10m')`), {
    'limit.mjs': 'export const limit = 0.1;\n',
    'rules.ts': `import { limit } from './limit.mjs';\n${RULES.replace('0.1', 'limit')}`,
  });
  const child = spawn(process.execPath, [command, 'test', '--watch', 'jobs.test.ts'], {
    cwd: folder.path,
    env,
  });
  let printed = '';
  child.stdout.on('data', (text) => (printed += text));
  child.stderr.on('data', (text) => (printed += text));
  try {
    await expect.poll(() => printed, WAIT).toBe('jobs.test.ts: ok, 1 test\n');
    folder.write('limit.mjs', 'export const limit = 100;\n');
    await expect
      .poll(() => printed, WAIT)
      .toMatch(/limit.mjs has changed\njobs.test.ts: FAILED, 1 of 1 test/);
    folder.write('rules.ts', RULES);
    await expect
      .poll(() => printed, WAIT)
      .toMatch(/FAILED[\s\S]*rules.ts has changed\njobs.test.ts: ok, 1 test\n$/);
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([0, null]);
  } finally {
    child.kill('SIGKILL');
  }
});
