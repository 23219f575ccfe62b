/** prom-client's `lib/metrics/processMaxFileDescriptors`: the function itself. */
import { processMaxFileDescriptors } from '../../default-metrics/process.ts';

module.exports = processMaxFileDescriptors;
