import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { Config } from '../../dist/config/config.js';
import {
  BACKEND_NAMES,
  type BackendName,
  GENERATED_MARK,
  type GeneratedFile,
  generate,
  renderPrometheus,
  stringifyDashboard,
} from '../../dist/index.js';
import { expectGoldenFolder } from '../golden-file.ts';
import { exampleCatalogs, exampleConfig } from './example.ts';

const base = generate(exampleConfig, { catalogs: exampleCatalogs });

/** The example without what takes long to render. */
const bare: Config = { ...exampleConfig, dashboards: [], rules: [], slos: [] };

function fileOf(files: readonly GeneratedFile[], path: string): string {
  const file = files.find((candidate) => candidate.path === path);
  if (file === undefined) throw new Error(`there is no ${path} among ${files.map((f) => f.path).join(', ')}`);
  return file.text;
}

/** Dashboards have golden files of their own where they are rendered. */
const isDashboard = ({ path }: GeneratedFile): boolean =>
  /\/dashboards\/[^/]+\.(json|yml)$/.test(path) && !/provisioning/.test(path);

test('the whole folder is as it was reviewed', () => {
  expectGoldenFolder(
    'generate/prometheus',
    base.filter((file) => !isDashboard(file)),
  );
  for (const dashboard of exampleConfig.dashboards)
    expect(fileOf(base, `grafana/dashboards/${dashboard.uid}.json`)).toBe(stringifyDashboard(dashboard));
});

test.each(BACKEND_NAMES.filter((name) => name !== 'prometheus'))(
  'what %s changes in the folder is as it was reviewed',
  (backend) => {
    const files = generate(exampleConfig, { backend, catalogs: exampleCatalogs });
    const known = new Map(base.map(({ path, text }) => [path, text]));
    const changed = files.filter(({ path, text }) => known.get(path) !== text);
    // The handbook is another one by the names and volumes of the backend; the rest of it has been reviewed above.
    expectGoldenFolder(
      `generate/${backend}`,
      changed.filter(({ path }) => path !== 'MONITORING.md'),
    );
    expect(changed.map(({ path }) => path)).toContain('MONITORING.md');
    const left = files.map(({ path }) => path);
    expect(base.map(({ path }) => path).filter((path) => !left.includes(path))).toEqual([]);
  },
);

test('the same configuration gives the same bytes, whatever the order of labels in it', () => {
  expect(generate(exampleConfig, { catalogs: exampleCatalogs })).toEqual(base);
  const reversed = (labels: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(labels).reverse());
  const turned: Config = {
    ...exampleConfig,
    services: exampleConfig.services.map((service) => ({ ...service, labels: reversed(service.labels) })),
    production: {
      ...exampleConfig.production,
      externalLabels: reversed(exampleConfig.production.externalLabels),
    },
  };
  expect(generate(turned, { catalogs: exampleCatalogs })).toEqual(base);
});

test('any text of a label comes back as it was, whichever version of YAML reads it', () => {
  const [web] = exampleConfig.services;
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'grapheme' }),
        fc.constantFrom(
          'yes',
          'no',
          'on',
          '~',
          'null',
          '0x1F',
          '012',
          '1_000',
          '1e3',
          '12:30:45',
          '2026-01-01',
          '=',
          '<<',
          ' a ',
          '# a',
          'a: b',
          '- a',
          '*a',
          '&a',
          '!a',
          '%a',
          '@a',
          '`a',
          'a\nb',
          '\n',
          '\t',
          '\u0085',
          '\u2028',
        ),
      ),
      (value) => {
        const files = generate({ ...bare, services: [{ ...web!, labels: { system: value } }] });
        for (const file of ['prometheus/prometheus.yml', 'kubernetes/service-monitors.yml']) {
          const text = fileOf(files, file);
          for (const version of ['1.1', '1.2'] as const)
            expect(labelIn(parseAllDocuments(text, { version })[0]?.toJS()), `${file}, YAML ${version}`).toBe(
              value,
            );
        }
      },
    ),
    { numRuns: 40 },
  );
});

/** The value of the label `system`, in what Prometheus or its operator reads. */
function labelIn(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  const { targetLabel, replacement, system } = value as Record<string, unknown>;
  if (targetLabel === 'system') return replacement;
  if (system !== undefined) return system;
  return Object.values(value)
    .map(labelIn)
    .find((found) => found !== undefined);
}

test('vmalert is told of the offset of a query by its own word for it', () => {
  const [first, ...rest] = exampleConfig.rules;
  const config: Config = { ...exampleConfig, rules: [{ ...first!, queryOffsetMs: 60_000 }, ...rest] };
  const rulesFor = (backend: BackendName) =>
    fileOf(generate(config, { backend }), 'prometheus/rules/rules.yml');
  expect(rulesFor('prometheus')).toContain('\n    query_offset: 1m\n');
  expect(rulesFor('victoriametrics')).toContain('\n    eval_delay: 1m\n');
  expect(rulesFor('victoriametrics')).not.toContain('query_offset');
});

test('files are sorted by path, end with a newline, and all that can say where they come from do', () => {
  const paths = base.map(({ path }) => path);
  expect(paths).toEqual([...paths].sort((a, b) => (a < b ? -1 : 1)));
  for (const { path, text } of base) {
    expect(text.endsWith('\n') && !text.endsWith('\n\n'), path).toBe(true);
    if (!path.endsWith('.json')) expect(text.split('\n', 1)[0], path).toContain(GENERATED_MARK);
  }
});

test('every YAML file parses without a word, with no key twice and no alias', () => {
  for (const backend of BACKEND_NAMES) {
    for (const { path, text } of generate(exampleConfig, { backend })) {
      if (!/\.ya?ml$/.test(path)) continue;
      for (const document of parseAllDocuments(text)) {
        expect([...document.errors, ...document.warnings], path).toEqual([]);
        expect(text, path).not.toMatch(/[&*]a\d/);
      }
    }
  }
});

test('a renamed label changes what is generated, in rules and in documents', () => {
  const renamed = JSON.parse(JSON.stringify(exampleConfig).replaceAll('status', 'outcome')) as Config;
  const files = generate(renamed);
  expect(fileOf(files, 'prometheus/rules/rules.yml')).not.toContain('status');
  expect(fileOf(files, 'MONITORING.md')).not.toContain('status=');
});

test('rules lie in one file for each service, whatever their groups are called, one for the objectives, and one for the rest', () => {
  const names = (path: string) =>
    [...fileOf(base, path).matchAll(/^ {2}- name: (.*)$/gm)].map(([, name]) => name);
  expect(names('prometheus/rules/web.yml')).toEqual(['web-alerts']);
  expect(names('prometheus/rules/worker.yml')).toEqual(['worker-alerts']);
  expect(names('prometheus/rules/slos.yml')).toEqual(
    exampleConfig.slos.flatMap(({ groups }) => groups.map(({ name }) => name)),
  );
  expect(names('prometheus/rules/rules.yml')).toEqual(['meta']);
});

test('of a service whose metrics nobody has given the handbook says so', () => {
  const [web] = exampleCatalogs;
  expect(fileOf(generate(exampleConfig), 'MONITORING.md')).toContain(
    'What `web`, `worker` count is not known',
  );
  expect(fileOf(generate(exampleConfig, { catalogs: [web!] }), 'MONITORING.md')).toContain(
    'What `worker` counts is not known',
  );
  expect(fileOf(base, 'MONITORING.md')).not.toContain('is not known:');
});

test('without anybody to tell there is no Alertmanager anywhere', () => {
  const files = generate({ ...exampleConfig, alerting: undefined });
  expect(files.map(({ path }) => path).filter((path) => /alertmanager/.test(path))).toEqual([]);
  expect(fileOf(files, 'compose.yml')).not.toContain('alertmanager');
  expect(fileOf(files, 'prometheus/prometheus.yml')).not.toContain('alertmanager');
  expect(fileOf(files, '.env.example')).not.toContain('SLACK');
});

test('the address of Grafana is asked for where the configuration does not say it', () => {
  const { externalUrl: _, ...production } = exampleConfig.production;
  const asked = (where: Partial<Config['production']>): readonly string[] => {
    const files = generate({ ...exampleConfig, production: { ...production, ...where } });
    return ['.env.example', '.env.production.example'].filter((path) =>
      fileOf(files, path).includes('GRAFANA_ROOT_URL='),
    );
  };
  expect(asked({})).toEqual(['.env.production.example']);
  expect(asked({ externalUrl: 'https://monitoring.example.com' })).toEqual([]);
});

test('a configuration of nothing but a service is enough', () => {
  const files = generate({
    ...exampleConfig,
    dashboards: [],
    rules: [],
    slos: [],
    alerting: undefined,
    services: exampleConfig.services.map((service) => ({ ...service, watches: [] })),
  });
  expect(files.map(({ path }) => path)).toEqual([
    '.env.example',
    '.env.production.example',
    '.gitignore',
    'MONITORING.md',
    'Makefile',
    'README.md',
    'compose.prod.yml',
    'compose.services.yml',
    'compose.yml',
    'grafana/provisioning/dashboards/dashboards.yml',
    'grafana/provisioning/datasources/prometheus.yml',
    'kubernetes/kustomization.yaml',
    'kubernetes/pod-monitors.yml',
    'kubernetes/service-monitors.yml',
    'prometheus/prometheus.prod.yml',
    'prometheus/prometheus.yml',
  ]);
});

test('for the monitor itself a configuration names its targets as they were written, and nobody else', () => {
  const text = renderPrometheus(exampleConfig, 'production');
  expect(parseAllDocuments(text)[0]?.toJS()).toEqual({
    global: {
      scrape_interval: '30s',
      scrape_timeout: '10s',
      evaluation_interval: '30s',
      external_labels: { cluster: 'main', region: 'eu' },
    },
    rule_files: ['rules/rules.yml', 'rules/slos.yml', 'rules/web.yml', 'rules/worker.yml'],
    scrape_configs: [
      {
        job_name: 'web',
        static_configs: [{ targets: ['localhost:9464'], labels: { system: 'shop', tier: 'front' } }],
      },
      {
        job_name: 'worker',
        scrape_interval: '1m',
        scrape_timeout: '20s',
        metrics_path: '/internal/metrics',
        scheme: 'https',
        static_configs: [
          { targets: ['worker-1.internal:9465', 'worker-2.internal:9465'], labels: { system: 'shop' } },
        ],
      },
    ],
  });
});

test('targets on the machine itself are reached by its name from within a container', () => {
  const cases = [
    ['localhost:9464', 'host.docker.internal:9464'],
    ['127.0.0.1:80', 'host.docker.internal:80'],
    ['127.8.0.1:80', 'host.docker.internal:80'],
    ['[::1]:9464', 'host.docker.internal:9464'],
    ['0.0.0.0:1', 'host.docker.internal:1'],
    ['localhost.example.com:80', 'localhost.example.com:80'],
    ['web:9464', 'web:9464'],
    ['10.127.0.0.1:5', '10.127.0.0.1:5'],
  ] as const;
  for (const [target, expected] of cases) {
    const config = { ...bare, services: [{ ...exampleConfig.services[0]!, targets: [target] }] };
    expect(fileOf(generate(config), 'prometheus/prometheus.yml')).toContain(
      `- ${quotedIfNeeded(expected)}\n`,
    );
  }
});

function quotedIfNeeded(address: string): string {
  return address.startsWith('[') ? `'${address}'` : address;
}
