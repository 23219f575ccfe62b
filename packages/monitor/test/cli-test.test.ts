/** `binnacle test` and `binnacle check rules`, as a shell runs them. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it, vi } from 'vitest';

// Processes start slowly where many do.
vi.setConfig({ testTimeout: 300_000 });

const command = fileURLToPath(new URL('../bin/binnacle.js', import.meta.url));

const RULES = `
groups:
- name: disk
  rules:
  - alert: DiskFull
    expr: disk_used > 90
    for: 1m
    annotations: { summary: 'disk {{ $labels.disk }} is {{ $value }}% full', site: '{{ $externalLabels.site }}' }
  - record: disk_used:max
    expr: max(disk_used)
`;

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder with files, and the command run in it. */
function shell(files: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'binnacle-test-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    if (name.includes('/')) mkdirSync(`${folder}/${name.split('/')[0]}`, { recursive: true });
    writeFileSync(`${folder}/${name}`, text);
  }
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
    });
    return { status, stdout, stderr };
  };
  return { folder, run };
}

function tests(expectedPercent: number): string {
  return `
rule_files: [rul*/*.yml]
evaluation_interval: 30s
tests:
- name: a disk fills up
  interval: 30s
  external_labels: { site: eu }
  input_series:
  - { series: 'disk_used{disk="a"}', values: '80 95x10' }
  - { series: 'disk_used{disk="b"}', values: '10x10' }
  alert_rule_test:
  - { eval_time: 1m, alertname: DiskFull }
  - eval_time: 2m
    alertname: DiskFull
    exp_alerts:
    - { exp_labels: { disk: a }, exp_annotations: { site: eu, summary: disk a is ${expectedPercent}% full } }
  promql_expr_test:
  - { expr: 'disk_used:max', eval_time: 1m, exp_samples: [{ labels: 'disk_used:max', value: ${expectedPercent} }] }
- input_series: [{ series: 'disk_used{disk="c"}', values: '1' }]
  alert_rule_test: [{ eval_time: 5m, alertname: DiskFull }]
`;
}

describe('binnacle test', () => {
  it('says little when all is well', () => {
    const { run } = shell({ 'rules/disk.yml': RULES, 'disk.test.yml': tests(95) });
    expect(run('test', 'disk.test.yml')).toEqual({
      status: 0,
      stdout: 'disk.test.yml: ok, 2 tests\n',
      stderr: '',
    });
  });

  it('shows what was expected and what came', () => {
    const { run } = shell({ 'rules/disk.yml': RULES, 'disk.test.yml': tests(96) });
    const { status, stdout, stderr } = run('test', 'disk.test.yml');
    expect(stderr).toBe(`disk.test.yml: FAILED, 1 of 2 tests
  a disk fills up (line 5)
    alert DiskFull at 2m (line 13): 1 expected, 1 firing
        {alertname="DiskFull", disk="a"}
      -   summary="disk a is 96% full"
      +   summary="disk a is 95% full"
    disk_used:max at 1m (line 18)
      - disk_used:max 96
      + disk_used:max 95
`);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(run('test', '--diff', 'disk.test.yml').stderr).toContain(
      '\u001b[31m  - disk_used:max 96\u001b[0m',
    );
  });

  it('runs the groups whose name matches', () => {
    const { run } = shell({ 'rules/disk.yml': RULES, 'disk.test.yml': tests(96) });
    expect(run('test', '--run', '^b', '--run', 'fills', 'disk.test.yml').stderr).toContain('1 of 1 test\n');
    expect(run('test', '--run', '^nothing$', 'disk.test.yml').stdout).toBe('disk.test.yml: ok, 0 tests\n');
    expect(run('test', '--run', '(', 'disk.test.yml')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('--run'),
    });
  });

  it('goes on behind a file that is wrong, and says where it is', () => {
    const { run } = shell({
      'rules/disk.yml': RULES,
      'disk.test.yml': tests(95),
      'typo.yml':
        'tests:\n- imput_series: []\n- promql_expr_test: [{ expr: a, exp_samples: [{ value: "1" }] }]\n',
      'series.yml': "tests:\n- input_series:\n  - series: 'a{b=1}'\n    values: 1\n- { name: fine }\n",
      'missing.yml': 'rule_files: [nothing.yml]\ntests: [{}]\n',
    });
    const { status, stdout, stderr } = run(
      'test',
      'typo.yml',
      'none.yml',
      'series.yml',
      'missing.yml',
      'disk.test.yml',
    );
    expect(stdout).toBe('missing.yml: ok, 1 test\ndisk.test.yml: ok, 2 tests\n');
    expect(stderr.split('\n').filter((line) => /\.yml/.test(line))).toEqual([
      'typo.yml: FAILED',
      expect.stringContaining('typo.yml:2:3: unknown field "imput_series" in tests[0] (allowed: '),
      '  typo.yml:3:56: tests[1].promql_expr_test[0].exp_samples[0].value must be a number',
      'none.yml: FAILED',
      expect.stringContaining('none.yml:1:1: cannot read the file'),
      'series.yml: FAILED, 1 of 2 tests',
      expect.stringContaining('    series.yml:3:18: the series cannot be read: '),
      'missing.yml: warning: no file matches nothing.yml',
    ]);
    expect(status).toBe(1);
  });

  it('writes a report for continuous integration, and all data', () => {
    const { folder, run } = shell({
      'rules/disk.yml': RULES,
      'disk.test.yml': tests(96),
      'bad.yml': 'x: <\n',
    });
    const { stderr } = run('test', '--junit=report.xml', '--debug', 'disk.test.yml', 'bad.yml');
    expect(stderr).toContain('debug: a disk fills up took ');
    expect(stderr).toContain('disk_used:max =>\n  80 @[0]\n  95 @[30000]\n');
    const xml = readFileSync(`${folder}/report.xml`, 'utf8').replace(/timestamp="[^"]*"/g, 'timestamp=""');
    expect(xml).toContain(
      '<testsuite name="disk.test.yml" tests="2" failures="1" errors="0" skipped="0" timestamp="">' +
        '<testcase name="a disk fills up"><failure>alert DiskFull at 2m',
    );
    expect(xml).toContain('</failure></testcase><testcase name="unnamed#1"></testcase></testsuite>');
    expect(xml).toContain('name="bad.yml" tests="0" failures="0" errors="1"');
    expect(xml).toContain('unknown field &#34;x&#34;');
  });

  it('lets rule files have fields of others when told to', () => {
    const { run } = shell({ 'rules/disk.yml': `owner: me\n${RULES}`, 'disk.test.yml': tests(95) });
    expect(run('test', 'disk.test.yml').stderr).toContain('FAILED, 2 of 2 tests');
    expect(run('test', '--ignore-unknown-fields', 'disk.test.yml').status).toBe(0);
  });

  it('needs a file', () => {
    expect(shell({}).run('test')).toMatchObject({ status: 2 });
  });
});

describe('binnacle check rules', () => {
  const twice =
    'groups:\n- name: g\n  rules: [{ record: r, expr: a }, { record: r, expr: b }]\n---\nmore: 1\n';

  it('warns of rules that write the same series, and fails where asked to', () => {
    const { run } = shell({ 'r.yml': twice });
    const warning = 'warning: r.yml: 2 rules are r: they write the same series\n';
    const { status, stdout, stderr } = run('check', 'rules', 'r.yml');
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'r.yml: valid, 2 rules\n' });
    expect(stderr).toContain('warning: r.yml:4:1: a second YAML document begins here, and is not read');
    expect(stderr).toContain(warning);
    expect(run('check', 'rules', '--lint-fatal', 'r.yml').status).toBe(3);
    expect(run('check', 'rules', '--lint=none', '--lint-fatal', 'r.yml')).toMatchObject({ status: 0 });
    expect(run('check', 'rules', '--lint=all', 'r.yml').stderr).toContain(warning);
    expect(run('check', 'rules', '--lint=some', 'r.yml').status).toBe(2);
  });
});
