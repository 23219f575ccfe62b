/** prom-client's `lib/metrics/processStartTime`: the function itself. */
import { processStartTime } from '../../default-metrics/process.ts';

module.exports = processStartTime;
