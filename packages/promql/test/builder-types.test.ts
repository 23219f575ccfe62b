/** What does not compile is refused for the reason that stands above it. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test, vi } from 'vitest';

vi.setConfig({ testTimeout: 300_000 });

const root = fileURLToPath(new URL('../../..', import.meta.url));
// Not in `dist`, which may be packed meanwhile.
const folder = fileURLToPath(new URL('../.binnacle/dist/builder-types', import.meta.url));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

test('each mistake is refused for the reason that stands above it, and nothing else is', () => {
  const source = fs.readFileSync(fileURLToPath(new URL('./builder-mistakes.ts', import.meta.url)), 'utf8');
  const lines = source.split('\n');
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(
    path.join(folder, 'mistakes.ts'),
    source.replaceAll('../dist/', '../../../dist/').replaceAll('@ts-expect-error', ''),
  );
  const config = {
    extends: path.join(root, 'tsconfig.base.json'),
    compilerOptions: { composite: false, noEmit: true, types: ['node'], noErrorTruncation: true },
    files: ['mistakes.ts'],
  };
  fs.writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(config));
  const compiler = path.join(root, 'node_modules/typescript/bin/tsc');
  const { stdout } = spawnSync(process.execPath, [compiler, '-p', folder, '--pretty', 'false'], {
    encoding: 'utf8',
  });
  const errors = new Map(
    [...stdout.matchAll(/^\S*mistakes\.ts\((\d+),\d+\): (error TS.*(?:\n .*)*)/gm)].map(([, line, text]) => [
      Number(line),
      text!,
    ]),
  );
  const expected = lines.flatMap((line, i) => {
    const reason = /@ts-expect-error (.*)/.exec(line)?.[1];
    return reason === undefined ? [] : [{ line: i + 2, reason }];
  });
  expect(expected.length).toBeGreaterThan(50);
  for (const { line, reason } of expected)
    expect(errors.get(line) ?? 'it compiles', lines[line - 1]!).toContain(reason);
  expect([...errors.keys()]).toEqual(expected.map(({ line }) => line));
});
