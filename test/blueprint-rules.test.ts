/** Rules from TypeScript to the file, and back through the monitor's own reader; and through promtool. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type AlertRule,
  alert,
  type Rule,
  type RuleGroup,
  record,
  renderRuleFile,
  ruleGroup,
} from '@binnacle/blueprint';
import { Labels } from '@binnacle/metrics/model';
import { parse, printExpr } from '@binnacle/promql';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRuleFile, type RuleConfig } from '../packages/monitor/dist/rules/rule-file.js';
import { Template } from '../packages/monitor/dist/rules/template.js';
import { randomTemplates } from '../packages/monitor/test/rules/random-template.ts';
import { TEMPLATES } from '../packages/monitor/test/rules/template-cases.ts';
import { outside } from './outside.ts';

/** Names that rules have options for. */
const RESERVED = new Set(['severity', 'alertname', 'summary', 'description']);
const expressions = fc.constantFrom(
  'up == 0',
  'sum by(job) (rate(x_total{a="b"}[5m]))',
  '{__name__="x", note="it\'s \\"here\\": #1"}',
  '-x',
  '(sum by (job, instance, reason) (rate(orders_total{outcome="failed"}[5m])) / ignoring (reason) group_left () sum by (job, instance) (rate(orders_total[5m]))) > 0.05 and on (job) job:orders:rate5m > 1',
  'label_replace(up, "host", "$1", "instance", "(.*):\\\\d+")',
  'x{a=~"äöü|語.*"} > bool 1e-7',
  '1',
  'vector(0.5) or on () absent(y{job="z"} offset 1w)',
);
const labelNames = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9_]{0,8}$/).filter((name) => !RESERVED.has(name));
/** Texts that YAML has its own ideas about, and any others; without actions of templates. */
const words = fc.oneof(
  fc.constantFrom(
    'yes',
    'no',
    'on',
    '~',
    'null',
    '012',
    '0x1f',
    '1_000',
    '1:30',
    '2024-01-01',
    '=',
    '<<',
    '- a',
    '? b',
  ),
  fc.constantFrom(
    ': #',
    '"',
    "'",
    '{a}',
    '[b]',
    '&c',
    '*d',
    '!e',
    '%f',
    '@g',
    '`h`',
    ' a',
    'b ',
    '\ta',
    'a\tb',
    '|',
    '>',
  ),
  fc
    .string({ unit: 'grapheme', maxLength: 30 })
    .filter((text) => !/\{\{|\}\}|[\p{Cc}\p{Cs}\uFEFF\uFFFE\uFFFF]/u.test(text)),
);
const prose = fc
  .array(
    fc.oneof(words, fc.constantFrom('\n', '\n\n', '\n  ', '{{ $value | humanize }}', '{{ $labels.job }}')),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  .map((parts) => parts.join(' '))
  .filter((text) => text.trim() !== '' && !/\{\{\s*\{|\}\s*\}\}|\{\{\{|\}\}\}/.test(text));
const durations = fc.constantFrom('0s', '1ms', '15s', '1m30s', '5m', '1d', '4w', '1y2w');
const alerts = fc
  .record({
    name: fc.stringMatching(/^[A-Z][a-zA-Z0-9_]{0,12}$/),
    expr: expressions,
    for: durations,
    keepFiringFor: durations,
    severity: fc.constantFrom('critical', 'warning', 'info', 'none'),
    summary: words.filter((text) => text.trim() !== ''),
    description: prose,
    labels: fc.dictionary(labelNames, words, { maxKeys: 3 }),
    annotations: fc.dictionary(labelNames, prose, { maxKeys: 2 }),
  })
  .map(({ name, ...spec }): AlertRule => alert(name, spec));
const records = fc
  .record({
    name: fc.stringMatching(/^[a-z]{1,6}:[a-z_]{1,8}:[a-z0-9]{1,6}$/),
    expr: expressions,
    labels: fc.dictionary(labelNames, words, { maxKeys: 3 }),
  })
  .map(({ name, expr, labels }) => record(name, expr, labels));
const groups = fc
  .array(
    fc.record({
      rules: fc.uniqueArray(fc.oneof<fc.Arbitrary<Rule>[]>(alerts, records), {
        minLength: 1,
        maxLength: 4,
        selector: ({ name }) => name,
      }),
      interval: fc.option(fc.constantFrom('15s', '1m', '1h'), { nil: undefined }),
      limit: fc.option(fc.integer({ min: 1, max: 1000 }), { nil: undefined }),
      queryOffset: fc.option(durations, { nil: undefined }),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((specs) =>
    specs.map(({ rules, interval, limit, queryOffset }, i) =>
      ruleGroup(`group ${i}: # ${rules[0]!.name}`, rules, {
        ...(interval !== undefined && { interval }),
        ...(limit !== undefined && { limit }),
        ...(queryOffset !== undefined && { queryOffset }),
      }),
    ),
  );

/** What the monitor's reader is to find in the file of a rule. */
function expected(rule: Rule): Partial<RuleConfig> {
  const { name, labels } = rule;
  const expr = printExpr(parse(rule.expr));
  if (rule.type === 'record') return { type: 'recording', name, labels, expr };
  const { forMs, keepFiringForMs, annotations } = rule;
  return { type: 'alerting', name, labels, expr, forMs, keepFiringForMs, annotations };
}

function readBack(rules: readonly RuleGroup[]): object[] {
  return parseRuleFile('rules.yml', renderRuleFile(rules)).groups.map(({ rules: read, ...group }) => ({
    ...group,
    rules: read.map(({ exprText: _, tree: __, ...rule }) => rule),
  }));
}

test('what is written is read back as it was', () => {
  fc.assert(
    fc.property(groups, (given) => {
      expect(readBack(given)).toEqual(
        given.map(({ name, intervalMs, limit = 0, queryOffsetMs, rules }) => ({
          name,
          intervalMs,
          limit,
          queryOffsetMs,
          rules: rules.map(expected),
        })),
      );
    }),
    { numRuns: 300 },
  );
});

/** Texts as they are to come out, beside the parts that they are made of. */
const placeholders = fc.oneof(
  words.map((shown) => ({ part: shown as string | 'value' | 'job', shown })),
  fc.constantFrom('{', '}', '{{', '}}', '{{{', '{}', '}}{{').map((shown) => ({ part: shown, shown })),
  fc.constant({ part: 'value' as const, shown: '12.35%' }),
  fc.constant({ part: 'job' as const, shown: 'web' }),
);

test('the words of a text are shown as they are, whatever stands beside its placeholders', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(placeholders, { minLength: 1, maxLength: 6 }), async (parts) => {
      fc.pre(parts.some(({ shown }) => shown.trim() !== ''));
      const rule = alert('Filled', {
        expr: 'up',
        for: '0s',
        severity: 'none',
        summary: 'S',
        description: ({ value, label, text }) =>
          parts.reduce(
            (soFar, { part }) =>
              part === 'value'
                ? text`${soFar}${value.percentage}`
                : part === 'job'
                  ? text`${soFar}${label('job')}`
                  : text`${soFar}${part}`,
            text``,
          ),
      });
      const data = {
        alertName: 'Filled',
        labels: Labels.of({ job: 'web' }),
        value: 0.12345,
        externalLabels: {},
        externalUrl: 'http://localhost',
        timeMs: 0,
      };
      const filled = await Template.parse(rule.annotations.description!).expand(data, () =>
        Promise.resolve([]),
      );
      expect(filled).toBe(parts.map(({ shown }) => shown).join(''));
    }),
    { numRuns: 300 },
  );
});

test('no template is refused that Prometheus reads, but for braces that close nothing', () => {
  const refusal = (description: string): string => {
    try {
      alert('Refused', { expr: 'up', for: '0s', severity: 'none', summary: 'S', description });
      return '';
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };
  for (const template of TEMPLATES.filter((one) => one.trim() !== ''))
    expect(refusal(template).split('\n')[0], template).toBe(
      template.startsWith('}}') ? 'alert "Refused": annotation description: }} closes nothing' : '',
    );
  for (const template of randomTemplates(500, 6)) expect(refusal(template), template).toBe('');
});

test('promtool accepts what is rendered', (context) => {
  const promtool = outside(context, 'promtool');
  const folder = mkdtempSync(path.join(tmpdir(), 'rendered-rules-'));
  try {
    const golden = fileURLToPath(new URL('../packages/blueprint/test/golden/', import.meta.url));
    const files = ['rules.yml', 'slo-rules.yml'].map((name) => path.join(golden, name));
    fc.sample(groups, { numRuns: 40, seed: 6 }).forEach((given, i) => {
      const file = path.join(folder, `${i}.yml`);
      writeFileSync(file, renderRuleFile(given));
      files.push(file);
    });
    const said = execFileSync(promtool, ['check', 'rules', '--lint=all', '--lint-fatal', ...files], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    expect(said.match(/SUCCESS/g)).toHaveLength(files.length);
    expect(readFileSync(files[0]!, 'utf8')).toContain('# Generated by Binnacle');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
