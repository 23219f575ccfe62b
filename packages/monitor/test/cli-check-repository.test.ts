/** `binnacle check` over real folders: what is found, how it is said, and with which exit status. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { checkRepository, fileKind, renderProblem } from '@binnacle/blueprint';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CheckFlags, parseCheckCommand, runCheck } from '../dist/cli/check/check-command.js';
import { findFiles } from '../dist/cli/check/find-files.js';
import { templateProblem } from '../dist/cli/check/template-problem.js';
import { ConfigError } from '../dist/config/config-error.js';
import { parseRuleFile } from '../dist/rules/rule-file.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'binnacle-check-'));
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

/** Runs the command in the folder. */
async function run(paths: readonly string[] = [], flags: CheckFlags = {}, isColored = false) {
  const said: string[] = [];
  const complained: string[] = [];
  const status = await runCheck(parseCheckCommand(paths, flags), {
    cwd: folder,
    fetch,
    now: () => Date.UTC(2026, 10, 21),
    say: (line) => said.push(line),
    complain: (line) => complained.push(line),
    isColored,
  });
  return { status, text: said.join('\n'), complained };
}

const ALERT = `groups:
  - name: api
    rules:
      - alert: ApiFails
        expr: |
          sum by (job) (rate(http_request_total[5m]))
            > sum(up) and bool
        for: 5m
`;
const GOOD = `groups:
  - name: api
    rules:
      - alert: ApiFails
        expr: sum by (job) (rate(http_requests_total[5m])) > 5
        for: 5m
        labels: { severity: warning }
        annotations:
          summary: '{{ $labels.job }} fails'
          description: '{{ $value | humanize }} a second'
          runbook_url: https://example.com/runbooks#api-fails
`;

describe('the exit status', () => {
  const slow = GOOD.replace('        for: 5m\n', '');
  const cases: readonly (readonly [what: string, rules: string, flags: CheckFlags, status: 0 | 1])[] = [
    ['is 0 where nothing is found', GOOD, { 'fail-on': 'info' }, 0],
    ['is 1 for an error', ALERT, {}, 1],
    ['is 0 for a lesser finding', slow, {}, 0],
    ['is 1 for an info where it is asked for', slow, { 'fail-on': 'info' }, 1],
    ['is 0 for a check that is switched off', slow, { 'fail-on': 'info', disable: ['missing-for'] }, 0],
    [
      'is 0 for a list of checks that are switched off',
      slow.replace('ApiFails', 'api'),
      { 'fail-on': 'info', disable: ['missing-for,alert-name'] },
      0,
    ],
  ];
  test.each(cases)('%s', async (_, rules, flags, status) => {
    write({ 'rules.yml': rules });
    expect((await run([], flags)).status).toBe(status);
  });
});

describe('the command line is refused', () => {
  const cases: readonly (readonly [
    what: string,
    paths: readonly string[],
    flags: CheckFlags,
    message: RegExp,
  ])[] = [
    [
      'for an unknown check',
      [],
      { disable: ['missing-fr'] },
      /^--disable: there is no check "missing-fr"; there are /,
    ],
    [
      'for an unknown severity',
      [],
      { 'fail-on': 'fatal' },
      /^--fail-on takes error, warning, info, not "fatal"$/,
    ],
    [
      'for two formats',
      [],
      { json: true, github: true },
      /^binnacle check writes --json or --github, not both$/,
    ],
    ['for a path that is not there', ['nowhere'], {}, /^there is no nowhere$/],
    ['for a folder with nothing in it', [], {}, /^there is nothing to check in /],
    ['for a configuration that is not there', [], { config: 'nowhere.ts' }, /nowhere\.ts/],
    ['for a catalog that is not there', [], { catalog: ['nowhere.json'] }, /^there is no .*nowhere\.json$/],
  ];
  test.each(cases)('%s', async (_, paths, flags, message) => {
    await expect(async () => await run(paths, flags)).rejects.toMatchObject({
      name: 'UsageError',
      message: expect.stringMatching(message),
    });
  });
});

describe('what is said', () => {
  test('for people has places, marks, reasons, a word about the catalog and a summary', async () => {
    write({ 'monitoring/rules.yml': ALERT });
    const { text } = await run();
    expect(text).toContain('monitoring/rules.yml:7:31: error: alert ApiFails: parse error: ');
    expect(text).toContain('\n                > sum(up) and bool\n                                  ^');
    expect(text.split('\n').slice(-2)).toEqual([
      'no catalog: names of metrics and labels are not checked; give --catalog FILE|URL, or write a binnacle.config.ts',
      expect.stringMatching(/^1 error, 2 warnings, 2 info in 1 file with 1 rule and 0 dashboards$/),
    ]);
    expect(text).not.toContain('\u001b');
  });

  test('on a terminal is painted', async () => {
    write({ 'rules.yml': ALERT });
    expect((await run([], {}, true)).text).toContain('\u001b[1;31merror\u001b[0m');
  });

  test('names files as they are reached from where the command is called', async () => {
    write({ 'a/rules.yml': ALERT, 'b/rules.yml': ALERT });
    const files = async (paths: readonly string[]) =>
      [...new Set((await run(paths, { github: true })).text.matchAll(/file=([^,]+)/g))].map(
        ([, file]) => file,
      );
    expect(new Set(await files([]))).toEqual(new Set(['a/rules.yml', 'b/rules.yml']));
    expect(new Set(await files(['a']))).toEqual(new Set(['a/rules.yml']));
    expect(new Set(await files(['b/rules.yml', 'a']))).toEqual(new Set(['a/rules.yml', 'b/rules.yml']));
  });

  test('for programs is JSON and nothing else', async () => {
    write({ 'rules.yml': ALERT });
    const { text, status } = await run([], { json: true });
    const report = JSON.parse(text);
    expect(status).toBe(1);
    expect(report.summary).toMatchObject({ error: 1, rules: 1, files: 1, catalog: false });
    expect(report.problems[0]).toMatchObject({ file: 'rules.yml', line: 4, column: 16 });
  });
});

describe('a catalog', () => {
  const exposition =
    '# TYPE http_requests_total counter\nhttp_requests_total{method="GET",user="anna@example.com"} 1\n';

  test('in a file lets names be checked', async () => {
    write({
      'rules.yml': GOOD.replace('http_requests_total', 'http_request_total'),
      'metrics.txt': exposition,
    });
    const { status, text } = await run([], { catalog: [path.join(folder, 'metrics.txt')] });
    expect(status).toBe(1);
    expect(text).toContain('unknown metric http_request_total (unknown-metric)');
    expect(text).toContain('Did you mean http_requests_total?');
    expect(text).not.toContain('no catalog');
  });

  test('of a running service lets names be checked', async () => {
    const server = createServer((_request, response) => {
      response.setHeader('content-type', 'text/plain; version=0.0.4');
      response.end(exposition);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      write({ 'rules.yml': GOOD.replace('by (job)', 'by (metod)') });
      const { text } = await run([], { catalog: [`http://127.0.0.1:${port}`] });
      expect(text).toContain('http_requests_total has no label metod (unknown-label)');
      expect(text).toContain('Did you mean method?');
      // What it shows of persons is found as well, and not shown again.
      expect(text).toMatch(/^http:\/\/127\.0\.0\.1:\d+:1:1: warning: .*\(personal-label\)$/m);
      expect(text).not.toContain('anna@example.com');
    } finally {
      server.close();
    }
  });
});

describe('a project', () => {
  const blueprint = JSON.stringify(path.resolve(import.meta.dirname, '../../blueprint/dist/index.js'));
  const config = (
    metric: string,
    comment = '',
  ) => `import { alert, defineConfig, ruleGroup } from ${blueprint};

const shop = { name: 'http_requests_total', type: 'counter', labels: { status: ['ok', 'failed'] } };

export default defineConfig({
  name: 'shop',
  services: [{ name: 'shop', targets: ['localhost:9464'], metrics: [shop] }],
  rules: [
    ruleGroup('shop', [
      ${comment}
      alert('Failing', {
        expr: 'sum(rate(${metric}{status="failed"}[5m])) > 5',
        for: '5m',
        severity: 'warning',
        summary: 'Requests fail',
        description: 'More than five a second.',
        runbookUrl: 'https://example.com/runbooks#failing',
      }),
    ]),
  ],
});
`;

  test('is checked where its rules are defined, with the metrics that it defines', async () => {
    write({ 'binnacle.config.ts': config('http_request_total') });
    const { status, text } = await run();
    expect(text).toMatch(
      /^binnacle\.config\.ts:11:\d+: error: alert Failing: unknown metric http_request_total /,
    );
    expect(text).toContain('    sum(rate(http_request_total{status="failed"}[5m])) > 5\n             ^^^^');
    expect(status).toBe(1);
  });

  test('may suppress what is found by a comment', async () => {
    const comment = '// binnacle:ignore unknown-metric it comes with the next release';
    write({ 'binnacle.config.ts': config('http_request_total', comment) });
    const { status, text } = await run();
    expect(text).not.toContain('unknown-metric');
    expect(text).toMatch(/; 1 suppressed$/);
    expect(status).toBe(0);
  });

  test('lends its catalog to what is named, and is not checked itself', async () => {
    const rules = GOOD.replace('http_requests_total', 'http_request_total').replace('by (job) ', '');
    write({ 'binnacle.config.ts': config('http_requests_totl'), 'a/b/rules.yml': rules });
    const { text } = await run(['a/b'], { github: true });
    expect(
      [...text.matchAll(/^::error file=([^,]+).*title=([^:]+)/gm)].map(([, file, title]) => [file, title]),
    ).toEqual([['a/b/rules.yml', 'unknown-metric']]);
  });

  test('without mistakes gives nothing', async () => {
    write({ 'binnacle.config.ts': config('http_requests_total') });
    expect((await run([], { 'fail-on': 'info' })).text).toBe(
      'nothing found in 1 file with 1 rule and 0 dashboards',
    );
  });
});

describe('files', () => {
  test('of others, of builds and of programs are not read', async () => {
    write({
      'rules.yml': GOOD,
      'node_modules/a/rules.yml': ALERT,
      'dist/rules.yml': ALERT,
      '.git/rules.yml': ALERT,
      '.github/rules.yaml': GOOD,
      'src/main.ts': 'export {};\n',
      'package.json': '{}',
      '.binnacleignore': '# none\n',
    });
    const { files, otherPaths, notes } = await findFiles(folder, [folder]);
    expect([...files.keys()].sort()).toEqual(['.binnacleignore', '.github/rules.yaml', 'rules.yml']);
    expect(otherPaths).toEqual(
      expect.arrayContaining(['src/main.ts', 'src', 'node_modules', 'package.json']),
    );
    expect(notes).toEqual([]);
  });

  test('that are too large are named and not read', async () => {
    write({ 'large.json': ' '.repeat(8 * 1024 * 1024 + 1), 'rules.yml': GOOD });
    expect((await run()).complained).toEqual(['large.json is larger than 8 MB and is not looked into']);
    // Also where there is nothing else, and the command is refused.
    rmSync(path.join(folder, 'rules.yml'));
    const complained: string[] = [];
    const io = { cwd: folder, fetch, now: Date.now, say: () => {}, isColored: false };
    await expect(
      runCheck(parseCheckCommand([], {}), { ...io, complain: (line) => complained.push(line) }),
    ).rejects.toThrow(/^there is nothing to check in /);
    expect(complained).toEqual(['large.json is larger than 8 MB and is not looked into']);
  });

  test('and configurations of other projects are named, where they are not checked', async () => {
    write({
      'rules.yml': GOOD,
      'packages/web/binnacle.config.ts': 'throw new Error("not loaded");',
      'packages/api/binnacle.config.mts': 'throw new Error("not loaded");',
      'packages/api/node_modules/x/binnacle.config.ts': '',
    });
    expect((await run()).complained).toEqual([
      'packages/api/binnacle.config.mts is not checked from here: binnacle check packages/api does it',
      'packages/web/binnacle.config.ts is not checked from here: binnacle check packages/web does it',
    ]);
  });

  test('of several documents in other languages are left alone', async () => {
    write({
      'rules.yml': GOOD,
      'other.yml': 'a: [\n',
      'chart/rules.yaml': `groups:\n- name: {{ .Values.a }}\n`,
    });
    expect((await run([], { 'fail-on': 'info' })).status).toBe(0);
  });
});

const shared = new URL('../../../../shared/conformance/', import.meta.url);

/** One of them has ten thousand rules, which say nothing new. */
const RULES_CHARACTERS_MAX = 500_000;

/** The rule files that were collected, by name. */
function* collected(): Generator<readonly [name: string, text: string]> {
  for (const part of ['rules/', 'rulefmt/']) {
    let names: string[] = [];
    try {
      names = readdirSync(new URL(part, shared));
    } catch {
      // They are beside the repository, and not everywhere.
    }
    for (const name of names.sort()) {
      const text = readFileSync(new URL(part + name, shared), 'utf8');
      if (fileKind(name, text) === 'rules' && text.length < RULES_CHARACTERS_MAX) yield [part + name, text];
    }
  }
}

describe('of collected rule files', () => {
  // The two readers agree on what is a rule file: one reports all that it can, the other runs it.
  const cases = [...collected()];
  test.skipIf(cases.length === 0)('those are refused that the monitor refuses', () => {
    const differences: string[] = [];
    for (const [name, text] of cases) {
      let refused = false;
      try {
        parseRuleFile(name, text);
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        refused = true;
      }
      const { problems } = checkRepository(
        { files: new Map([['rules.yml', text]]), templateProblem },
        { nowMs: 0 },
      );
      const found = problems.filter(({ check }) =>
        /^(?:rule-file|promql-syntax|template-syntax)$/.test(check),
      );
      if (found.length > 0 !== refused)
        differences.push(
          `${name}: refused ${refused}, found ${found.map(({ message }) => message).join('; ')}`,
        );
    }
    expect(differences).toEqual([]);
  });
});

describe('a template that cannot be read', () => {
  const page = readFileSync(new URL('../../../docs/checks/template-syntax.md', import.meta.url), 'utf8');
  const [wrong, text, right] = [...page.matchAll(/```(?:yaml|text)\n([\s\S]*?)\n```/g)].map(
    ([, block]) => block!,
  );
  const found = (rules: string): string[] =>
    checkRepository({ files: new Map([['rules.yml', rules]]), templateProblem }, { nowMs: 0 })
      .problems.filter(({ check }) => check === 'template-syntax')
      .map((problem) => renderProblem(problem));

  test('is what its page says', () => {
    expect(found(wrong!).join('\n')).toBe(text);
    expect(found(right!)).toEqual([]);
  });

  const cases: readonly (readonly [template: string, column: number | undefined])[] = [
    ['{{ $value }} is too much', undefined],
    ['{{ $labels.job | toUpper }}', undefined],
    ['{{ range query "up" }}{{ .Value }}{{ end }}', undefined],
    ['{{ $valu }}', 20],
    ['{{ $value | humanise }}', 29],
    ['{{ if $value }}', 17],
    ['{{ $value }', 27],
  ];
  test.each(cases)('%s', (template, column) => {
    const rules = `groups:\n- name: a\n  rules:\n  - alert: A\n    expr: up == 0\n    annotations:\n      summary: '${template}'\n`;
    const { problems } = checkRepository(
      { files: new Map([['rules.yml', rules]]), templateProblem },
      { nowMs: 0 },
    );
    const places = problems.filter(({ check }) => check === 'template-syntax').map(({ place }) => place);
    expect(places.map(({ line, column: at }) => [line, at])).toEqual(
      column === undefined ? [] : [[7, column]],
    );
  });
});
