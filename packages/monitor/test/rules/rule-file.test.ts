import { describe, expect, it } from 'vitest';
import { ConfigError, formatProblem } from '../../dist/config/config-error.js';
import { parseRuleFile } from '../../dist/rules/rule-file.js';

function problemsOf(text: string): string[] {
  try {
    parseRuleFile('r.yml', text);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n');
  }
}

describe('rule files', () => {
  it('keeps an expression as written and as printed', () => {
    const file = parseRuleFile(
      'r.yml',
      `
groups:
  - name: g
    interval: 30s
    limit: 10
    query_offset: 5s
    labels: { team: web, severity: none }
    rules:
      - alert: HighErrorRate
        expr: |
          sum(rate(http_requests_total{status=~"5.."}[5m]))
          / sum(rate(http_requests_total[5m])) > 0.05
        for: 5m
        keep_firing_for: 1m
        labels: { severity: warning }
        annotations: { description: 'Error rate is {{ $value | humanizePercentage }}' }
      - record: job:up:sum
        expr: sum by(job)(up)
`,
    );
    const [group] = file.groups;
    expect(group).toMatchObject({ name: 'g', intervalMs: 30_000, limit: 10, queryOffsetMs: 5000 });
    expect(group!.rules[0]).toMatchObject({
      type: 'alerting',
      name: 'HighErrorRate',
      exprText:
        'sum(rate(http_requests_total{status=~"5.."}[5m]))\n/ sum(rate(http_requests_total[5m])) > 0.05\n',
      expr: 'sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m])) > 0.05',
      forMs: 300_000,
      keepFiringForMs: 60_000,
      labels: { team: 'web', severity: 'warning' },
    });
    expect(group!.rules[1]).toMatchObject({
      type: 'recording',
      name: 'job:up:sum',
      expr: 'sum by (job) (up)',
      labels: { team: 'web', severity: 'none' },
    });
  });

  it('merges what an anchor names, and lets a field of its own win', () => {
    const { groups } = parseRuleFile(
      'r.yml',
      `
groups:
- name: g
  rules:
  - &base
    alert: A
    expr: up == 0
    for: 1m
  - { <<: *base, alert: B, for: 2m }
  - &self { <<: [*base, *self], alert: C }
`,
    );
    expect(groups[0]!.rules[1]).toMatchObject({ name: 'B', expr: 'up == 0', forMs: 120_000 });
  });

  it('reads the first document and says that there is another', () => {
    const { groups, warnings } = parseRuleFile('r.yml', 'groups:\n- name: g\n---\n: : [\n');
    expect(groups).toMatchObject([{ name: 'g' }]);
    expect(warnings.map(formatProblem)).toEqual([
      'r.yml:3:1: a second YAML document begins here, and is not read',
    ]);
  });

  it('takes what Prometheus takes: no items, empty names, numbers of any sign', () => {
    const { groups } = parseRuleFile(
      'r.yml',
      `
groups:
-
- name: g
  limit: -1
  rules:
  -
  - { record: r, alert: '', expr: up, for: 0s, keep_firing_for: 0, annotations: {} }
- { name: 2, rules: }
`,
    );
    expect(groups).toMatchObject([
      { name: 'g', limit: 0, queryOffsetMs: undefined, rules: [{ type: 'recording', name: 'r' }] },
      { name: '2', rules: [] },
    ]);
  });

  it('ignores unknown fields when told to', () => {
    const text = 'groups:\n- { name: g, owner: me, rules: [{ record: r, expr: up, note: x }] }\nother: 1\n';
    expect(problemsOf(text)).toHaveLength(3);
    expect(parseRuleFile('r.yml', text, { ignoreUnknownFields: true }).groups).toHaveLength(1);
  });

  it.each<[string, string, string[]]>([
    [
      'the place inside of a block',
      'groups:\n- name: g\n  rules:\n  - record: a\n    expr: |\n\n      sum(\n        "é" + rate(b)\n      )\n',
      [
        'r.yml:8:20: could not parse expression: 3:15: parse error: expected type range vector in call to function "rate", got instant vector',
      ],
    ],
    [
      'the start of what is folded',
      'groups:\n- name: g\n  rules:\n  - record: a\n    expr: >\n      sum(\n      b\n',
      ['r.yml:5:11: could not parse expression: 2:1: parse error: unclosed left parenthesis'],
    ],
    [
      'a merge of what is no mapping',
      'groups:\n- { name: g, <<: 3 }\n',
      ['r.yml:2:14: << merges a mapping or a list of mappings'],
    ],
    [
      'everything that is wrong at once',
      'groups:\n- name: g\n  rules:\n  - alert: A\n    expr: sum(up\n    annotations: { summary: "{{ $valeu }}" }\n  - record: r\n    expr: up\n    for: 5m\n',
      [
        'r.yml:5:17: could not parse expression: 1:7: parse error: unclosed left parenthesis',
        'r.yml:6:33: the template of annotations.summary is not valid: undefined variable "$valeu"',
        'r.yml:9:5: a recording rule has no for: "r"',
      ],
    ],
    [
      'groups of one name',
      'groups:\n- name: g\n- name: g\n',
      ['r.yml:3:9: the group name "g" is repeated in r.yml'],
    ],
    [
      'a rule that is both, one that is neither, and one without expression',
      'groups:\n- name: g\n  rules:\n  - { alert: A, record: b, expr: up }\n  - { expr: up }\n  - { alert: B }\n',
      [
        'r.yml:4:25: group "g": a rule has either alert or record, and "A" has both',
        'r.yml:5:5: group "g": a rule needs alert or record',
        'r.yml:6:5: the field "expr" of groups[0].rules[2] is required',
      ],
    ],
    [
      'names that are not allowed',
      'groups:\n- name: g\n  rules:\n  - record: a{b}\n    expr: up\n    labels: { __name__: x }\n  - alert: A\n    expr: up\n    annotations: { "": x }\n',
      [
        'r.yml:4:13: the metric name "a{b}" holds braces: selectors go to expr',
        'r.yml:6:25: "__name__" is not allowed as a label name',
        'r.yml:9:18: the name of an annotation must not be empty',
      ],
    ],
    [
      'a misspelt field',
      'groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up\n    fro: 5m\n',
      [
        'r.yml:6:5: unknown field "fro" in groups[0].rules[0] (allowed: alert, annotations, expr, for, keep_firing_for, labels, record)',
      ],
    ],
  ])('names %s', (_, text, problems) => {
    expect(problemsOf(text)).toEqual(problems);
  });
});
