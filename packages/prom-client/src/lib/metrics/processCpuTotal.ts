/** prom-client's `lib/metrics/processCpuTotal`: the function itself. */
import { processCpuTotal } from '../../default-metrics/process.ts';

module.exports = processCpuTotal;
