/** prom-client's `lib/metrics/heapSizeAndUsed`: the function itself. */
import { heapSizeAndUsed } from '../../default-metrics/thread.ts';

module.exports = heapSizeAndUsed;
