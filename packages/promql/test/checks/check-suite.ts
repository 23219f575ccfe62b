/** How each check is tested: by what it reports, what it leaves alone, and its page of documentation. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  Catalog,
  type CheckOptions,
  checkQuery,
  type Finding,
  parse,
  renderFinding,
  withRecordingRules,
} from '../../dist/index.js';

/** The metrics that the examples of the documentation ask for. */
export const CATALOG: Catalog = withRecordingRules(
  Catalog.of(
    [
      {
        name: 'http_requests_total',
        type: 'counter',
        labels: { method: 'open', endpoint: 'open', status: 'open' },
      },
      {
        name: 'http_request_duration_seconds',
        type: 'histogram',
        form: 'classic',
        labels: { method: 'open', endpoint: 'open' },
        bounds: [0.1, 0.5, 1, 5],
      },
      {
        name: 'jobs_total',
        type: 'counter',
        labels: { status: ['completed', 'error', 'timeout'] },
        everySeries: true,
      },
      { name: 'jobs_started_total', type: 'counter', labels: {} },
      { name: 'jobs_pending', type: 'gauge', labels: {} },
      { name: 'jobs_active', type: 'gauge', labels: { kind: ['image', 'video'] }, everySeries: true },
      { name: 'disk_usage_bytes', type: 'gauge', labels: {} },
      { name: 'disk_limit_bytes', type: 'gauge', labels: {} },
      { name: 'sent_bytes_total', type: 'counter', labels: {} },
      { name: 'last_backup_timestamp_seconds', type: 'gauge', labels: {} },
      { name: 'wait_seconds', type: 'summary', labels: {}, quantiles: [0.5, 0.9] },
      { name: 'lag_seconds', type: 'histogram', form: 'native', labels: { topic: 'open' } },
      { name: 'breaker', type: 'stateset', labels: { breaker: ['open', 'closed'] }, everySeries: true },
      {
        name: 'app_info',
        type: 'info',
        labels: { version: 'open', tier: ['gold', 'iron'] },
        everySeries: true,
      },
      { name: 'mystery', type: 'unknown' },
      { name: 'legacy_total', type: 'counter' },
    ],
    { targetLabels: { job: ['api', 'worker'], system: 'open' } },
  ),
  [
    { record: 'job:http_requests:sum', expr: parse('sum by (job) (http_requests_total)') },
    { record: 'job:http_requests:rate5m', expr: parse('sum by (job) (rate(http_requests_total[5m]))') },
  ],
);

const OPTIONS: CheckOptions = { scrapeIntervalMs: 15_000 };

/** What one check reports of a query. */
export function findingsOf(check: string, query: string, options: CheckOptions = OPTIONS): Finding[] {
  return checkQuery(parse(query), CATALOG, options).filter((finding) => finding.check === check);
}

/** A query and the one finding in it: the text that is marked, how grave it is, what is said, what is suggested. */
export type Reported = readonly [
  query: string,
  marked: string,
  severity: Finding['severity'],
  message: string,
  suggestion?: string,
];

/** The tests of a check. */
export function suite(
  check: string,
  { reported, silent }: { readonly reported: readonly Reported[]; readonly silent: readonly string[] },
): void {
  describe(check, () => {
    for (const [query, marked, severity, message, suggestion] of reported) {
      test(query, () => {
        const found = findingsOf(check, query).map((finding) => [
          Buffer.from(query).subarray(finding.start, finding.end).toString(),
          finding.severity,
          finding.message,
          finding.suggestion,
        ]);
        expect(found).toEqual([[marked, severity, message, suggestion]]);
      });
    }

    test.each(silent)('nothing is wrong with %s', (query) => {
      expect(findingsOf(check, query)).toEqual([]);
    });

    test('what its page says is so', () => {
      const page = readFileSync(new URL(`../../../../docs/checks/${check}.md`, import.meta.url), 'utf8');
      expect(page.startsWith(`# ${check}\n`)).toBe(true);
      const examples = blocksOf(page, 'Example', 'promql');
      const corrected = blocksOf(page, 'What to do', 'promql');
      expect(examples).not.toEqual([]);
      expect(corrected).not.toEqual([]);
      const rendered = examples.map((query) =>
        findingsOf(check, query).map((found) => renderFinding(query, found)),
      );
      expect(rendered.flat()).toEqual(blocksOf(page, 'Example', 'text'));
      expect(corrected.flatMap((query) => findingsOf(check, query))).toEqual([]);
    });
  });
}

/** The code blocks of a language below a heading. */
function blocksOf(page: string, heading: string, language: string): string[] {
  const section = page.split('\n## ').find((text) => text.startsWith(`${heading}\n`)) ?? '';
  const blocks = section.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\\n\`\`\``, 'g'));
  return [...blocks].map(([, block]) => block!);
}
