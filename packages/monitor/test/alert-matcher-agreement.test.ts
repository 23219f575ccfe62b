/** Whether a text is a matcher, and which one: Binnacle and Alertmanager, over texts that are nearly matchers. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { outside } from '../../../test/outside.ts';
import { AlertMatcherError, compareMatchers, formatMatchers, parseMatchers } from '../dist/alert-matcher.js';

// Processes start slowly where many do.
vi.setConfig({ testTimeout: 300_000 });

const TEXTS = 600;

/** Pieces that matter to either syntax, put together at random, or a matcher with a flaw. */
const piece = fc.constantFrom(
  ...[
    'a',
    'b1',
    '_c',
    'é',
    '1',
    'a:b',
    '"a"',
    '"a b"',
    '"\\"',
    '"\\x41"',
    '"\\u00e9"',
    '"\\n"',
    '"\\d"',
    '\\',
  ],
  ...[
    '"\\xc3\\xa9"',
    '"\\xff"',
    '"\\U0001f600"',
    '"\\ud800"',
    '"\\101"',
    '"',
    '""',
    "'",
    '`',
    '~',
    '!',
    '|',
    '.*',
  ],
  ...[
    '=',
    '!=',
    '=~',
    '!~',
    '=',
    '=',
    ',',
    ', ',
    '{',
    '}',
    ' ',
    '\t',
    '\n',
    '\u00a0',
    '(',
    '[',
    'x{2}',
    '\\"',
    '\\n',
  ],
);
const side = fc.constantFrom(
  'a',
  'b c',
  '"d"',
  '"e,f"',
  '"g\\"h"',
  'é',
  '""',
  '"i',
  '\\d+',
  '(j|k)',
  '"(l"',
  '"*"',
  '.+',
);
const matcher = fc
  .tuple(side, fc.constantFrom('=', '!=', '=~', '!~', ' = ', '=='), side)
  .map((parts) => parts.join(''));
const text = fc.oneof(
  fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
  fc
    .tuple(
      fc.constantFrom('', '{', ' {'),
      fc.array(matcher, { minLength: 1, maxLength: 3 }),
      fc.constantFrom('', '}', ',}', ','),
    )
    .map(([open, matchers, close]) => open + matchers.join(',') + close),
);

function ours(given: string): string | undefined {
  try {
    return formatMatchers([...parseMatchers(given)].sort(compareMatchers));
  } catch (error) {
    if (!(error instanceof AlertMatcherError)) throw error;
    return undefined;
  }
}

test('amtool reads the same matchers, and prints them as Binnacle does', (context) => {
  const amtool = outside(context, 'amtool');
  const folder = mkdtempSync(join(tmpdir(), 'binnacle-matchers-'));
  context.onTestFinished(() => rmSync(folder, { recursive: true }));
  const config = (matchers: readonly string[]): string =>
    JSON.stringify({
      route: { receiver: 'a', routes: matchers.map((one) => ({ matchers: [one] })) },
      receivers: [{ name: 'a' }],
    });

  const texts = fc.sample(text, TEXTS);
  const paths = texts.map((one, index) => {
    const path = join(folder, `${index}.yml`);
    writeFileSync(path, config([one]));
    return path;
  });
  const { stdout } = spawnSync(amtool, ['check-config', ...paths], { encoding: 'utf8' });
  const verdicts = [...stdout.matchAll(/(?:^|') {2}(SUCCESS|FAILED)/gm)].map(
    ([, verdict]) => verdict === 'SUCCESS',
  );
  expect(verdicts).toHaveLength(TEXTS);
  expect(texts.filter((one, index) => (ours(one) !== undefined) !== verdicts[index])).toEqual([]);

  const taken = texts.filter((_, index) => verdicts[index]);
  expect(taken.length).toBeGreaterThan(TEXTS / 10);
  expect(taken.length).toBeLessThan((TEXTS * 9) / 10);
  const all = join(folder, 'all.yml');
  writeFileSync(all, config(taken));
  const shown = execFileSync(amtool, ['config', 'routes', 'show', '--config.file', all], {
    encoding: 'utf8',
    stdio: 'pipe',
  });
  const printed = [...shown.matchAll(/^ {4}[├└]── (.*) {2}receiver: a$/gm)].map(([, matchers]) => matchers);
  expect(printed).toEqual(
    taken.map((one) => {
      const matchers = ours(one);
      return matchers === '{}' ? 'default-route' : matchers;
    }),
  );
});
