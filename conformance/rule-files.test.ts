/** Prometheus's own rule files, good and bad: what `promtool check rules` says of them, we say, at the same place. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ConfigError, type ConfigProblem } from '../packages/monitor/dist/config/config-error.js';
import { parseRuleFile } from '../packages/monitor/dist/rules/rule-file.js';
import { duplicateRules } from '../packages/monitor/dist/rules/rule-lint.js';
import { outside } from '../test/outside.ts';
import { vectors } from './vectors.ts';

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
