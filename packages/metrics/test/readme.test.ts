/** The examples of the package's README compile, run, and expose what stands below them. */
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { metricsHandler } from '../dist/index.js';
import { compiledExamples, examplesOf } from './examples.ts';

vi.setConfig({ testTimeout: 600_000 });

test('the examples compile with the strictest settings, run, and expose what stands below them', async () => {
  const examples = examplesOf('README.md');
  const { said, folder } = compiledExamples(
    'readme',
    new Map(examples.map(({ code }, i) => [`example-${i}`, code])),
  );
  onTestFinished(() => fs.rmSync(folder, { recursive: true, force: true }));
  expect(said).toBe('');
  const loaded: unknown[] = [];
  for (const i of examples.keys()) loaded.push(await import(path.join(folder, `example-${i}.js`)));
  expect(loaded.find((example) => 'told' in (example as object))).toMatchObject({
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
