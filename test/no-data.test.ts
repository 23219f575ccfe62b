/**
 * Why a panel has no data, as the page finds it out: of a real monitor that scrapes a real service, one that is down,
 * and evaluates a rule. The words for every case are proved in `packages/ui/test/diagnose.test.ts`; here it is that
 * each case can be told by what the monitor knows.
 */
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { counter, createRegistry, gauge, histogram, label, metricsHandler } from '@binnacle/metrics';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { targets } from '../packages/ui/src/api/prometheus.js';
import { diagnose } from '../packages/ui/src/dashboard/diagnose.js';
import { listening, startModule, temporaryFolder } from './children.ts';
import { freePort } from './free-port.ts';

const never = new AbortController().signal;
const SHOWN_MS = 60_000;

const registry = createRegistry();
const uploads = counter({
  name: 'uploads_total',
  help: 'Uploads.',
  labels: { status: ['success', 'failed'], endpoint: label },
  registry,
});
counter({ name: 'refunds_total', help: 'Refunds.', labels: { reason: label }, registry });
gauge({ name: 'backup_age_seconds', help: 'Age.', unit: 'seconds', labels: { disk: label }, registry });
histogram({
  name: 'import_duration_seconds',
  help: 'Imports.',
  unit: 'seconds',
  labels: { kind: label },
  buckets: [1, 10],
  registry,
});
uploads.inc({ status: 'success', endpoint: '/upload' });
const service = http.createServer(metricsHandler(registry));

beforeAll(async () => {
  service.listen(0, '127.0.0.1');
  await once(service, 'listening');
  const { port } = service.address() as AddressInfo;
  const folder = temporaryFolder();
  fs.writeFileSync(
    path.join(folder, 'prometheus.yml'),
    `
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [rules.yml]
scrape_configs:
  - job_name: web
    static_configs: [{ targets: ['127.0.0.1:${port}'] }]
  - job_name: mailer
    static_configs: [{ targets: ['127.0.0.1:${await freePort()}'] }]
`,
  );
  fs.writeFileSync(
    path.join(folder, 'rules.yml'),
    'groups: [{ name: money, rules: [{ record: "job:refunds:rate5m", expr: "sum by (job) (rate(refunds_total[5m]))" }] }]',
  );
  const monitor = startModule('binnacle/cli', [
    'up',
    ...['--config', path.join(folder, 'prometheus.yml')],
    ...['--data', path.join(folder, 'data')],
    ...['--listen', '127.0.0.1:0'],
  ]);
  const origin = await listening(monitor);
  const { fetch } = globalThis;
  // The page asks at addresses that are relative to its own.
  vi.stubGlobal('fetch', (address: string, init?: RequestInit) => fetch(new URL(address, origin), init));
});

afterAll(() => {
  vi.unstubAllGlobals();
  service.closeAllConnections();
  service.close();
});

/** What the page says under "No data". */
async function reason(expr: string): Promise<string> {
  const toMs = Date.now();
  const data = {
    window: { fromMs: toMs - SHOWN_MS, toMs },
    grid: { start: 0, end: 0, step: 1 },
    series: [],
    onlyNaN: false,
    warnings: [],
    asked: [expr],
  };
  return diagnose(data, await targets(never), never);
}

test.each([
  {
    expr: 'rate(upload_total[1m])',
    says: /^No target has declared a metric upload_total\. Is uploads_total meant\?/,
  },
  { expr: 'rate(refund_total[1m])', says: /^No target has declared .* Is refunds_total meant\?/ },
  {
    expr: 'rate(refunds_total[1m])',
    says: /^refunds_total is declared, and nothing has happened that it counts yet/,
  },
  { expr: 'backup_age_seconds', says: /^backup_age_seconds is declared, and no value has been set yet/ },
  {
    expr: 'histogram_quantile(0.95, sum by (le) (rate(import_duration_seconds_bucket[1m])))',
    says: /^import_duration_seconds_bucket is declared, and nothing has happened that it counts yet/,
  },
  {
    expr: 'rate(mails_total{job="mailer"}[1m])',
    says: /^What has these series is not up\. Target mailer \(127\.0\.0\.1:\d+\) is down: connection refused: .*\?$/,
  },
  { expr: 'mails_total', says: /^No target has declared a metric mails_total\. Target mailer .* is down/ },
  {
    expr: 'uploads_total{job="wob"}',
    says: /^Nothing with job="wob" is scraped\. The targets are (web|mailer) \(/,
  },
  {
    expr: 'uploads_total{status="sucess"}',
    says: /^No series of uploads_total has status="sucess"; status is "failed", "success" there\. Is "success" meant\?/,
  },
  { expr: 'uploads_total{state="failed"}', says: /^uploads_total has no label state; it has endpoint, / },
  {
    expr: 'job:refunds:rate5m',
    says: /^The rule that records job:refunds:rate5m, in group money, has given nothing/,
  },
  { expr: 'ALERTS', says: /^No alert has been pending or firing yet/ },
  { expr: 'uploads_total > 5', says: /^The series are there, but the query gives no value/ },
])('$expr', async ({ expr, says }) => {
  await expect.poll(() => reason(expr)).toMatch(says);
});

test('what has happened is no longer said to be missing', async () => {
  uploads.inc({ status: 'failed', endpoint: '/other' });
  await expect.poll(() => reason('uploads_total{endpoint="/other"} > 5')).toMatch(/^The series are there/);
});
