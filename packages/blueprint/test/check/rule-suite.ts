/** How each check of rules is tested: by what it reports and where, what it leaves alone, and its page of documentation. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  type CheckInput,
  checkRepository,
  type Problem,
  renderProblem,
  type ServiceCatalog,
} from '../../dist/index.js';

/** The services that the examples of the documentation watch. */
export const SERVICES: readonly ServiceCatalog[] = [
  {
    service: 'api',
    job: 'api',
    targetLabels: { system: 'shop' },
    metrics: [
      {
        name: 'http_requests_total',
        type: 'counter',
        help: '',
        labels: { method: 'open', endpoint: 'open', status: 'open' },
      },
      {
        name: 'http_request_duration_seconds',
        type: 'histogram',
        form: 'classic',
        help: '',
        labels: { method: 'open', endpoint: 'open' },
        bounds: [0.1, 0.5, 1, 5],
      },
      { name: 'http_requests_in_flight', type: 'gauge', help: '', labels: {} },
      { name: 'http_sessions', type: 'gauge', help: '', labels: { user: 'open', region: ['eu', 'us'] } },
      { name: 'cache_hit_ratio', type: 'gauge', help: '', labels: {} },
      { name: 'process_resident_memory_bytes', type: 'gauge', help: '', labels: {} },
    ],
  },
  {
    service: 'worker',
    job: 'worker',
    targetLabels: { system: 'media' },
    metrics: [
      {
        name: 'jobs_total',
        type: 'counter',
        help: '',
        labels: { status: ['completed', 'error', 'timeout'] },
        everySeries: true,
      },
      { name: 'jobs_started_total', type: 'counter', help: '', labels: {} },
      { name: 'jobs_pending', type: 'gauge', help: '', labels: {} },
      { name: 'job_duration_seconds', type: 'summary', help: '', labels: {}, quantiles: [0.5, 0.9] },
      { name: 'render_duration_seconds', type: 'histogram', form: 'native', help: '', labels: {} },
      { name: 'sent_bytes_total', type: 'counter', help: '', labels: {} },
      { name: 'disk_usage_bytes', type: 'gauge', help: '', labels: {} },
      { name: 'disk_limit_bytes', type: 'gauge', help: '', labels: {} },
      { name: 'last_backup_timestamp_seconds', type: 'gauge', help: '', labels: {} },
      { name: 'process_resident_memory_bytes', type: 'gauge', help: '', labels: {} },
    ],
  },
];

/** How they are scraped. */
export const PROMETHEUS = `global:
  scrape_interval: 15s
scrape_configs:
  - job_name: api
  - job_name: worker
`;

/** What stands around the rules of an example, and how far it moves them. */
const HEAD = 'groups:\n  - name: example\n    rules:\n';
const HEAD_LINES = 3;
const INDENT = '      ';

/** Everything that is found in rules, with places as the rules alone have them. */
export function problemsIn(
  rules: string,
  input: Partial<CheckInput> = {},
  disabled: string[] = [],
): Problem[] {
  const isWhole = rules.startsWith('groups:');
  const text = isWhole ? rules : HEAD + rules.replace(/^(?=.)/gm, INDENT);
  const report = checkRepository(
    {
      catalogs: SERVICES,
      ...input,
      files: new Map([['prometheus.yml', PROMETHEUS], ['rules.yml', text], ...(input.files ?? [])]),
    },
    { nowMs: Date.UTC(2026, 0, 1), disabled },
  );
  const own = report.problems.filter(({ place }) => place.file === 'rules.yml');
  return isWhole ? own : own.map(moved);
}

function moved(problem: Problem): Problem {
  const { place, message } = problem;
  const excerpt = place.excerpt?.replace(new RegExp(`^${INDENT}`, 'gm'), '');
  return {
    ...problem,
    message: message.replace(/in line (\d+)/, (_, line: string) => `in line ${Number(line) - HEAD_LINES}`),
    place: {
      ...place,
      line: place.line - HEAD_LINES,
      column: place.column - INDENT.length,
      ...(excerpt !== undefined && { excerpt }),
    },
  };
}

/** What one check finds. */
export function foundBy(check: string, rules: string, input: Partial<CheckInput> = {}): Problem[] {
  return problemsIn(rules, input).filter((problem) => problem.check === check);
}

/** The text above the marks. */
export function markedIn({ place }: Problem): string {
  const [line = '', marks = ''] = place.excerpt?.split('\n') ?? [];
  return line.slice(marks.indexOf('^'), marks.lastIndexOf('^') + 1);
}

/**
 * Rules, and the findings in them in the order of their places: `line:column`, how grave, the text that is marked, what
 * is said, what is suggested.
 */
export type Reported = readonly [
  rules: string,
  ...findings: (readonly [
    place: string,
    severity: Problem['severity'],
    marked: string,
    message: string,
    suggestion?: string,
  ])[],
];

/** The tests of a check. */
export function suite(
  check: string,
  {
    reported,
    silent,
    input = {},
  }: {
    readonly reported: readonly Reported[];
    readonly silent: readonly string[];
    readonly input?: Partial<CheckInput>;
  },
): void {
  describe(check, () => {
    for (const [rules, ...findings] of reported) {
      test(`finds what is wrong with ${rules}`, () => {
        const found = foundBy(check, rules, input).map((problem) => {
          const { place, severity, message, suggestion } = problem;
          const start = [`${place.line}:${place.column}`, severity, markedIn(problem), message] as const;
          return suggestion === undefined ? start : [...start, suggestion];
        });
        expect(found).toEqual(findings);
      });
    }

    test.each(silent)('finds nothing in %s', (rules) => {
      expect(foundBy(check, rules, input)).toEqual([]);
      // What does not parse is not checked, and would be silent for the wrong reason.
      const unread = problemsIn(rules, input).filter(({ check: name }) =>
        /^(?:rule-file|promql-syntax)$/.test(name),
      );
      expect(unread).toEqual([]);
    });

    test('what its page says is so', () => {
      const page = readFileSync(new URL(`../../../../docs/checks/${check}.md`, import.meta.url), 'utf8');
      expect(page.startsWith(`# ${check}\n`)).toBe(true);
      const examples = blocksOf(page, 'Example', 'yaml');
      const corrected = blocksOf(page, 'What to do', 'yaml');
      expect(examples).not.toEqual([]);
      expect(corrected).not.toEqual([]);
      const rendered = examples.map((rules) =>
        foundBy(check, rules, input)
          .map((problem) => renderProblem(problem))
          .join('\n'),
      );
      expect(rendered).toEqual(blocksOf(page, 'Example', 'text'));
      expect(corrected.flatMap((rules) => foundBy(check, rules, input))).toEqual([]);
    });
  });
}

/** The code blocks of a language below a heading. */
function blocksOf(page: string, heading: string, language: string): string[] {
  const section = page.split('\n## ').find((text) => text.startsWith(`${heading}\n`)) ?? '';
  const blocks = section.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\\n\`\`\``, 'g'));
  return [...blocks].map(([, block]) => block!);
}

/** An alert with everything that it must have, and an expression to be looked at. */
export function alerting(expr: string, more = ''): string {
  return `- alert: Example
  expr: ${expr}
  for: 5m
  labels: { severity: warning }
  annotations:
    summary: Something is wrong
    description: It has been so for five minutes
    runbook_url: https://example.com/runbooks#example${more === '' ? '' : `\n${more}`}`;
}
