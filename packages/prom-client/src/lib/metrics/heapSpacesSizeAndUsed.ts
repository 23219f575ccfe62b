/** prom-client's `lib/metrics/heapSpacesSizeAndUsed`: the function itself. */
import { heapSpacesSizeAndUsed } from '../../default-metrics/thread.ts';

module.exports = heapSpacesSizeAndUsed;
