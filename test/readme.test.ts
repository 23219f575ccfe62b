/** The example of the README runs as it stands there. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parse } from '@binnacle/promql';
import { afterAll, expect, test, vi } from 'vitest';
import { listening, startModule, temporaryFolder } from './children.ts';
import { freePort } from './free-port.ts';

vi.setConfig({ testTimeout: 180_000 });

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = fs.readFileSync(path.join(root, 'README.md'), 'utf8');
const block = (language: string) =>
  [...readme.matchAll(/```(\w+)\n(.*?)```/gs)]
    .filter((match) => match[1] === language)
    .map((match) => match[2]!);

// Beside the packages, so that it finds them as a reader's project would.
const project = path.join(root, 'node_modules/.cache/readme');
afterAll(() => fs.rmSync(project, { recursive: true, force: true }));

test('the service counts in all its processes, and the monitor reads its configuration and answers', async () => {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const [service] = block('js');
  const [prometheus, alerts] = block('yaml');
  fs.mkdirSync(project, { recursive: true });
  const write = (name: string, text: string) => {
    fs.writeFileSync(
      path.join(project, name),
      text.replaceAll('9464', String(metricsPort)).replaceAll('8080', String(port)),
    );
    return path.join(project, name);
  };
  const shop = write('shop.mjs', service!);
  write('alerts.yml', alerts!);
  expect(service!.split('\n').length).toBeLessThanOrEqual(40);

  const running = startModule(pathToFileURL(shop), [], {
    BINNACLE_METRICS_DIR: path.join(temporaryFolder(), 'metrics'),
  });
  const order = (method: string) =>
    fetch(`http://127.0.0.1:${port}/`, { method }).then(({ status }) => status);
  await expect.poll(() => order('POST').catch(() => 0)).toBe(201);
  for (let i = 0; i < 4; i++) await order('POST');
  expect(await order('GET')).toBe(405);
  // It answers first and counts then.
  const metrics = async () => (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  await expect
    .poll(metrics)
    .toContain('orders_total{outcome="accepted"} 5\norders_total{outcome="rejected"} 1\n');
  await expect.poll(metrics).toContain('order_duration_seconds_count 6\n');

  const monitor = await listening(
    startModule('binnacle/cli', [
      'up',
      ...['--config', write('prometheus.yml', prometheus!)],
      ...['--data', temporaryFolder()],
      ...['--listen', `127.0.0.1:${await freePort()}`],
    ]),
  );
  const ask = async (what: string) =>
    (await (await fetch(`${monitor}/api/v1/${what}`)).json()) as { data: unknown };
  await expect
    .poll(() => ask('query?query=sum(orders_total)'))
    .toMatchObject({ data: { result: [{ value: [expect.any(Number), '6'] }] } });
  expect(await ask('rules')).toMatchObject({ data: { groups: [{ rules: [{ name: 'OrdersRejected' }] }] } });
  const ended = once(running, 'exit');
  running.kill('SIGTERM');
  await ended;
});

test('the configuration loads, checks clean, and renders to the files of the real stack', async () => {
  const folder = path.join(project, 'as-code');
  fs.mkdirSync(folder, { recursive: true });
  const [metrics, config] = block('ts');
  fs.writeFileSync(path.join(folder, 'metrics.ts'), metrics!);
  fs.writeFileSync(path.join(folder, 'binnacle.config.ts'), config!);
  const command = (...args: string[]) =>
    spawnSync(process.execPath, [path.join(root, 'packages/monitor/bin/binnacle.js'), ...args], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
    });
  expect(command('check', '--fail-on', 'warning')).toMatchObject({ status: 0, stderr: '' });
  expect(command('generate')).toMatchObject({ status: 0, stderr: '' });
  expect(command('generate', '--check')).toMatchObject({ status: 0, stderr: '' });
  const typo = config!.replace("outcome: 'rejected'", "outcome: 'refused'");
  fs.writeFileSync(path.join(folder, 'binnacle.config.ts'), typo);
  const found = command('check');
  expect(found).toMatchObject({ status: 1 });
  expect(found.stdout).toContain('impossible-matcher');
});

test('the expressions of the README are PromQL', () => {
  const expressions = block('yaml').flatMap((text) =>
    [...text.matchAll(/expr: (.*)/g)].map((match) => match[1]!),
  );
  expect(expressions).not.toHaveLength(0);
  for (const expression of expressions) parse(expression);
});
