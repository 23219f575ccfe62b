/** The README's examples of the builder compile, run, and give the queries that stand beside them. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test, vi } from 'vitest';

vi.setConfig({ testTimeout: 300_000 });

const root = fileURLToPath(new URL('../../..', import.meta.url));
const readme = fs.readFileSync(fileURLToPath(new URL('../README.md', import.meta.url)), 'utf8');
// Within the package, so that the examples find the packages as a reader's project would. `dist` may be packed meanwhile.
const folder = fileURLToPath(new URL('../.binnacle/dist/builder-readme', import.meta.url));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

test('the examples compile with the strictest settings and give their queries', async () => {
  const section = /## Queries from metric definitions\n(.*?)\n## /s.exec(readme)![1]!;
  const code = [...section.matchAll(/```ts\n(.*?)```/gs)].map((match) => match[1]!).join('');
  fs.mkdirSync(folder, { recursive: true });
  // Each line of a query is followed by what it prints.
  let count = 0;
  const checked = code.replaceAll(/^([a-z]\w*\(.*\));\n\/\/ (.*)$/gm, (_, query: string, text: string) => {
    count++;
    return `results.push([String(${query}), ${JSON.stringify(text)}]);`;
  });
  const file = path.join(folder, 'example.ts');
  fs.writeFileSync(
    file,
    `export const results: [string, string][] = [];
${checked}`,
  );
  const config = {
    extends: path.join(root, 'tsconfig.base.json'),
    compilerOptions: { composite: false, types: ['node'], noUnusedLocals: false, noErrorTruncation: true },
    include: ['*.ts'],
  };
  fs.writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(config));
  const compiler = path.join(root, 'node_modules/typescript/bin/tsc');
  const compiled = spawnSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' });
  expect(compiled.stdout).toBe('');
  const { query, results } = (await import(path.join(folder, 'example.js'))) as {
    query: unknown;
    results: readonly (readonly [string, string])[];
  };
  expect(String(query)).toBe(
    'sum by (endpoint) (rate(http_requests_total{status=~"5.."}[5m])) / sum by (endpoint) (rate(http_requests_total[5m])) > 0.05',
  );
  expect(count).toBeGreaterThan(5);
  expect(results.map(([got]) => got)).toEqual(results.map(([, wanted]) => wanted));

  const table = /\n\n```\n(.*?)\n```/s.exec(section)![1]!;
  const mistakes = table.split('\n').map((line) => line.split(/ {2,}/) as [string, string]);
  expect(mistakes).toHaveLength(5);
  const lines = mistakes.map(([wrong], i) => `export const wrong${i} = () => ${wrong};`);
  fs.writeFileSync(file, `${lines.join('\n')}\n${code}`);
  const { stdout } = spawnSync(process.execPath, [compiler, '-p', folder, '--pretty', 'false'], {
    encoding: 'utf8',
  });
  for (const [i, [, reason]] of mistakes.entries()) {
    const error = stdout.split('\n').find((line) => line.includes(`example.ts(${i + 1},`)) ?? '';
    for (const part of reason.split('...')) expect(error).toContain(part.trim());
  }
});
