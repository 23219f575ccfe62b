/** prom-client's `lib/metrics/gc`: the function itself. */
import { gc } from '../../default-metrics/event-loop.ts';

module.exports = gc;
