/** The README's example of the builder compiles, runs, and gives the query that its text promises. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const readme = fs.readFileSync(fileURLToPath(new URL('../README.md', import.meta.url)), 'utf8');
// Beside the built files, so that the example finds the packages as a reader's project would.
const folder = fileURLToPath(new URL('../dist/builder-readme', import.meta.url));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

test('the example compiles with the strictest settings and gives its query', async () => {
  const codes = [...readme.matchAll(/```ts\n(.*?)```/gs)].map((match) => match[1]!);
  const code = codes.find((text) => text.includes('@binnacle/promql/builder'))!;
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'example.ts'), code);
  const config = path.join(folder, 'tsconfig.json');
  const compilerOptions = { composite: false, types: ['node'] };
  fs.writeFileSync(
    config,
    JSON.stringify({ extends: path.join(root, 'tsconfig.base.json'), compilerOptions, include: ['*.ts'] }),
  );
  const compiler = path.join(root, 'node_modules/typescript/bin/tsc');
  const compiled = spawnSync(process.execPath, [compiler, '-p', config], { encoding: 'utf8' });
  expect(compiled.stdout).toBe('');
  const { query } = (await import(path.join(folder, 'example.js'))) as { query: unknown };
  expect(String(query)).toBe(
    '(sum by (endpoint) (rate(http_requests_total{status=~"5.."}[5m])) / on (endpoint) sum by (endpoint) (rate(http_requests_total[5m]))) > 0.05',
  );
});

test('each line that must not compile fails for the reason that stands above it', () => {
  const file = fileURLToPath(new URL('./builder-types.test.ts', import.meta.url));
  const source = fs.readFileSync(file, 'utf8').replaceAll('../dist/', '../');
  const target = path.join(folder, 'mistakes.ts');
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(target, source.replaceAll('@ts-expect-error', ''));
  const compilerOptions = { composite: false, noEmit: true, types: ['node'] };
  const config = path.join(folder, 'mistakes.json');
  fs.writeFileSync(
    config,
    JSON.stringify({
      extends: path.join(root, 'tsconfig.base.json'),
      compilerOptions,
      files: ['mistakes.ts'],
    }),
  );
  const compiler = path.join(root, 'node_modules/typescript/bin/tsc');
  const { stdout } = spawnSync(process.execPath, [compiler, '-p', config, '--pretty', 'false'], {
    encoding: 'utf8',
  });
  const errors = stdout.split(/^(?=\S.*error TS)/m).filter((text) => text.includes('error TS'));
  const reasons = [
    "'route' does not exist",
    '"post"',
    '"gauge"',
    "'Aggregation",
    '"five"',
    '"route"',
    '"tenant"',
    '"verb"',
    'needs the label le',
    '"tenant"',
    "'bool' does not exist",
  ];
  expect(errors).toHaveLength(reasons.length);
  for (const [i, reason] of reasons.entries()) expect(errors[i]).toContain(reason);
});
