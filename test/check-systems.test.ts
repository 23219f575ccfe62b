// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Grafana fills them in
/** What `binnacle check` finds in the files of the reference systems, with the metrics that they define. */
import { readdirSync, readFileSync } from 'node:fs';
import { checkRepository, type Problem, type ServiceCatalog } from '@binnacle/blueprint';
import { catalogOf } from '@binnacle/promql';
import { expect, test } from 'vitest';
import * as metrics from '../systems/bricklayers/dist/metrics.js';

const folder = new URL('../systems/bricklayers/monitoring/', import.meta.url);
const catalog = {
  service: 'web',
  job: 'bricklayers-web',
  targetLabels: { system: 'bricklayers' },
  metrics: catalogOf(metrics),
};

/** The files that are generated for the system, with changes to some. */
function problems(
  changes: Readonly<Record<string, (text: string) => string>> = {},
  of: ServiceCatalog = catalog,
): readonly Problem[] {
  const files = new Map(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((path) => path.replaceAll('\\', '/'))
      .filter((path) => /\.(?:ya?ml|json)$/.test(path))
      .map((path) => [path, readFileSync(new URL(path, folder), 'utf8')]),
  );
  for (const [path, change] of Object.entries(changes)) {
    const changed = change(files.get(path) ?? '');
    expect(changed).not.toBe(files.get(path));
    files.set(path, changed);
  }
  return checkRepository({ files, catalogs: [of] }, { nowMs: 0 }).problems;
}

/** Problems that stop somebody from getting an answer, each in a line. */
function errors(found: readonly Problem[]): string[] {
  return found
    .filter(({ severity }) => severity === 'error')
    .map(({ place, subject, message, check }) => `${place.file} ${subject}: ${message} (${check})`);
}

test('what is generated for it has an answer to everything', () => {
  const found = problems();
  expect(found.filter(({ severity }) => severity !== 'info')).toEqual([]);
  const ofDashboards = found.filter(({ place }) => place.file.endsWith('.json'));
  expect(ofDashboards.map(({ check, subject }) => `${subject}: ${check}`)).toEqual([
    // A stat that shows what a counter has counted, and says so.
    'panel "Overview / Total requests": counter-without-rate',
    'dashboard "Bricklayers": fast-refresh',
  ]);
});

test('a label that is renamed in the code is found in its dashboard and its rules', () => {
  const metrics = catalog.metrics.map((metric) =>
    metric.name === 'processing_jobs_total'
      ? { ...metric, labels: { outcome: ['completed', 'error', 'timeout'] } }
      : metric,
  );
  const found = errors(problems({}, { ...catalog, metrics }));
  expect(found.map((line) => line.replace(/: processing_jobs_total has no label status.*/, ''))).toEqual([
    'grafana/dashboards/bricklayers.json panel "Processing / Jobs completed/failed"',
    'kubernetes/prometheus-rules.yml alert HighProcessingFailureRate',
    'prometheus/rules/rules.yml alert HighProcessingFailureRate',
  ]);
});

test('a job that scrapes something else is found', () => {
  const other = (text: string): string => text.replace('job_name: bricklayers-web', 'job_name: bricklayers');
  expect(errors(problems({ 'prometheus/prometheus.yml': other }))).toEqual([
    'prometheus/prometheus.yml : service web has no scrape job "bricklayers-web" (missing-scrape-job)',
  ]);
});

test('a mount, a folder and a data source that are not there are found', () => {
  const found = problems({
    'compose.yml': (text) => text.replace('./prometheus:', './prometeus:'),
    'grafana/provisioning/dashboards/dashboards.yml': (text) => text.replace(/path: .*/, 'path: /nowhere'),
    'grafana/provisioning/datasources/prometheus.yml': (text) => text.replace(/uid: .*/, 'uid: other'),
    'grafana/dashboards/bricklayers.json': (text) =>
      text.replaceAll('"uid": "${datasource}"', '"uid": "prometheus"'),
  });
  const grave = found.filter(({ severity }) => severity !== 'info').map(({ check }) => check);
  expect(new Set(grave)).toEqual(new Set(['missing-mount', 'dashboard-folder', 'fixed-datasource']));
});

test('a unit, a legend and an override that no longer fit are found', () => {
  const found = problems({
    'grafana/dashboards/bricklayers.json': (text) =>
      text
        .replaceAll('"unit": "s"', '"unit": "ms"')
        .replaceAll('"{{endpoint}}"', '"{{route}}"')
        .replace('"options": "failed_size"', '"options": "failed_siez"'),
  });
  const grave = found.filter(({ severity }) => severity === 'warning');
  expect(
    grave.map(({ check, subject, suggestion }) => `${subject}: ${check} ${suggestion ?? ''}`.trim()),
  ).toEqual([
    'panel "Performance / Request duration": unit-misfit',
    'panel "Performance / Processing duration": unit-misfit',
    'panel "Performance / 95th percentile latency": unit-misfit',
    'panel "Performance / 95th percentile latency": legend-label',
    'panel "Uploads / Upload rate": unknown-series failed_size',
    'panel "Processing / Processing duration trends": unit-misfit',
  ]);
});
