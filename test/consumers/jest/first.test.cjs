// Runs twice, as two test files in one process: each begins at 0.
const { value } = require('@binnacle/metrics/testing');
const { serveMetrics } = require('@binnacle/metrics');

test('a test file begins at 0', () => {
  const { jobs, work } = require('./counting.cjs');
  expect(value(jobs, { kind: 'mail', outcome: 'ok' })).toBe(0);
  work();
  expect(value(jobs, { kind: 'mail', outcome: 'ok' })).toBe(1);
});

test('a module that is loaded anew finds its metrics', () => {
  const { jobs } = require('./counting.cjs');
  jest.resetModules();
  const again = require('./counting.cjs');
  expect(again.jobs).toBe(jobs);
  again.work();
  expect(value(jobs, { kind: 'mail', outcome: 'ok' })).toBe(2);
});

test('the shared store works between the walls of a test', async () => {
  const { work } = require('./counting.cjs');
  const server = await serveMetrics({ service: 'jest', directory: process.env.CONSUMER_DIRECTORY });
  work();
  const { body } = await server.exposition();
  expect(server.directory).toBeDefined();
  expect(body).toContain('jobs_total{kind="mail",outcome="ok"} 3\n');
  await server.close();
});
