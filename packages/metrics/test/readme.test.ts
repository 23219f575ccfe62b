/** The examples of the package's README compile, run, and expose what stands below them. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { metricsHandler } from '../dist/index.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const readme = fs.readFileSync(fileURLToPath(new URL('../README.md', import.meta.url)), 'utf8');

/** Each example with the lines that stand below it. */
const examples = [...readme.matchAll(/```ts\n(.*?)```(?:\n\n```text\n(.*?)```)?/gs)].map((match) => ({
  code: match[1]!,
  lines: (match[2] ?? '').split('\n').filter((line) => line !== ''),
}));

// Beside the built files, so that the examples find the package as a reader's project would, and are not scanned
// as a part of it.
const folder = fileURLToPath(new URL('../dist/readme', import.meta.url));
fs.mkdirSync(folder, { recursive: true });
examples.forEach(({ code }, i) => {
  fs.writeFileSync(path.join(folder, `example-${i}.ts`), code);
});
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

test('the examples compile with the strictest settings, run, and expose what stands below them', async () => {
  const config = path.join(folder, 'tsconfig.json');
  const settings = {
    extends: path.join(root, 'tsconfig.base.json'),
    compilerOptions: { composite: false, types: ['node'], noUnusedLocals: false },
    include: ['*.ts'],
  };
  fs.writeFileSync(config, JSON.stringify(settings));
  const compiler = path.join(root, 'node_modules/typescript/bin/tsc');
  const compiled = spawnSync(process.execPath, [compiler, '-p', config], { encoding: 'utf8' });
  expect(compiled.stdout + compiled.stderr).toBe('');
  expect(compiled.status).toBe(0);
  const loaded: unknown[] = [];
  for (const i of examples.keys()) loaded.push(await import(path.join(folder, `example-${i}.js`)));
  expect(loaded.at(-1)).toMatchObject({
    told: [{ mails_waiting: 5, 'mails_sent_total{kind="news"}': 1 }, 1],
  });

  const server = http.createServer((request, response) => void metricsHandler()(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const body = await (await fetch(`http://127.0.0.1:${port}/`)).text();
  server.close();
  const exposed = body.split('\n');
  const lines = examples.flatMap((example) => example.lines);
  expect(lines.length).toBeGreaterThan(15);
  for (const line of lines) expect(exposed).toContain(line);
});
