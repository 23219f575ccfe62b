import { describe, expect, it } from 'vitest';
import type { RouteConfig } from '../../dist/config/alertmanager.js';
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
    list: async (directory) => {
      const prefix = directory === '/' ? '/' : `${directory}/`;
      const inside = Object.keys(texts).filter((path) => path.startsWith(prefix));
      return [...new Set(inside.map((path) => path.slice(prefix.length).split('/')[0]!))];
    },
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
        ruleQueryOffsetMs: 0,
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
        '/etc/p.yml:2:3: unknown field "scrape_intervall" in global (allowed: evaluation_interval, external_labels, rule_query_offset, scrape_interval, scrape_timeout)',
        '/etc/p.yml:3:24: global.evaluation_interval must be a duration such as 15s, 5m or 1h30m (units: ms s m h d w y), not "5 seconds"',
        '/etc/p.yml:4:1: the field "remote_write" is not supported yet; remove it (supported: alerting, global, rule_files, scrape_configs)',
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
  it('reads routes, and what they do not say from those above', async () => {
    const { route } = await alertmanager(`
route:
  receiver: ops
  group_by: ['...']
  repeat_interval: 1d
  routes:
  - matchers: [ 'severity=critical', 'on_call="a,b"' ]
    match: { team: db }
    receiver: db
    group_by: [alertname]
    group_wait: 10s
    continue: true
    routes:
    - { active_time_intervals: [ day ], group_by: [] }
  - match_re: { job: web-.* }
    group_interval: 1m
receivers: [{ name: ops }, { name: db }]
time_intervals: [{ name: day }]
`);
    const shown = (one: RouteConfig): unknown => [
      one.key,
      one.id,
      one.receiver,
      one.groupBy,
      [one.groupWaitMs, one.groupIntervalMs, one.repeatIntervalMs],
      one.continue,
      one.activeTimeIntervals,
      ...one.routes.map(shown),
    ];
    const db = '{}/{on_call="a,b",severity="critical",team="db"}';
    const web = '{}/{job=~"^(?:web-.*)$"}';
    expect(shown(route)).toEqual([
      ...['{}', '{}', 'ops', 'all', [30_000, 300_000, 86_400_000], false, []],
      [
        ...[db, `${db}/0`, 'db', ['alertname'], [10_000, 300_000, 86_400_000], true, []],
        [`${db}/{}`, `${db}/0/{}/0`, 'db', [], [10_000, 300_000, 86_400_000], false, ['day']],
      ],
      [web, `${web}/1`, 'ops', 'all', [30_000, 60_000, 86_400_000], false, []],
    ]);
  });

  it('reads inhibitions and time intervals', async () => {
    const { inhibitRules, timeIntervals } = await alertmanager(`
route: { receiver: a }
receivers: [{ name: a }]
inhibit_rules:
- name: noise
  source_match: { severity: critical }
  target_match_re: { severity: warning|info }
  target_matchers: [ team!="db" ]
  equal: [ job, 'on call', job ]
mute_time_intervals: [{ name: old, time_intervals: [ {}, { times: [] } ] }]
time_intervals:
- name: new
  time_intervals:
  - times: [ { start_time: 09:00, end_time: '24:00' } ]
    weekdays: [ 'Monday:friday', sunday ]
    days_of_month: [ 1, '-3:-1' ]
    months: [ 'january:3', december ]
    years: [ 2024 ]
    location: Europe/Berlin
`);
    expect(inhibitRules).toMatchObject([
      {
        name: 'noise',
        sourceMatchers: [{ name: 'severity', op: '=', value: 'critical' }],
        targetMatchers: [
          { name: 'severity', op: '=~', value: '^(?:warning|info)$' },
          { name: 'team', op: '!=', value: 'db' },
        ],
        equal: ['job', 'on call'],
      },
    ]);
    const empty = { weekdays: undefined, daysOfMonth: undefined, months: undefined, years: undefined };
    expect(timeIntervals).toEqual([
      {
        name: 'old',
        intervals: [
          { ...empty, times: undefined, location: 'UTC' },
          { ...empty, times: [], location: 'UTC' },
        ],
      },
      {
        name: 'new',
        intervals: [
          {
            times: [{ start: 540, end: 1440 }],
            weekdays: [
              { start: 1, end: 5 },
              { start: 0, end: 0 },
            ],
            daysOfMonth: [
              { start: 1, end: 1 },
              { start: -3, end: -1 },
            ],
            months: [
              { start: 1, end: 3 },
              { start: 12, end: 12 },
            ],
            years: [{ start: 2024, end: 2024 }],
            location: 'Europe/Berlin',
          },
        ],
      },
    ]);
  });

  it('finds templates, patterns in folders too, each file once', async () => {
    const config = await loadAlertmanagerConfig(
      '/etc/a.yml',
      filesOf({
        '/etc/a.yml':
          'route: { receiver: a }\nreceivers: [{ name: a }]\ntemplates: [ "t/*.tmpl", /etc/t/b.tmpl, "/o?t/*/x.tmpl", gone.tmpl ]\n',
        '/etc/t/b.tmpl': '',
        '/etc/t/a.tmpl': '',
        '/etc/t/notes.md': '',
        '/opt/one/x.tmpl': '',
        '/opt/two/x.tmpl': '',
      }),
    );
    expect(config.templateFiles).toEqual([
      '/etc/t/a.tmpl',
      '/etc/t/b.tmpl',
      '/opt/one/x.tmpl',
      '/opt/two/x.tmpl',
    ]);
  });

  it('stops at routes without end', async () => {
    const problems = await problemsOf(
      alertmanager(
        'route: { receiver: a, routes: &again [ { routes: *again } ] }\nreceivers: [{ name: a }]\n',
      ),
    );
    expect(problems).toEqual(['/etc/a.yml:1:42: routes may be nested 100 deep']);
  });

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
            { sendResolved: true, maxAlerts: 5, timeoutMs: 0 },
            { sendResolved: false, maxAlerts: 0, timeoutMs: 3000 },
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
      'everything that is wrong with routes, in one go',
      `route:
  receiver: b
  continue: true
  matchers: [ 'x=~"("' ]
  routes:
  - match: { "on call": x }
    mute_time_intervals: [ night ]
    group_bye: [ job ]
  - matchers: [ severity ]
    routes:
    - { receiver: c, group_wait: soon }
receivers: [{ name: a }]
`,
      [
        '/etc/a.yml:2:13: the receiver "b" is not among the receivers (there are: a)',
        '/etc/a.yml:3:3: there is nothing after the top route to continue with',
        '/etc/a.yml:4:15: route.matchers[0]: error parsing regexp: missing closing ): `^(?:()$`',
        '/etc/a.yml:6:14: "on call" is not a label name; matchers takes any name, in quotes',
        '/etc/a.yml:7:28: the time interval "night" is not among the time intervals (there are none)',
        '/etc/a.yml:8:5: unknown field "group_bye" in route.routes[0] (allowed: active_time_intervals, continue, group_by, group_interval, group_wait, match, match_re, matchers, mute_time_intervals, receiver, repeat_interval, routes)',
        '/etc/a.yml:9:17: route.routes[1].matchers[0]: bad matcher format: severity',
        '/etc/a.yml:11:19: the receiver "c" is not among the receivers (there are: a)',
        '/etc/a.yml:11:34: route.routes[1].routes[0].group_wait must be a duration such as 15s, 5m or 1h30m (units: ms s m h d w y), not "soon"',
      ],
    ],
    [
      'what a top route cannot have',
      'route: { receiver: "", matchers: [ a=b ], mute_time_intervals: [ t ] }\ntime_intervals: [{ name: t }]\nreceivers: [{ name: a }]\n',
      [
        '/etc/a.yml:1:10: the top route needs a receiver: alerts that no other route takes go there',
        '/etc/a.yml:1:24: the top route takes every alert, at any time: put matchers in a route under routes',
        '/etc/a.yml:1:43: the top route takes every alert, at any time: put mute_time_intervals in a route under routes',
      ],
    ],
    [
      'what is wrong with time intervals and inhibitions',
      `route: { receiver: a }
receivers: [{ name: a }]
time_intervals:
- name: t
  time_intervals:
  - times: [ { start_time: '22:00', end_time: '6:00' }, { start_time: '22:00', end_time: '06:00' } ]
    weekdays: [ 'mon:fri', 'a:b:c' ]
    days_of_month: [ 32, '10:5', '-3:3' ]
    months: [ 'december:january' ]
    years: [ MMXX ]
    location: Mars/Olympus
- name: t
inhibit_rules:
- source_match_re: { a: }
  equal: [ '' ]
`,
      [
        '/etc/a.yml:6:47: time_intervals[0].time_intervals[0].times[0].end_time must be a time from 00:00 to 24:00, not "6:00"',
        '/etc/a.yml:6:57: time_intervals[0].time_intervals[0].times[1] must start before it ends; write what spans midnight as two ranges',
        '/etc/a.yml:7:17: time_intervals[0].time_intervals[0].weekdays[0]: "mon" is no weekday: sunday, monday, tuesday, wednesday, thursday, friday, saturday',
        '/etc/a.yml:7:28: time_intervals[0].time_intervals[0].weekdays[1] must be one value, or two with a colon between, not "a:b:c"',
        '/etc/a.yml:8:22: time_intervals[0].time_intervals[0].days_of_month[0]: 32 is no day of a month: 1 to 31, or -31 to -1 from its end',
        '/etc/a.yml:8:26: time_intervals[0].time_intervals[0].days_of_month[1]: the day 5 always comes before the day 10',
        "/etc/a.yml:8:34: time_intervals[0].time_intervals[0].days_of_month[2]: a range that starts with a day from the month's end must end with one",
        '/etc/a.yml:9:15: time_intervals[0].time_intervals[0].months[0] must start before it ends; write what spans the turn as two ranges',
        '/etc/a.yml:10:14: time_intervals[0].time_intervals[0].years[0]: "mmxx" is no whole number',
        '/etc/a.yml:11:15: time_intervals[0].time_intervals[0].location must be a time zone of the IANA database such as Europe/Berlin, not "Mars/Olympus"',
        '/etc/a.yml:12:9: the time interval "t" is given twice',
        '/etc/a.yml:14:22: "a" needs a regular expression',
        '/etc/a.yml:15:12: inhibit_rules[0].equal[0] must be the name of a label',
      ],
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
