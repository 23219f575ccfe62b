/**
 * Mistakes that do not compile. Above each stands what the compiler says; `builder-types.test.ts` compares it. What
 * stands beside them compiles.
 */
import { counter, createRegistry, gauge, histogram, label, stateSet, summary } from '@binnacle/metrics';
import * as b from '../dist/builder/index.js';

const registry = createRegistry({ labels: { region: 'eu' } });
const calls = counter({
  name: 'calls_total',
  help: 'C',
  labels: { verb: ['get', 'put'], tenant: label },
  registry,
});
const size = gauge({ name: 'size', help: 'S', labels: { verb: ['get'] }, registry });
const took = histogram({ name: 'took', help: 'T', labels: { verb: ['get'] }, registry });
const waited = summary({ name: 'waited', help: 'W', registry });
const breaker = stateSet({ name: 'breaker', help: 'B', states: ['open', 'closed'], registry });
const plain = { name: 'plain_total', type: 'counter', labels: { kind: ['a', 'b'] } } as const;

const perSecond = b.rate(b.select(calls, { verb: 'get', tenant: b.re('x.*') }), '5m');
const byVerb = b.sum(perSecond).by('verb');
const native = b.rate(b.select(took), '5m');
const { select } = b.selectors({ labels: { region: ['eu', 'us'], system: label } });

/** Selectors. */
export function selectorMistakes(): void {
  // @ts-expect-error there is no label tennant; labels: instance, job, tenant, verb
  b.select(calls, { tennant: 'x' });
  const given = { verb: 'get', tennant: 'x' } as const;
  // @ts-expect-error there is no label tennant; labels: instance, job, tenant, verb
  b.select(calls, given);
  // @ts-expect-error Type '"post"' is not assignable to type '"get" | "put"
  b.select(calls, { verb: 'post' });
  // @ts-expect-error Type '"post"' is not assignable to type '"get" | "put"'
  b.select(calls, { verb: b.not('post') });
  // @ts-expect-error Type '"post"' is not assignable to type '"get" | "put"'
  b.select(calls, { verb: b.oneOf('get', 'post') });
  // @ts-expect-error Type '"post"' is not assignable to type '"get" | "put"'
  b.select(calls, { verb: [b.re('p.*'), b.not('post')] });
  // @ts-expect-error there is no label le; labels: instance, job, verb
  b.select(took, { le: '5' });
  b.buckets(took, { le: '5', verb: b.oneOf('get') });
  // @ts-expect-error only histograms have buckets, and this is a summary
  b.buckets(waited);
  b.select(waited, { quantile: '0.5' });
  // @ts-expect-error only histograms and summaries have sum and count, and this is a gauge
  b.countOf(size);
  b.sumOf(waited);
  // @ts-expect-error there is no label region; labels:
  b.select(calls, { region: 'eu' });
  select(calls, { region: 'eu', system: 'any', verb: 'put' });
  // @ts-expect-error Type '"asia"' is not assignable to type '"eu" | "us"
  select(calls, { region: 'asia' });
  // @ts-expect-error Type '"asia"' is not assignable to type '"eu"
  b.selectors({ labels: { region: 'eu' }, where: { region: 'asia' } });
  // @ts-expect-error there is no label zone; labels:
  b.selectors({ labels: { region: 'eu' }, where: { zone: 'a' } });
  // @ts-expect-error there is no label knd; labels:
  b.select(plain, { knd: 'a' });
  // @ts-expect-error Type '"c"' is not assignable to type '"a" | "b"
  b.select(plain, { kind: 'c' });
  // @ts-expect-error Argument of type '"ajar"' is not assignable to parameter of type '"closed" | "open"'
  b.stateOf(breaker, 'ajar');
  // @ts-expect-error this is no metric: take one of @binnacle/metrics, or { name, type, labels }
  b.select({ name: 'x' });
  // @ts-expect-error Argument of type '"yesterday"' is not assignable to parameter of type 'EvaluationTime'
  b.select(calls).at('yesterday');
}

/** Ranges. */
export function rangeMistakes(): void {
  // @ts-expect-error rate is for counters, and this is a gauge: take delta or deriv
  b.rate(b.select(size), '5m');
  // @ts-expect-error irate is for counters, and this is a gauge: take delta or deriv
  b.irate(b.select(waited), '5m');
  // @ts-expect-error increase is for counters, and this is a gauge: take delta or deriv
  b.increase(b.stateOf(breaker, 'open'), '5m');
  // @ts-expect-error rate is for counters as they were scraped: take it first, and aggregate or calculate after it
  b.rate(byVerb, '5m');
  // @ts-expect-error rate is for counters as they were scraped: take it first, and aggregate or calculate after it
  b.rate(b.subquery(byVerb, '5m'));
  b.rate(b.subquery(b.select(calls), '5m', '1m'));
  // @ts-expect-error delta is for gauges, and this is a counter: take rate or increase
  b.delta(b.select(calls), '5m');
  // @ts-expect-error idelta is for gauges, and this is a counter: take rate or increase
  b.idelta(b.select(took), '5m');
  // @ts-expect-error deriv is for gauges, and this is a counter: take rate or increase
  b.deriv(b.buckets(took), '5m');
  // @ts-expect-error predict_linear is for gauges, and this is a counter: take rate or increase
  b.predictLinear(b.select(calls), '5m', 60);
  b.predictLinear(b.subquery(byVerb, '5m'), 60);
  b.maxOverTime(b.select(calls), '5m');
  b.resets(b.select(size), '5m');
  // @ts-expect-error max_over_time is for numbers, and these are native histograms
  b.maxOverTime(b.select(took), '5m');
  // @ts-expect-error only a selector can have a range: write subquery(vector, range)
  b.avgOverTime(byVerb, '5m');
  // @ts-expect-error Expected 2 arguments, but got 1
  b.rate(b.select(calls));
  // @ts-expect-error Expected 2 arguments, but got 1
  b.avgOverTime(b.select(size));
  // @ts-expect-error Expected 1 arguments, but got 2
  b.avgOverTime(b.subquery(byVerb, '5m'), '5m');
  // @ts-expect-error Argument of type '"five"' is not assignable to parameter of type 'RangeLength'
  b.rate(b.select(calls), 'five');
}

/** Labels of aggregations and functions. */
export function labelMistakes(): void {
  // @ts-expect-error Argument of type '"route"' is not assignable to parameter of type '"instance" | "job" | "tenant" | "verb"'
  b.sum(perSecond).by('route');
  // @ts-expect-error Argument of type '"tenant"' is not assignable to parameter of type '"verb"'
  b.max(byVerb).by('tenant');
  // @ts-expect-error Argument of type '"verb"' is not assignable to parameter of type '"instance" | "job" | "tenant"'
  b.sum(b.sum(perSecond).without('verb')).by('verb');
  // @ts-expect-error Argument of type '"route"' is not assignable to parameter of type '"instance" | "job" | "tenant" | "verb"'
  b.topk(3, perSecond).by('route');
  b.topk(3, perSecond).without('tenant');
  // @ts-expect-error there is no label le: keep it with .by('le'); labels: verb
  b.histogramQuantile(0.9, b.sum(b.rate(b.buckets(took), '5m')).by('verb'));
  b.histogramQuantile(0.9, b.sum(b.rate(b.buckets(took), '5m')).by('le'));
  // @ts-expect-error there is no label le: keep it with .by('le'); labels: none
  b.histogramFraction(0, 1, b.sum(perSecond));
  b.histogramFraction(0, 1, b.sum(native));
  // @ts-expect-error Argument of type '"route"' is not assignable to parameter of type '"__name__" | "instance" | "job" | "tenant" | "verb"'
  b.labelReplace(perSecond, 'class', '$1', 'route', '(.).*');
  b.sum(b.labelReplace(perSecond, 'class', '$1', 'verb', '(.).*')).by('class');
  // @ts-expect-error Argument of type '"route"' is not assignable to parameter of type
  b.labelJoin(perSecond, 'both', '-', 'verb', 'route');
}

/** Kinds of samples. */
export function sampleMistakes(): void {
  // @ts-expect-error histogram_count is for native histograms: of classic ones take countOf and sumOf
  b.histogramCount(perSecond);
  b.histogramCount(native);
  // @ts-expect-error Type '(sample: "histogram") => "histogram"' is not assignable to type '(sample: "float") => "float"'
  b.abs(native);
  // @ts-expect-error histogram / histogram: no such operation on native histograms
  b.div(native, native);
  // @ts-expect-error histogram > float: no such operation on native histograms
  b.gt(native, 5);
  // @ts-expect-error float / histogram: no such operation on native histograms
  b.div(1, native);
  b.sum(b.div(b.add(native, native), 2));
}

/** How vectors match. */
export function matchingMistakes(): void {
  // @ts-expect-error only the left side has instance, job, tenant: say which labels match, with .on(...) or .ignoring(...)
  b.gt(b.div(perSecond, byVerb), 5);
  b.gt(b.div(perSecond, byVerb).on('verb').groupLeft(), 5);
  // @ts-expect-error only the right side has verb: say which labels match, with .on(...) or .ignoring(...)
  b.abs(b.div(b.sum(perSecond), byVerb));
  // @ts-expect-error only the left side has tenant, only the right side has verb: say which labels match
  b.sum(b.sub(b.sum(perSecond).by('tenant'), byVerb));
  // @ts-expect-error only the left side has verb: say which labels match, with .on(...) or .ignoring(...)
  b.gt(byVerb, b.sum(perSecond)).expr;
  b.gt(byVerb, b.sum(perSecond)).bool().on().groupLeft().expr;
  // @ts-expect-error only the left side has verb: say which labels match, with .on(...) or .ignoring(...)
  b.and(byVerb, b.vector(1)).expr;
  // @ts-expect-error only the right side has instance, job, tenant: say which labels match
  b.unless(byVerb, perSecond).expr;
  b.unless(byVerb, perSecond).on('verb').expr;
  b.or(byVerb, b.vector(0)).expr;
  b.and(byVerb, b.promql('up == 0')).expr;
  // @ts-expect-error Argument of type '"tenant"' is not assignable to parameter of type '"verb"'
  b.div(perSecond, byVerb).on('tenant');
  // @ts-expect-error Argument of type '"tenant"' is not assignable to parameter of type '"verb"'
  b.div(perSecond, byVerb).on().groupLeft('tenant');
  // @ts-expect-error Argument of type '"verb"' is not assignable to parameter of type 'never'
  b.div(perSecond, byVerb).on('verb').groupLeft('verb');
  // @ts-expect-error Property 'bool' does not exist on type 'Matched<
  b.div(perSecond, perSecond).bool();
}
