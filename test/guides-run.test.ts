/**
 * The guides, walked: what a reader would write is written, and what a reader would run is run, on ports that are free.
 * Programs from outside are the real ones.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listening, startModule, startProgram, temporaryFolder } from './children.ts';
import { freePort } from './free-port.ts';
import { blocksOf, filesOf, root } from './guide-pages.ts';
import { answering, outside } from './outside.ts';

/** On a machine that does other work, too: commands are started one after the other. */
const TEST_MS_MAX = 600_000;
const POLL = { timeout: 90_000 };

const command = path.join(root, 'packages/monitor/bin/binnacle.js');
/** Beside the packages, so that what a guide imports is found as in a reader's project. */
const projects = path.join(root, 'node_modules/.cache/guides-run');
afterAll(() => fs.rmSync(projects, { recursive: true, force: true }));

/** Writes the files of a guide as a project and compiles its sources; gives the folder. */
function project(guide: string, edit: (text: string) => string = (text) => text): string {
  const folder = path.join(projects, guide);
  fs.rmSync(folder, { recursive: true, force: true });
  for (const [name, text] of filesOf(`docs/${guide}.md`)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), edit(text));
  }
  fs.writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }\n');
  const settings = {
    extends: path.join(root, 'tsconfig.base.json'),
    compilerOptions: {
      composite: false,
      types: ['node'],
      rootDir: 'src',
      outDir: 'dist',
      incremental: false,
    },
    include: ['src/**/*.ts'],
  };
  fs.writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(settings));
  if (!fs.existsSync(path.join(folder, 'src'))) return folder;
  const compiler = path.join(root, 'node_modules/typescript/bin/tsc');
  const { stdout } = spawnSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' });
  expect(stdout).toBe('');
  return folder;
}

/** Runs the command in a folder to its end. */
function binnacle(
  cwd: string,
  ...args: readonly string[]
): { readonly status: number | null; readonly said: string } {
  const env = { ...process.env, NO_COLOR: '1' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], {
    cwd,
    encoding: 'utf8',
    env,
  });
  return { status, said: stdout + stderr };
}

const text = async (url: string): Promise<string> => (await fetch(url)).text();

/** The value of an instant query, or undefined where there is none. */
async function answerOf(origin: string, query: string): Promise<string | undefined> {
  const answer = (await (await fetch(`${origin}/api/v1/query?${new URLSearchParams({ query })}`)).json()) as {
    readonly data?: { readonly result: readonly { readonly value: readonly [number, string] }[] };
  };
  return answer.data?.result[0]?.value[1];
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}

describe('a service, its monitor, a backup, and Prometheus', () => {
  let folder: string;
  let port: number;
  let metricsPort: number;
  let data: string;
  let monitor: string;

  beforeAll(async () => {
    [port, metricsPort] = [await freePort(), await freePort()];
    folder = project('add-to-a-service', (file) => file.replaceAll('9464', String(metricsPort)));
    // What step 5 says: the configuration names who is told.
    const config = path.join(folder, 'binnacle.config.ts');
    const told = fs
      .readFileSync(config, 'utf8')
      .replace("import * as metrics from './src/metrics.ts';", "$&\nimport { team } from './alerting.ts';")
      .replace("  name: 'shop',\n", '$&  alerting: team,\n')
      // A reader looks after minutes, a test after seconds.
      .replace('  dashboards: [\n', "  development: { scrapeInterval: '1s' },\n$&");
    expect(told).toContain('alerting: team');
    fs.writeFileSync(config, told);
    data = path.join(temporaryFolder(), 'data');
  }, TEST_MS_MAX);

  const start = (framework: string): ChildProcess =>
    startModule(pathToFileURL(path.join(folder, 'dist', `${framework}.js`)), [], {
      PORT: String(port),
      BINNACLE_METRICS_DIR: path.join(temporaryFolder(), 'metrics'),
    });

  const order = (quantity: number): Promise<number> =>
    fetch(`http://127.0.0.1:${port}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ quantity }),
    }).then(
      ({ status }) => status,
      () => 0,
    );

  const shown = blocksOf('docs/add-to-a-service.md').find(({ language }) => language === 'text')!;

  test.each(['express', 'fastify', 'plain'])(
    'counts with %s what the guide shows',
    async (framework) => {
      const service = start(framework);
      await expect.poll(() => order(2), POLL).toBe(201);
      expect(await order(0)).toBe(422);
      const metrics = () => text(`http://127.0.0.1:${metricsPort}/metrics`);
      for (const line of shown.text.trim().split('\n'))
        await expect.poll(metrics, POLL).toContain(`${line}\n`);
      await ended(service);
    },
    TEST_MS_MAX,
  );

  test(
    'has every query proved, is shown, and says where an alert would go',
    async () => {
      start('plain');
      expect(binnacle(folder, 'check', '--fail-on', 'warning')).toMatchObject({ status: 0 });
      const config = path.join(folder, 'binnacle.config.ts');
      monitor = await listening(
        startModule('binnacle/cli', [
          'up',
          ...['--config', config, '--data', data, '--listen', `127.0.0.1:${await freePort()}`],
        ]),
      );
      for (let i = 0; i < 3; i++) await expect.poll(() => order(1), POLL).toBe(201);
      await expect.poll(() => answerOf(monitor, 'sum(orders_total{outcome="accepted"})'), POLL).toBe('3');
      const dashboards = JSON.parse(await text(`${monitor}/api/search`)) as { readonly title: string }[];
      expect(dashboards.map(({ title }) => title)).toContain('Orders');
      expect(await text(`${monitor}/api/v1/rules`)).toContain('"OrdersRejected"');
      const alerts = path.join(data, 'config/alertmanager.yml');
      const route = binnacle(folder, 'route', 'severity=warning', '--alerts', alerts, '--expect', 'team');
      expect(route).toMatchObject({ status: 0 });
    },
    TEST_MS_MAX,
  );

  test(
    'is restored from a copy that was made while it ran',
    async () => {
      const backup = blocksOf('docs/production.md').find(({ text: block }) => block.startsWith('tar '))!;
      const here = temporaryFolder();
      const line = backup.text.trim().replace('/var/lib/binnacle', data);
      // 1 is for files that changed while they were read, which the log may.
      const { status } = spawnSync('sh', ['-c', line], { cwd: here, stdio: 'ignore' });
      expect(status).toBeOneOf([0, 1]);
      const restored = path.join(here, 'restored');
      fs.mkdirSync(restored);
      expect(spawnSync('tar', ['-xzf', 'binnacle-backup.tar.gz', '-C', restored], { cwd: here }).status).toBe(
        0,
      );
      fs.writeFileSync(path.join(here, 'prometheus.yml'), 'scrape_configs: []\n');
      const second = startModule('binnacle/cli', [
        'up',
        ...['--config', path.join(here, 'prometheus.yml'), '--data', restored],
        ...['--listen', `127.0.0.1:${await freePort()}`],
      ]);
      const query = 'sum(last_over_time(orders_total{outcome="accepted"}[10m]))';
      expect(await answerOf(await listening(second), query)).toBe('3');
      await ended(second);
    },
    TEST_MS_MAX,
  );

  test(
    'hands its files and its past to Prometheus',
    async (context) => {
      const [prometheus, promtool] = [outside(context, 'prometheus'), outside(context, 'promtool')];
      const here = temporaryFolder();
      const [script] = filesOf('docs/move-to-prometheus.md', 'js').values();
      fs.writeFileSync(path.join(here, 'history.mjs'), script!);
      // Some past there has to be.
      const samples = async () => Number(await answerOf(monitor, 'sum(count_over_time(orders_total[10m]))'));
      await expect.poll(samples, POLL).toBeGreaterThan(2);
      // A time that both have seen, and that neither still adds to.
      const atMs = Date.now();
      const at = `@ ${atMs / 1000}`;
      const past = `sum(count_over_time(orders_total[10m] ${at}))`;
      await expect
        .poll(() => answerOf(monitor, `count(timestamp(orders_total) > ${atMs / 1000})`), POLL)
        .toBeDefined();
      const history = fs.openSync(path.join(here, 'history.om'), 'w');
      const writing = spawn(process.execPath, ['history.mjs'], {
        cwd: here,
        stdio: ['ignore', history, 'inherit'],
        env: { ...process.env, BINNACLE_URL: monitor },
      });
      expect(await once(writing, 'exit')).toEqual([0, null]);
      fs.closeSync(history);
      const blocks = ['tsdb', 'create-blocks-from', 'openmetrics', 'history.om', 'data'];
      expect(spawnSync(promtool, blocks, { cwd: here }).status).toBe(0);
      const config = path.join(data, 'config/prometheus.yml');
      expect(spawnSync(promtool, ['check', 'config', config]).status).toBe(0);
      const address = `127.0.0.1:${await freePort()}`;
      startProgram(prometheus, [
        `--config.file=${config}`,
        `--storage.tsdb.path=${path.join(here, 'data')}`,
        `--web.listen-address=${address}`,
      ]);
      await answering(`http://${address}/-/ready`);
      const expected = await answerOf(monitor, past);
      expect(Number(expected)).toBeGreaterThan(2);
      expect(await answerOf(`http://${address}`, past)).toBe(expected);
      expect(await text(`http://${address}/api/v1/rules`)).toContain('"OrdersRejected"');
      await expect.poll(() => answerOf(`http://${address}`, 'sum(up{job="shop"})'), POLL).toBe('1');
    },
    TEST_MS_MAX,
  );
});

test(
  'a service of many processes counts on when one is killed, and an exporter answers for it from outside',
  async () => {
    const [port, metricsPort] = [await freePort(), await freePort()];
    const folder = project('many-processes', (file) => file.replaceAll('9464', String(metricsPort)));
    const directory = path.join(temporaryFolder(), 'metrics');
    const primary = startModule(pathToFileURL(path.join(folder, 'dist/server.js')), [], {
      PORT: String(port),
      BINNACLE_METRICS_DIR: directory,
    });
    let answered = 0;
    const ask = async (): Promise<string> => {
      const said = await text(`http://127.0.0.1:${port}/`).catch(() => '');
      if (said !== '') answered++;
      return said.trim();
    };
    await expect.poll(ask, POLL).toMatch(/^[1-9]\d*$/);
    for (let i = 0; i < 20; i++) await ask();
    const pid = Number(await ask());
    expect(Number.isSafeInteger(pid) && pid > 1 && pid !== process.pid && pid !== primary.pid).toBe(true);
    process.kill(pid, 'SIGKILL');
    const metrics = () => text(`http://127.0.0.1:${metricsPort}/metrics`).catch(() => '');
    await expect.poll(metrics, POLL).toContain(`\nrequests_total ${answered}\n`);

    const exporter = startModule('binnacle/cli', [
      'exporter',
      ...['--dir', directory, '--listen', `127.0.0.1:${await freePort()}`],
    ]);
    const address = await listening(exporter);
    expect(await text(address)).toContain(`\nrequests_total ${answered}\n`);
    await ended(primary);
    expect(await text(address)).toContain(`\nrequests_total ${answered}\n`);
    await ended(exporter);
  },
  TEST_MS_MAX,
);

test(
  'monitoring as code is proved, tested, compared, generated, and imported',
  () => {
    const folder = project('as-code');
    const run = (...args: string[]) => binnacle(folder, ...args);
    expect(run('check', '--fail-on', 'warning')).toMatchObject({ status: 0 });
    expect(run('test', '--coverage-required', 'exports.rules.ts')).toMatchObject({ status: 0 });
    expect(run('catalog', '--write', 'binnacle.catalog.json')).toMatchObject({ status: 0 });
    expect(run('catalog', 'diff')).toMatchObject({ status: 0 });
    expect(run('generate')).toMatchObject({ status: 0 });
    expect(run('generate', '--check')).toMatchObject({ status: 0 });
    const made = path.join(folder, 'monitoring/grafana/dashboards');
    const [dashboard] = fs.readdirSync(made).filter((name) => /exports/.test(name));
    const imported = ['--out', 'src/exports-dashboard.ts', '--name', 'exportsDashboard'];
    expect(run('import', path.join(made, dashboard!), ...imported)).toMatchObject({ status: 0 });
    expect(fs.readFileSync(path.join(folder, 'src/exports-dashboard.ts'), 'utf8')).toContain(
      'exportsDashboard',
    );

    // And a change that breaks an alert is told by what the guide says tells it.
    const metrics = path.join(folder, 'src/metrics.ts');
    fs.writeFileSync(
      metrics,
      fs.readFileSync(metrics, 'utf8').replace("status: ['success', 'failed']", "state: ['ok']"),
    );
    expect(run('check').status).not.toBe(0);
    expect(run('catalog', 'diff').status).not.toBe(0);
    expect(run('generate', '--check').status).not.toBe(0);
  },
  TEST_MS_MAX,
);

test(
  'the configuration of production is right',
  () => {
    const folder = project('production');
    expect(binnacle(folder, 'check', '--fail-on', 'warning')).toMatchObject({ status: 0 });
  },
  TEST_MS_MAX,
);
