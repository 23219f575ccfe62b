/** prom-client's `lib/metrics/processResources`: the function itself. */
import { processResources } from '../../default-metrics/thread.ts';

module.exports = processResources;
