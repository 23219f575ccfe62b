/**
 * Who is told of alerts: mail and Slack, of alerts that fire and that have ended; once by the monitor alone and once by
 * a real Alertmanager, with the very `alertmanager.yml` that is generated. Only hosts, folders and times are others.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { metricsHandler } from '@binnacle/metrics';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { health, queueSize, workersActive } from '../systems/lead-scraper/dist/metrics.js';
import { startAlertmanager } from './alertmanager.ts';
import { startModule, temporaryFolder } from './children.ts';
import { freePort } from './free-port.ts';
import { CA_FILE, MAIL_PASSWORD, type People, people } from './told-people.ts';

const MONITORING = fileURLToPath(new URL('../systems/lead-scraper/monitoring', import.meta.url));
const MONITOR = new URL('../packages/monitor/dist/cli/main.js', import.meta.url);
const ONCALL_AND_TEAM = ['leads-team@leads.example', 'oncall@leads.example'];
const TEAM = ['leads-team@leads.example'];
/** On a machine that is busy. */
const TOLD_MS_MAX = 90_000;

/** Beside the rules of the system: one alert in two severities, of which one silences the other, and one to know of. */
const MORE_RULES = {
  groups: [
    {
      name: 'more',
      rules: (['critical', 'warning', 'info'] as const).map((severity) => ({
        alert: severity === 'info' ? 'LeadsOrdered' : 'LeadsLate',
        expr: 'queue_size{system="lead-scraper"} > 10',
        for: '300ms',
        // What silences ends an evaluation after what it silenced, of which nobody is to hear in between.
        ...(severity === 'critical' && { keep_firing_for: '100ms' }),
        labels: { severity },
        annotations: { summary: 'Leads & more', description: '{{ $value }} jobs wait, "as usual" <soon>.' },
      })),
    },
  ],
};

let api: Server;
beforeAll(async () => {
  api = createServer(metricsHandler());
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  api.closeAllConnections();
  api.close();
});

/** What the API says of itself while all is well, and in trouble. */
function say(redisUp: 0 | 1, waiting: number): void {
  health.up.set({ dependency: 'redis' }, redisUp);
  queueSize.set({ queue_name: 'scraping' }, waiting);
  workersActive.set(1);
}

/** The generated files in a folder, with hosts and times of this test; the scrape of the API and nothing else. */
function generated(to: People, alertmanager: string | undefined): string {
  const folder = temporaryFolder();
  fs.cpSync(path.join(MONITORING, 'alertmanager'), folder, { recursive: true });
  fs.cpSync(path.join(MONITORING, 'prometheus'), folder, { recursive: true });
  const secrets = path.join(folder, 'secrets');
  fs.mkdirSync(secrets);
  fs.writeFileSync(path.join(secrets, 'smtp_password'), MAIL_PASSWORD);
  fs.writeFileSync(path.join(secrets, 'slack_webhook_url'), to.webhookUrl);
  fs.writeFileSync(path.join(folder, 'more.yml'), stringify(MORE_RULES));
  change(path.join(folder, 'alertmanager.yml'), (text) =>
    text
      .replace('smtp.leads.example:587', to.smarthost)
      .replaceAll('/etc/alertmanager/secrets', secrets)
      .replace(/group_wait: \w+/g, 'group_wait: 500ms')
      .replace(/group_interval: \w+/g, 'group_interval: 700ms'),
  );
  change(path.join(folder, 'rules/rules.yml'), (text) => {
    const { groups } = parse(text) as { groups: { rules: { alert: string; for: string }[] }[] };
    // The others keep their times, so that what they wait for does not come about here.
    for (const rule of groups.flatMap(({ rules }) => rules))
      if (ALERTS.some(({ name }) => name === rule.alert)) rule.for = '300ms';
    return stringify({ groups });
  });
  change(path.join(folder, 'prometheus.yml'), (text) => {
    const config = parse(text) as Record<string, unknown> & {
      readonly scrape_configs: readonly { job_name: string; static_configs: [{ targets: string[] }] }[];
    };
    const own = config.scrape_configs.find(({ job_name }) => job_name.endsWith('api'))!;
    own.static_configs[0].targets = [`127.0.0.1:${(api.address() as AddressInfo).port}`];
    return stringify({
      ...config,
      // An alert ends with a scrape that failed, and a busy machine may take long to answer one.
      global: { scrape_interval: '2s', scrape_timeout: '2s', evaluation_interval: '200ms' },
      rule_files: ['rules/rules.yml', 'more.yml'],
      scrape_configs: [own],
      alerting:
        alertmanager === undefined
          ? undefined
          : { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
    });
  });
  return folder;
}

function change(file: string, how: (text: string) => string): void {
  fs.writeFileSync(file, how(fs.readFileSync(file, 'utf8')));
}

async function startMonitor(folder: string, ...args: string[]): Promise<ChildProcess> {
  return startModule(
    MONITOR,
    [
      'up',
      '--config',
      path.join(folder, 'prometheus.yml'),
      '--data',
      path.join(folder, 'data'),
      '--listen',
      `127.0.0.1:${await freePort()}`,
      ...args,
    ],
    { NODE_EXTRA_CA_CERTS: CA_FILE },
  );
}

/** Subjects and titles of all that people were told, in an order of their own. */
const subjects = ({ mails }: People) => mails.map(({ subject, to }) => ({ subject, to })).sort(bySubject);
const titles = ({ slack }: People) =>
  slack
    .map(({ channel, attachments: [one] }) => ({ channel, title: one?.title, color: one?.color }))
    .sort(byTitle);
const bySubject = (a: { subject: string }, b: { subject: string }): number =>
  a.subject < b.subject ? -1 : 1;
const byTitle = (a: { title: string | undefined }, b: { title: string | undefined }): number =>
  (a.title ?? '') < (b.title ?? '') ? -1 : 1;

const ALERTS = [
  { name: 'DependencyDown', severity: 'critical', to: ONCALL_AND_TEAM, channel: '#leads-critical' },
  { name: 'LeadsLate', severity: 'critical', to: ONCALL_AND_TEAM, channel: '#leads-critical' },
  { name: 'LeadsOrdered', severity: 'info', to: undefined, channel: '#leads' },
  { name: 'QueueBacklogHigh', severity: 'warning', to: TEAM, channel: '#leads-warnings' },
] as const;
const COLORS = { critical: 'danger', warning: 'warning', info: 'warning' } as const;

/** Makes trouble and ends it, and waits until people have been told of all of it, and of nothing else. */
async function troubleComesAndGoes(told: People): Promise<void> {
  const titleOf = (state: string, { name, severity }: (typeof ALERTS)[number]): string =>
    `[${state}] ${name} in api (${severity})`;
  const mailed = (state: string) =>
    ALERTS.flatMap((one) => (one.to === undefined ? [] : [{ subject: titleOf(state, one), to: one.to }]));
  const posted = (state: string) =>
    ALERTS.map((one) => ({
      channel: one.channel,
      title: titleOf(state, one),
      color: state === 'RESOLVED' ? 'good' : COLORS[one.severity],
    }));
  say(0, 120);
  const patience = { timeout: TOLD_MS_MAX };
  await expect.poll(() => subjects(told), patience).toEqual(mailed('FIRING:1'));
  await expect.poll(() => titles(told), patience).toEqual(posted('FIRING:1'));
  say(1, 3);
  await expect.poll(() => subjects(told), patience).toEqual([...mailed('FIRING:1'), ...mailed('RESOLVED')]);
  await expect.poll(() => titles(told), patience).toEqual([...posted('FIRING:1'), ...posted('RESOLVED')]);
}

/** Texts with one address in place of those of whoever sent them. */
const withoutAddresses = (text: string): string => text.replace(/http:\/\/[\w.-]+:\d+/g, 'http://monitor');

const monitorAlone = { mails: [] as People['mails'], slack: [] as People['slack'] };

test(
  'the monitor alone tells them by mail and in Slack, when an alert fires and when it has ended',
  async () => {
    const told = await people();
    say(1, 3);
    const folder = generated(told, undefined);
    const monitor = await startMonitor(folder, '--alerts', path.join(folder, 'alertmanager.yml'));
    await troubleComesAndGoes(told);
    monitor.kill();
    await once(monitor, 'exit');
    told.close();
    monitorAlone.mails.push(...told.mails);
    monitorAlone.slack.push(...told.slack);

    const mail = told.mails.find(({ subject }) => subject.startsWith('[FIRING:1] DependencyDown'))!;
    expect(mail.from).toBe('alerts@leads.example');
    expect(mail.text).toMatch(/^FIRING: redis is down\nThe API does not find redis well\./);
    expect(mail.text).toContain('Runbook: systems/lead-scraper/README.md#dependency-down\n');
    expect(mail.text).toMatch(/dependency=redis .*severity=critical system=lead-scraper$/);
    expect(mail.html).toContain('<h3>redis is down</h3>');
    const slack = told.slack.find(({ attachments: [one] }) => one?.title.startsWith('[RESOLVED] Queue'))!;
    expect(slack.attachments[0]?.text).toMatch(/^\*The queue is long\* \(resolved\)\n120 jobs wait/);
  },
  5 * TOLD_MS_MAX,
);

test(
  'a real Alertmanager, with the same file, tells the same people the same',
  async (context) => {
    const told = await people();
    say(1, 3);
    const folder = generated(told, undefined);
    process.env.SSL_CERT_FILE = CA_FILE;
    const alertmanager = await startAlertmanager(
      context,
      folder,
      fs.readFileSync(path.join(folder, 'alertmanager.yml'), 'utf8'),
    );
    context.onTestFinished(async () => {
      delete process.env.SSL_CERT_FILE;
      await alertmanager.stop();
      told.close();
    });
    await startMonitor(generated(told, new URL(alertmanager.url).host));
    await troubleComesAndGoes(told);

    const byMail = (mails: People['mails']) =>
      mails
        .map((mail) => ({ ...mail, text: withoutAddresses(mail.text), html: withoutAddresses(mail.html) }))
        .sort(bySubject);
    expect(byMail(told.mails)).toEqual(byMail(monitorAlone.mails));
    const bySlack = (messages: People['slack']) =>
      messages
        .map(({ channel, username, attachments: [one] }) => ({
          channel,
          username,
          fallback: one!.fallback,
          color: one!.color,
          title: one!.title,
          text: withoutAddresses(one!.text),
          title_link: withoutAddresses(one!.title_link),
        }))
        .sort(byTitle);
    expect(bySlack(told.slack)).toEqual(bySlack(monitorAlone.slack));
  },
  5 * TOLD_MS_MAX,
);
