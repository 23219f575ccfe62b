/** Everything that Bricklayers asks, built from the service's own metric definitions. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { vectors } from '../../../conformance/vectors.ts';
import { bricklayersRules } from '../../../systems/bricklayers/dist/blueprint.js';
import * as metrics from '../../../systems/bricklayers/dist/metrics.js';
import * as b from '../dist/builder/index.js';
import { parse, printExpr } from '../dist/index.js';
import { SYSTEM_QUERIES } from './checks/system-queries.ts';

const { avgOverTime, div, gt, histogramQuantile, increase, max, mul, not, rate, re, select, sum } = b;
const { http, processingDuration, processingJobs, uploads } = metrics;

/** Bound to the targets that carry the label, as the dashboard is. */
const ours = b.selectors({ labels: { system: ['bricklayers'] }, where: { system: 'bricklayers' } });

type Observed = typeof processingDuration | typeof metrics.processingInputSize;
const mean = (observed: Observed, { sumOf, countOf }: typeof ours | typeof b, range: b.Duration) =>
  div(sum(rate(sumOf(observed), range)), sum(rate(countOf(observed), range)));

/** What the document and the alerts ask. */
const DOCUMENT: readonly b.AnyVector[] = [
  rate(select(http.requests), '5m'),
  div(
    sum(rate(select(http.requests, { status: re('2..|3..') }), '5m')),
    sum(rate(select(http.requests), '5m')),
  ),
  histogramQuantile(0.95, rate(b.buckets(http.duration), '5m')),
  div(rate(b.sumOf(processingDuration), '5m'), rate(b.countOf(processingDuration), '5m')),
  div(sum(rate(select(uploads, { status: 'success' }), '5m')), sum(rate(select(uploads), '5m'))),
  sum(rate(select(metrics.uploadValidationFailures), '5m')).by('reason'),
  mul(rate(select(processingJobs, { status: 'completed' }), '1m'), 60),
  avgOverTime(select(metrics.processingJobsPending), '5m'),
  div(
    sum(rate(select(processingJobs, { status: b.oneOf('error', 'timeout') }), '5m')),
    sum(rate(select(processingJobs), '5m')),
  ),
  div(rate(select(metrics.cleanupBytesFreed), '1h'), rate(select(metrics.cleanupRuns), '1h')),
  increase(select(metrics.cleanupFilesDeleted), '1h'),
  gt(
    div(
      sum(rate(select(http.requests, { status: re('5..') }), '5m')),
      sum(rate(select(http.requests), '5m')),
    ),
    0.05,
  ),
  gt(
    div(
      sum(rate(select(processingJobs, { status: b.oneOf('error', 'timeout') }), '10m')),
      sum(rate(select(processingJobs), '10m')),
    ),
    0.1,
  ),
  gt(select(metrics.processingJobsPending), 50),
  gt(histogramQuantile(0.95, rate(b.buckets(http.duration), '5m')), 5),
  gt(increase(select(metrics.cleanupErrors), '1h'), 5),
  sum(ours.select(http.requests)),
  sum(ours.select(metrics.processingJobsActive)),
  histogramQuantile(0.5, sum(rate(ours.buckets(processingDuration), '1m')).by('le')),
  mean(metrics.processingInputSize, b, '5m'),
  mean(metrics.processingOutputSize, b, '5m'),
  sum(increase(ours.buckets(metrics.uploadFileSize), '1h')).by('le'),
  sum(rate(select(metrics.downloads), '5m')).by('status'),
  sum(increase(select(metrics.downloads, { status: not('success') }), '1h')).by('status'),
  sum(select(metrics.system.processMemory)),
  div(div(max(select(metrics.disk.usage)), 1024), 1024),
  select(metrics.appInfo),
];

function printed(texts: readonly string[]): string[] {
  return texts.map((text) => printExpr(parse(text)));
}

test("the document's queries and alerts", () => {
  expect(DOCUMENT.map(String)).toEqual(printed(SYSTEM_QUERIES.bricklayers!));
});

test("the service's alerts are those of the document", () => {
  const rules = bricklayersRules().rules.map(({ expr }) => expr);
  expect(rules).toHaveLength(5);
  const built = DOCUMENT.map(String);
  for (const text of printed(rules)) expect(built).toContain(text);
});

test('every query in the text of the document is among them', (ctx) => {
  const path = vectors('../seeds/001_196660fa155077ec.txt', ctx);
  if (path === undefined) return;
  const blocks = [...readFileSync(path, 'utf8').matchAll(/```promql\n(.*?)```/gs)];
  const texts = blocks.flatMap(([, block]) => block!.split('\n').filter((line) => /^[^#]/.test(line)));
  expect(texts.length).toBeGreaterThan(8);
  const built = DOCUMENT.map(String);
  for (const text of printed(texts)) expect(built).toContain(text);
});
