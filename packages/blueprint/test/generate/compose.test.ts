import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Config } from '../../dist/config/config.js';
import {
  BACKEND_NAMES,
  type BackendName,
  defineConfig,
  generate,
  renderPrometheus,
} from '../../dist/index.js';
import { fields, misfits, one, type Shape, text } from './closed-shape.ts';
import { exampleConfig } from './example.ts';

const NAME = /^[a-z][a-z0-9_-]*$/;
const DURATION = text(/^\d+(s|m)$/);

/** The part of the Compose specification that we write. */
const COMPOSE: Shape = fields({
  name: text(NAME),
  services: {
    key: NAME,
    map: fields({
      image: text(/^\$\{[A-Z]+_IMAGE:-[a-z./-]+:v?\d+\.\d+\.\d+\}$/),
      'user?': text(/^\d+:\d+$/),
      'entrypoint?': { list: text() },
      'command?': { list: text() },
      'environment?': { key: /^[A-Z_]+$/, map: text() },
      'ports?': { list: text(/^127\.0\.0\.1:\d+:\d+$/) },
      'volumes?': { list: text(/^(\.\/[a-z/]+:\/[a-z/-]+:ro|[a-z-]+:\/[a-z/-]+)$/) },
      'secrets?': {
        list: fields({ source: text(/^\w+$/), target: text(/^\/etc\/alertmanager\/secrets\/\w+$/) }),
      },
      'tmpfs?': { list: text(/^\/tmp$/) },
      'read_only?': one(true),
      'extra_hosts?': { list: one('host.docker.internal:host-gateway') },
      'depends_on?': {
        key: NAME,
        map: fields({ condition: one('service_healthy', 'service_completed_successfully') }),
      },
      'healthcheck?': fields({
        test: { list: text() },
        interval: DURATION,
        timeout: DURATION,
        retries: (value) => typeof value === 'number',
        start_period: DURATION,
      }),
      restart: one('unless-stopped', 'no'),
      cap_drop: (value) => JSON.stringify(value) === '["ALL"]',
      'cap_add?': (value) => JSON.stringify(value) === '["CHOWN"]',
      security_opt: (value) => JSON.stringify(value) === '["no-new-privileges:true"]',
      'networks?': { list: one('monitoring') },
      'network_mode?': one('none'),
      'logging?': fields({
        driver: one('json-file'),
        options: fields({ 'max-size': text(), 'max-file': text() }),
      }),
      'deploy?': fields({
        resources: fields({ limits: fields({ cpus: text(/^\d\.\d$/), memory: text(/^\d+[mg]$/) }) }),
      }),
    }),
  },
  networks: fields({ monitoring: fields({ name: text(NAME) }) }),
  volumes: { key: NAME, map: one(null) },
  'secrets?': {
    key: /^\w+$/,
    map: (value) =>
      misfits(value, fields({ environment: text(/^\w+$/) })).length === 0 ||
      misfits(value, fields({ file: text(/^\//) })).length === 0,
  },
});

interface Service {
  readonly image: string;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly secrets?: readonly { readonly source: string }[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: object;
  readonly read_only?: boolean;
  readonly deploy?: object;
  readonly restart: string;
  readonly environment?: Readonly<Record<string, string>>;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
  readonly secrets?: Readonly<Record<string, object>>;
}

const FILES = ['compose.yml', 'compose.prod.yml'] as const;
const CASES = BACKEND_NAMES.flatMap((backend) => FILES.map((file) => [backend, file] as const));

/** Folders that were generated already. */
const folders = new Map<BackendName, ReadonlyMap<string, string>>();

function textOf(config: Config, backend: BackendName, file: string): string {
  const known = config === exampleConfig ? folders.get(backend) : undefined;
  const files = known ?? new Map(generate(config, { backend }).map(({ path, text }) => [path, text]));
  if (config === exampleConfig) folders.set(backend, files);
  return files.get(file) ?? '';
}

function composeOf(backend: BackendName, file: string, config = exampleConfig): Compose {
  return parse(textOf(config, backend, file)) as Compose;
}

test('the check of shapes sees what is unknown, missing and wrong', () => {
  const compose = composeOf('prometheus', 'compose.yml') as unknown as Record<string, unknown>;
  const grafana = composeOf('prometheus', 'compose.yml').services.grafana;
  const changed = (service: object) =>
    misfits({ ...compose, services: { grafana: { ...grafana, ...service } } }, COMPOSE);
  expect(misfits({ ...compose, version: '3' }, COMPOSE)).toEqual(['.version: unknown']);
  expect(changed({ port: 1 })).toEqual(['.services.grafana.port: unknown']);
  expect(changed({ ports: ['3000:3000'] })).toEqual(['.services.grafana.ports[0]: "3000:3000"']);
  expect(changed({ image: 'grafana/grafana:latest' })).toHaveLength(1);
  expect(changed({ privileged: true })).toEqual(['.services.grafana.privileged: unknown']);
  const { volumes: _, ...rest } = compose;
  expect(misfits(rest, COMPOSE)).toEqual(['.volumes: missing']);
});

test.each(CASES)('for %s %s has the fields of the specification, and no others', (backend, file) => {
  expect(misfits(composeOf(backend, file), COMPOSE)).toEqual([]);
});

test.each(CASES)(
  'for %s everything that %s names is there, and nothing is there that nobody names',
  (backend, file) => {
    const { services, volumes, secrets = {} } = composeOf(backend, file);
    const all = Object.entries(services);
    const mounted = all.flatMap(([, { volumes: list = [] }]) =>
      list.map((volume) => volume.split(':')[0] ?? ''),
    );
    expect([...new Set(mounted.filter((source) => !source.startsWith('./')))].sort()).toEqual(
      Object.keys(volumes).sort(),
    );
    const used = all.flatMap(([, { secrets: list = [] }]) => list.map(({ source }) => source));
    expect(used.sort()).toEqual(Object.keys(secrets).sort());
    const ports = all.flatMap(([, { ports: list = [] }]) => list);
    expect(new Set(ports).size).toBe(ports.length);
    for (const [name, { depends_on = {} }] of all) {
      for (const [other, { condition }] of Object.entries(depends_on)) {
        const service = services[other];
        expect(service, `${name} waits for ${other}`).toBeDefined();
        if (condition === 'service_healthy')
          expect(service?.healthcheck, `${name} waits for ${other}`).toBeDefined();
        else expect(service?.restart, `${name} waits for the end of ${other}`).toBe('no');
      }
    }
    // Folders that are mounted are folders of the generated files.
    const paths = generate(exampleConfig, { backend }).map(({ path }) => path);
    for (const source of mounted.filter((one) => one.startsWith('./')))
      expect(
        paths.some((path) => path.startsWith(`${source.slice(2)}/`)),
        source,
      ).toBe(true);
  },
);

test.each(CASES)(
  'for %s %s starts nothing without a password, and what listens is limited in production',
  (backend, file) => {
    const { services } = composeOf(backend, file);
    const password = services.grafana?.environment?.GF_SECURITY_ADMIN_PASSWORD;
    expect(password).toMatch(/^\$\{GRAFANA_PASSWORD:\?.+\}$/);
    for (const [name, { deploy, restart }] of Object.entries(services))
      expect(deploy !== undefined, name).toBe(file === 'compose.prod.yml' && restart !== 'no');
  },
);

test('secrets that are files leave Alertmanager read-only, those of the environment cannot', () => {
  const { alerting } = exampleConfig;
  const alertmanager = (env: boolean) =>
    composeOf('prometheus', 'compose.yml', {
      ...exampleConfig,
      alerting: {
        ...alerting,
        receivers: {
          team: [
            { type: 'slack', channel: '#a', webhookUrl: env ? { env: 'SLACK' } : { file: '/srv/slack' } },
          ],
        },
        route: { receiver: 'team' },
        smtp: undefined as never,
      },
    }).services.alertmanager;
  expect(alertmanager(false)).toMatchObject({ read_only: true });
  expect(alertmanager(true)?.read_only).toBeUndefined();
});

test('the settings of an environment become flags', () => {
  const config = defineConfig({
    name: 'small',
    services: [{ name: 'web', targets: ['web:9464'] }],
    development: { retentionTime: '2d', retentionSize: '512MB' },
    production: { retentionTime: '1y', externalUrl: 'https://m.example.com/base' },
  });
  const commandOf = (backend: BackendName, file: string, service: string) =>
    (composeOf(backend, file, config).services[service] as unknown as { readonly command: readonly string[] })
      .command;
  expect(commandOf('prometheus', 'compose.yml', 'prometheus')).toEqual(
    expect.arrayContaining(['--storage.tsdb.retention.time=2d', '--storage.tsdb.retention.size=512MB']),
  );
  expect(commandOf('prometheus', 'compose.prod.yml', 'prometheus')).toEqual(
    expect.arrayContaining([
      '--storage.tsdb.retention.time=1y',
      '--web.external-url=https://m.example.com/base/prometheus/',
    ]),
  );
  expect(commandOf('victoriametrics', 'compose.prod.yml', 'victoriametrics')).toContain(
    '-retentionPeriod=365d',
  );
  expect(commandOf('victoriametrics', 'compose.prod.yml', 'vmalert')).toContain('-notifier.blackhole');
  expect(commandOf('thanos', 'compose.prod.yml', 'thanos-compact')).toContain(
    '--retention.resolution-raw=1y',
  );
});

test.each(CASES)(
  'for %s %s mounts no folder that is not there, even of a configuration with next to nothing',
  (backend, file) => {
    const config = defineConfig({ name: 'small', services: [{ name: 'web', targets: ['web:9464'] }] });
    const paths = generate(config, { backend }).map(({ path }) => path);
    for (const { volumes = [] } of Object.values(composeOf(backend, file, config).services)) {
      for (const source of volumes
        .map((volume) => volume.split(':')[0] ?? '')
        .filter((one) => one.startsWith('./')))
        expect(
          paths.some((path) => path.startsWith(`${source.slice(2)}/`)),
          source,
        ).toBe(true);
    }
  },
);

test('what the configuration says is taken as it is, and not for variables of compose', () => {
  const config = defineConfig({
    name: 'small',
    services: [{ name: 'web', targets: ['web:9464'] }],
    alerting: {
      receivers: { team: [{ type: 'slack', channel: '#a', webhookUrl: { file: '/srv/$HOME/slack' } }] },
      route: { receiver: 'team' },
    },
    production: { externalUrl: 'https://m.example.com/$a', externalLabels: { price: '5$' } },
  });
  for (const backend of BACKEND_NAMES) {
    const text = generate(config, { backend }).find(({ path }) => path === 'compose.prod.yml')?.text ?? '';
    const replaced = [...text.replaceAll('$$', '').matchAll(/\$[^\n]{0,40}/g)].map(([found]) => found);
    for (const found of replaced) expect(found, backend).toMatch(/^\$\{(\w+_IMAGE:-|GRAFANA_)/);
    expect(text).toContain('file: /srv/$$HOME/slack');
    expect(text).toContain('https://m.example.com/$$a');
  }
  expect(JSON.stringify(composeOf('victoriametrics', 'compose.prod.yml', config))).toContain('price=5$$');
  // Prometheus takes it for a variable, too; what scrapes in its place, and our own monitor, do not.
  const prometheusFor = (backend: BackendName) => textOf(config, backend, 'prometheus/prometheus.prod.yml');
  expect(prometheusFor('prometheus')).toContain('price: 5$$\n');
  expect(prometheusFor('victoriametrics')).toContain('price: 5$\n');
  expect(renderPrometheus(config, 'production')).toContain('price: 5$\n');
});

test('what services take over is their directory in memory, their port, and the names by which they are asked', () => {
  const shape = fields({
    services: {
      key: NAME,
      map: fields({
        environment: fields({
          BINNACLE_METRICS_DIR: one('/run/binnacle'),
          BINNACLE_METRICS_HOST: one('0.0.0.0'),
          BINNACLE_METRICS_HOSTS: text(),
          BINNACLE_METRICS_PORT: text(/^\d+$/),
        }),
        tmpfs: { list: text(/^\/run\/binnacle:size=\d+m,mode=0700,uid=1000,gid=1000$/) },
      }),
    },
  });
  const file = generate(exampleConfig).find(({ path }) => path === 'compose.services.yml');
  const value = parse(file?.text ?? '') as {
    readonly services: Readonly<Record<string, { environment: object }>>;
  };
  expect(misfits(value, shape)).toEqual([]);
  expect(value.services.worker?.environment).toMatchObject({
    BINNACLE_METRICS_HOSTS: 'worker-1.internal,worker-2.internal',
    BINNACLE_METRICS_PORT: '9465',
  });
});

test.each(BACKEND_NAMES)(
  'of %s leaves the ports of the machine to the services that are scraped there',
  (backend) => {
    const config = defineConfig({
      name: 'shop',
      services: [
        { name: 'web', targets: ['localhost:9090', '127.0.0.1:3000', 'shop:9093'] },
        { name: 'far', targets: ['localhost:13000'] },
      ],
    });
    const ports = Object.values(composeOf(backend, 'compose.yml', config).services).flatMap(
      ({ ports: list = [] }) => list,
    );
    expect(ports).toContain('127.0.0.1:23000:3000');
    expect(ports.filter((port) => /^127\.0\.0\.1:(?:9090|3000|13000):/.test(port))).toEqual([]);
    expect(textOf(config, backend, 'README.md')).toContain('http://127.0.0.1:23000');
  },
);
