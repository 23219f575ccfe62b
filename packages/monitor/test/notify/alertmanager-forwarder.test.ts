/** Alerts that go on to Alertmanagers: as Prometheus sends them, and so that a real Alertmanager shows them. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Labels } from '@binnacle/metrics/model';
import { afterEach, describe, expect, it } from 'vitest';
import { startAlertmanager } from '../../../../test/alertmanager.ts';
import { outside } from '../../../../test/outside.ts';
import { systemClock } from '../../dist/clock.js';
import { loadPrometheusConfig } from '../../dist/config/prometheus-file.js';
import { createHttpClient } from '../../dist/http-client.js';
import { HttpFailure, type HttpSend } from '../../dist/http-exchange.js';
import type { PostedAlert } from '../../dist/notify/alert.js';
import {
  AlertmanagerForwarder,
  FORWARD_BATCH_MAX,
  FORWARD_QUEUE_MAX,
} from '../../dist/notify/alertmanager-forwarder.js';
import { processSecrets } from '../../dist/secret.js';
import { ManualClock } from '../manual-clock.ts';
import { HttpRecorder } from './receivers/http-recorder.ts';

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function recorder(): Promise<HttpRecorder> {
  const server = await HttpRecorder.start();
  cleanups.push(() => server.close());
  return server;
}

function folderOf(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'forwarder-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  return folder;
}

interface Setup {
  readonly forwarder: AlertmanagerForwarder;
  readonly problems: string[];
}

async function forwarderOf(alerting: string, client = createHttpClient, clock = systemClock): Promise<Setup> {
  const text = `alerting:\n${alerting.replace(/^/gm, '  ')}\n`;
  const { config } = await loadPrometheusConfig('/etc/p.yml', {
    read: async () => text,
    list: async () => [],
  });
  const problems: string[] = [];
  const forwarder = new AlertmanagerForwarder({
    config: config.alerting!,
    clock,
    secrets: processSecrets,
    createClient: client,
    onProblem: (message) => problems.push(message),
  });
  return { forwarder, problems };
}

function alert(name: string, labels: Record<string, string> = {}): PostedAlert {
  return {
    labels: Labels.of({ alertname: name, ...labels }),
    annotations: { summary: `${name} is wrong` },
    startsAtMs: 1_700_000_000_123,
    endsAtMs: 1_700_000_240_000,
    generatorUrl: 'http://monitor/graph?g0.expr=up',
  };
}

function alerts(count: number): PostedAlert[] {
  return Array.from({ length: count }, (_, index) => alert(`A${index}`));
}

const to = (...ports: number[]): string =>
  `alertmanagers: [{ static_configs: [{ targets: [${ports.map((port) => `"127.0.0.1:${port}"`).join(', ')}] }] }]`;

describe('alerts go on to an Alertmanager', () => {
  it('as Prometheus posts them', async () => {
    const server = await recorder();
    const { forwarder } = await forwarderOf(to(server.port));
    forwarder.post([alert('Disk', { instance: 'a' })]);
    await forwarder.stop();
    const [request] = server.take();
    expect(request).toMatchObject({ method: 'POST', path: '/api/v2/alerts' });
    expect(request!.headers['content-type']).toBe('application/json');
    expect(JSON.parse(request!.text)).toEqual([
      {
        labels: { alertname: 'Disk', instance: 'a' },
        annotations: { summary: 'Disk is wrong' },
        startsAt: '2023-11-14T22:13:20.123Z',
        endsAt: '2023-11-14T22:17:20.000Z',
        generatorURL: 'http://monitor/graph?g0.expr=up',
      },
    ]);
    expect(forwarder.status()).toMatchObject([{ sent: 1, errors: 0, dropped: 0, queued: 0, lastError: '' }]);
  });

  it('in batches, to each of them, with what the configuration says', async () => {
    const [first, second] = [await recorder(), await recorder()];
    const { forwarder } = await forwarderOf(`
alert_relabel_configs: [{ source_labels: [alertname], regex: A7, action: drop }]
alertmanagers:
  - path_prefix: /am/
    basic_auth: { username: u, password: p }
    static_configs: [{ targets: ["127.0.0.1:${first.port}", "127.0.0.1:${first.port}"] }]
    alert_relabel_configs: [{ target_label: via, replacement: first }]
  - static_configs: [{ targets: [a, b], labels: { port: "${second.port}" } }]
    relabel_configs:
      - { source_labels: [__address__], regex: b, action: drop }
      - { source_labels: [port], target_label: __address__, replacement: "127.0.0.1:$1" }
      - { target_label: __alerts_path__, replacement: /elsewhere }`);
    forwarder.post(alerts(300));
    await forwarder.stop();
    const got = first.take();
    expect(got.map((request) => (JSON.parse(request.text) as unknown[]).length)).toEqual([
      FORWARD_BATCH_MAX,
      43,
    ]);
    expect(got[0]).toMatchObject({ path: '/am/api/v2/alerts', headers: { authorization: 'Basic dTpw' } });
    expect(got[0]!.text).toContain('"via":"first"');
    expect(got.map(({ text }) => text).join()).not.toContain('"A7"');
    const other = second.take();
    expect(other.map((request) => request.path)).toEqual(['/elsewhere', '/elsewhere']);
    expect(other[0]!.text).not.toContain('via');
  });

  it('and one that does not answer holds up no other, and costs only its own', async () => {
    const clock = new ManualClock(0);
    const posted: string[] = [];
    const client = (): HttpSend => (request) => {
      const { port } = new URL(request.url);
      posted.push(port);
      if (port === '2') throw new HttpFailure('ECONNREFUSED', 'no connection: ECONNREFUSED');
      if (port === '3')
        return new Promise((_, reject) =>
          request.signal.addEventListener('abort', () => reject(new Error('aborted'))),
        );
      return Promise.resolve({ status: port === '4' ? 500 : 200, headers: {}, text: '' });
    };
    const { forwarder, problems } = await forwarderOf(to(1, 2, 3, 4), client, clock);
    forwarder.post(alerts(2));
    await clock.moveTo(1000);
    forwarder.post(alerts(2));
    await clock.moveTo(11_000);
    expect(
      forwarder.status().map(({ sent, errors, dropped, queued }) => [sent, errors, dropped, queued]),
    ).toEqual([
      [4, 0, 0, 0],
      [4, 4, 4, 0],
      [2, 2, 2, 0],
      [4, 4, 4, 0],
    ]);
    expect(problems.sort()).toEqual([
      'Alertmanager http://127.0.0.1:2/api/v2/alerts: it cannot be reached: no connection: ECONNREFUSED',
      'Alertmanager http://127.0.0.1:3/api/v2/alerts: no answer within 10000 ms',
      'Alertmanager http://127.0.0.1:4/api/v2/alerts: it answered 500',
    ]);
    const stopped = forwarder.stop();
    await clock.moveTo(30_000);
    await stopped;
    expect(posted.filter((port) => port === '1')).toHaveLength(2);
  });

  it('and the oldest make room where too many wait', async () => {
    const clock = new ManualClock(0);
    const sent: string[] = [];
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const client = (): HttpSend => async (request) => {
      await gate;
      for (const { labels } of JSON.parse(request.body ?? '') as { labels: { alertname: string } }[])
        sent.push(labels.alertname);
      return { status: 200, headers: {}, text: '' };
    };
    const { forwarder, problems } = await forwarderOf(to(1), client, clock);
    forwarder.post(alerts(FORWARD_BATCH_MAX));
    await clock.moveTo(1);
    forwarder.post(alerts(FORWARD_QUEUE_MAX));
    forwarder.post([alert('newest')]);
    expect(forwarder.status()).toMatchObject([{ queued: FORWARD_QUEUE_MAX, dropped: 1 }]);
    expect(problems).toHaveLength(1);
    open();
    await forwarder.stop();
    expect(sent).toHaveLength(FORWARD_BATCH_MAX + FORWARD_QUEUE_MAX);
    expect(sent.slice(FORWARD_BATCH_MAX, FORWARD_BATCH_MAX + 1)).toEqual(['A1']);
    expect(sent.at(-1)).toBe('newest');
    forwarder.post([alert('late')]);
    expect(forwarder.status()).toMatchObject([{ queued: 0 }]);
  });

  it('and a real one shows them', { timeout: 180_000 }, async (context) => {
    const amtool = outside(context, 'amtool');
    const running = await startAlertmanager(
      context,
      folderOf(),
      'route: { receiver: r }\nreceivers: [{ name: r }]\n',
    );
    cleanups.push(() => running.stop());
    const { forwarder, problems } = await forwarderOf(to(Number(new URL(running.url).port)));
    const now = Date.now();
    const firing = { ...alert('Disk', { instance: 'a' }), startsAtMs: now, endsAtMs: now + 600_000 };
    forwarder.post([firing, { ...alert('Gone'), startsAtMs: now - 2000, endsAtMs: now - 1000 }]);
    await forwarder.stop();
    expect(problems).toEqual([]);
    const shown = execFileSync(amtool, ['alert', '--alertmanager.url', running.url, '-o', 'json'], {
      encoding: 'utf8',
    });
    expect(JSON.parse(shown)).toMatchObject([
      {
        labels: { alertname: 'Disk', instance: 'a' },
        annotations: { summary: 'Disk is wrong' },
        startsAt: new Date(now).toISOString(),
        endsAt: new Date(now + 600_000).toISOString(),
        generatorURL: 'http://monitor/graph?g0.expr=up',
      },
    ]);
  });

  it('as Prometheus itself does, body by body', { timeout: 180_000 }, async (context) => {
    const prometheus = outside(context, 'prometheus');
    const server = await recorder();
    const folder = folderOf();
    const alerting = `
alert_relabel_configs:
  - { source_labels: [team], target_label: squad }
  - { regex: team, action: labeldrop }
alertmanagers:
  - path_prefix: am
    api_version: v2
    authorization: { type: Token, credentials: the-token }
    http_headers: { X-Team: { values: [a] } }
    static_configs: [{ targets: ["127.0.0.1:${server.port}"] }]
    alert_relabel_configs: [{ target_label: n, source_labels: [alertname, zone], separator: '-', action: uppercase }]`;
    const config = `global: { evaluation_interval: 1s, external_labels: { zone: z } }\nrule_files: [rules.yml]\nalerting:${alerting.replace(/^/gm, '  ')}\n`;
    writeFileSync(path.join(folder, 'prometheus.yml'), config);
    writeFileSync(
      path.join(folder, 'rules.yml'),
      `groups:\n- name: g\n  rules:\n  - { alert: Always, expr: vector(7), labels: { team: ops, empty: "" }, annotations: { value: "{{ $value }}" } }\n`,
    );
    const child = spawn(
      prometheus,
      [
        '--config.file=prometheus.yml',
        '--storage.tsdb.path=data',
        '--web.listen-address=127.0.0.1:0',
        // The first ones go out before it knows of any Alertmanager.
        '--rules.alert.resend-delay=1s',
        '--web.external-url=http://p.example.org',
      ],
      { cwd: folder, stdio: 'ignore' },
    );
    const ended = new Promise((resolve) => child.once('exit', resolve));
    cleanups.push(async () => {
      child.kill('SIGKILL');
      await ended;
    });
    await server.count(1);
    const theirs = server.take()[0]!;
    // One, or those of several evaluations, where they waited.
    const posted = JSON.parse(theirs.text) as { startsAt: string; endsAt: string; generatorURL: string }[];
    const { forwarder } = await forwarderOf(alerting);
    forwarder.post(
      posted.map(({ startsAt, endsAt, generatorURL }) => ({
        // As rules hand it over: with external labels, before relabelling.
        labels: Labels.of({ alertname: 'Always', team: 'ops', zone: 'z' }),
        annotations: { value: '7' },
        startsAtMs: Date.parse(startsAt),
        endsAtMs: Date.parse(endsAt),
        generatorUrl: generatorURL,
      })),
    );
    await forwarder.stop();
    // What comes from Prometheus in the meantime is told apart by who asks.
    const ours = server.take().find(({ headers }) => headers['user-agent'] === 'Binnacle')!;
    expect(JSON.parse(ours.text)).toEqual(JSON.parse(theirs.text));
    const told = ({ method, path: at, headers }: typeof ours) => ({
      method,
      at,
      type: headers['content-type'],
      authorization: headers.authorization,
      team: headers['x-team'],
    });
    expect(told(ours)).toEqual(told(theirs));
  });
});
