/** prom-client's `lib/metrics/eventLoopLag`: the function itself. */
import { eventLoopLag } from '../../default-metrics/event-loop.ts';

module.exports = eventLoopLag;
