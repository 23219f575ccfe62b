import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import {
  alert,
  alerting,
  type Config,
  type ConfigSpec,
  dashboard,
  defineConfig,
  record,
  row,
  ruleGroup,
  timeseries,
} from '@binnacle/blueprint';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { outside } from '../../../test/outside.ts';
import { renderForUp } from '../dist/cli/project/render-for-up.js';
import { startMonitor } from '../dist/cli/up.js';
import { loadAlertmanagerConfig } from '../dist/config/alertmanager-file.js';
import { loadPrometheusConfig } from '../dist/config/prometheus-file.js';
import { parseRuleFile } from '../dist/rules/rule-file.js';

// Processes start slowly where many do.
vi.setConfig({ testTimeout: 300_000 });

let dir = '';
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'binnacle-rendered-')));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const panel = timeseries('Waiting', 'uploads_waiting');

function config(spec: Partial<ConfigSpec> = {}): Config {
  return defineConfig({
    name: 'shop',
    services: [{ name: 'web', targets: ['localhost:9464'] }],
    dashboards: [dashboard({ title: 'Uploads', rows: [row('All', [panel])] })],
    rules: [
      ruleGroup('uploads', [
        record('job:uploads_waiting:sum', 'sum by (job) (uploads_waiting)'),
        alert('UploadsWait', {
          expr: 'uploads_waiting > 50',
          for: '0s',
          severity: 'warning',
          summary: 'Uploads wait',
          description: 'Uploads wait.',
          runbookUrl: 'https://example.org/uploads-wait',
        }),
      ]),
    ],
    ...spec,
  });
}

const alerts = alerting({
  receivers: { team: [{ type: 'webhook', url: { env: 'TEAM_URL' } }] },
  route: { receiver: 'team' },
});

function files(): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)))
    .sort();
}

describe('a project is rendered', () => {
  test('to the files that the monitor reads, and says where they are', async () => {
    expect(await renderForUp({ config: config({ alerting: alerts }) }, dir)).toEqual({
      configPath: join(dir, 'prometheus.yml'),
      alertsPath: join(dir, 'alertmanager.yml'),
      dashboardsDir: join(dir, 'dashboards'),
      externalUrl: undefined,
      retentionTimeMs: 30 * 86_400_000,
      retentionBytes: undefined,
    });
    expect(files()).toEqual([
      'alertmanager.yml',
      'dashboards/uploads.json',
      'files.json',
      'prometheus.yml',
      'rules/rules.yml',
      'templates/binnacle.tmpl',
    ]);
  });

  test('for production as production is', async () => {
    const rendered = await renderForUp(
      { config: config({ production: { externalUrl: 'https://monitor.example.org' } }) },
      dir,
      'production',
    );
    expect(rendered).toMatchObject({
      alertsPath: undefined,
      externalUrl: 'https://monitor.example.org',
      retentionTimeMs: 90 * 86_400_000,
      retentionBytes: 10 * 1024 ** 3,
    });
    expect(readFileSync(join(dir, 'prometheus.yml'), 'utf8')).toMatch(/scrape_interval: 30s/);
  });

  test('to files that our own readers and promtool accept', async (context) => {
    await renderForUp({ config: config({ alerting: alerts }) }, dir);
    const { config: read } = await loadPrometheusConfig(join(dir, 'prometheus.yml'));
    expect(read.ruleFiles).toEqual([join(dir, 'rules/rules.yml')]);
    const rules = parseRuleFile('rules.yml', readFileSync(join(dir, 'rules/rules.yml'), 'utf8'));
    expect(rules.groups.map(({ name }) => name)).toEqual(['uploads']);
    const { receivers } = await loadAlertmanagerConfig(join(dir, 'alertmanager.yml'));
    expect(receivers.map(({ name }) => name)).toEqual(['team']);
    const promtool = outside(context, 'promtool');
    const said = execFileSync(promtool, ['check', 'config', join(dir, 'prometheus.yml')], {
      encoding: 'utf8',
    });
    expect(said).toContain('2 rules found');
  });

  test('again: what is no longer wanted goes, what was not ours stays', async () => {
    await renderForUp({ config: config({ alerting: alerts }) }, dir);
    writeFileSync(join(dir, 'dashboards', 'mine.json'), '{}');
    writeFileSync(join(dir, 'notes.txt'), 'mine');
    await renderForUp({ config: config({ dashboards: [], rules: [] }) }, dir);
    expect(files()).toEqual(['dashboards/mine.json', 'files.json', 'notes.txt', 'prometheus.yml']);
    expect(JSON.parse(readFileSync(join(dir, 'files.json'), 'utf8'))).toEqual(['prometheus.yml']);
  });

  test('the same each time', async () => {
    const text = () => files().map((file) => [file, readFileSync(join(dir, file), 'utf8')]);
    await renderForUp({ config: config({ alerting: alerts }) }, dir);
    const first = text();
    await renderForUp({ config: config({ alerting: alerts }) }, dir);
    expect(text()).toEqual(first);
  });

  test('and a list that somebody changed removes nothing outside', async () => {
    const outsideFile = `${dir}-outside.txt`;
    writeFileSync(outsideFile, 'mine');
    writeFileSync(
      join(dir, 'files.json'),
      JSON.stringify([outsideFile, `../${relative(tmpdir(), outsideFile)}`, 5]),
    );
    await renderForUp({ config: config() }, dir);
    expect(existsSync(outsideFile)).toBe(true);
    rmSync(outsideFile);
  });
});

describe('what was rendered', () => {
  let target: Server;
  beforeAll(async () => {
    target = createServer((_, response) => {
      response.setHeader('content-type', 'text/plain; version=0.0.4');
      response.end('# TYPE uploads_waiting gauge\nuploads_waiting 60\n');
    });
    await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => target.close());

  test('runs: the service is scraped, its rules are evaluated, its dashboard is there', async () => {
    const { port } = target.address() as AddressInfo;
    const project = {
      config: config({
        services: [{ name: 'web', targets: [`127.0.0.1:${port}`], labels: { system: 'shop' } }],
        development: { scrapeInterval: '200ms', evaluationInterval: '200ms' },
      }),
    };
    const rendered = await renderForUp(project, join(dir, 'rendered'));
    const monitor = await startMonitor(
      {
        ...rendered,
        retentionBytes: rendered.retentionBytes ?? 64 * 1024 * 1024,
        heartbeat: undefined,
        dataDir: join(dir, 'data'),
        pageDir: undefined,
        host: '127.0.0.1',
        port: 0,
        strictPort: true,
        allowedHosts: [],
      },
      () => {},
    );
    try {
      const ask = async (path: string) =>
        (await (await fetch(`${monitor.url}${path}`)).json()) as { data: Record<string, unknown> };
      const query = encodeURIComponent('job:uploads_waiting:sum');
      await expect
        .poll(async () => (await ask(`/api/v1/query?query=${query}`)).data.result)
        .toMatchObject([{ metric: { job: 'web' }, value: [expect.any(Number), '60'] }]);
      await expect
        .poll(async () => (await ask('/api/v1/alerts')).data.alerts)
        .toMatchObject([{ labels: { alertname: 'UploadsWait', system: 'shop' }, state: 'firing' }]);
      expect(await ask('/api/search')).toMatchObject([{ uid: 'uploads', title: 'Uploads' }]);
    } finally {
      await monitor.close();
    }
  });
});
