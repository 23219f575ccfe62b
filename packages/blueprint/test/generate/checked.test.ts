import { expect, test } from 'vitest';
import { BACKEND_NAMES, checkRepository, generate } from '../../dist/index.js';
import { exampleCatalogs, exampleConfig } from './example.ts';

test.each(BACKEND_NAMES)('our own checks find no error in what is generated for %s', (backend) => {
  const files = new Map(
    generate(exampleConfig, { backend, catalogs: exampleCatalogs }).map(({ path, text }) => [path, text]),
  );
  const report = checkRepository({ files, catalogs: exampleCatalogs }, { nowMs: 0 });
  expect(report.problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  // Rules stand twice, in rule files and in manifests.
  expect(report.rules).toBe(2 * exampleConfig.rules.reduce((sum, { rules }) => sum + rules.length, 0));
  expect(report.dashboards).toBe(exampleConfig.dashboards.length);
  expect(report.isCatalogKnown).toBe(true);
});

test('a metric that no service has is found in what is generated', () => {
  const files = new Map(generate(exampleConfig).map(({ path, text }) => [path, text]));
  const catalogs = exampleCatalogs.map((catalog) => ({
    ...catalog,
    metrics: catalog.metrics.filter(({ name }) => name !== 'jobs_waiting'),
  }));
  const report = checkRepository({ files, catalogs }, { nowMs: 0 });
  const unknown = report.problems.filter(({ check }) => check === 'unknown-metric');
  expect(unknown.map(({ place }) => place.file)).toEqual(
    expect.arrayContaining(['kubernetes/prometheus-rules.yml', 'prometheus/rules/worker.yml']),
  );
});
