/** Findings that somebody lives with: by comment, by file, until a date, and what is wrong with that. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { checkRepository, IGNORE_FILE, renderProblem } from '../../dist/index.js';

const NOW_MS = Date.UTC(2026, 10, 21);

/** What is found of some checks, as `line check`; lines are those of the file. */
function found(files: Record<string, string>, checks: readonly string[], disabled: readonly string[] = []) {
  const report = checkRepository({ files: new Map(Object.entries(files)) }, { nowMs: NOW_MS, disabled });
  return report.problems
    .filter(({ check }) => checks.includes(check))
    .map(({ place, check, message }) => `${place.line} ${check}: ${message}`);
}

const NAME = 'the name "low" is not in CamelCase';

/** A file with two alerts whose names are wrong, and lines in front of the first and in it. */
function rules(before: string, within = ''): string {
  return `groups:
  - name: a
    rules:
${before === '' ? '' : `      ${before}\n`}      - alert: low
        expr: up == 0
${within === '' ? '' : `        ${within}\n`}        for: 5m
      - alert: low
        expr: up == 0
        for: 10m
`;
}

describe('a comment', () => {
  const cases: readonly (readonly [what: string, text: string, found: readonly string[]])[] = [
    ['is needed', rules(''), [`4 alert-name: ${NAME}`, `7 alert-name: ${NAME}`]],
    [
      'in front of a rule holds for the rule',
      rules('# binnacle:ignore alert-name old'),
      [`8 alert-name: ${NAME}`],
    ],
    [
      'may stand in front of other comments and empty lines',
      rules('# binnacle:ignore alert-name old\n\n      # whose rule is this?'),
      [`10 alert-name: ${NAME}`],
    ],
    [
      'behind a line holds for the line',
      rules('').replace('low', 'low # binnacle:ignore alert-name old'),
      [`7 alert-name: ${NAME}`],
    ],
    [
      'within a rule does not hold for what is above',
      rules('', '# binnacle:ignore alert-name old').replace('low', 'low'),
      [
        `4 alert-name: ${NAME}`,
        '6 ignore-comment: nothing is suppressed here: alert-name finds nothing',
        `8 alert-name: ${NAME}`,
      ],
    ],
    [
      'of the file holds for the file',
      `# binnacle:ignore-file alert-name these names are old\n${rules('')}`,
      [],
    ],
    [
      'names several checks',
      rules('# binnacle:ignore alert-name,missing-runbook old'),
      [`8 alert-name: ${NAME}`],
    ],
    [
      'holds until its date',
      rules('# binnacle:ignore alert-name until 2027-01-01 old'),
      [`8 alert-name: ${NAME}`],
    ],
    [
      'has ended with its date',
      rules('# binnacle:ignore alert-name until 2026-01-01 old'),
      [
        '4 ignore-comment: the suppression ended with 2026-01-01',
        `5 alert-name: ${NAME}`,
        `8 alert-name: ${NAME}`,
      ],
    ],
    [
      'with a date that is none suppresses nothing',
      rules('# binnacle:ignore alert-name until soon old'),
      ['4 ignore-comment: soon is no date', `5 alert-name: ${NAME}`, `8 alert-name: ${NAME}`],
    ],
    [
      'without a reason suppresses nothing',
      rules('# binnacle:ignore alert-name'),
      ['4 ignore-comment: this says no reason', `5 alert-name: ${NAME}`, `8 alert-name: ${NAME}`],
    ],
    [
      'with a date and without a reason suppresses nothing',
      rules('# binnacle:ignore alert-name until 2027-01-01'),
      ['4 ignore-comment: this says no reason', `5 alert-name: ${NAME}`, `8 alert-name: ${NAME}`],
    ],
    [
      'without a check suppresses nothing',
      rules('# binnacle:ignore'),
      ['4 ignore-comment: this says no check', `5 alert-name: ${NAME}`, `8 alert-name: ${NAME}`],
    ],
    [
      'with an unknown check is told the one that was meant',
      rules('# binnacle:ignore alert-names old'),
      ['4 ignore-comment: there is no check alert-names', `5 alert-name: ${NAME}`, `8 alert-name: ${NAME}`],
    ],
    [
      'that is not needed is told so',
      rules('# binnacle:ignore record-name old').replaceAll('low', 'Low'),
      ['4 ignore-comment: nothing is suppressed here: record-name finds nothing'],
    ],
    [
      'cannot suppress itself',
      rules('# binnacle:ignore ignore-comment,record-name old').replaceAll('low', 'Low'),
      ['4 ignore-comment: nothing is suppressed here: ignore-comment, record-name find nothing'],
    ],
    [
      'of a check that needs a catalog is not called useless where there is none',
      rules('# binnacle:ignore unknown-metric old').replaceAll('low', 'Low'),
      [],
    ],
    [
      'that only mentions the word is none',
      rules('# binnacle:ignored alert-name old'),
      [`5 alert-name: ${NAME}`, `8 alert-name: ${NAME}`],
    ],
  ];
  test.each(cases)('%s', (_, text, expected) => {
    expect(found({ 'rules.yml': text }, ['alert-name', 'ignore-comment'])).toEqual(expected);
  });

  test('of a check that is switched off is not called useless', () => {
    const files = { 'rules.yml': rules('# binnacle:ignore alert-name old') };
    expect(found(files, ['alert-name', 'ignore-comment'], ['alert-name'])).toEqual([]);
  });

  test('is counted by what it suppresses', () => {
    const files = new Map([['rules.yml', rules('# binnacle:ignore alert-name,missing-runbook old')]]);
    expect(checkRepository({ files }, { nowMs: NOW_MS }).ignored).toBe(2);
  });
});

describe('the file of suppressions', () => {
  const both = [`4 alert-name: ${NAME}`, `7 alert-name: ${NAME}`];
  const cases: readonly (readonly [what: string, line: string, found: readonly string[]])[] = [
    ['names a path', 'old/rules.yml alert-name : not ours', []],
    ['names paths by a pattern', 'old/*.yml alert-name : not ours', []],
    ['names folders by a pattern', '** alert-name until 2027-01-01 : not ours', []],
    ['names what it is about', 'old/rules.yml alert-name [alert low] : not ours', []],
    [
      'is told that another title suppresses nothing',
      'old/rules.yml alert-name [high] : not ours',
      ['1 ignore-comment: nothing is suppressed here: alert-name finds nothing', ...both],
    ],
    [
      'is told that a pattern for one folder suppresses nothing',
      '*.yml alert-name : not ours',
      ['1 ignore-comment: nothing is suppressed here: alert-name finds nothing', ...both],
    ],
    ['needs a reason', 'old/rules.yml alert-name :', ['1 ignore-comment: this says no reason', ...both]],
    [
      'needs its form',
      'old/rules.yml alert-name not ours',
      ['1 ignore-comment: this line suppresses nothing: it is not PATH CHECK : reason', ...both],
    ],
    ['may have comments', '# nothing here', both],
  ];
  test.each(cases)('%s', (_, line, expected) => {
    const files = { [IGNORE_FILE]: `${line}\n`, 'old/rules.yml': rules('') };
    expect(found(files, ['alert-name', 'ignore-comment'])).toEqual(expected);
  });

  test('of a folder names what is below it', () => {
    const files = { [`old/${IGNORE_FILE}`]: 'rules.yml alert-name : not ours\n', 'old/rules.yml': rules('') };
    expect(found(files, ['alert-name', 'ignore-comment'])).toEqual([]);
  });
});

test('what the page says is so', () => {
  const page = readFileSync(new URL('../../../../docs/checks/ignore-comment.md', import.meta.url), 'utf8');
  const blocks = [...page.matchAll(/```(yaml|text)\n([\s\S]*?)\n```/g)].map(([, , block]) => block!);
  const [wrong, text, right] = blocks;
  const problems = (yaml: string) =>
    checkRepository({ files: new Map([['rules.yml', yaml]]) }, { nowMs: NOW_MS }).problems.filter(
      ({ check }) => check === 'ignore-comment',
    );
  expect(
    problems(wrong!)
      .map((problem) => renderProblem(problem))
      .join('\n'),
  ).toBe(text);
  expect(problems(right!)).toEqual([]);
});
