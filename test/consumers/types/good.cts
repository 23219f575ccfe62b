// Compiles under every resolution of both compilers. The same program is good.mts.
import {
  counter,
  defineMetrics,
  gauge,
  histogram,
  label,
  metricsHandler,
  serveMetrics,
} from '@binnacle/metrics';
import * as exposition from '@binnacle/metrics/exposition';
import * as model from '@binnacle/metrics/model';
import * as runtime from '@binnacle/metrics/runtime';
import { value } from '@binnacle/metrics/testing';

const uploads = counter({
  name: 'uploads_total',
  help: 'U',
  labels: { status: ['ok', 'failed'], customer: label },
});
uploads.inc({ status: 'ok', customer: 'acme' });
uploads.bind({ customer: 'acme' }).inc({ status: 'failed' });
const depth = gauge({ name: 'queue_depth', help: 'D' });
depth.set(3);
const took = histogram({ name: 'took_seconds', unit: 'seconds', help: 'T', buckets: [0.1, 1] });
took.observeMs(12);
const both = defineMetrics((m) => ({ total: m.counter({ name: 'both_total', help: 'B' }) }));
both.total.inc();
const counted: number = value(uploads, { status: 'ok', customer: 'acme' });
export const all = { counted, handler: metricsHandler(), serve: serveMetrics, exposition, model, runtime };
