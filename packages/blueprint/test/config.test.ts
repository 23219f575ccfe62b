import { counter, createRegistry, label } from '@binnacle/metrics';
import { describe, expect, test } from 'vitest';
import {
  type Config,
  type ConfigSpec,
  DefinitionError,
  dashboard,
  defineConfig,
  isConfig,
  renderPrometheus,
  row,
  type ServiceSpec,
  stat,
} from '../dist/index.js';

const panel = stat({ title: 'Requests', expr: 'sum(http_requests_total)' });
const group = (name: string) => ({
  name,
  rules: [{ type: 'record', name: 'a:b:c', expr: 'up', labels: {} } as const],
});
const watch = (name: string, ...groups: string[]) => ({
  name,
  rows: [row(name, [panel])],
  groups: groups.map(group),
});
const web: ServiceSpec = { name: 'web', targets: ['localhost:9464'] };
const worker: ServiceSpec = { name: 'worker', targets: ['localhost:9465'] };
const slo = (name: string) => ({
  name,
  description: '',
  objective: 0.999,
  budget: 0.001,
  periodMs: 1,
  burnRates: [],
  groups: [group(`slo-${name}`)],
  row: row(name, [panel]),
});

function config(spec: Partial<ConfigSpec>): Config {
  return defineConfig({ name: 'shop', services: [web], ...spec });
}

/** The mistakes of a configuration, without indentation. */
function mistakes(spec: unknown): string[] {
  try {
    defineConfig(spec as ConfigSpec);
  } catch (error) {
    expect(error).toBeInstanceOf(DefinitionError);
    return (error as Error).message
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
  }
  return [];
}

test('services that a label tells apart may have one job; their scrapes have their names', () => {
  const ours = { ...web, job: 'api', labels: { system: 'ours' } };
  const theirs = { ...worker, job: 'api', labels: { system: 'theirs' } };
  const text = renderPrometheus(config({ services: [ours, theirs] }), 'production');
  expect(text).toContain('job_name: web\n');
  expect(text).toContain('job_name: worker\n');
  expect(text.match(/job: api\n/g)).toHaveLength(2);
  for (const labels of [{}, { system: 'ours' }, { tier: 'back' }])
    expect(mistakes({ name: 'shop', services: [ours, { ...theirs, labels }] })).toEqual([
      expect.stringContaining('"web" and "worker" have the job "api"'),
    ]);
});

describe('what is not said is what is usual', () => {
  test('development is quick to see, production is light and long', () => {
    const { development, production } = config({});
    expect(development).toEqual({
      scrapeInterval: '15s',
      scrapeTimeout: '10s',
      evaluationInterval: '15s',
      retentionTime: '30d',
      externalLabels: {},
    });
    expect(production).toEqual({
      scrapeInterval: '30s',
      scrapeTimeout: '10s',
      evaluationInterval: '30s',
      retentionTime: '90d',
      retentionSize: '10GB',
      externalLabels: {},
    });
  });

  test('what an environment says wins; the timeout shrinks with the interval, rules follow scrapes', () => {
    const { development, production } = config({
      development: { scrapeInterval: '5s' },
      production: {
        evaluationInterval: '1m',
        retentionSize: '2TB',
        externalLabels: { cluster: 'eu' },
        externalUrl: 'https://monitor.example.org/',
      },
    });
    expect(development).toMatchObject({
      scrapeInterval: '5s',
      scrapeTimeout: '5s',
      evaluationInterval: '5s',
    });
    expect(production).toMatchObject({
      scrapeInterval: '30s',
      evaluationInterval: '1m',
      retentionSize: '2TB',
      externalLabels: { cluster: 'eu' },
      externalUrl: 'https://monitor.example.org',
    });
  });

  test('a service is scraped at /metrics over http, under its own name', () => {
    expect(config({}).services).toEqual([
      { ...web, job: 'web', metricsPath: '/metrics', scheme: 'http', labels: {}, watches: [] },
    ]);
    const own = {
      ...web,
      job: 'shop-web',
      metricsPath: '/internal/metrics',
      scheme: 'https',
      scrapeInterval: '1m',
      labels: { system: 'shop' },
    } as const;
    expect(config({ services: [own] }).services[0]).toMatchObject({ ...own, scrapeTimeout: '10s' });
    const quick = { ...web, scrapeInterval: '1s' };
    expect(config({ services: [quick] }).services[0]).toMatchObject({ scrapeTimeout: '1s' });
  });

  test('dashboards lie in a folder of its name, or of another one for people', () => {
    expect(config({}).dashboardFolder).toBe('shop');
    expect(config({ dashboardFolder: 'Shop & Friends' }).dashboardFolder).toBe('Shop & Friends');
  });

  test('it says where it was defined', () => {
    const { definedAt } = config({});
    expect(definedAt?.file).toMatch(/config\.test\.ts$/);
  });
});

describe('what watches and objectives bring', () => {
  const given = dashboard({ title: 'Overview', rows: [row('A', [panel])] });

  test('a dashboard of each service that has any, and one of the objectives, behind what was written', () => {
    const { dashboards } = config({
      services: [{ ...web, watches: [watch('HTTP'), watch('Jobs')] }, worker],
      dashboards: [given],
      slos: [slo('fast'), slo('right')],
    });
    expect(dashboards.map(({ uid, title, rows }) => [uid, title, rows.map((each) => each.title)])).toEqual([
      ['overview', 'Overview', ['A']],
      ['shop-web', 'web', ['HTTP', 'Jobs']],
      ['shop-objectives', 'Objectives', ['All objectives', 'fast', 'right']],
    ]);
  });

  test('a dashboard asks as often as there is something new in the slowest environment', () => {
    const services = [
      { ...web, watches: [watch('HTTP')] },
      { ...worker, scrapeInterval: '5m', watches: [watch('Jobs')] },
    ];
    const refresh = (spec: Partial<ConfigSpec>) =>
      config({ services, ...spec }).dashboards.map((each) => each.refresh);
    expect(refresh({})).toEqual(['30s', '5m']);
    expect(refresh({ production: { scrapeInterval: '1m30s' } })).toEqual(['90s', '5m']);
    expect(refresh({ development: { scrapeInterval: '1h' } })).toEqual(['60m', '5m']);
  });

  test('a uid is at most 40 characters, and long names stay apart', () => {
    const long = `the-service-with-the-very-long-name-of-`;
    const { dashboards } = config({
      services: ['a', 'b'].map((end, i) => ({
        name: long + end,
        targets: [`localhost:${i + 1}`],
        watches: [watch('HTTP')],
      })),
    });
    const uids = dashboards.map(({ uid }) => uid);
    expect(uids.every((uid) => uid.length <= 40 && uid.startsWith('shop-the-service-with-the-very-'))).toBe(
      true,
    );
    expect(new Set(uids).size).toBe(2);
  });

  test('groups of rules, which take the name of their service where they would be of the same name', () => {
    const { rules } = config({
      rules: [group('own')],
      services: [
        { ...web, watches: [watch('HTTP', 'http'), watch('Jobs', 'jobs')] },
        { ...worker, watches: [watch('HTTP', 'http'), watch('First', 'db'), watch('Second', 'db')] },
      ],
      slos: [slo('fast')],
    });
    expect(rules.map(({ name }) => name)).toEqual([
      'own',
      'web-http',
      'jobs',
      'worker-http',
      'worker-db',
      'worker-db-2',
      'slo-fast',
    ]);
  });

  test('a group that its author named keeps its name', () => {
    const { rules } = config({
      rules: [group('http')],
      services: [{ ...web, watches: [watch('HTTP', 'http')] }],
    });
    expect(rules.map(({ name }) => name)).toEqual(['http', 'web-http']);
  });
});

test('a configuration is known by its mark, in every copy of the package', () => {
  const good = config({});
  expect(isConfig(good)).toBe(true);
  expect(
    isConfig(Object.defineProperty({}, Symbol.for('@binnacle/blueprint/config/v1'), { value: true })),
  ).toBe(true);
  expect(isConfig({ ...good })).toBe(false);
  expect(isConfig(undefined)).toBe(false);
  expect(JSON.stringify(good)).not.toContain('config/v1');
});

describe('mistakes', () => {
  const registry = createRegistry();
  const requests = counter({ name: 'requests_total', help: 'R', labels: { status: label }, registry });
  const route = { receiver: 'team', routes: [{ receiver: 'tema' }] };

  test.each<[mistake: string, spec: unknown, found: string]>([
    ['no object', 'shop', '"shop" is no object'],
    ['a list', [], 'a list is no object'],
    [
      'a word that is no field',
      { service: [] },
      'there is no field "service"; there are name, services, dashboards, dashboardFolder, rules, slos, alerting, development, production',
    ],
    [
      'a name with capitals',
      { name: 'Shop' },
      'name "Shop" is not a lower case letter, then lower case letters, digits and dashes, at most 50',
    ],
    ['no services', { services: [] }, 'services: there is no service to watch'],
    ['services that are no list', { services: { web } }, 'services is an object, and not a list'],
    ['services missing', { services: undefined }, 'services is missing: the list of what is watched'],
    ['a service that is none', { services: [web, 5] }, 'services[1]: 5 is no object'],
    [
      'a typing error in a field',
      { services: [{ ...web, scrapeInteval: '5s' }] },
      'service "web": there is no field "scrapeInteval"; there are name, job, metrics, targets, metricsPath, scheme, scrapeInterval, scrapeTimeout, labels, watches',
    ],
    [
      'a service without a name',
      { services: [{ targets: ['a:1'] }] },
      'services[0]: name undefined is not a lower case letter, then lower case letters, digits and dashes, at most 50',
    ],
    ['two of a name', { services: [web, { ...web, targets: ['a:1'] }] }, 'services: two have the name "web"'],
    [
      'two of a job',
      { services: [web, { ...worker, job: 'web' }] },
      'services: "web" and "worker" have the job "web", so their series could not be told apart; give both a label of one name with different values',
    ],
    [
      'an empty job',
      { services: [{ ...web, job: '' }] },
      'service "web": job "" is not the value of a label',
    ],
    [
      'no targets',
      { services: [{ name: 'web' }] },
      'service "web": there are no targets: say where it is scraped, such as ["localhost:9464"]',
    ],
    [
      'a target without a port',
      { services: [{ ...web, targets: ['localhost'] }] },
      'service "web": targets[0]: "localhost" is not host:port, such as localhost:9464',
    ],
    [
      'a target that is a URL',
      { services: [{ ...web, targets: ['http://localhost:9464'] }] },
      'service "web": targets[0]: "http://localhost:9464" is not host:port, such as localhost:9464; the scheme stands in scheme, the path in metricsPath',
    ],
    [
      'a port that there is not',
      { services: [{ ...web, targets: ['a:1', '[::1]:65536'] }] },
      'service "web": targets[1]: "[::1]:65536" is not host:port, such as localhost:9464',
    ],
    [
      'a target twice',
      { services: [{ ...web, targets: ['a:1', 'a:1'] }] },
      'services: "web" has the target "a:1" twice',
    ],
    [
      'one target of two services',
      { services: [web, { ...worker, targets: web.targets }] },
      'services: "web" and "worker" are scraped at the same place, http://localhost:9464/metrics',
    ],
    [
      'a path without a slash',
      { services: [{ ...web, metricsPath: 'metrics' }] },
      'service "web": metricsPath "metrics" does not begin with /',
    ],
    [
      'another scheme',
      { services: [{ ...web, scheme: 'ftp' }] },
      'service "web": scheme "ftp" is not http or https',
    ],
    [
      'a number for a duration',
      { services: [{ ...web, scrapeInterval: 15 }] },
      'service "web": scrapeInterval 15 is not a duration above 0, such as 15s, 1h30m or 30d',
    ],
    [
      'a duration of nothing',
      { production: { evaluationInterval: '0s' } },
      'production: evaluationInterval "0s" is not a duration above 0, such as 15s, 1h30m or 30d',
    ],
    [
      'a timeout longer than its interval',
      { services: [{ ...web, scrapeInterval: '5s', scrapeTimeout: '6s' }] },
      'service "web": scrapeTimeout 6s is longer than its scrapeInterval 5s, in which it must be done',
    ],
    [
      "a timeout longer than an environment's interval",
      { services: [{ ...web, scrapeTimeout: '20s' }] },
      'service "web": scrapeTimeout 20s is longer than the scrapeInterval of development; give the service one of its own',
    ],
    [
      'the same within an environment',
      { development: { scrapeTimeout: '16s' } },
      'development: scrapeTimeout 16s is longer than the scrapeInterval 15s, in which it must be done',
    ],
    [
      'a word that is no field of an environment',
      { production: { retention: '1y' } },
      'production: there is no field "retention"; there are scrapeInterval, scrapeTimeout, evaluationInterval, retentionTime, retentionSize, externalLabels, externalUrl',
    ],
    [
      'a size without a unit',
      { production: { retentionSize: '10' } },
      'production: retentionSize "10" is not a size such as 512MB or 10GB',
    ],
    [
      'an address that is none',
      { production: { externalUrl: 'monitor' } },
      'production: externalUrl "monitor" is not an address such as https://monitor.example.org',
    ],
    [
      'a label that the scrape gives',
      { services: [{ ...web, labels: { job: 'web' } }] },
      'service "web": labels.job: this label is given by the scrape',
    ],
    [
      'a label name that is none',
      { production: { externalLabels: { 'a-b': 'c' } } },
      'production: externalLabels.a-b: a label is a letter or _, then letters, digits and _',
    ],
    [
      'a label that the scrape removes',
      { services: [{ ...web, labels: { __address__: 'c' } }] },
      'service "web": labels.__address__: labels that begin with __ are removed by the scrape',
    ],
    [
      'a label without a value',
      { services: [{ ...web, labels: { system: '' } }] },
      'service "web": labels.system: an empty value is the same as no label',
    ],
    [
      'a label that is a number',
      { services: [{ ...web, labels: { shard: 1 } }] },
      'service "web": labels.shard: 1 is not a text',
    ],
    [
      'metrics that are none',
      { services: [{ ...web, metrics: { uploads: 'uploads_total' } }] },
      'service "web": metrics has no metric in it: give the module that defines them, as import * as metrics has it',
    ],
    [
      'a metric with two meanings',
      {
        services: [
          {
            ...web,
            metrics: [requests, { name: 'requests_total', type: 'counter', labels: { code: 'open' } }],
          },
        ],
      },
      'service "web": metric requests_total is defined twice, and not the same both times',
    ],
    [
      'a watch that is none',
      { services: [{ ...web, watches: [() => watch('HTTP')] }] },
      'service "web": watches[0] is a function, and not what a watch function returns',
    ],
    [
      'two panels of one title',
      { services: [{ ...web, watches: [{ name: 'HTTP', groups: [], rows: [row('A', [panel, panel])] }] }] },
      'service "web": the dashboard of its watches: panel "A / Requests" is there twice',
    ],
    [
      'a folder of dashboards without a title',
      { dashboardFolder: ' ' },
      'dashboardFolder " " is not a title: one line, with no space at its ends',
    ],
    [
      'two dashboards of one uid',
      {
        dashboards: [dashboard({ title: 'Mine', uid: 'shop-web', rows: [] })],
        services: [{ ...web, watches: [watch('HTTP')] }],
      },
      'dashboards: two have the uid "shop-web"',
    ],
    [
      'a dashboard that is none',
      { dashboards: [{}] },
      'dashboards[0]: an object is not what belongs here: it has no uid, rows',
    ],
    [
      'two groups of one name',
      { rules: [group('a'), group('a')] },
      'rules: there are two rule groups of the name "a"',
    ],
    [
      'a group that is none',
      { rules: ['a'] },
      'rules[0]: "a" is not what belongs here: it has no name, rules',
    ],
    [
      'two objectives of one name',
      { slos: [slo('a'), { ...slo('b'), name: 'a' }] },
      'slos: two have the name "a"',
    ],
    [
      'a receiver that there is not',
      { alerting: { receivers: { team: [] }, route } },
      'alerting: route.routes[0].receiver "tema" is not one of receivers',
    ],
    [
      'nobody who takes the rest',
      { alerting: { receivers: { team: [] }, route: {} } },
      'alerting: route: the first route needs a receiver, for what no other route takes',
    ],
  ])('%s', (_, spec, found) => {
    const whole =
      typeof spec === 'object' && !Array.isArray(spec) ? { name: 'shop', services: [web], ...spec } : spec;
    expect(mistakes(whole)).toEqual([found]);
  });

  test('all of them are told at once, with the name of the configuration', () => {
    expect(() =>
      defineConfig({
        name: 'shop',
        services: [{ name: 'Web', targets: ['a'] }],
        production: { scrapeInterval: 'x' },
      }),
    ).toThrow(
      new DefinitionError(
        [
          'configuration "shop": 3 mistakes',
          '  production: scrapeInterval "x" is not a duration above 0, such as 15s, 1h30m or 30d',
          '  service "Web": name "Web" is not a lower case letter, then lower case letters, digits and dashes, at most 50',
          '  service "Web": targets[0]: "a" is not host:port, such as localhost:9464',
        ].join('\n'),
      ),
    );
  });

  test('a list of many ends, and says how many more there are', () => {
    const services = Array.from({ length: 60 }, (_, i) => ({ name: `s${i}`, targets: ['x'] }));
    const found = mistakes({ name: 'shop', services });
    expect(found).toHaveLength(51);
    expect(found.at(-1)).toMatch(/^and \d+ more$/);
  });
});
