/** Rules and objectives that do not compile; what stands beside them does. The compiler of the tests is the test. */
import { counter, gauge, histogram, label } from '@binnacle/metrics';
import * as q from '@binnacle/promql/builder';
import { alert, latency, ratio } from '../dist/index.js';

const requests = counter({ name: 'mistaken_total', help: 'R', labels: { endpoint: label, status: label } });
const waiting = gauge({ name: 'mistaken_waiting', help: 'W', labels: { queue: label } });
const took = histogram({
  name: 'mistaken_seconds',
  unit: 'seconds',
  help: 'T',
  labels: { verb: ['get', 'put'] },
});
const byEndpoint = q.sum(q.rate(q.select(requests), '5m')).by('endpoint');

const USUAL = { for: '5m', severity: 'info', summary: 'S' } as const;

/** Placeholders know the labels that the expression has left. */
export function placeholderMistakes(): void {
  alert('A', {
    ...USUAL,
    expr: q.gt(byEndpoint, 5),
    description: ({ label, text }) => text`on ${label('endpoint')}`,
  });
  alert('A', {
    ...USUAL,
    expr: q.gt(byEndpoint, 5),
    // @ts-expect-error the aggregation has dropped status
    description: ({ label, text }) => text`on ${label('status')}`,
  });
  alert('A', {
    ...USUAL,
    expr: q.gt(q.select(waiting), 5),
    description: ({ label, text }) => text`${label('queue')} on ${label('instance')}`,
  });
  // What is text has labels that nobody knows.
  alert('A', { ...USUAL, expr: 'up == 0', description: ({ label, text }) => text`${label('anything')}` });
  alert('A', {
    ...USUAL,
    expr: q.time(),
    // @ts-expect-error a number has no labels
    description: ({ label, text }) => text`${label('job')}`,
  });
  alert('A', {
    ...USUAL,
    expr: q.gt(byEndpoint, 5),
    // @ts-expect-error a function is no placeholder: its format is missing
    description: ({ value, text }) => text`${value.printf}`,
  });
  // @ts-expect-error a template of a function is made by its tag, which sees the placeholders
  alert('A', { ...USUAL, expr: byEndpoint, description: ({ value }) => `${value.percentage}` });
  // @ts-expect-error a rule cannot give a range
  alert('A', { ...USUAL, expr: q.subquery(byEndpoint, '1h'), description: 'D' });
  // @ts-expect-error severity is one of four
  alert('A', { ...USUAL, severity: 'page', expr: byEndpoint, description: 'D' });
  const { for: _, ...withoutFor } = USUAL;
  // @ts-expect-error how long it must hold is always said
  alert('A', { ...withoutFor, expr: byEndpoint, description: 'D' });
}

/** Objectives count events, with counters. */
export function objectiveMistakes(): void {
  ratio({ total: q.select(requests), bad: q.select(requests, { status: q.re('5..') }) });
  ratio({ total: [q.select(requests), q.countOf(took)], good: 'x_total' });
  // @ts-expect-error this is a gauge
  ratio({ total: q.select(waiting), bad: q.select(requests) });
  // @ts-expect-error one of them is a gauge
  ratio({ total: [q.select(requests), q.select(waiting)], bad: q.select(requests) });
  // @ts-expect-error a metric is no selector
  ratio({ total: requests, bad: q.select(requests) });
  // @ts-expect-error a rate is no selector
  ratio({ total: byEndpoint, bad: q.select(requests) });
  // @ts-expect-error nothing says which are bad
  ratio({ total: q.select(requests) });
  // @ts-expect-error either the bad ones or the good ones
  ratio({ total: q.select(requests), bad: q.select(requests), good: q.select(requests) });
  latency({ histogram: took, threshold: 0.5, where: { verb: 'get' } });
  latency({ histogram: took, threshold: 0.5, where: { verb: q.oneOf('get', 'put') } });
  // @ts-expect-error there is no label vreb
  latency({ histogram: took, threshold: 0.5, where: { vreb: 'get' } });
  // @ts-expect-error no series has verb="post"
  latency({ histogram: took, threshold: 0.5, where: { verb: 'post' } });
  // @ts-expect-error only histograms have buckets
  latency({ histogram: requests, threshold: 0.5 });
}
