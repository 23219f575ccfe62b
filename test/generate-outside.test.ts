/**
 * What is generated, judged by the programs that read it: promtool, Prometheus, amtool, Alertmanager, and our own monitor.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ALERT_TEMPLATE_PATH,
  ALERT_TEMPLATE_TEXT,
  alerting,
  BACKEND_NAMES,
  type BackendName,
  generate,
  renderAlertmanager,
  renderPrometheus,
  ruleFiles,
} from '@binnacle/blueprint';
import { SMTPServer } from 'smtp-server';
import { expect, type TestContext, test, vi } from 'vitest';
import { parse } from 'yaml';
import {
  exampleAlerting,
  exampleCatalogs,
  exampleConfig,
} from '../packages/blueprint/test/generate/example.ts';
import { check } from '../packages/monitor/dist/cli/check.js';
import { startAlertmanager } from './alertmanager.ts';
import { startProgram, temporaryFolder } from './children.ts';
import { freePort } from './free-port.ts';
import { answering, outside } from './outside.ts';

vi.setConfig({ testTimeout: 180_000 });

/** Writes a generated folder to the disk. */
function written(backend: BackendName = 'prometheus'): string {
  const folder = temporaryFolder();
  for (const { path: file, text } of generate(exampleConfig, { backend, catalogs: exampleCatalogs }))
    write(path.join(folder, file), text);
  return folder;
}

function write(file: string, text: string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function run(context: TestContext, program: 'promtool' | 'amtool', args: readonly string[]): string {
  return execFileSync(outside(context, program), args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** The command of a service, with the container's paths replaced by these. */
function commandOf(
  folder: string,
  compose: string,
  service: string,
  paths: Readonly<Record<string, string>>,
) {
  const text = readFileSync(path.join(folder, compose), 'utf8');
  const { services } = parse(text) as {
    readonly services: Readonly<Record<string, { readonly command: readonly string[] }>>;
  };
  return (services[service]?.command ?? []).map((argument) =>
    Object.entries(paths).reduce((changed, [from, to]) => changed.replace(from, to), argument),
  );
}

test.for(BACKEND_NAMES)(
  'promtool takes the configurations and rules for %s, without a word',
  (backend, context) => {
    const folder = written(backend);
    for (const name of ['prometheus.yml', 'prometheus.prod.yml']) {
      const file = path.join(folder, 'prometheus', name);
      const said = run(context, 'promtool', ['check', 'config', '--lint=all', '--lint-fatal', file]);
      expect(said).toContain(`${file} is valid prometheus config file syntax`);
      expect(said).not.toMatch(/FAILED|WARNING/);
    }
    const rules = ruleFiles(exampleConfig).map((file) => path.join(folder, 'prometheus', file.path));
    const said = run(context, 'promtool', ['check', 'rules', '--lint=all', '--lint-fatal', ...rules]);
    const found = [...said.matchAll(/(\d+) rules found/g)].reduce((sum, [, count]) => sum + Number(count), 0);
    expect(found).toBe(exampleConfig.rules.reduce((sum, group) => sum + group.rules.length, 0));
  },
);

test.for(['compose.yml', 'compose.prod.yml'])(
  'Prometheus starts as %s starts it, and evaluates all rules',
  async (compose, context) => {
    const program = outside(context, 'prometheus');
    const folder = written();
    const port = await freePort();
    const command = commandOf(folder, compose, 'prometheus', {
      '/etc/prometheus/config': path.join(folder, 'prometheus'),
      '=/prometheus': `=${path.join(folder, 'data')}`,
    });
    expect(command.join(' ')).toContain(path.join(folder, 'data'));
    startProgram(program, [...command, `--web.listen-address=127.0.0.1:${port}`]);
    const url = `http://127.0.0.1:${port}`;
    await answering(`${url}/-/ready`);
    // The very question by which compose finds out whether it is well.
    expect(() => run(context, 'promtool', ['check', 'ready', `--url=${url}`])).not.toThrow();

    const rules = await json(`${url}/api/v1/rules`);
    const groups = (rules as { data: { groups: { name: string; rules: { name: string }[] }[] } }).data.groups;
    expect(
      Object.fromEntries(groups.map((group) => [group.name, group.rules.map(({ name }) => name)])),
    ).toEqual(
      Object.fromEntries(
        exampleConfig.rules.map(({ name, rules }) => [name, rules.map((rule) => rule.name)]),
      ),
    );
    const status = (await json(`${url}/api/v1/status/flags`)) as { data: Record<string, string> };
    expect(status.data['storage.tsdb.retention.time']).toBe(compose === 'compose.yml' ? '30d' : '90d');
    expect(status.data['storage.tsdb.retention.size']).toBe(compose === 'compose.yml' ? '0B' : '10GiB');
    const usual = compose === 'compose.yml' ? '15s' : '30s';
    // Discovery makes targets of the configuration, one job after the other.
    await expect
      .poll(() => scrapeIntervals(url))
      .toEqual({
        alertmanager: usual,
        grafana: usual,
        prometheus: usual,
        web: usual,
        worker: '1m',
      });
  },
);

test('make starts and stops the stack, and says what is missing', (context) => {
  const make = outside(context, 'make');
  const folder = written();
  const made = (...args: string[]) => {
    const { stdout, stderr } = spawnSync(make, ['-C', folder, '--no-print-directory', ...args], {
      encoding: 'utf8',
    });
    return { stdout, stderr };
  };
  expect(made('monitoring-up').stderr).toContain('.env is missing: copy .env.example to it, and fill it in');
  expect(made('monitoring-up-prod').stderr).toContain('copy .env.production.example to it');
  for (const name of ['.env', '.env.production']) write(path.join(folder, name), 'GRAFANA_PASSWORD=secret\n');
  const commands = (target: string) => made('--dry-run', target).stdout.trim();
  expect(commands('monitoring-up')).toBe('docker compose -f compose.yml --env-file .env up -d');
  expect(commands('monitoring-down')).toBe('docker compose -f compose.yml --env-file .env down');
  const production = 'docker compose -f compose.prod.yml --env-file .env.production';
  expect(commands('monitoring-up-prod')).toBe(`${production} up -d`);
  expect(commands('monitoring-down-prod')).toBe(`${production} down`);
});

test('amtool takes the alerting, and routes alerts as the configuration says', (context) => {
  const file = path.join(written(), 'alertmanager/alertmanager.yml');
  const said = run(context, 'amtool', ['check-config', file]);
  expect(said).toContain('SUCCESS');
  expect(said).toContain('3 receivers');
  expect(said).toContain('1 templates');
  const cases = [
    ['alertname=Watchdog severity=none', 'nobody'],
    ['alertname=JobsWait severity=warning', 'team'],
    ['alertname=WebErrors severity=critical team=web', 'oncall'],
    ['alertname=WebDown severity=critical', 'oncall'],
  ] as const;
  for (const [labels, receiver] of cases) {
    const routed = run(context, 'amtool', [
      'config',
      'routes',
      'test',
      `--config.file=${file}`,
      `--verify.receivers=${receiver}`,
      ...labels.split(' '),
    ]);
    expect(routed.trim()).toBe(receiver);
  }
});

test('our own monitor takes all of it: what the stack runs, it can run', async () => {
  const folder = written();
  const alerts = await check('alerts', [path.join(folder, 'alertmanager/alertmanager.yml')]);
  expect(alerts).toMatchObject({ problems: [], warnings: [] });
  const rules = await check(
    'rules',
    ruleFiles(exampleConfig).map((file) => path.join(folder, 'prometheus', file.path)),
  );
  expect(rules).toMatchObject({ problems: [], warnings: [] });
  for (const name of ['prometheus.yml', 'prometheus.prod.yml']) {
    const config = await check('config', [path.join(folder, 'prometheus', name)]);
    expect(config).toMatchObject({ problems: [], warnings: [] });
  }
});

test('for the monitor itself secrets stay where the configuration says they are', async () => {
  const folder = temporaryFolder();
  write(path.join(folder, 'alertmanager.yml'), renderAlertmanager(exampleAlerting, { secrets: 'sources' }));
  write(path.join(folder, ALERT_TEMPLATE_PATH), ALERT_TEMPLATE_TEXT);
  write(path.join(folder, 'prometheus.yml'), renderPrometheus(exampleConfig, 'development'));
  for (const file of ruleFiles(exampleConfig)) write(path.join(folder, file.path), file.text);
  const alerts = await check('alerts', [path.join(folder, 'alertmanager.yml')]);
  expect(alerts).toMatchObject({ problems: [] });
  expect(await check('config', [path.join(folder, 'prometheus.yml')])).toMatchObject({ problems: [] });
});

test('Alertmanager sends every field of a message, to Slack and by mail, from our own templates', async (context) => {
  const posts: Record<string, unknown>[] = [];
  const slack = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      posts.push(JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>);
      response.end('ok');
    });
  });
  const mails: string[] = [];
  const mail = new SMTPServer({
    disabledCommands: ['STARTTLS', 'AUTH'],
    onData(stream, _session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        mails.push(Buffer.concat(chunks).toString());
        done();
      });
    },
  });
  await new Promise<void>((resolve) => slack.listen(0, '127.0.0.1', resolve));
  await new Promise<void>((resolve) => mail.listen(0, '127.0.0.1', resolve));
  const folder = temporaryFolder();
  const secret = path.join(folder, 'slack');
  write(secret, `http://127.0.0.1:${(slack.address() as AddressInfo).port}/services/secret`);
  write(path.join(folder, ALERT_TEMPLATE_PATH), ALERT_TEMPLATE_TEXT);
  const config = renderAlertmanager(
    alerting({
      smtp: {
        smarthost: `127.0.0.1:${(mail.server.address() as AddressInfo).port}`,
        from: 'alerts@example.com',
        requireTls: false,
      },
      receivers: {
        team: [
          { type: 'slack', channel: '#alerts', webhookUrl: { file: secret } },
          { type: 'email', to: ['team@example.com', 'lead@example.com'] },
        ],
      },
      route: { receiver: 'team', groupWait: '1s' },
    }),
    { secrets: 'sources' },
  );
  const alertmanager = await startAlertmanager(context, folder, config);
  const labels = { job: 'web', severity: 'critical' };
  const alerts = [
    {
      labels: { ...labels, alertname: 'WebErrors', instance: 'a' },
      annotations: {
        summary: 'Visitors get errors',
        description: 'A share of 7 % & more.',
        runbook_url: 'https://example.com/runbook#weberrors',
      },
      generatorURL: 'http://prometheus.example.com/graph',
    },
    // With as little as an alert can have.
    { labels: { ...labels, alertname: 'WebErrors', instance: 'b' } },
  ];
  try {
    const response = await fetch(`${alertmanager.url}/api/v2/alerts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(alerts),
    });
    expect(response.status).toBe(200);
    while (posts.length === 0 || mails.length === 0) await sleep(50);
  } finally {
    await alertmanager.stop();
    slack.close();
    mail.close();
  }

  const title = '[FIRING:2] WebErrors in web (critical)';
  const [message] = posts as [{ channel: string; username: string; attachments: Record<string, string>[] }];
  expect(message.channel).toBe('#alerts');
  expect(message.username).toBe('Alertmanager');
  expect(message.attachments[0]).toMatchObject({
    title,
    fallback: title,
    color: 'danger',
    text: [
      '*Visitors get errors*',
      'A share of 7 % & more.',
      '<https://example.com/runbook#weberrors|Runbook>  <http://prometheus.example.com/graph|Query>',
      '`alertname=WebErrors` `instance=a` `job=web` `severity=critical`',
      '',
      '*WebErrors*',
      '',
      '`alertname=WebErrors` `instance=b` `job=web` `severity=critical`',
    ].join('\n'),
  });

  for (const text of mails) {
    expect(text).toContain(`Subject: ${title}`);
    const plain = text
      .replace(/=\r\n/g, '')
      .replaceAll('\r\n', '\n')
      .replace(/=([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
    expect(plain).toContain(
      'FIRING: Visitors get errors\nA share of 7 % & more.\nRunbook: https://example.com/runbook#weberrors\n',
    );
    expect(plain).toContain('FIRING: WebErrors\n');
    expect(plain).toContain('<p>A share of 7 % &amp; more.</p>');
    expect(plain).toContain('<a href="https://example.com/runbook#weberrors">Runbook</a>');
  }
});

/** The interval of each job that has targets. */
async function scrapeIntervals(url: string): Promise<Readonly<Record<string, string>>> {
  const { data } = (await json(`${url}/api/v1/targets`)) as {
    readonly data: {
      readonly activeTargets: readonly {
        readonly labels: { readonly job: string };
        readonly scrapeInterval: string;
      }[];
    };
  };
  return Object.fromEntries(
    data.activeTargets.map(({ labels, scrapeInterval }) => [labels.job, scrapeInterval]),
  );
}

async function json(url: string): Promise<unknown> {
  return (await fetch(url)).json();
}
