import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { secretsOf } from '../../dist/alerting/secrets.js';
import {
  type Alerting,
  alert,
  alerting,
  DefinitionError,
  defineConfig,
  generate,
  inhibitTraps,
  renderAlertmanager,
  ruleGroup,
  type SecretSource,
} from '../../dist/index.js';
import { exampleAlerting, exampleConfig } from './example.ts';

const SLACK = { type: 'slack', channel: '#alerts', webhookUrl: { env: 'SLACK' } } as const;
const right: Alerting = { receivers: { team: [SLACK] }, route: { receiver: 'team' } };

describe('who is told', () => {
  test.each<[string, Partial<Alerting>, string]>([
    [
      'mail without a server',
      { receivers: { team: [{ type: 'email', to: 'a@b.c' }] } },
      'receivers.team[0] sends mail, and there is no smtp',
    ],
    [
      'mail to nobody',
      { receivers: { team: [{ type: 'email', to: [] }] }, smtp: { smarthost: 'a:25', from: 'a@b.c' } },
      'receivers.team[0].to is empty',
    ],
    [
      'a server without a port',
      { smtp: { smarthost: 'smtp.example.com', from: 'a@b.c' } },
      'smtp.smarthost "smtp.example.com" is not host:port',
    ],
    [
      'a password from a relative path',
      { smtp: { smarthost: 'a:25', from: 'a@b.c', password: { file: 'password' } } },
      'smtp.password.file "password" is not an absolute path',
    ],
    [
      'a webhook without a scheme',
      { receivers: { team: [{ type: 'webhook', url: 'example.com/hook' }] } },
      'receivers.team[0].url "example.com/hook" is not an address',
    ],
    ['a route to nobody', { route: { receiver: 'tema' } }, 'route.receiver "tema" is not one of receivers'],
    [
      'a child route to nobody',
      { route: { receiver: 'team', routes: [{ receiver: 'tema' }] } },
      'route.routes[0].receiver "tema"',
    ],
    [
      'a first route that matches',
      { route: { receiver: 'team', matchers: ['a = b'] } },
      'route.matchers: the first route takes every alert',
    ],
    [
      'no operator',
      { route: { receiver: 'team', routes: [{ matchers: ['severity critical'] }] } },
      'route.routes[0].matchers: "severity critical" is not a matcher',
    ],
    [
      'an open quote',
      { route: { receiver: 'team', routes: [{ matchers: ['a = "b'] }] } },
      'route.routes[0].matchers: "a = \\"b" is not a matcher',
    ],
    [
      'a name that is none',
      { route: { receiver: 'team', routes: [{ matchers: ['1a = b'] }] } },
      '"1a = b" is not a matcher',
    ],
    [
      'a wait that is none',
      { route: { receiver: 'team', groupWait: '30' } },
      'route.groupWait "30" is not a duration',
    ],
    [
      'a repetition of nothing',
      { route: { receiver: 'team', repeatInterval: '0s' } },
      'route.repeatInterval "0s" is not a duration',
    ],
    [
      'an inhibition of nothing',
      { inhibitRules: [{ sourceMatchers: ['x'], targetMatchers: ['a=b'] }] },
      'inhibitRules[0].sourceMatchers: "x" is not a matcher',
    ],
    [
      'an inhibition by nothing',
      { inhibitRules: [{ sourceMatchers: ['a=b'], targetMatchers: ['='] }] },
      'inhibitRules[0].targetMatchers: "=" is not a matcher',
    ],
  ])('%s is refused', (_, change, message) => {
    const define = () => alerting({ ...right, ...change } as never);
    expect(define).toThrow(DefinitionError);
    expect(define).toThrow(message);
  });

  test('a route to a receiver that is not there does not compile', () => {
    // @ts-expect-error: there is no receiver tema
    expect(() => alerting({ receivers: { team: [SLACK] }, route: { receiver: 'tema' } })).toThrow(
      DefinitionError,
    );
    expect(() =>
      alerting({
        receivers: { team: [SLACK] },
        // @ts-expect-error: not in a child either
        route: { receiver: 'team', routes: [{ receiver: 'tema' }] },
      }),
    ).toThrow(DefinitionError);
    // @ts-expect-error: a secret is named by where it stands, never written down
    const written: SecretSource = 'https://hooks.slack.com/services/T000/B000/XXXX';
    expect(written).toBeTypeOf('string');
  });

  test('all mistakes are told at once', () => {
    expect(() => alerting({ receivers: {}, route: { receiver: 'a', groupWait: 'b' } } as never)).toThrow(
      'alerting: route.receiver "a" is not one of receivers\nalerting: route.groupWait "b" is not a duration such as 5m',
    );
  });

  test('a secret in the place of a variable is refused without being shown', () => {
    const secret = 'https://hooks.slack.com/services/T000/B000/XXXX';
    const define = () =>
      alerting({
        receivers: { team: [{ ...SLACK, webhookUrl: { env: secret } }] },
        route: { receiver: 'team' },
      });
    expect(define).toThrow('is not the name of a variable');
    expect(define).not.toThrow('hooks.slack.com');
  });
});

describe('secrets', () => {
  test('each has one name, and two of one name are told apart', () => {
    const named = secretsOf(
      alerting({
        receivers: {
          a: [SLACK, { ...SLACK, channel: '#other' }, { ...SLACK, webhookUrl: { file: '/srv/slack.txt' } }],
          b: [
            { type: 'pagerduty', routingKey: { env: 'PAGER_KEY' } },
            { type: 'webhook', url: { file: '/run/Hook URL' } },
          ],
        },
        route: { receiver: 'a' },
      }),
    );
    expect(named.map(({ name, source }) => [name, source])).toEqual([
      ['hook_url', { file: '/run/Hook URL' }],
      ['pager_key', { env: 'PAGER_KEY' }],
      ['slack', { env: 'SLACK' }],
      ['slack_2', { file: '/srv/slack.txt' }],
    ]);
  });

  test('what Alertmanager reads names them by file, and what the monitor reads as they were written', () => {
    const inFolder = renderAlertmanager(exampleAlerting);
    expect(inFolder).not.toMatch(/_env:|SMTP_PASSWORD|SLACK_WEBHOOK_URL|\/srv\/secrets/);
    expect([...inFolder.matchAll(/_file: (.*)/g)].map(([, path]) => path)).toEqual([
      '/etc/alertmanager/secrets/smtp_password',
      '/etc/alertmanager/secrets/slack_webhook_url',
      '/etc/alertmanager/secrets/pagerduty',
      '/etc/alertmanager/secrets/oncall_webhook_url',
      '/etc/alertmanager/secrets/slack_webhook_url',
    ]);
    const asWritten = renderAlertmanager(exampleAlerting, { secrets: 'sources' });
    expect(asWritten).toContain('smtp_auth_password_env: SMTP_PASSWORD');
    expect(asWritten).toContain('routing_key_file: /srv/secrets/pagerduty.key');
    expect(asWritten).toContain('url_env: ONCALL_WEBHOOK_URL');
  });

  test('every variable that the compose files take stands in the examples, without a value', () => {
    const files = new Map(generate(exampleConfig).map(({ path, text }) => [path, text]));
    for (const [compose, example] of [
      ['compose.yml', '.env.example'],
      ['compose.prod.yml', '.env.production.example'],
    ] as const) {
      const text = files.get(compose) ?? '';
      const needed = [
        ...[...text.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name),
        ...[...text.matchAll(/environment: ([A-Z]\w+)/g)].map(([, name]) => name),
      ];
      const lines = (files.get(example) ?? '')
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'));
      expect(lines.sort()).toEqual(needed.map((name) => `${name}=`).sort());
    }
  });
});

describe('matchers', () => {
  const matcherOf = (text: string): unknown => {
    const rendered = generate({
      ...exampleConfig,
      dashboards: [],
      rules: [],
      slos: [],
      alerting: alerting({ ...right, route: { receiver: 'team', routes: [{ matchers: [text] }] } }),
    }).find(({ path }) => path === 'kubernetes/alertmanager-config.yml');
    const { spec } = parse(rendered?.text ?? '') as { spec: { route: { routes: { matchers: object[] }[] } } };
    return spec.route.routes[0]?.matchers[0];
  };

  test('any value comes through quotes as it is', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z_][a-z0-9_]{0,8}$/),
        fc.constantFrom('=', '!=', '=~', '!~'),
        fc.string({ unit: 'grapheme', maxLength: 20 }),
        (name, op, value) => {
          expect(matcherOf(`${name} ${op} ${JSON.stringify(value)}`)).toEqual({ name, value, matchType: op });
        },
      ),
      { numRuns: 50 },
    );
  });

  test.each([
    ['severity=critical', { name: 'severity', value: 'critical', matchType: '=' }],
    [' severity =~ "a|b" ', { name: 'severity', value: 'a|b', matchType: '=~' }],
    ['team!=', { name: 'team', value: '', matchType: '!=' }],
    ['job!~web-.*', { name: 'job', value: 'web-.*', matchType: '!~' }],
  ])('%j is read', (text, expected) => {
    expect(matcherOf(text)).toEqual(expected);
  });
});

describe('inhibitions that silence more than they say', () => {
  const usual = { for: '5m', summary: 'It is.', description: 'So it is.' } as const;
  const rules = [
    ruleGroup('all', [
      alert('TargetDown', { ...usual, expr: 'sum(up) == 0', severity: 'critical' }),
      alert('InstanceDown', { ...usual, expr: 'up == 0', severity: 'critical' }),
      alert('Errors', { ...usual, expr: 'sum by (job) (rate(errors_total[5m])) > 1', severity: 'warning' }),
      alert('Full', {
        ...usual,
        expr: 'max without (instance, job) (used_ratio) > 0.9',
        severity: 'warning',
      }),
      alert('Slow', { ...usual, expr: 'latency_seconds > 1', severity: 'warning' }),
      alert('P95', {
        ...usual,
        expr: 'histogram_quantile(0.95, sum by (le) (rate(latency_seconds_bucket[5m]))) > 1',
        severity: 'info',
      }),
      alert('Named', { ...usual, expr: 'sum(x) > 1', severity: 'info', labels: { instance: 'all' } }),
    ]),
  ];
  const trapsOf = (source: string, target: string, equal?: readonly string[]) =>
    inhibitTraps(
      alerting({
        ...right,
        inhibitRules: [{ sourceMatchers: [source], targetMatchers: [target], ...(equal && { equal }) }],
      }),
      rules,
    ).map((text) => /: (\w+) silences every (\w+),/.exec(text)?.slice(1).join(' > '));

  test.each([
    [
      'both have lost the label',
      'alertname = TargetDown',
      'severity = warning',
      ['instance'],
      ['TargetDown > Errors'],
    ],
    [
      'both have lost both',
      'alertname = TargetDown',
      'severity = warning',
      ['job', 'instance'],
      ['TargetDown > Full'],
    ],
    ['one has the label', 'alertname = InstanceDown', 'severity = warning', ['instance'], []],
    ['the target has the label', 'alertname = TargetDown', 'alertname = Slow', ['instance'], []],
    ['the name is equal, too', 'severity = critical', 'severity = warning', ['alertname', 'instance'], []],
    ['a rule gives the label', 'alertname = TargetDown', 'alertname = Named', ['instance'], []],
    ['matchers keep them apart', 'alertname = TargetDown', 'severity = none', ['instance'], []],
    [
      'a pattern takes it',
      'alertname =~ "Target.*"',
      'alertname =~ "Err.*|Full"',
      ['instance'],
      ['TargetDown > Errors'],
    ],
    [
      'a label is asked for that the expression may have',
      'team = web',
      'severity = warning',
      ['instance'],
      ['Full > Errors'],
    ],
    ['a quantile has no buckets', 'alertname = TargetDown', 'alertname = P95', ['le'], ['TargetDown > P95']],
    ['everything is meant', 'alertname = TargetDown', 'severity = warning', undefined, []],
  ])('%s', (_, source, target, equal, expected) => {
    expect(trapsOf(source, target, equal)).toEqual(expected);
  });

  test('what holds when nothing is written is no trap', () => {
    expect(inhibitTraps(right, rules)).toEqual([]);
    const rendered = parse(renderAlertmanager(right)) as { readonly inhibit_rules: readonly object[] };
    expect(rendered.inhibit_rules).toEqual([
      {
        source_matchers: ['severity = critical'],
        target_matchers: ['severity =~ "warning|info"'],
        equal: ['alertname', 'job', 'instance'],
      },
    ]);
  });
});

test('nothing that only newer versions know is written, and every text that is sent is named', () => {
  const { inhibit_rules, receivers } = parse(renderAlertmanager(exampleAlerting)) as {
    readonly inhibit_rules: readonly object[];
    readonly receivers: readonly {
      readonly slack_configs?: readonly object[];
      readonly email_configs?: readonly object[];
      readonly pagerduty_configs?: readonly object[];
    }[];
  };
  for (const rule of inhibit_rules) expect(rule).not.toHaveProperty('name');
  const slack = receivers.flatMap((receiver) => receiver.slack_configs ?? []);
  expect(slack).toHaveLength(2);
  for (const config of slack)
    for (const field of ['channel', 'username', 'color', 'title', 'text', 'fallback'])
      expect(config).toHaveProperty(field);
  for (const config of receivers.flatMap((receiver) => receiver.email_configs ?? []))
    for (const field of ['headers', 'html', 'text']) expect(config).toHaveProperty(field);
  for (const config of receivers.flatMap((receiver) => receiver.pagerduty_configs ?? []))
    for (const field of ['description', 'severity', 'details']) expect(config).toHaveProperty(field);
});

test('a configuration may be without anybody to tell', () => {
  const config = defineConfig({ name: 'small', services: [{ name: 'web', targets: ['web:9464'] }] });
  expect(generate(config).some(({ text }) => text.includes('alertmanager:9093'))).toBe(false);
});
