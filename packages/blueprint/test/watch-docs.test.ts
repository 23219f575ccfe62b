/** The page of the watches: every alert has its runbook there, and what it says of watches is so. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { formatDuration } from '@binnacle/promql';
import { describe, expect, test } from 'vitest';
import { type AlertRule, RUNBOOKS, type Watch } from '../dist/index.js';
import { wholeWatches } from './whole-watches.ts';

const ROOT = new URL('../../../', import.meta.url);
const PAGE = readFileSync(new URL(RUNBOOKS, ROOT), 'utf8');
const WATCHES: Readonly<Record<string, Watch>> = wholeWatches();

/** The anchor of a heading, as GitHub makes it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}

/** The text below each heading of a level, by its anchor. */
function sections(level: '##' | '###'): ReadonlyMap<string, string> {
  const parts = PAGE.split(new RegExp(`^${level} (?=[^#])`, 'm')).slice(1);
  return new Map(
    parts.map((part) => {
      const end = part.indexOf('\n');
      return [anchorOf(part.slice(0, end)), part.slice(end).split(/^#{2,3} /m)[0]!];
    }),
  );
}

const alerts = Object.values(WATCHES).flatMap(({ groups }) =>
  groups.flatMap(({ rules }) => rules.filter((rule): rule is AlertRule => rule.type === 'alert')),
);
const anchorIn = ({ annotations }: AlertRule): string => annotations.runbook_url!.split('#')[1]!;

test('every alert has its runbook, and every runbook its alert', () => {
  expect([...sections('###').keys()].toSorted()).toEqual([...new Set(alerts.map(anchorIn))].toSorted());
});

test('every runbook says what it means, what to look at and what to do', () => {
  for (const [anchor, text] of sections('###'))
    expect(text, anchor).toMatch(
      /^\s+[A-Z][\s\S]+?\.\n\n- \*\*Look at\*\*: [\s\S]+[.?]\n- \*\*Do\*\*: [\s\S]+\.\s*$/,
    );
});

/** The sections of the page by the names of watches. */
const SECTION_OF: Readonly<Record<string, string>> = { transcode: 'transcoding', busyJobs: 'jobs' };

describe.each(Object.entries(WATCHES))('of %s', (name, { rows, groups }) => {
  const section = sections('##').get(SECTION_OF[name] ?? name) ?? '';
  const words = section.replace(/\s+/g, ' ');

  test('the alerts stand with their severity and how long they wait', () => {
    for (const rule of groups.flatMap(({ rules }) => rules) as AlertRule[]) {
      const wait = rule.forMs === 0 ? 'at once' : formatDuration(rule.forMs);
      expect(section).toContain(
        `| [${rule.name}](#${anchorIn(rule)}) | ${rule.labels.severity} | ${wait} | `,
      );
    }
  });

  test('the panels stand, row by row', () => {
    if (name === 'busyJobs') return expect(rows[0]!.title).toBe('Jobs');
    const said = rows.map(
      ({ title, panels }) => `**${title}**: ${panels.map((panel) => panel.title).join(', ')}`,
    );
    expect(words).toContain(`Panels: ${said.join('; ')}.`);
  });
});

test('every option of every watch stands in its section', () => {
  const folder = fileURLToPath(new URL('../src/watch/', import.meta.url));
  const texts = new Map(readdirSync(folder).map((file) => [file, readFileSync(`${folder}${file}`, 'utf8')]));
  const fieldsOf = (text: string, name: string): string[] => {
    const body = new RegExp(
      `interface ${name}(?:<[\\s\\S]*?>)?\\s*(?:extends [^{]*)?\\{([\\s\\S]*?)\\n\\}`,
    ).exec(text);
    return [...(body?.[1] ?? '').matchAll(/^ {2}readonly (\w+)\?/gm)].map(([, field]) => field!);
  };
  const ofOutcomes = fieldsOf(texts.get('outcomes.ts')!, 'OutcomeOptions');
  const ofTransfers = fieldsOf(texts.get('transfers.ts')!, 'TransferOptions');
  expect([ofOutcomes.length, ofTransfers.length]).toEqual([3, 7]);
  let seen = 0;
  for (const [file, text] of texts) {
    const [, name] = /interface (\w+WatchOptions)/.exec(text) ?? [];
    if (name === undefined) continue;
    const section = sections('##').get(SECTION_OF[file.slice(0, -3)] ?? file.slice(0, -3))!;
    const own = fieldsOf(text, name);
    const fields = /extends[^{]*TransferOptions/.test(text) ? [...own, ...ofOutcomes, ...ofTransfers] : own;
    for (const field of fields) expect(section, file).toContain(`| \`${field}\` | `);
    seen += fields.length;
  }
  expect(seen).toBeGreaterThan(90);
});

test('its example runs', async () => {
  const [, code] = /```js\n([\s\S]*?)```/.exec(PAGE)!;
  const folder = fileURLToPath(new URL('node_modules/.cache/watches/', ROOT));
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}example.mjs`, code!);
  try {
    const { watches, rules } = (await import(pathToFileURL(`${folder}example.mjs`).href)) as {
      readonly watches: readonly Watch[];
      readonly rules: string;
    };
    expect(watches.map(({ name }) => name)).toEqual(['Service', 'HTTP', 'Exports']);
    expect(rules).toContain('- alert: JobsFailing');
    expect(rules).not.toContain('JobsStuck');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
