import { PodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor';
import { PrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule';
import { ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor';
import { AlertmanagerConfig } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1alpha1/AlertmanagerConfig';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { generate, stringifyDashboard } from '../../dist/index.js';
import { fields, misfits, one, type Shape, text } from './closed-shape.ts';
import { exampleConfig } from './example.ts';

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
}

const files = generate(exampleConfig).filter(({ path }) => path.startsWith('kubernetes/'));
const manifests = files
  .filter(({ path }) => !path.endsWith('kustomization.yaml'))
  .flatMap(({ text: yaml }) => parseAllDocuments(yaml).map((document) => document.toJS() as Manifest));

function ofKind(kind: string): readonly Manifest[] {
  return manifests.filter((manifest) => manifest.kind === kind);
}

const DNS_NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;
const DURATION = text(/^(\d+(ms|s|m|h|d|w|y))+$/);
const BOOLEAN: Shape = (value) => typeof value === 'boolean';
const LABELS: Shape = { map: text(/^[a-z0-9A-Z]([\w.-]{0,61}[a-z0-9A-Z])?$/) };
const METADATA = fields({ name: text(DNS_NAME), labels: LABELS });
const ENDPOINT = fields({
  port: one('metrics'),
  path: text(/^\//),
  scheme: one('http', 'https'),
  interval: DURATION,
  'scrapeTimeout?': DURATION,
  relabelings: { list: fields({ action: one('replace'), targetLabel: text(/^\w+$/), replacement: text() }) },
});
const SELECTOR = fields({ matchLabels: fields({ 'app.kubernetes.io/name': text() }) });
const MATCHERS: Shape = {
  list: fields({ name: text(), value: text(), matchType: one('=', '!=', '=~', '!~') }),
};
const SECRET = fields({ name: one('shop-alerting'), key: text(/^\w+$/) });
const ROUTE: Record<string, Shape> = {
  'receiver?': text(),
  'matchers?': MATCHERS,
  'groupBy?': { list: text() },
  'groupWait?': DURATION,
  'groupInterval?': DURATION,
  'repeatInterval?': DURATION,
  'continue?': BOOLEAN,
};
const DEEP_ROUTE = fields({
  ...ROUTE,
  'routes?': { list: fields({ ...ROUTE, 'routes?': { list: fields(ROUTE) } }) },
});

/** The fields that we write, by kind. The models check values; they let pass what they do not know. */
const SPECS: Readonly<Record<string, Shape>> = {
  ServiceMonitor: fields({ selector: SELECTOR, endpoints: { list: ENDPOINT } }),
  PodMonitor: fields({ selector: SELECTOR, podMetricsEndpoints: { list: ENDPOINT } }),
  PrometheusRule: fields({
    groups: {
      list: fields({
        name: text(),
        'interval?': DURATION,
        'limit?': (value) => typeof value === 'number',
        'query_offset?': DURATION,
        rules: {
          list: fields({
            'record?': text(),
            'alert?': text(),
            expr: text(),
            'for?': DURATION,
            'keep_firing_for?': DURATION,
            'labels?': { map: text() },
            'annotations?': { map: text() },
          }),
        },
      }),
    },
  }),
  AlertmanagerConfig: fields({
    route: DEEP_ROUTE,
    receivers: {
      list: fields({
        name: text(),
        'emailConfigs?': {
          list: fields({
            to: text(),
            sendResolved: BOOLEAN,
            from: text(),
            smarthost: text(/:\d+$/),
            authUsername: text(),
            authPassword: SECRET,
            'requireTLS?': BOOLEAN,
          }),
        },
        'slackConfigs?': {
          list: fields({
            apiURL: SECRET,
            channel: text(/^#/),
            sendResolved: BOOLEAN,
            color: text(),
            title: text(),
            text: text(),
          }),
        },
        'webhookConfigs?': { list: fields({ urlSecret: SECRET, sendResolved: BOOLEAN }) },
        'pagerdutyConfigs?': {
          list: fields({ routingKey: SECRET, sendResolved: BOOLEAN, severity: text(), description: text() }),
        },
      }),
    },
    inhibitRules: { list: fields({ sourceMatch: MATCHERS, targetMatch: MATCHERS, equal: { list: text() } }) },
  }),
};

test.each([
  ['ServiceMonitor', 2, (data: object) => new ServiceMonitor(data as never)],
  ['PodMonitor', 2, (data: object) => new PodMonitor(data as never)],
  ['PrometheusRule', 4, (data: object) => new PrometheusRule(data as never)],
  ['AlertmanagerConfig', 1, (data: object) => new AlertmanagerConfig(data as never)],
] as const)('every %s is one, and has no field that it does not know', (kind, count, model) => {
  const found = ofKind(kind);
  expect(found).toHaveLength(count);
  for (const manifest of found) {
    expect(() => model(manifest).validate()).not.toThrow();
    const { spec, ...rest } = manifest as Manifest & { readonly spec: object };
    expect(misfits(spec, SPECS[kind]!)).toEqual([]);
    expect(misfits(rest, fields({ apiVersion: text(), kind: one(kind), metadata: METADATA }))).toEqual([]);
  }
});

test('the models and the shapes see what is wrong', () => {
  const [monitor] = ofKind('ServiceMonitor') as readonly (Manifest & { spec: { endpoints: object[] } })[];
  const wrong = { ...monitor, spec: { ...monitor?.spec, endpoints: [{ port: 'metrics', interval: 30 }] } };
  expect(() => new ServiceMonitor(wrong as never).validate()).toThrow('must be string');
  const misspelled = { ...monitor?.spec, endpoints: [{ ...monitor?.spec.endpoints[0], intervall: '30s' }] };
  expect(misfits(misspelled, SPECS.ServiceMonitor!)).toEqual(['.endpoints[0].intervall: unknown']);
});

test('a dashboard lies in a ConfigMap as it is, under the label by which Grafana finds it', () => {
  const maps = ofKind('ConfigMap');
  expect(maps).toHaveLength(exampleConfig.dashboards.length);
  for (const [i, dashboard] of exampleConfig.dashboards.entries()) {
    const map = maps.find(({ data }) => data?.[`${dashboard.uid}.json`] !== undefined);
    expect(map?.data, `dashboard ${i}`).toEqual({ [`${dashboard.uid}.json`]: stringifyDashboard(dashboard) });
    expect(map?.metadata).toMatchObject({ labels: { grafana_dashboard: '1' } });
    expect(map?.metadata.name).toMatch(DNS_NAME);
  }
});

test('the kustomization applies every file once, but for the monitors of Pods', () => {
  const kustomization = parse(
    files.find(({ path }) => path.endsWith('kustomization.yaml'))?.text ?? '',
  ) as object;
  expect(kustomization).toEqual({
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: files
      .map(({ path }) => path.replace(/^kubernetes\//, ''))
      .filter((path) => path !== 'kustomization.yaml' && path !== 'pod-monitors.yml'),
  });
});

test('no two objects of a kind share a name', () => {
  const names = manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
  expect(new Set(names).size).toBe(names.length);
});
