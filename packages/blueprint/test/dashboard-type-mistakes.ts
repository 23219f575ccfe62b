/**
 * Dashboards that do not compile, each with a part of what the compiler says above it; `dashboard-types.test.ts` asks
 * for it. What stands without a reason compiles.
 */
import { counter, gauge as gaugeMetric, label } from '@binnacle/metrics';
import { buckets, div, gt, rate, re, select, sum } from '@binnacle/promql/builder';
import * as b from '../dist/index.js';

const requests = counter({
  name: 'http_requests_total',
  help: 'Requests answered.',
  labels: { status: ['200', '500'], endpoint: label },
});
const waiting = gaugeMetric({ name: 'jobs_waiting', help: 'Jobs that wait.', labels: { queue: label } });

export function expressions(): void {
  b.timeseries('Requests', sum(rate(select(requests), '$__rate_interval')).by('status'));
  // @ts-expect-error there is no label stauts; labels: endpoint, instance, job, status
  b.timeseries('Requests', rate(select(requests, { stauts: '500' }), '$__rate_interval'));
  // @ts-expect-error is not assignable to parameter of type '"endpoint" | "instance" | "job" | "status"'
  b.timeseries('Requests', sum(rate(select(requests), '$__rate_interval')).by('stauts'));
  // @ts-expect-error '"404"' is not assignable to type '"200" | "500"
  b.stat('Requests', rate(select(requests, { status: '404' }), '$__rate_interval'));
  // @ts-expect-error rate is for counters, and this is a gauge: take delta or deriv
  b.stat('Waiting', rate(select(waiting), '$__rate_interval'));
  // @ts-expect-error Argument of type '"$__rate_intervall"' is not assignable to parameter of type 'RangeLength'
  b.stat('Requests', rate(select(requests), '$__rate_intervall'));
  // @ts-expect-error only histograms have buckets, and this is a counter
  b.heatmap('Latency', sum(rate(buckets(requests), '$__rate_interval')).by('le'));
  // @ts-expect-error only the left side has queue: say which labels match, with .on(...) or .ignoring(...)
  b.gauge('Full', gt(div(sum(select(waiting)).by('queue'), sum(select(waiting))), 0));
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a dashboard's placeholder
  b.stat('Requests', rate(select(requests), '${window}'));
}

export function panels(): void {
  b.timeseries({ title: 'T', queries: { a: 'up', b: sum(select(waiting)) } });
  // @ts-expect-error Types of property 'queries' are incompatible
  b.timeseries({ title: 'T', expr: 'up', queries: [] });
  // @ts-expect-error Property 'expr' is missing
  b.timeseries({ title: 'T' });
  // @ts-expect-error Argument of type 'number' is not assignable to parameter of type 'Asked'
  b.timeseries('T', 5);
  // @ts-expect-error 'orientation' does not exist in type
  b.timeseries('T', 'up', { orientation: 'vertical' });
  // @ts-expect-error '"sideways"' is not assignable to type '"auto" | "horizontal" | "vertical"
  b.barGauge('T', 'up', { orientation: 'sideways' });
  // @ts-expect-error '"greeen"' is not assignable to type 'Color'
  b.stat('T', 'up', { thresholds: [{ color: 'greeen' }] });
  // @ts-expect-error '"greeen"' is not assignable to type 'Color'
  b.stat('T', 'up', { colors: { a: 'greeen' } });
  // @ts-expect-error '"median"' is not assignable to type 'Calc | undefined'
  b.stat('T', 'up', { calc: 'median' });
  // @ts-expect-error 'special' does not exist in type
  b.stat('T', 'up', { mappings: [{ special: 'nil', text: 'x' }] });
  // @ts-expect-error 'nam' does not exist in type
  b.stat('T', 'up', { overrides: [{ match: { nam: 'a' }, unit: 's' }] });
  // @ts-expect-error Argument of type 'number' is not assignable to parameter of type 'string'
  b.text('T', 5);
}

export function variables(): void {
  b.labelVariable('endpoint', { metric: requests });
  b.labelVariable('route', { metric: requests, of: 'endpoint' });
  b.labelVariable('status', { metric: select(requests, { endpoint: re('$endpoint') }) });
  b.labelVariable('anything', { metric: 'up' });
  // @ts-expect-error '"endpont"' is not assignable to parameter of type '"endpoint" | "instance" | "job" | "status"'
  b.labelVariable('endpont', { metric: requests });
  // @ts-expect-error '"stauts"' is not assignable to type '"endpoint" | "instance" | "job" | "status"
  b.labelVariable('route', { metric: requests, of: 'stauts' });
  // @ts-expect-error '"queue"' is not assignable to type '"endpoint" | "instance" | "job" | "status"
  b.labelVariable('route', { metric: select(requests), of: 'queue' });
  // @ts-expect-error '"upwards"' is not assignable to type 'VariableSort
  b.labelVariable('job', { metric: 'up', sort: 'upwards' });
}

export function parts(): void {
  // @ts-expect-error '"both"' is not assignable to type '"line" | "single" | "values"'
  b.dashboard({ title: 'D', pointer: 'both' });
  // @ts-expect-error Type 'Row' is not assignable to type 'Panel'
  b.row('R', [b.row('S', [])]);
  // @ts-expect-error 'dropdown' does not exist in type 'LinkSettings'
  b.link('Go', '/x', { dropdown: true });
  // @ts-expect-error '"pink"' is not assignable to type 'Color
  b.annotation('Deploys', 'up', { color: 'pink' });
}
