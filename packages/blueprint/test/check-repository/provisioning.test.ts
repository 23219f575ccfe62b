/** What is found in Grafana's provisioning and in Kubernetes manifests. */
import { suite } from './check-suite.ts';

const DASHBOARD = '{"title": "A", "uid": "a", "schemaVersion": 39, "panels": []}';

/** A Grafana with its provisioning and these mounts. */
function grafana(path: string, ...mounts: readonly string[]): Record<string, string> {
  return {
    'compose.yml': [
      'services:',
      '  grafana:',
      '    image: grafana/grafana:12.1.0',
      '    volumes:',
      ...['./provisioning:/etc/grafana/provisioning', ...mounts].map((mount) => `      - ${mount}`),
    ].join('\n'),
    'provisioning/dashboards/all.yml': `apiVersion: 1\nproviders:\n  - {name: all, options: {path: ${path}}}\n`,
  };
}

/** Data sources as `name uid`. */
function datasources(...all: readonly string[]): string {
  const items = all
    .map((one) => one.split(' '))
    .map(([name, uid]) => `  - {name: ${name}, uid: ${uid}, type: prometheus}`);
  return ['apiVersion: 1', 'datasources:', ...items].join('\n');
}

suite('duplicate-datasource', {
  reported: [
    [
      'a name',
      { 'ds.yml': datasources('A a', 'A b') },
      ['ds.yml:4:12 error: data source A has the name A, which another one has too'],
    ],
    [
      'a uid in two files',
      { 'a.yml': datasources('A x'), 'b.yml': datasources('B x') },
      ['b.yml:3:20 error: data source B has the uid x, which A has too'],
    ],
  ],
  silent: [
    ['two', { 'ds.yml': datasources('A a', 'B b') }],
    [
      'the same for development and production',
      { 'dev/ds.yml': datasources('A a'), 'prod/ds.yml': datasources('A a') },
    ],
  ],
});

/** A Grafana and a Prometheus, and a data source at this address. */
function asked(url: string, rest = ''): Record<string, string> {
  return {
    'compose.yml': [
      'services:',
      '  grafana:',
      '    image: grafana/grafana:12.1.0',
      '    ports: ["3000:3000"]',
      '    volumes: ["./provisioning:/etc/grafana/provisioning"]',
      '  prometheus:',
      '    image: prom/prometheus:v3.5.0',
      '    ports: ["9091:9090"]',
    ].join('\n'),
    'provisioning/datasources/ds.yml': `apiVersion: 1\ndatasources:\n  - {name: P, uid: p, type: prometheus, url: "${url}"${rest}}\n`,
  };
}

suite('datasource-url', {
  reported: [
    [
      'the container itself',
      asked('http://127.0.0.1:9090'),
      [
        'provisioning/datasources/ds.yml:3:46 error: data source P is asked at 127.0.0.1:9090 out of the container of grafana',
      ],
    ],
    [
      'the port on the host',
      asked('http://prometheus:9091/'),
      [
        'provisioning/datasources/ds.yml:3:46 error: data source P is asked at prometheus:9091, and service prometheus listens on 9090',
      ],
    ],
    [
      'no service',
      asked('https://user:secret@prometeus/x'),
      [
        'provisioning/datasources/ds.yml:3:46 warning: data source P is asked at prometeus, and there is no service prometeus (prometheus?)',
      ],
    ],
  ],
  silent: [
    ['the service', asked('http://prometheus:9090')],
    ['another network', asked('https://prometheus.example.com')],
    ['what the browser asks', asked('http://localhost:9091', ', access: direct')],
    ['an address from outside', asked('$PROMETHEUS_URL')],
    [
      'no container',
      {
        'ds.yml': 'apiVersion: 1\ndatasources: [{name: P, type: prometheus, url: "http://localhost:9090"}]\n',
      },
    ],
  ],
});

suite('dashboard-folder', {
  reported: [
    [
      'a folder without dashboards',
      { ...grafana('/dashboards', './dashboards:/dashboards'), 'dashboards/readme.json': '{}' },
      [
        'provisioning/dashboards/all.yml:3:33 error: provider all reads /dashboards, which is dashboards of the repository, and there is no dashboard',
      ],
    ],
    [
      'a path beside the mount',
      {
        ...grafana('/var/lib/grafana/boards', './dashboards:/var/lib/grafana/dashboards'),
        'dashboards/a.json': DASHBOARD,
      },
      [
        'provisioning/dashboards/all.yml:3:33 error: provider all reads /var/lib/grafana/boards, where service grafana has nothing mounted',
      ],
    ],
  ],
  silent: [
    [
      'a folder further in',
      { ...grafana('/dashboards', './dashboards:/dashboards'), 'dashboards/api/a.json': DASHBOARD },
    ],
    [
      'a path in the folder that is mounted',
      { ...grafana('/etc/grafana/provisioning/dashboards'), 'provisioning/dashboards/a.json': DASHBOARD },
    ],
    ['a single file', { ...grafana('/dashboards/', './a.json:/dashboards/a.json'), 'a.json': DASHBOARD }],
    ['a volume', { ...grafana('/dashboards', 'boards:/dashboards') }],
    [
      'no container',
      { 'provisioning/dashboards/all.yml': 'apiVersion: 1\nproviders: [{name: a, options: {path: /x}}]\n' },
    ],
  ],
});

const SERVICE = (ports: string, labels = 'app: api'): string =>
  `apiVersion: v1\nkind: Service\nmetadata: {name: api, namespace: shop, labels: {${labels}}}\nspec: {ports: [${ports}]}\n`;
const MONITOR = (endpoint: string, selector = 'matchLabels: {app: api}', namespace = 'shop'): string =>
  `apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: api, namespace: ${namespace}}\nspec: {selector: {${selector}}, endpoints: [${endpoint}]}\n`;

suite('unknown-port-name', {
  reported: [
    [
      'a port without a name',
      { 's.yaml': SERVICE('{port: 80}'), 'm.yaml': MONITOR('{port: http}') },
      ['m.yaml:4:64 error: ServiceMonitor api scrapes port http, which service api does not have'],
    ],
    [
      'a name that is nearly right, in one of two endpoints',
      {
        's.yaml': SERVICE('{port: 80, name: metrics}'),
        'm.yaml': MONITOR('{port: metrics}, {port: metric}'),
      },
      [
        'm.yaml:4:81 error: ServiceMonitor api scrapes port metric, which service api does not have (metrics?)',
      ],
    ],
  ],
  silent: [
    ['the name', { 's.yaml': SERVICE('{port: 80, name: http}'), 'm.yaml': MONITOR('{port: http}') }],
    ['a number', { 's.yaml': SERVICE('{port: 80}'), 'm.yaml': MONITOR('{targetPort: 80}') }],
    [
      'services that are elsewhere',
      { 's.yaml': SERVICE('{port: 80}', 'app: web'), 'm.yaml': MONITOR('{port: http}') },
    ],
    [
      'another namespace',
      { 's.yaml': SERVICE('{port: 80}'), 'm.yaml': MONITOR('{port: http}', undefined, 'monitoring') },
    ],
    [
      'expressions',
      {
        's.yaml': SERVICE('{port: 80}'),
        'm.yaml': MONITOR('{port: http}', 'matchExpressions: [{key: app, operator: Exists}]'),
      },
    ],
  ],
});
