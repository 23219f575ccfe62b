/** How a check of files is tested: by what it reports, what it leaves alone, and its page of documentation. */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ServiceCatalog } from '../../dist/catalog/catalog-data.js';
import { type CheckInput, checkRepository, type Problem } from '../../dist/index.js';

/** What the services of the examples have. */
export const CATALOGS: readonly ServiceCatalog[] = [
  {
    service: 'api',
    job: 'api',
    targetLabels: {},
    metrics: [
      {
        name: 'http_requests_total',
        help: 'Requests answered.',
        type: 'counter',
        labels: { method: 'open', endpoint: 'open', status: 'open' },
      },
      {
        name: 'http_request_duration_seconds',
        help: 'How long requests took.',
        type: 'histogram',
        form: 'classic',
        labels: { method: 'open', endpoint: 'open' },
        bounds: [0.1, 0.5, 1, 5],
      },
      { name: 'cache_hit_ratio', help: 'Share of hits.', type: 'gauge', labels: {} },
      { name: 'process_resident_memory_bytes', help: 'Memory.', type: 'gauge', labels: {} },
      {
        name: 'answer_seconds',
        help: 'How long answers took.',
        type: 'summary',
        labels: { route: ['a', 'b'] },
        quantiles: [0.5, 0.9],
      },
    ],
  },
  {
    service: 'worker',
    job: 'worker',
    targetLabels: {},
    metrics: [
      {
        name: 'jobs_total',
        help: 'Jobs that ended.',
        type: 'counter',
        labels: { status: ['completed', 'error', 'timeout'] },
        everySeries: true,
      },
      { name: 'jobs_pending', help: 'Jobs that wait.', type: 'gauge', labels: {} },
      { name: 'sent_bytes_total', help: 'Bytes sent.', type: 'counter', labels: {} },
      { name: 'disk_usage_bytes', help: 'Bytes on disk.', type: 'gauge', labels: {} },
      { name: 'last_backup_timestamp_seconds', help: 'When.', type: 'gauge', labels: {} },
      { name: 'process_resident_memory_bytes', help: 'Memory.', type: 'gauge', labels: {} },
    ],
  },
];

/** Texts by path. */
export type Files = Readonly<Record<string, string>>;

/** What may be given beside files. */
export type Given = Omit<CheckInput, 'files'>;

/** Files with a mistake, and each finding of the check in them as `file:line:column severity: message`. */
export type Reported = readonly [what: string, files: Files, found: readonly string[], given?: Given];
/** Files without. */
export type Silent = readonly [what: string, files: Files, given?: Given];

const UPDATE = process.env.BINNACLE_UPDATE_GOLDEN === '1';

/** All that is found in some files. */
export function problemsOf(files: Files, given: Given = {}): readonly Problem[] {
  const input: CheckInput = { files: new Map(Object.entries(files)), catalogs: CATALOGS, ...given };
  return checkRepository(input, { nowMs: 0 }).problems;
}

/** A problem in one line. */
export function inOneLine({ place, severity, message, suggestion }: Problem): string {
  const meant = suggestion === undefined ? '' : ` (${suggestion}?)`;
  return `${place.file}:${place.line}:${place.column} ${severity}: ${message}${meant}`;
}

/** The tests of a check. */
export function suite(
  check: string,
  { reported, silent }: { readonly reported: readonly Reported[]; readonly silent: readonly Silent[] },
): void {
  const found = (files: Files, given?: Given): Problem[] =>
    problemsOf(files, given).filter((problem) => problem.check === check);

  describe(check, () => {
    for (const [what, files, wanted, given] of reported) {
      test(what, () => {
        expect(wanted).not.toEqual([]);
        expect(found(files, given).map(inOneLine)).toEqual(wanted);
      });
    }

    for (const [what, files, given] of silent) {
      test(`nothing is wrong with ${what}`, () => {
        expect(found(files, given).map(inOneLine)).toEqual([]);
      });
    }

    test('what its page says is so', () => {
      const url = new URL(`../../../../docs/checks/${check}.md`, import.meta.url);
      let page = readFileSync(url, 'utf8');
      expect(page.startsWith(`# ${check}\n`)).toBe(true);
      const examples = filesIn(page, 'Example');
      const corrected = filesIn(page, 'What to do');
      expect(Object.keys(examples)).not.toEqual([]);
      expect(Object.keys(corrected)).not.toEqual([]);
      const rendered = found(examples).map(inFull).join('\n');
      expect(rendered).not.toBe('');
      if (UPDATE) {
        page = page.replace(/```text\n[\s\S]*?```/, () => `\`\`\`text\n${rendered}\n\`\`\``);
        writeFileSync(url, page);
      }
      expect(/```text\n([\s\S]*?)\n```/.exec(page)?.[1]).toBe(rendered);
      // What is right is put beside what the example has and does not correct.
      expect(found({ ...examples, ...corrected }).map(inOneLine)).toEqual([]);
    });
  });
}

/** A problem as `binnacle check` shows it to people. */
function inFull({ check, severity, place, message, reason, remedy, suggestion }: Problem): string {
  const meant = suggestion === undefined ? '' : ` Did you mean ${suggestion}?`;
  return [
    `${place.file}:${place.line}:${place.column}: ${severity}: ${message} (${check})`,
    ...(place.excerpt?.split('\n').map((line) => `    ${line}`.trimEnd()) ?? []),
    `why: ${reason}`,
    `do: ${remedy}${meant}`,
  ].join('\n');
}

/** The files of a section: code blocks whose fence names a path. */
function filesIn(page: string, heading: string): Record<string, string> {
  const section = page.split('\n## ').find((text) => text.startsWith(`${heading}\n`)) ?? '';
  const blocks = section.matchAll(/```(?:yaml|json) (\S+)\n([\s\S]*?)```/g);
  return Object.fromEntries([...blocks].map(([, path, text]) => [path!, text!]));
}
