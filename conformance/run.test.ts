/** `npm run conformance -- DIR`: what it prints, and when it fails. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { temporaryFolder } from '../test/children.ts';

// Processes start slowly where many do.
vi.setConfig({ testTimeout: 300_000 });

const command = fileURLToPath(new URL('run.mjs', import.meta.url));

const PASSING = 'load 1m\n  m 1 2\n\neval instant at 1m m\n  m 2\n\neval instant at 0 m + 0\n  {} 1\n';

function run(files: Readonly<Record<string, string | Buffer>>, ...options: readonly string[]) {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(`${folder}/${name}`, text);
  const { status, stdout } = spawnSync(process.execPath, [command, ...options, folder], { encoding: 'utf8' });
  return { status, lines: stdout.trimEnd().split('\n') };
}

test('a folder that passes is counted per file and in all', () => {
  const { status, lines } = run({ 'a.test': PASSING, 'b.test': PASSING, 'c.txt': 'nonsense' });
  expect(lines).toEqual([
    expect.stringMatching(/^a\.test +2 of +2$/),
    expect.stringMatching(/^b\.test +2 of +2$/),
    '',
    '4 passed, 0 failed, 0 skipped',
  ]);
  expect(status).toBe(0);
});

test('what fails is counted by reason, and listed when asked for', () => {
  const wrong = `${PASSING}\neval instant at 1m m\n  m 3\n`;
  expect(run({ 'a.test': wrong })).toEqual({
    status: 1,
    lines: [expect.stringMatching(/^a\.test +2 of +3 {2}failed: 1$/), '', '2 passed, 1 failed, 0 skipped'],
  });
  expect(run({ 'a.test': wrong }, '--verbose').lines).toContain('a.test:10: m: m is 2 instead of 3');
});

test('a script that is not in the language fails at its line', () => {
  const { status, lines } = run({ 'a.test': `${PASSING}\nevil instant at 1m m\n` }, '--verbose');
  expect(status).toBe(1);
  expect(lines).toContain('a.test:10: the script ends here: unknown command evil instant at 1m m');
  expect(run({ 'a.test': 'load 1m\n  m 1 x\n' }, '--verbose').lines).toContain(
    'a.test:1: the script ends here: 1:5: parse error: unexpected "x" in series values',
  );
});

test('a query that no string can hold is skipped and listed', () => {
  const bytes = Buffer.concat([
    Buffer.from(`${PASSING}\neval instant at 0 m{a="`),
    Buffer.of(0xff),
    Buffer.from('"}\n'),
  ]);
  const { status, lines } = run({ 'a.test': bytes });
  expect(lines.slice(1)).toEqual([
    '',
    'skipped:',
    'a.test:10: the query is not UTF-8',
    '',
    '2 passed, 0 failed, 1 skipped',
  ]);
  expect(status).toBe(0);
});

test('a folder without evaluations fails', () => {
  expect(run({ 'a.test': '# nothing\n' }).status).toBe(1);
  const { status, stderr } = spawnSync(process.execPath, [command, '/nowhere'], { encoding: 'utf8' });
  expect(status).toBe(1);
  expect(stderr).toBe('/nowhere does not exist\n');
});
