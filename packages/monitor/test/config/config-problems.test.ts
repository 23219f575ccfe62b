import { describe, expect, it } from 'vitest';
import { loadAlertmanagerConfig } from '../../dist/config/alertmanager-file.js';
import { ConfigError } from '../../dist/config/config-error.js';
import type { ConfigFiles } from '../../dist/config/config-files.js';
import { loadPrometheusConfig } from '../../dist/config/prometheus-file.js';

function filesOf(texts: Record<string, string>): ConfigFiles {
  return {
    read: async (path) => {
      const text = texts[path];
      if (text === undefined) throw new Error(`ENOENT: no such file or directory, open '${path}'`);
      return text;
    },
    list: async (directory) =>
      Object.keys(texts)
        .filter((path) => path.startsWith(`${directory}/`))
        .map((path) => path.slice(directory.length + 1)),
  };
}

async function problemsOf(load: Promise<unknown>): Promise<string[]> {
  const error = await load.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error === undefined) return [];
  if (!(error instanceof ConfigError)) throw error;
  return error.message.split('\n');
}

const prometheus = (text: string, others: Record<string, string> = {}) =>
  loadPrometheusConfig('/etc/p.yml', filesOf({ '/etc/p.yml': text, ...others }));
const alertmanager = (text: string) => loadAlertmanagerConfig('/etc/a.yml', filesOf({ '/etc/a.yml': text }));

describe('prometheus.yml', () => {
  it('reads the configuration of the first seed and fills in defaults', async () => {
    const { config } = await prometheus(
      `
global:
  scrape_interval: 15s
  external_labels: { site: 1, zone: "eu" }
rule_files: [ "rules/*.yml", one.yml ]
scrape_configs:
  - job_name: 'bricklayers-web'
    static_configs:
      - targets: ['app:8000']
        labels: { system: bricklayers }
    scrape_timeout: 10s
    params: { match: [a, b] }
  - job_name: fast
    scrape_interval: 1s
    scheme: https
    body_size_limit: 10MB
`,
      { '/etc/rules/b.yml': '', '/etc/rules/a.yml': '', '/etc/rules/readme.md': '', '/etc/one.yml': '' },
    );
    expect(config).toEqual({
      global: {
        scrapeIntervalMs: 15_000,
        scrapeTimeoutMs: 10_000,
        evaluationIntervalMs: 60_000,
        externalLabels: { site: '1', zone: 'eu' },
      },
      ruleFiles: ['/etc/rules/a.yml', '/etc/rules/b.yml', '/etc/one.yml'],
      scrapeConfigs: [
        {
          jobName: 'bricklayers-web',
          scrapeIntervalMs: 15_000,
          scrapeTimeoutMs: 10_000,
          metricsPath: '/metrics',
          scheme: 'http',
          params: { match: ['a', 'b'] },
          honorLabels: false,
          honorTimestamps: true,
          sampleLimit: 0,
          bodySizeLimitBytes: 0,
          staticConfigs: [{ targets: ['app:8000'], labels: { system: 'bricklayers' } }],
        },
        {
          jobName: 'fast',
          scrapeIntervalMs: 1000,
          scrapeTimeoutMs: 1000,
          metricsPath: '/metrics',
          scheme: 'https',
          params: {},
          honorLabels: false,
          honorTimestamps: true,
          sampleLimit: 0,
          bodySizeLimitBytes: 10 * 1024 * 1024,
          staticConfigs: [],
        },
      ],
    });
  });

  it('takes an empty file for a configuration without targets', async () => {
    const { config } = await prometheus('');
    expect(config.scrapeConfigs).toEqual([]);
    expect(config.global.scrapeIntervalMs).toBe(60_000);
  });

  it.each<[string, string, string[]]>([
    [
      'an unknown field, a wrong duration and a field that is not read yet, all in one go',
      'global:\n  scrape_intervall: 5s\n  evaluation_interval: 5 seconds\nremote_write: []\n',
      [
        '/etc/p.yml:2:3: unknown field "scrape_intervall" in global (allowed: evaluation_interval, external_labels, scrape_interval, scrape_timeout)',
        '/etc/p.yml:3:24: global.evaluation_interval must be a duration such as 15s, 5m or 1h30m (units: ms s m h d w y), not "5 seconds"',
        '/etc/p.yml:4:1: the field "remote_write" is not supported yet; remove it (supported: global, rule_files, scrape_configs)',
      ],
    ],
    [
      'a timeout longer than the interval',
      'scrape_configs:\n- job_name: a\n  scrape_interval: 5s\n  scrape_timeout: 6s\n',
      ['/etc/p.yml:4:19: scrape_timeout (6s) must not be longer than scrape_interval (5s)'],
    ],
    [
      'a job without name, and one that is there twice',
      'scrape_configs:\n- scheme: ftp\n- job_name: a\n- job_name: a\n',
      [
        '/etc/p.yml:2:3: the field "job_name" of scrape_configs[0] is required',
        '/etc/p.yml:2:11: scrape_configs[0].scheme must be http or https, not "ftp"',
        '/etc/p.yml:4:13: the job name "a" is already taken by scrape_configs[1]',
      ],
    ],
    [
      'a target with a scheme, and a label that may not be set',
      'scrape_configs:\n- job_name: a\n  static_configs:\n  - targets: ["http://x:1"]\n    labels: { __name__: x }\n',
      [
        '/etc/p.yml:4:15: scrape_configs[0].static_configs[0].targets[0] must be host:port, not "http://x:1"; a path goes to metrics_path, a scheme to scheme',
        '/etc/p.yml:5:25: "__name__" is not allowed as a label name',
      ],
    ],
    ['a wrong type', 'scrape_configs: 3\n', ['/etc/p.yml:1:17: scrape_configs must be a list']],
    ['a file of another kind', '- 1\n', ['/etc/p.yml:1:1: the file must be a mapping']],
    ['a field given twice', 'global: {}\nglobal: {}\n', ['/etc/p.yml:2:1: the field is given twice']],
    [
      'a missing rule file',
      'rule_files: [x.yml]\n',
      ['/etc/p.yml:1:14: rule_files[0]: there is no file /etc/x.yml'],
    ],
  ])('names %s', async (_, text, problems) => {
    expect(await problemsOf(prometheus(text))).toEqual(problems);
  });

  it('names the place where YAML breaks', async () => {
    const [problem] = await problemsOf(prometheus('global:\n  a: [1\n'));
    expect(problem).toMatch(/^\/etc\/p\.yml:\d+:\d+: not valid YAML: /);
  });

  it('says that a file cannot be read', async () => {
    const problems = await problemsOf(loadPrometheusConfig('/no.yml', filesOf({})));
    expect(problems).toEqual([
      "/no.yml:1:1: cannot read the file: ENOENT: no such file or directory, open '/no.yml'",
    ]);
  });
});

describe('alertmanager.yml', () => {
  it('reads a route with a webhook and fills in defaults', async () => {
    const config = await alertmanager(`
route: { receiver: hook, group_by: [alertname, job], group_wait: 1s }
receivers:
  - name: hook
    webhook_configs:
      - { url: "http://localhost:1/x", max_alerts: 5 }
      - { url_file: secret, send_resolved: false, timeout: 3s }
`);
    expect(config).toMatchObject({
      resolveTimeoutMs: 300_000,
      route: {
        receiver: 'hook',
        groupBy: ['alertname', 'job'],
        groupWaitMs: 1000,
        groupIntervalMs: 300_000,
        repeatIntervalMs: 14_400_000,
      },
      receivers: [
        {
          name: 'hook',
          webhookConfigs: [
            { url: 'http://localhost:1/x', sendResolved: true, maxAlerts: 5, timeoutMs: 0 },
            { urlFile: '/etc/secret', sendResolved: false, maxAlerts: 0, timeoutMs: 3000 },
          ],
        },
      ],
    });
  });

  it("reads '...' as grouping by everything", async () => {
    const config = await alertmanager(
      "route: { receiver: a, group_by: ['...'] }\nreceivers: [{ name: a }]\n",
    );
    expect(config.route.groupBy).toBe('all');
  });

  it.each<[string, string, string[]]>([
    [
      'an unknown receiver',
      'route:\n  receiver: b\n  routes: []\nreceivers:\n- name: a\n',
      ['/etc/a.yml:2:13: the receiver "b" is not among the receivers (there are: a)'],
    ],
    [
      'a webhook without address, and never a secret',
      'route: { receiver: a }\nreceivers:\n- name: a\n  webhook_configs:\n  - send_resolved: true\n  - url: secret-token\n- name: a\n',
      [
        '/etc/a.yml:5:5: receivers[0].webhook_configs[0] needs either url or url_file, and not both',
        '/etc/a.yml:6:10: receivers[0].webhook_configs[1].url must start with http:// or https:// and name a host',
        '/etc/a.yml:7:9: the receiver "a" is given twice',
      ],
    ],
    ['an empty file', '', ['/etc/a.yml:1:1: the file needs a route and receivers']],
    [
      'a group_by that contradicts itself',
      "route:\n  receiver: a\n  group_by: ['...', job]\n  group_interval: 0s\nreceivers: [{ name: a }]\n",
      [
        "/etc/a.yml:3:13: group_by: '...' groups by all labels and must stand alone",
        '/etc/a.yml:4:19: group_interval must be longer than 0',
      ],
    ],
  ])('names %s', async (_, text, problems) => {
    expect(await problemsOf(alertmanager(text))).toEqual(problems);
  });
});
