/** Prometheus's own rule files, good and bad: what `promtool check rules` says of them, we say, at the same place. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { ConfigError, type ConfigProblem } from '../packages/monitor/dist/config/config-error.js';
import { parseRuleFile } from '../packages/monitor/dist/rules/rule-file.js';
import { duplicateRules } from '../packages/monitor/dist/rules/rule-lint.js';
import { temporaryFolder } from '../test/children.ts';
import { outside } from '../test/outside.ts';
import { vectors } from './vectors.ts';

// Processes start slowly where many do.
vi.setConfig({ testTimeout: 300_000 });

const FOLDERS = ['rulefmt', 'rules'];

/** Bad only where names are checked as they were before Prometheus 3; its default takes them. */
const GOOD_NOW = new Set(['legacy_validation_annotation.bad.yaml']);

/** Promtool points at the rule's name; we point at the field that should not be there. */
const AT_THE_FIELD = new Set(['record_and_for.bad.yaml', 'record_and_keep_firing_for.bad.yaml']);

interface Verdict {
  readonly problems: readonly ConfigProblem[];
  /** How many names and sets of labels are there twice. */
  readonly duplicates: number;
}

function verdictOf(path: string): Verdict {
  try {
    const file = parseRuleFile(path, readFileSync(path, 'utf8'));
    return { problems: [], duplicates: duplicateRules(file).length };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { problems: error.problems, duplicates: 0 };
  }
}

describe('rule files of Prometheus', () => {
  test('are accepted or refused as their names say', (ctx) => {
    const folder = vectors('rulefmt', ctx);
    if (folder === undefined) return;
    const names = readdirSync(folder);
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) {
      const isBad = name.includes('.bad.') && !GOOD_NOW.has(name);
      expect([name, verdictOf(`${folder}/${name}`).problems.length > 0]).toEqual([name, isBad]);
    }
  });

  test.for(FOLDERS)('in %s have the problems that promtool finds, where it finds them', (name, ctx) => {
    const folder = vectors(name, ctx);
    const promtool = outside(ctx, 'promtool');
    if (folder === undefined) return;
    let places = 0;
    for (const file of readdirSync(folder)) {
      const path = `${folder}/${file}`;
      const { status, stderr } = spawnSync(promtool, ['check', 'rules', '--lint=all', path], {
        encoding: 'utf8',
      });
      const { problems, duplicates } = verdictOf(path);
      const found = problems.map(({ line, column, message }) => `${line}:${column}: ${message}`).join('\n');
      expect([file, problems.length > 0]).toEqual([file, status !== 0]);
      expect([file, duplicates]).toEqual([file, Number(/lint error (\d+) duplicate/.exec(stderr)?.[1] ?? 0)]);
      for (const place of placesIn(stderr, readFileSync(path, 'utf8'))) {
        places++;
        if (!AT_THE_FIELD.has(file))
          expect([file, found]).toEqual([file, expect.stringMatching(`(?:^|\n)${place}`)]);
      }
    }
    expect(places).toBeGreaterThan(3);
  });
});

/** Texts of rule files; what is inside a group or a rule is put into one. */
const TEXTS: readonly string[] = [
  ...[
    '',
    '# nothing',
    '---',
    'groups:',
    'groups: []',
    'groups: {}',
    'group: []',
    '[]',
    'null',
    'text',
    '---\n---\ngroups: 1',
  ],
  ...[
    'groups:\n- name: a\n---\n: : [',
    'groups: [a]',
    'groups: [null]',
    'groups: [{}]',
    'groups: [{ name: }]',
  ],
  ...[
    'groups: [{ name: a }, { name: a }]',
    'groups: [{ name: a, name: b }]',
    'groups: []\ngroups: []',
    'a: &x b\ngroups: []',
  ],
  ...['groups:\n\t- name: a', 'groups: [{ name: a', 'groups: *none', 'groups: &g [{ name: a, rules: *g }]'],
  ...[
    'interval: 1x',
    'interval: 0s',
    'interval: 1h30m',
    'interval: -1s',
    'interval: 30',
    'interval: "30"',
    'query_offset: 1m',
    'query_offset: soon',
    'limit: -1',
    'limit: 1.5x',
    'limit: "5"',
    'limit: ten',
    'limit: null',
    'labels: { a: 1, b: true, c: 1.50, d: null, é: ü }',
    'labels: { __name__: x }',
    'labels: { "": x }',
    'labels: [a]',
    'labels: x',
    'labels: { a: [b] }',
    'unknown: 1',
    'rules:',
    'rules: {}',
    'rules: [null, null]',
    'source_tenants: [a]',
  ].map((field) => `groups: [{ name: g, ${field} }]`),
  ...[
    '',
    'expr: up',
    'record: r',
    'alert: A',
    'record: r, expr: ""',
    'record: r, expr: up',
    'alert: A, expr: up',
    'alert: "", record: r, expr: up',
    'alert: A, record: "", expr: up',
    'alert: A, record: r, expr: up',
    'alert: A, expr: [up]',
    'alert: A, expr: 1',
    'alert: A, expr: true',
    'alert: 5, expr: up',
    'alert: {}, expr: up',
    'alert: A, expr: "sum(up"',
    'alert: A, expr: "up =="',
    'alert: A, expr: "rate(up)"',
    'alert: A, expr: "\\"x\\""',
    'alert: A, expr: "up[5m]"',
    'alert: A, expr: "up offset -5m"',
    'alert: A, expr: "up @ end()"',
    'alert: A, expr: "{\\"my.metric\\", \\"a b\\"=~\\"c\\"}"',
    'alert: A, expr: "up{a=~\\"(\\"}"',
    'alert: A, expr: up, for: 5m, keep_firing_for: 1h',
    'alert: A, expr: up, for: 5',
    'alert: A, expr: up, for: -5m',
    'alert: A, expr: up, for: 1m1h',
    'alert: A, expr: up, for: 1y2w3d4h5m6s7ms',
    'alert: A, expr: up, fro: 5m',
    'record: r, expr: up, for: 0s',
    'record: r, expr: up, for: 1s',
    'record: r, expr: up, keep_firing_for: 1s',
    'record: r, expr: up, annotations: {}',
    'record: r, expr: up, annotations: { a: b }',
    'record: "a{b}", expr: up',
    'record: "a b", expr: up',
    'record: "a-é.ß", expr: up',
    'record: "1a", expr: up',
    'record: r, expr: up, labels: { "a b": c, ".": d }',
    'record: r, expr: up, labels: { __name__: c }',
    'record: r, expr: up, labels: { a: "{{ nothing }}" }',
    'alert: A, expr: up, labels: { a: "{{ nothing }}" }',
    'alert: A, expr: up, labels: { alertname: B }',
    'alert: A, expr: up, annotations: { a: "{{ $labels.x }} {{ $value | humanize }} {{ $externalLabels.y }}" }',
    'alert: A, expr: up, annotations: { a: "{{ $label.x }}" }',
    'alert: A, expr: up, annotations: { a: "{{ if }}" }',
    'alert: A, expr: up, annotations: { a: "{{ end }}" }',
    'alert: A, expr: up, annotations: { a: "{{ range query \\"up\\" }}{{ .Value }}" }',
    'alert: A, expr: up, annotations: { a: "{{ .Labels.x | reReplaceAll \\"a\\" \\"b\\" }}" }',
    'alert: A, expr: up, annotations: { a: "{{ template \\"none\\" }}" }',
    'alert: A, expr: up, annotations: { "": b }',
    'alert: A, expr: up, annotations: { "a-b": c, é: d }',
    'alert: A, expr: up, annotations: [a]',
  ].map((fields) => `groups: [{ name: g, rules: [{ ${fields} }] }]`),
  'groups:\n- name: g\n  rules:\n  - &base { alert: A, expr: up, for: 1m }\n  - { <<: *base, alert: B }\n  - { <<: [*base], for: 2m }\n',
  'groups:\n- name: g\n  rules:\n  - { <<: 3, alert: B, expr: up }\n',
  'groups:\n- name: g\n  rules:\n  - alert: A\n    expr: |\n      sum(up)\n      > 3\n    annotations:\n      a: >-\n        {{ $value }}\n',
];

test('rule files of a table are accepted or refused as promtool does', (ctx) => {
  const promtool = outside(ctx, 'promtool');
  const folder = temporaryFolder();
  TEXTS.forEach((text, i) => {
    writeFileSync(`${folder}/${i}.yml`, text);
  });
  const names = TEXTS.map((_, i) => `${i}.yml`);
  const { stdout } = spawnSync(promtool, ['check', 'rules', '--lint=none', ...names], {
    cwd: folder,
    encoding: 'utf8',
  });
  const accepted = new Set([...stdout.matchAll(/Checking (\S+)\n {2}SUCCESS/g)].map(([, name]) => name));
  const verdicts = TEXTS.map((text, i) => [text, verdictOf(`${folder}/${i}.yml`).problems.length === 0]);
  expect(verdicts).toEqual(TEXTS.map((text, i) => [text, accepted.has(`${i}.yml`)]));
  expect(accepted.size).toBeGreaterThan(25);
  expect(TEXTS.length - accepted.size).toBeGreaterThan(40);
});

/** The places that promtool names, as the beginnings of our problems: `5:15:`, or `8:` where it knows only the line. */
function placesIn(stderr: string, text: string): string[] {
  const places: string[] = [];
  const lines = text.split('\n');
  for (const [, line, column, rest] of stderr.matchAll(/: (\d+):(\d+): (.*)/g)) {
    if (line === '0') continue;
    const inside = /could not parse expression: 1:(\d+): /.exec(rest!)?.[1];
    const isQuoted = /["']/.test(lines[Number(line) - 1]![Number(column) - 1]!);
    const shift = inside === undefined ? 0 : Number(inside) - (isQuoted ? 0 : 1);
    places.push(`${line}:${Number(column) + shift}: `);
  }
  for (const [, line] of stderr.matchAll(/^ {2}line (\d+): field/gm)) places.push(`${line}:`);
  return places;
}
