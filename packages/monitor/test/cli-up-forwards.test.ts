/** A running monitor whose alerts go on to a real Alertmanager, and beside it to receivers of its own: Slack and mail. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SMTPServer } from 'smtp-server';
import { afterEach, expect, it } from 'vitest';
import { startAlertmanager } from '../../../test/alertmanager.ts';
import { outside } from '../../../test/outside.ts';
import { HttpRecorder } from './notify/receivers/http-recorder.ts';

const MAIN = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

it('alerts of the monitor are shown by amtool, and arrive in Slack and by mail', {
  timeout: 180_000,
}, async (context) => {
  const amtool = outside(context, 'amtool');
  const folder = await mkdtemp(join(tmpdir(), 'up-forwards-'));
  cleanups.push(() => rm(folder, { recursive: true }));
  const alertmanager = await startAlertmanager(
    context,
    folder,
    'route: { receiver: r }\nreceivers: [{ name: r }]\n',
  );
  cleanups.push(() => alertmanager.stop());
  const slack = await HttpRecorder.start(() => ({ body: 'ok' }));
  cleanups.push(() => slack.close());
  const mails: string[] = [];
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    onData(stream, _session, done) {
      let text = '';
      stream.setEncoding('utf8');
      stream.on('data', (piece: string) => {
        text += piece;
      });
      stream.on('end', () => {
        mails.push(text);
        done();
      });
    },
  });
  const listening = once(smtp.listen(0, '127.0.0.1'), 'listening');
  await listening;
  cleanups.push(() => new Promise<void>((resolve) => smtp.close(() => resolve())));
  const smtpPort = (smtp.server.address() as AddressInfo).port;
  await writeFile(
    join(folder, 'prometheus.yml'),
    `global: { evaluation_interval: 200ms, external_labels: { zone: z } }
rule_files: [rules.yml]
alerting:
  alert_relabel_configs: [{ source_labels: [zone], target_label: area }]
  alertmanagers: [{ static_configs: [{ targets: ["${new URL(alertmanager.url).host}"] }] }]
`,
  );
  await writeFile(
    join(folder, 'rules.yml'),
    'groups: [{ name: g, rules: [{ alert: Watchdog, expr: vector(1), annotations: { summary: "it is {{ $value }}" } }] }]\n',
  );
  // The real one's configuration lies in the same folder.
  await writeFile(
    join(folder, 'own.yml'),
    `global: { smtp_smarthost: "127.0.0.1:${smtpPort}", smtp_from: monitor@example.org, smtp_require_tls: false }
route: { receiver: team, group_wait: 100ms }
receivers:
- name: team
  slack_configs: [{ api_url: "${slack.url}/slack", channel: c }]
  email_configs: [{ to: team@example.org }]
`,
  );
  const child = spawn(
    process.execPath,
    [
      MAIN,
      'up',
      '--config',
      'prometheus.yml',
      '--alerts',
      'own.yml',
      '--data',
      'data',
      '--listen',
      '127.0.0.1:0',
    ],
    { cwd: folder, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
  );
  const exited = once(child, 'exit');
  cleanups.push(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const [{ url }] = (await once(child, 'message')) as [{ url: string }];

  let shown: unknown[] = [];
  while (shown.length === 0) {
    await sleep(100);
    const args = ['alert', '--alertmanager.url', alertmanager.url, '-o', 'json'];
    shown = JSON.parse(execFileSync(amtool, args, { encoding: 'utf8' })) as unknown[];
  }
  expect(shown).toMatchObject([
    {
      labels: { alertname: 'Watchdog', zone: 'z', area: 'z' },
      annotations: { summary: 'it is 1' },
      generatorURL: expect.stringContaining(url),
    },
  ]);
  await slack.count(1);
  const { attachments } = JSON.parse(slack.take()[0]!.text) as { attachments: { title: string }[] };
  expect(attachments[0]!.title).toContain('Watchdog');
  await expect.poll(() => mails.length, { timeout: 60_000 }).toBe(1);
  expect(mails[0]).toMatch(/^To: team@example\.org\r$/m);
  expect(mails[0]).toMatch(/^Subject: .*Watchdog/m);
  expect(mails[0]).toContain('it is 1');

  const metricsOf = async () => (await fetch(`${url}/metrics`)).text();
  const address = `${alertmanager.url}/api/v2/alerts`;
  // What was sent is counted when its answer is there.
  await expect
    .poll(metricsOf, { timeout: 60_000 })
    .toMatch(new RegExp(`^prometheus_notifications_sent_total\\{alertmanager="${address}"\\} [1-9]`, 'm'));
  const metrics = await metricsOf();
  expect(metrics).toContain(`prometheus_notifications_errors_total{alertmanager="${address}"} 0`);
  child.kill('SIGTERM');
  await exited;
});
