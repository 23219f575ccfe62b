/** prom-client's `lib/metrics/processHandles`: the function itself. */
import { processHandles } from '../../default-metrics/thread.ts';

module.exports = processHandles;
