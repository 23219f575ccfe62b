/** What is found in `prometheus.yml`, alone and beside the compose file that starts Prometheus. */
import type { Config } from '../../dist/config/config.js';
import { suite } from './check-suite.ts';

const ENVIRONMENT = {
  scrapeInterval: '15s',
  scrapeTimeout: '10s',
  evaluationInterval: '15s',
  retentionTime: '30d',
  externalLabels: {},
};

/** One service that answers at port 9464 under `/internal/metrics` and wants to be scraped every 15 s. */
const CONFIG: Config = {
  name: 'shop',
  services: [
    {
      name: 'api',
      job: 'api',
      targets: ['127.0.0.1:9464'],
      metricsPath: '/internal/metrics',
      scheme: 'http',
      labels: {},
      watches: [],
      scrapeInterval: '15s',
    },
  ],
  dashboards: [],
  dashboardFolder: 'shop',
  rules: [],
  slos: [],
  alerting: undefined,
  development: ENVIRONMENT,
  production: ENVIRONMENT,
};
const PROJECT = { project: { config: CONFIG, path: 'binnacle.config.ts' } };

/** A configuration whose jobs are these lines. */
function jobs(...lines: readonly string[]): { 'prometheus.yml': string } {
  return { 'prometheus.yml': ['scrape_configs:', ...lines.map((line) => `  ${line}`)].join('\n') };
}

/** A compose file that mounts `prometheus.yml`, and other services. */
function compose(...lines: readonly string[]): { 'compose.yml': string } {
  return {
    'compose.yml': [
      'services:',
      '  prometheus:',
      '    image: prom/prometheus:v3.5.0',
      '    volumes: ["./prometheus.yml:/etc/prometheus/prometheus.yml:ro"]',
      ...lines.map((line) => `  ${line}`),
    ].join('\n'),
  };
}

const ALERT = 'groups:\n  - name: a\n    rules:\n      - {alert: Down, expr: up == 0}\n';

suite('config-syntax', {
  reported: [
    [
      'a tab',
      { 'prometheus.yml': 'scrape_configs:\n\t- job_name: api\n' },
      ['prometheus.yml:2:1 error: Tabs are not allowed as indentation'],
    ],
    [
      'a key twice',
      { 'alertmanager.yml': 'route: {receiver: a}\nreceivers: []\nroute: {receiver: b}\n' },
      ['alertmanager.yml:3:1 error: Map keys must be unique'],
    ],
  ],
  silent: [
    [
      'several documents',
      { 'k.yaml': 'apiVersion: v1\nkind: Service\n---\napiVersion: v1\nkind: Service\n' },
    ],
  ],
});

suite('missing-scrape-job', {
  reported: [
    [
      'another port',
      jobs(
        '- job_name: api',
        '  scrape_interval: 15s',
        '  metrics_path: /internal/metrics',
        '  static_configs:',
        '    - targets: [api:9465]',
      ),
      ['prometheus.yml:6:19 error: service api answers at port 9464, and its job scrapes api:9465'],
      PROJECT,
    ],
    [
      'another interval, which holds for all',
      {
        'prometheus.yml':
          'global: {scrape_interval: 30s}\nscrape_configs:\n  - job_name: api\n    metrics_path: /internal/metrics\n    static_configs: [{targets: [api:9464]}]\n',
      },
      ['prometheus.yml:3:15 warning: job api scrapes every 30s, and service api asks for 15s'],
      PROJECT,
    ],
    [
      'another path',
      jobs('- job_name: api', '  scrape_interval: 15s', '  static_configs:', '    - targets: [api:9464]'),
      ['prometheus.yml:2:15 error: job api scrapes /metrics, and service api answers at /internal/metrics'],
      PROJECT,
    ],
    [
      'neither of two services',
      jobs('- job_name: web', '  static_configs: [{targets: [web:80]}]'),
      [
        'prometheus.yml:1:1 error: service api has no scrape job "api"',
        'prometheus.yml:1:1 error: service worker has no scrape job "worker"',
      ],
    ],
  ],
  silent: [
    [
      'the same on another host',
      jobs(
        '- job_name: api',
        '  scrape_interval: 15s',
        '  metrics_path: /internal/metrics',
        '  static_configs:',
        '    - targets: [api.internal:9464]',
      ),
      PROJECT,
    ],
    [
      'a job that is given by a label',
      jobs(
        '- job_name: all',
        '  static_configs:',
        '    - {targets: [a:1], labels: {job: api}}',
        '    - {targets: [b:1], labels: {job: worker}}',
      ),
    ],
    [
      'targets that are found elsewhere',
      jobs(
        '- job_name: api',
        '  scrape_interval: 15s',
        '  metrics_path: /internal/metrics',
        '  file_sd_configs: [{files: [targets.json]}]',
      ),
      PROJECT,
    ],
    [
      'jobs that are named by relabelling',
      jobs(
        '- job_name: kubernetes',
        '  kubernetes_sd_configs: [{role: pod}]',
        '  relabel_configs: [{target_label: job, replacement: api}]',
      ),
    ],
    ['no job at all', { 'prometheus.yml': 'global: {scrape_interval: 15s}\nrule_files: []\n' }],
  ],
});

suite('duplicate-target', {
  reported: [
    [
      'twice in one job',
      jobs('- job_name: api', '  static_configs: [{targets: ["a:1", "b:1"]}, {targets: ["a:1"]}]'),
      ['prometheus.yml:3:60 warning: job api scrapes a:1 twice'],
    ],
    [
      'three jobs',
      jobs(
        '- {job_name: a, static_configs: [{targets: ["x:1"]}]}',
        '- {job_name: b, static_configs: [{targets: ["x:1"]}]}',
        '- {job_name: c, static_configs: [{targets: ["x:1"]}]}',
      ),
      [
        'prometheus.yml:3:47 warning: job b scrapes x:1, which job a scrapes too',
        'prometheus.yml:4:47 warning: job c scrapes x:1, which job a scrapes too',
      ],
    ],
  ],
  silent: [
    [
      'another path',
      jobs(
        '- {job_name: a, static_configs: [{targets: ["x:1"]}]}',
        '- {job_name: b, metrics_path: /probe, static_configs: [{targets: ["x:1"]}]}',
      ),
    ],
    [
      'a prober',
      jobs(
        '- {job_name: a, static_configs: [{targets: ["x:1"]}]}',
        '- {job_name: b, static_configs: [{targets: ["x:1"]}], relabel_configs: [{target_label: __address__, replacement: "p:9115"}]}',
      ),
    ],
    [
      'two files',
      {
        'prometheus.yml':
          'scrape_configs: [{job_name: a, static_configs: [{targets: ["x:1"]}]}]\nglobal: {}\nrule_files: []\n'.replace(
            'scrape_configs: ',
            'scrape_configs:\n  ',
          ),
        'prometheus.prod.yml': 'scrape_configs:\n  [{job_name: a, static_configs: [{targets: ["x:1"]}]}]\n',
      },
    ],
  ],
});

suite('scrape-timeout', {
  reported: [
    [
      'that of all',
      { 'prometheus.yml': 'global:\n  scrape_interval: 5s\n  scrape_timeout: 10s\nscrape_configs: []\n' },
      ['prometheus.yml:3:19 error: the timeout is 10s, and a scrape comes every 5s'],
    ],
    [
      'that of a job with an interval of its own',
      jobs('- job_name: api', '  scrape_interval: 1s', '  scrape_timeout: 2s'),
      ['prometheus.yml:4:21 error: the timeout of job api is 2s, and a scrape comes every 1s'],
    ],
  ],
  silent: [
    ['the same as the interval', jobs('- job_name: api', '  scrape_interval: 10s', '  scrape_timeout: 10s')],
    ['a timeout that nobody says', jobs('- job_name: api', '  scrape_interval: 5s')],
    [
      'a timeout of all that is longer than a short interval of one',
      {
        'prometheus.yml':
          'global: {scrape_interval: 30s, scrape_timeout: 20s}\nscrape_configs:\n  - {job_name: a, scrape_interval: 5s}\n',
      },
    ],
  ],
});

suite('long-scrape-interval', {
  reported: [
    [
      'for all',
      { 'prometheus.yml': 'global:\n  scrape_interval: 5m\nscrape_configs: []\n' },
      ['prometheus.yml:2:20 warning: scrapes are 5m apart, and a sample counts for 5m'],
    ],
  ],
  silent: [
    ['a minute', { 'prometheus.yml': 'global:\n  scrape_interval: 1m\nscrape_configs: []\n' }],
    ['just below', jobs('- {job_name: a, scrape_interval: 4m59s}')],
  ],
});

suite('scrape-port', {
  reported: [
    [
      'a service that is not there',
      {
        ...compose('api: {image: "api:1"}'),
        ...jobs('- {job_name: api, static_configs: [{targets: ["apy:3000"]}]}'),
      },
      ['prometheus.yml:2:49 warning: job api scrapes apy:3000, and there is no service apy (api?)'],
    ],
    [
      'a port that is not named',
      {
        ...compose('api: {image: "api:1", expose: [9464]}'),
        ...jobs('- {job_name: api, static_configs: [{targets: ["api:8000"]}]}'),
      },
      ['prometheus.yml:2:49 warning: job api scrapes api:8000, and service api listens on 9464'],
    ],
    [
      'the port on the host, in the long form',
      {
        ...compose('api:', '  build: .', '  ports: [{published: 80, target: 3000}]'),
        ...jobs('- {job_name: api, static_configs: [{targets: ["api"]}]}'),
      },
      ['prometheus.yml:2:49 error: job api scrapes api, and service api listens on 3000'],
    ],
    [
      'by an alias',
      {
        ...compose('api:', '  build: .', '  expose: [1]', '  networks: {inner: {aliases: [backend]}}'),
        ...jobs('- {job_name: api, static_configs: [{targets: ["backend:2"]}]}'),
      },
      ['prometheus.yml:2:49 warning: job api scrapes backend:2, and service backend listens on 1'],
    ],
  ],
  silent: [
    [
      'the port in the container',
      {
        ...compose('api: {image: "api:1", ports: ["8080:3000"]}'),
        ...jobs('- {job_name: api, static_configs: [{targets: ["api:3000"]}]}'),
      },
    ],
    [
      'a range',
      {
        ...compose('api: {image: "api:1", expose: ["1"], ports: ["4000-4002:3000-3002"]}'),
        ...jobs('- {job_name: api, static_configs: [{targets: ["api:3002"]}]}'),
      },
    ],
    [
      'a service that names none',
      {
        ...compose('api: {image: "api:1"}'),
        ...jobs('- {job_name: api, static_configs: [{targets: ["api:3000"]}]}'),
      },
    ],
    [
      'a host of a network of others, and one that the container is told',
      {
        'compose.yml':
          'services:\n  prometheus:\n    image: prom/prometheus:v3.5.0\n    extra_hosts: ["db:10.0.0.7"]\n    volumes: ["./prometheus.yml:/etc/prometheus/prometheus.yml"]\n',
        ...jobs('- {job_name: api, static_configs: [{targets: ["db:3000"]}]}'),
      },
    ],
    [
      'another host',
      {
        ...compose('api: {image: "api:1", expose: [1]}'),
        ...jobs('- {job_name: api, static_configs: [{targets: ["db.internal:3000", "10.0.0.7:80"]}]}'),
      },
    ],
  ],
});

suite('localhost-in-container', {
  reported: [
    [
      'an address',
      { ...compose(), ...jobs('- {job_name: api, static_configs: [{targets: ["127.0.0.1:8000"]}]}') },
      ['prometheus.yml:2:49 warning: job api scrapes 127.0.0.1:8000 out of the container of prometheus'],
    ],
  ],
  silent: [
    [
      'itself',
      { ...compose(), ...jobs('- {job_name: prometheus, static_configs: [{targets: ["localhost:9090"]}]}') },
    ],
    [
      'the network of the host',
      {
        'compose.yml':
          'services:\n  prometheus:\n    image: prom/prometheus:v3.5.0\n    network_mode: host\n    volumes: ["./prometheus.yml:/etc/prometheus/prometheus.yml"]\n',
        ...jobs('- {job_name: api, static_configs: [{targets: ["localhost:8000"]}]}'),
      },
    ],
    ['no container', jobs('- {job_name: api, static_configs: [{targets: ["localhost:8000"]}]}')],
  ],
});

suite('unmatched-rule-files', {
  reported: [
    [
      'a file beside the configuration that is not mounted',
      {
        ...compose(),
        'prometheus.yml': 'rule_files: [alerts.yml]\nscrape_configs: []\n'.replace(
          'rule_files: [',
          'rule_files:\n  [',
        ),
        'alerts.yml': ALERT,
      },
      ['prometheus.yml:2:4 error: alerts.yml matches no file in the container of prometheus'],
    ],
    [
      'an absolute path in the container',
      {
        'compose.yml':
          'services:\n  prometheus:\n    image: prom/prometheus:v3.5.0\n    volumes: ["./prometheus:/etc/prometheus"]\n',
        'prometheus/prometheus.yml': 'scrape_configs: []\nrule_files: [/etc/prometheus/rules/*.yml]\n',
        'prometheus/alerts.yml': ALERT,
      },
      [
        'prometheus/prometheus.yml:2:14 error: /etc/prometheus/rules/*.yml matches no file in the container of prometheus',
      ],
    ],
    [
      'a folder further up',
      { 'config/prometheus.yml': 'scrape_configs: []\nrule_files: [rules/a.yml]\n', 'rules/a.yml': ALERT },
      ['config/prometheus.yml:2:14 warning: rules/a.yml matches no file'],
    ],
  ],
  silent: [
    [
      'a folder further up, by its path',
      { 'config/prometheus.yml': 'scrape_configs: []\nrule_files: [../rules/a.yml]\n', 'rules/a.yml': ALERT },
    ],
    ['a class', { 'prometheus.yml': 'scrape_configs: []\nrule_files: ["[ab].y?ml"]\n', 'a.yaml': ALERT }],
    ['an absolute path', { 'prometheus.yml': 'scrape_configs: []\nrule_files: [/etc/rules/*.yml]\n' }],
    [
      'a folder in the container',
      {
        'compose.yml':
          'services:\n  prometheus:\n    image: prom/prometheus:v3.5.0\n    volumes: ["./prometheus:/etc/prometheus"]\n',
        'prometheus/prometheus.yml': 'scrape_configs: []\nrule_files: [/etc/prometheus/*.yml]\n',
        'prometheus/alerts.yml': ALERT,
      },
    ],
    [
      'a single file that is mounted beside it',
      {
        'compose.yml':
          'services:\n  prometheus:\n    image: prom/prometheus:v3.5.0\n    volumes:\n      - ./prometheus.yml:/etc/prometheus/prometheus.yml\n      - ./alerting/a.yml:/etc/prometheus/alerts.yml\n',
        'prometheus.yml': 'scrape_configs: []\nrule_files: [alerts.yml]\n',
        'alerting/a.yml': ALERT,
      },
    ],
    [
      'a volume',
      {
        'compose.yml':
          'services:\n  prometheus:\n    image: prom/prometheus:v3.5.0\n    volumes: ["./prometheus.yml:/etc/prometheus/prometheus.yml", "rules:/etc/prometheus/rules"]\nvolumes: {rules: }\n',
        'prometheus.yml': 'scrape_configs: []\nrule_files: [rules/*.yml]\n',
      },
    ],
  ],
});

suite('alerts-without-alertmanager', {
  reported: [
    [
      'an Alertmanager in the repository',
      {
        'prometheus.yml': 'scrape_configs: []\nrule_files: [rules.yml]\n',
        'rules.yml': ALERT,
        'alertmanager.yml': 'route: {receiver: a}\nreceivers: [{name: a}]\n',
      },
      ['prometheus.yml:2:14 warning: there is an alert, and no Alertmanager is told of it'],
    ],
  ],
  silent: [
    [
      'recordings',
      {
        'prometheus.yml': 'scrape_configs: []\nrule_files: [r.yml]\n',
        'r.yml': 'groups:\n  - name: a\n    rules:\n      - {record: a, expr: up}\n',
      },
    ],
    ['no rules', { 'prometheus.yml': 'scrape_configs: []\n' }],
  ],
});
