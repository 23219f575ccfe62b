/**
 * `binnacle up` in a folder with a `binnacle.config.ts`, as its users run it: the built command, a service of the project
 * that counts with `@binnacle/metrics`, and the configuration that imports the same definitions.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type ProjectFolder, projectFolder } from './project-folder.ts';

const MAIN = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const WAIT = { timeout: 60_000 };
/** Processes start slowly where many do. */
const TEST_MS = 300_000;

const METRICS = `import { gauge } from '@binnacle/metrics';
export const waiting = gauge({
  name: 'uploads_waiting',
  help: 'Uploads that wait.',
  labels: { kind: ['image', 'video'] },
});
`;

const SERVICE = `import { createServer } from 'node:http';
import { metricsHandler, serveMetrics } from '@binnacle/metrics';
import { waiting } from './metrics.mjs';
await serveMetrics({ service: 'uploads', directory: process.argv[2] });
waiting.set({ kind: 'image' }, 60);
const server = createServer(metricsHandler()).listen(0, '127.0.0.1', () => process.send(server.address().port));
process.on('disconnect', () => process.exit());
`;

function configText(port: number, { title = 'Uploads', limit = 50, more = '' } = {}): string {
  return `import { alert, dashboard, defineConfig, record, row, ruleGroup, timeseries } from '@binnacle/blueprint';
import { gt, select, sum } from '@binnacle/promql/builder';
import * as metrics from './metrics.mjs';

export default defineConfig({
  name: 'uploads',
  services: [{ name: 'web', metrics, targets: ['127.0.0.1:${port}'], labels: { system: 'shop' } }],
  dashboards: [
    dashboard({ title: '${title}', rows: [row('All', [timeseries('Waiting', sum(select(metrics.waiting)))])] }),
  ],
  rules: [
    ruleGroup('uploads', [
      record('kind:uploads_waiting:sum', sum(select(metrics.waiting)).by('kind')),
      alert('UploadsWait', {
        expr: gt(sum(select(metrics.waiting)), ${limit}),
        for: '0s',
        severity: 'warning',
        summary: 'Uploads wait',
        description: 'Uploads wait.',
        runbookUrl: 'https://example.org/uploads-wait',
      }),
    ]),
  ],
  development: {
    scrapeInterval: '200ms',
    evaluationInterval: '200ms',
    retentionTime: '5h',
    retentionSize: '100MB',
    externalUrl: 'https://monitor.example.org',
  },
  ${more}
});
`;
}

let folder: ProjectFolder;
let service: ChildProcess;
let port = 0;
beforeAll(async () => {
  folder = projectFolder({ 'metrics.mjs': METRICS, 'service.mjs': SERVICE });
  service = spawn(process.execPath, ['service.mjs', join(folder.path, 'counts')], {
    cwd: folder.path,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  [port] = (await once(service, 'message')) as [number];
});
afterAll(() => {
  service.kill();
  folder.remove();
});

const running = new Set<ChildProcess>();
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
});

interface Run {
  readonly child: ChildProcess;
  readonly said: () => { readonly stdout: string; readonly stderr: string };
  /** The exit status. */
  readonly ended: Promise<number | null>;
}

function run(args: readonly string[]): Run {
  const child = spawn(process.execPath, [MAIN, 'up', '--listen', '127.0.0.1:0', ...args], {
    cwd: folder.path,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  running.add(child);
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream]!.on('data', (piece) => {
      said[stream] += String(piece);
    });
  const ended = once(child, 'close').then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  return { child, said: () => said, ended };
}

/** Runs the command until it listens. */
async function up(args: readonly string[] = []): Promise<Run & { readonly url: string }> {
  const started = run(args);
  const ended = started.ended.then((code) => {
    throw new Error(`binnacle up ended with ${code}: ${started.said().stderr}`);
  });
  const [message] = (await Promise.race([once(started.child, 'message'), ended])) as [{ url: string }];
  ended.catch(() => {});
  // What it says comes another way than the message.
  await expect.poll(() => started.said().stdout, WAIT).toMatch(/ listening on .*\n.* keeps .*\n/);
  return { ...started, url: message.url };
}

async function stop({ child, ended }: Run): Promise<void> {
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
}

async function ask<T>(url: string, path: string): Promise<T> {
  return (await (await fetch(`${url}${path}`)).json()) as T;
}

async function values(url: string, query: string): Promise<readonly (readonly [object, string])[]> {
  type Answer = { data: { result: { metric: object; value: [number, string] }[] } };
  const { data } = await ask<Answer>(url, `/api/v1/query?query=${encodeURIComponent(query)}`);
  return data.result.map(({ metric, value }) => [metric, value[1]] as const);
}

const rendered = (): string[] =>
  readdirSync(join(folder.path, '.binnacle/data/config'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.includes('.'))
    .sort();

describe('binnacle up with a configuration', () => {
  test(
    'scrapes the service, evaluates the rules, serves the dashboards',
    async () => {
      folder.write('binnacle.config.ts', configText(port));
      const monitor = await up();
      expect(monitor.said().stdout).toContain('keeps 5 h or 100 MB, whichever comes first');
      expect(await ask(monitor.url, '/api/v1/status/catalog')).toEqual({
        status: 'success',
        data: { services: [{ job: 'web', metrics: ['uploads_waiting'] }] },
      });
      const labels = { __name__: 'kind:uploads_waiting:sum' };
      await expect
        .poll(() => values(monitor.url, 'kind:uploads_waiting:sum'), WAIT)
        .toEqual([
          [{ ...labels, kind: 'image' }, '60'],
          [{ ...labels, kind: 'video' }, '0'],
        ]);
      // A scrape may come too late on a machine that has much to do.
      await expect
        .poll(() => values(monitor.url, 'up'), WAIT)
        .toEqual([[{ __name__: 'up', instance: `127.0.0.1:${port}`, job: 'web', system: 'shop' }, '1']]);
      await expect
        .poll(
          async () => (await ask<{ data: { alerts: unknown[] } }>(monitor.url, '/api/v1/alerts')).data.alerts,
          WAIT,
        )
        .toMatchObject([
          { labels: { alertname: 'UploadsWait', severity: 'warning' }, state: 'firing', value: '6e+01' },
        ]);
      expect(await ask(monitor.url, '/api/search')).toMatchObject([{ uid: 'uploads', title: 'Uploads' }]);
      const { dashboard } = await ask<{ dashboard: { panels: { targets?: { expr: string }[] }[] } }>(
        monitor.url,
        '/api/dashboards/uid/uploads',
      );
      expect(dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))).toEqual([
        'sum(uploads_waiting)',
      ]);
      await stop(monitor);
      expect(monitor.said().stderr).toBe('');
    },
    TEST_MS,
  );

  test(
    'that has changed runs what it says now, and what it no longer says is gone',
    async () => {
      folder.write('binnacle.config.ts', configText(port, { title: 'Arrivals', limit: 500 }));
      const monitor = await up();
      expect(await ask(monitor.url, '/api/search')).toMatchObject([{ uid: 'arrivals', title: 'Arrivals' }]);
      type Rules = { data: { groups: { rules: { name: string; query: string }[] }[] } };
      const { data } = await ask<Rules>(monitor.url, '/api/v1/rules');
      expect(data.groups.flatMap(({ rules }) => rules.map(({ query }) => query))).toEqual([
        'sum by (kind) (uploads_waiting)',
        'sum(uploads_waiting) > 500',
      ]);
      expect(rendered()).toEqual([
        'dashboards/arrivals.json',
        'files.json',
        'prometheus.yml',
        'rules/rules.yml',
      ]);
      // What the earlier one stored is still there.
      await expect
        .poll(
          async () => (await values(monitor.url, 'count_over_time(uploads_waiting[5m])')).map(([, n]) => n),
          WAIT,
        )
        .toEqual([expect.stringMatching(/^[1-9]/), expect.stringMatching(/^[1-9]/)]);
      await stop(monitor);
    },
    TEST_MS,
  );

  test(
    'keeps what it runs, where another one is started beside it and refused',
    async () => {
      folder.write('binnacle.config.ts', configText(port));
      const monitor = await up();
      folder.write('binnacle.config.ts', configText(port, { title: 'Arrivals' }));
      const second = run([]);
      expect(await second.ended).toBe(1);
      expect(second.said()).toEqual({
        stdout: '',
        stderr: expect.stringMatching(
          new RegExp(`^binnacle: .* is in use by the process ${monitor.child.pid}: stop it, or choose`),
        ),
      });
      expect(await ask(monitor.url, '/api/search')).toMatchObject([{ uid: 'uploads', title: 'Uploads' }]);
      // The kernel takes the first; the next has no trouble with what it left.
      monitor.child.kill('SIGKILL');
      await monitor.ended;
      const third = await up();
      expect(await ask(third.url, '/api/search')).toMatchObject([{ uid: 'arrivals', title: 'Arrivals' }]);
      await stop(third);
      expect(existsSync(join(folder.path, '.binnacle/data/config/lock'))).toBe(false);
    },
    TEST_MS,
  );

  test(
    'has the second word: options of the command line beat it',
    async () => {
      folder.write('binnacle.config.ts', configText(port));
      folder.write('boards/mine.json', '{ "uid": "mine", "title": "Mine", "panels": [] }');
      folder.write(
        'alertmanager.yml',
        'route: { receiver: hook }\nreceivers: [ { name: hook, webhook_configs: [ { url: "http://127.0.0.1:1/" } ] } ]\n',
      );
      const monitor = await up([
        ...['--retention-time', '2h', '--retention-size', '64MB', '--dashboards', 'boards'],
        ...['--alerts', 'alertmanager.yml', '--external-url', 'http://monitor.internal'],
        ...['--data', 'elsewhere'],
      ]);
      expect(monitor.said().stdout).toContain(
        `keeps 2 h or 64 MB, whichever comes first, in ${join(folder.path, 'elsewhere')}`,
      );
      expect(await ask(monitor.url, '/api/search')).toMatchObject([{ uid: 'mine', title: 'Mine' }]);
      expect(await ask(monitor.url, '/api/v2/receivers')).toMatchObject([{ name: 'hook' }]);
      await expect
        .poll(
          async () =>
            (
              await ask<{ data: { groups: { rules: { alerts?: unknown[] }[] }[] } }>(
                monitor.url,
                '/api/v1/rules',
              )
            ).data.groups.flatMap(({ rules }) => rules.flatMap(({ alerts = [] }) => alerts)),
          WAIT,
        )
        .toHaveLength(1);
      type Sent = { generatorURL: string }[];
      await expect
        .poll(
          async () =>
            (await ask<Sent>(monitor.url, '/api/v2/alerts')).map(({ generatorURL }) => generatorURL),
          WAIT,
        )
        .toEqual([expect.stringMatching(/^http:\/\/monitor\.internal\//)]);
      await stop(monitor);
    },
    TEST_MS,
  );

  test(
    'as it is in production, where that is asked for',
    async () => {
      folder.write(
        'binnacle.config.ts',
        configText(port, { more: "production: { retentionTime: '7h', retentionSize: '80MB' }," }),
      );
      const monitor = await up(['--environment', 'production']);
      expect(monitor.said().stdout).toContain('keeps 7 h or 80 MB');
      await stop(monitor);
      const text = readFileSync(join(folder.path, '.binnacle/data/config/prometheus.yml'), 'utf8');
      expect(text).toContain('scrape_interval: 30s');
    },
    TEST_MS,
  );
});

test(
  'a project is read again while its monitor runs, and its own modules with it',
  async () => {
    folder.write('binnacle.config.ts', configText(port));
    const monitor = await up();
    const reload = async (): Promise<[number, string]> => {
      const response = await fetch(`${monitor.url}/-/reload`, { method: 'POST' });
      return [response.status, await response.text()];
    };
    const queries = async (): Promise<string[]> => {
      type Rules = { data: { groups: { rules: { query: string }[] }[] } };
      const { data } = await ask<Rules>(monitor.url, '/api/v1/rules');
      return data.groups.flatMap(({ rules }) => rules.map(({ query }) => query));
    };
    const title = async (): Promise<unknown> => ask(monitor.url, '/api/search');
    try {
      expect(await queries()).toContain('sum(uploads_waiting) > 50');
      folder.write('metrics.mjs', METRICS.replace('uploads_waiting', 'uploads_held'));
      folder.write(
        'binnacle.config.ts',
        configText(port, { title: 'Held', limit: 5 }).replace("retentionTime: '5h'", "retentionTime: '6h'"),
      );
      expect(await reload()).toEqual([200, '']);
      expect(await queries()).toContain('sum(uploads_held) > 5');
      expect(await title()).toMatchObject([{ uid: 'held', title: 'Held' }]);
      expect(await ask(monitor.url, '/api/v1/status/catalog')).toMatchObject({
        data: { services: [{ job: 'web', metrics: ['uploads_held'] }] },
      });
      await expect
        .poll(() => monitor.said().stderr, WAIT)
        .toContain('binnacle: retention has changed: that holds from the next start on');

      folder.write('binnacle.config.ts', configText(port).replace('dashboards: [', 'dashboards: {'));
      expect(await reload()).toEqual([
        500,
        expect.stringMatching(/^failed to reload config: binnacle\.config\.ts:\d+:\d+: Unexpected token/),
      ]);
      expect(await queries()).toContain('sum(uploads_held) > 5');
      expect(await title()).toMatchObject([{ uid: 'held' }]);
      await stop(monitor);
    } finally {
      folder.write('metrics.mjs', METRICS);
    }
  },
  TEST_MS,
);

describe('a configuration that is broken', () => {
  test.each([
    [
      'in its syntax',
      (text: string) => text.replace('dashboards: [', 'dashboards: {'),
      /^binnacle: binnacle\.config\.ts:\d+:\d+: Unexpected token/,
    ],
    [
      'in a definition',
      (text: string) => text.replace("'kind:uploads_waiting:sum'", "'kind waiting'"),
      /^binnacle: binnacle\.config\.ts:13:7: .*"kind waiting".*\n {10}record\('kind waiting'/,
    ],
    [
      'in a metric that there is not',
      (text: string) => text.replace('select(metrics.waiting)', 'select(metrics.wating)'),
      /^binnacle: binnacle\.config\.ts:9:\d+: /,
    ],
  ])(
    '%s ends with 1, names the line, and starts nothing',
    async (_, broken, message) => {
      folder.write('binnacle.config.ts', broken(configText(port)));
      const { ended, said } = run(['--data', 'nothing']);
      expect(await ended).toBe(1);
      expect(said()).toEqual({ stdout: '', stderr: expect.stringMatching(message) });
      expect(existsSync(join(folder.path, 'nothing'))).toBe(false);
    },
    TEST_MS,
  );
});
