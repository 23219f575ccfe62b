/** prom-client's `lib/metrics/processRequests`: the function itself. */
import { processRequests } from '../../default-metrics/thread.ts';

module.exports = processRequests;
