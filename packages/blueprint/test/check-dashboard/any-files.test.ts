/** Whatever stands in the files of a repository, the checks end with an answer and places that exist. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: compose fills it in
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { checkRepository } from '../../dist/index.js';
import { CATALOGS } from '../check-repository/check-suite.ts';

vi.setConfig({ testTimeout: 300_000 });

/** Checks files, and holds that each place is one in them. */
function check(texts: Readonly<Record<string, string>>): void {
  const { problems } = checkRepository(
    { files: new Map(Object.entries(texts)), catalogs: CATALOGS },
    { nowMs: 0 },
  );
  for (const { place, message, check } of problems) {
    const lines = texts[place.file]?.split('\n') ?? [];
    expect(place.line, `${check}: ${message}`).toBeGreaterThanOrEqual(1);
    expect(place.line, `${check}: ${message}`).toBeLessThanOrEqual(lines.length);
    expect(place.column, `${check}: ${message}`).toBeGreaterThanOrEqual(1);
    expect(place.column, `${check}: ${message}`).toBeLessThanOrEqual(lines[place.line - 1]!.length + 1);
  }
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const fixtures = new URL('../fixtures/grafana/', import.meta.url);
const dashboards: readonly string[] = readdirSync(fixtures)
  .filter((name) => name.endsWith('.json'))
  .map((name) => readFileSync(new URL(name, fixtures), 'utf8'));

/** JSON with one value in it replaced: the n-th that a walk comes by. */
function replaced(json: Json, n: number, by: Json): Json {
  let left = n;
  const walk = (value: Json): Json => {
    if (left-- === 0) return by;
    if (Array.isArray(value)) return value.map(walk);
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, walk(inner)]));
  };
  return walk(json);
}

const odd = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(
    '$',
    '${',
    '[[x]]',
    '{{',
    'rate(x[',
    'sum by (',
    '$__rate_interval',
    '5m',
    '-1',
    '',
    '\ud800',
  ),
) as fc.Arbitrary<Json>;

describe('dashboards', () => {
  test('in which any value is another one', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...dashboards),
        fc.nat(400),
        odd,
        fc.constantFrom(0, 2),
        (text, n, by, indent) => {
          check({ 'a.json': JSON.stringify(replaced(JSON.parse(text), n, by), null, indent) });
        },
      ),
      { numRuns: 100 },
    );
  });

  test('that end anywhere', () => {
    fc.assert(
      fc.property(fc.constantFrom(...dashboards), fc.nat(4_000), (text, at) => {
        check({ 'a.json': text.slice(0, at) });
      }),
      { numRuns: 100 },
    );
  });
});

const FILES: Readonly<Record<string, string>> = {
  'prometheus.yml':
    'global:\n  scrape_interval: 15s\n  external_labels: {a: b}\nrule_files: ["rules/*.yml"]\nalerting:\n  alertmanagers: [{static_configs: [{targets: ["am:9093"]}]}]\nscrape_configs:\n  - job_name: api\n    scrape_timeout: 30s\n    metrics_path: /m\n    static_configs: [{targets: ["api:9464", "[::1]:80"], labels: {x: y}}]\n',
  'rules/a.yml':
    'groups:\n  - name: a\n    interval: 1m\n    rules:\n      - {alert: Down, expr: up == 0, for: 5m, labels: {severity: critical}}\n      - {record: a:b, expr: sum(up)}\n',
  'alertmanager.yml':
    'route:\n  receiver: team\n  group_by: [job]\n  routes: [{matchers: [\'severity=~"a|b"\'], receiver: x}]\nreceivers: [{name: team}]\ninhibit_rules: [{source_matchers: [a=b], target_match: {c: d}, equal: [job]}]\n',
  'compose.yml':
    'services:\n  prometheus: {image: prom/prometheus, volumes: ["./prometheus.yml:/etc/prometheus/prometheus.yml:ro", "d:/d"], ports: ["9090:9090"], depends_on: [x]}\n  grafana: {image: grafana/grafana, environment: {A_PASSWORD: admin}, volumes: ["./p:/etc/grafana/provisioning"], networks: {a: {aliases: [b]}}}\nvolumes: {d: }\n',
  'p/dashboards/a.yml': 'apiVersion: 1\nproviders: [{name: a, options: {path: /x}}]\n',
  'p/datasources/a.yml': 'apiVersion: 1\ndatasources: [{name: a, uid: b, type: prometheus}]\n',
  'k.yaml':
    'apiVersion: v1\nkind: Service\nmetadata: {name: a, labels: {a: b}}\nspec: {ports: [{name: x}]}\n---\napiVersion: m/v1\nkind: ServiceMonitor\nmetadata: {name: a}\nspec: {selector: {matchLabels: {a: b}}, endpoints: [{port: y}]}\n',
};

describe('configuration', () => {
  const names = Object.keys(FILES);

  test('in which any stretch is another one', () => {
    const other = fc.oneof(
      fc.constantFrom(
        '',
        'null',
        '~',
        '[]',
        '{}',
        '*x',
        '&x ',
        '<<: ',
        '- ',
        ': ',
        '\n',
        '\t',
        '"',
        '{a: [',
        '!!binary x',
        '${A:-${B}}',
        '[',
        '0-',
      ),
      fc.string({ maxLength: 6 }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.nat(), fc.nat(12), other, (name, at, length, by) => {
        const text = FILES[name]!;
        const start = at % text.length;
        check({ ...FILES, [name]: text.slice(0, start) + by + text.slice(start + length) });
      }),
      { numRuns: 200 },
    );
  });
});
