import { readFileSync } from 'node:fs';
import { counter, createRegistry, gauge, histogram, label } from '@binnacle/metrics';
import { checkQuery, parse } from '@binnacle/promql';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toPromqlCatalog } from '../dist/catalog/promql-catalog.js';
import {
  CatalogFileError,
  catalogFromFamilies,
  catalogsOf,
  defineConfig,
  readCatalogFile,
  renderCatalogFile,
  type ServiceCatalog,
} from '../dist/index.js';
import { anyCatalogs } from './catalog-arbitrary.ts';

const registry = createRegistry({ labels: { region: 'eu' } });
const requests = counter({
  name: 'requests_total',
  help: 'Requests',
  labels: { method: ['GET', 'POST'], endpoint: label },
  registry,
});
const took = histogram({ name: 'took_seconds', help: 'Time', unit: 'seconds', buckets: [0.5, 1], registry });
const depth = gauge({ name: 'depth', help: 'Depth', registry });

const shop = defineConfig({
  name: 'shop',
  services: [
    { name: 'web', metrics: { took, requests }, targets: ['localhost:1'], labels: { system: 'shop' } },
    { name: 'worker', job: 'shop-worker', metrics: [depth, [depth]], targets: ['localhost:2'] },
    { name: 'postgres', targets: ['localhost:3'] },
  ],
});

test('the catalog of a configuration is what the definitions of its services say, by name', () => {
  expect(catalogsOf(shop)).toEqual([
    {
      service: 'web',
      job: 'web',
      targetLabels: { system: 'shop' },
      metrics: [
        {
          name: 'requests_total',
          type: 'counter',
          help: 'Requests',
          labels: { region: ['eu'], method: ['GET', 'POST'], endpoint: 'open' },
          everySeries: true,
        },
        {
          name: 'took_seconds',
          type: 'histogram',
          unit: 'seconds',
          help: 'Time',
          labels: { region: ['eu'] },
          form: 'classic',
          bounds: [0.5, 1],
          everySeries: true,
        },
      ],
    },
    {
      service: 'worker',
      job: 'shop-worker',
      targetLabels: {},
      metrics: [
        { name: 'depth', type: 'gauge', help: 'Depth', labels: { region: ['eu'] }, everySeries: true },
      ],
    },
    { service: 'postgres', job: 'postgres', targetLabels: {}, metrics: [] },
  ]);
});

describe('for the checker', () => {
  const found = (query: string, catalogs: readonly ServiceCatalog[]) =>
    checkQuery(parse(query), toPromqlCatalog(catalogs)).map(({ check, message }) => `${check}: ${message}`);
  const all = catalogsOf(shop);
  const [web] = all;

  test.each([
    ['sum(rate(requests_total{job="web", system="shop", region="eu", method="GET"}[5m]))', all],
    ['sum by (system) (up{job="postgres"})', all],
    ['up{system=""}', all],
    ['depth{job="shop-worker"}', all],
    ['up == 0 unless on (instance) scrape_duration_seconds > 1', []],
  ])('%s is right', (query, catalogs) => {
    expect(found(query, catalogs)).toEqual([]);
  });

  test.each<[string, readonly ServiceCatalog[], string]>([
    ['rate(requests_total{system="store"}[5m])', all, 'impossible-matcher: system="store" can never match'],
    ['rate(requests_total{job="shop-web"}[5m])', all, 'impossible-matcher: job="shop-web" can never match'],
    ['up{job="worker"}', all, 'impossible-matcher: job="worker" can never match'],
    ['depth', [web!], 'unknown-metric: unknown metric depth'],
    ['up{system="shop", job="shop-worker"}', [web!], 'impossible-matcher: job="shop-worker" can never match'],
    ['up{shard="1"}', all, 'unknown-label: up has no label shard'],
  ])('%s is not', (query, catalogs, finding) => {
    expect(found(query, catalogs)).toEqual([finding]);
  });
});

describe('what a service exposes', () => {
  const owner = { service: 'web', job: 'web', targetLabels: {} };
  const series = [
    { status: '200', path: '/a' },
    { status: '500', path: '/b' },
    { status: '200', path: '/c' },
  ];
  const family = { name: 'hits_total', type: 'counter', help: 'Hits', unit: '', series } as const;

  test('has open labels, since it shows what has happened and not what can', () => {
    expect(catalogFromFamilies(owner, [family]).metrics).toEqual([
      { name: 'hits_total', type: 'counter', help: 'Hits', labels: { path: 'open', status: 'open' } },
    ]);
  });

  test('has closed labels where few values are taken for all, on request', () => {
    const { metrics } = catalogFromFamilies(owner, [family], { closedValuesMax: 2 });
    expect(metrics[0]?.labels).toEqual({ path: 'open', status: ['200', '500'] });
  });

  test('may lack a label in some series, which is an empty value', () => {
    const some = { ...family, series: [{ status: '200' }, { status: '500', cached: 'yes' }] };
    const { metrics } = catalogFromFamilies(owner, [some], { closedValuesMax: 2 });
    expect(metrics[0]?.labels).toEqual({ cached: ['', 'yes'], status: ['200', '500'] });
  });

  test('says nothing of the labels of a family without series', () => {
    const { metrics } = catalogFromFamilies(owner, [{ ...family, series: [] }]);
    expect(metrics).toEqual([{ name: 'hits_total', type: 'counter', help: 'Hits' }]);
  });

  test('keeps unit, buckets and quantiles, by name', () => {
    const families = [
      { ...family, name: 'z_seconds', type: 'summary', unit: 'seconds', series: [{}], quantiles: [0.5] },
      { ...family, name: 'a_seconds', type: 'histogram', series: [{}], bounds: [1, 2], form: 'both' },
    ] as const;
    expect(catalogFromFamilies(owner, families).metrics).toEqual([
      { name: 'a_seconds', type: 'histogram', help: 'Hits', labels: {}, form: 'both', bounds: [1, 2] },
      { name: 'z_seconds', type: 'summary', help: 'Hits', unit: 'seconds', labels: {}, quantiles: [0.5] },
    ]);
  });
});

describe('the catalog file', () => {
  test('has a line for each fact', () => {
    const [web, , postgres] = catalogsOf(shop);
    expect(renderCatalogFile([web!, postgres!])).toBe(`{
  "format": "binnacle-catalog",
  "version": 1,
  "services": [
    {
      "service": "postgres",
      "job": "postgres",
      "targetLabels": {},
      "metrics": []
    },
    {
      "service": "web",
      "job": "web",
      "targetLabels": {
        "system": "shop"
      },
      "metrics": [
        {
          "name": "requests_total",
          "type": "counter",
          "help": "Requests",
          "labels": {
            "endpoint": "open",
            "method": ["GET", "POST"],
            "region": ["eu"]
          },
          "everySeries": true
        },
        {
          "name": "took_seconds",
          "type": "histogram",
          "unit": "seconds",
          "help": "Time",
          "labels": {
            "region": ["eu"]
          },
          "form": "classic",
          "bounds": [0.5, 1],
          "everySeries": true
        }
      ]
    }
  ]
}
`);
  });

  test('what is written is what is read, and is written as it was', () => {
    fc.assert(
      fc.property(anyCatalogs, (given) => {
        const text = renderCatalogFile(given);
        expect(readCatalogFile(text)).toEqual(given);
        expect(renderCatalogFile(readCatalogFile(text))).toBe(text);
        expect(renderCatalogFile([...given].reverse())).toBe(text);
      }),
    );
  });

  test('is what FORMAT.md shows', () => {
    const page = readFileSync(new URL('../FORMAT.md', import.meta.url), 'utf8');
    const example = /```json\n(.*?)```/s.exec(page)![1]!;
    expect(renderCatalogFile(readCatalogFile(example))).toBe(example);
  });

  const metric = { name: 'a', type: 'gauge' };
  const file = (services: unknown) => ({ format: 'binnacle-catalog', version: 1, services });
  const service = (fields: object) =>
    file([{ service: 'web', job: 'web', targetLabels: {}, metrics: [], ...fields }]);

  test.each<[string, unknown, string[]]>([
    [
      'a list',
      [],
      ['the file is no object', 'format: is undefined, and not "binnacle-catalog": this is no catalog'],
    ],
    [
      'another JSON',
      { dashboards: [] },
      [
        'dashboards: there is no such field; there are format, version, services',
        'format: is undefined, and not "binnacle-catalog": this is no catalog',
      ],
    ],
    [
      'another version',
      { ...file([]), version: 2 },
      ['version: is 2; this program reads version 1: write the file again with binnacle catalog --write'],
    ],
    ['no services', file(undefined), ['services: is missing']],
    [
      'a service that is none',
      file([5]),
      [
        'services[0]: is no object',
        'services[0].targetLabels: is missing',
        'services[0].metrics: is missing',
        'services[0].service: is missing',
        'services[0].job: is missing',
      ],
    ],
    [
      'a service twice',
      file([service({}).services, service({}).services].flat(2)),
      ['services: the service "web" is there twice'],
    ],
    ['a service without a name', service({ service: '' }), ['services[0].service: is empty']],
    [
      'a label of targets that is no text',
      service({ targetLabels: { a: 1 } }),
      ['services[0].targetLabels.a: is 1, and no text'],
    ],
    [
      'a metric of a type that there is not',
      service({ metrics: [{ name: 'a', type: 'conter' }] }),
      [
        'services[0].metrics[0].type: "conter" is none of counter, gauge, histogram, summary, info, stateset, unknown',
      ],
    ],
    [
      'a metric twice',
      service({ metrics: [metric, metric] }),
      ['services[0].metrics: the metric "a" is there twice'],
    ],
    [
      'a field that there is not',
      service({ metrics: [{ ...metric, buckets: [1] }] }),
      [
        'services[0].metrics[0].buckets: there is no such field; there are name, type, unit, help, labels, form, bounds, quantiles, everySeries',
      ],
    ],
    [
      'a label that is one word',
      service({ metrics: [{ ...metric, labels: { s: 'ok' } }] }),
      ['services[0].metrics[0].labels.s: is neither a list of values nor "open"'],
    ],
    [
      'a value that is a number',
      service({ metrics: [{ ...metric, labels: { s: ['ok', 5] } }] }),
      ['services[0].metrics[0].labels.s[1]: is 5, and no text'],
    ],
    [
      'bounds out of order',
      service({ metrics: [{ ...metric, bounds: [1, 5, 2] }] }),
      ['services[0].metrics[0].bounds[2]: 2 is not above the one before it'],
    ],
    [
      'bounds that are none',
      service({ metrics: [{ ...metric, bounds: [1, '+Inf'] }] }),
      ['services[0].metrics[0].bounds[1]: is "+Inf", and no number'],
    ],
    [
      'a flag that is none',
      service({ metrics: [{ ...metric, everySeries: 'yes' }] }),
      ['services[0].metrics[0].everySeries: is "yes", and not true or false'],
    ],
    [
      'a form that is none',
      service({ metrics: [{ ...metric, form: 'old' }] }),
      ['services[0].metrics[0].form: "old" is none of classic, native, both'],
    ],
  ])('%s is refused with its path', (_, json, problems) => {
    let thrown: unknown;
    try {
      readCatalogFile(JSON.stringify(json));
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(CatalogFileError);
    expect((thrown as CatalogFileError).problems).toEqual(problems);
  });

  test('what is no JSON says so', () => {
    expect(() => readCatalogFile('{ "format": }')).toThrow(/^this is no JSON: /);
  });
});
