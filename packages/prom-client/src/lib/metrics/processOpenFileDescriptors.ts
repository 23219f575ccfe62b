/** prom-client's `lib/metrics/processOpenFileDescriptors`: the function itself. */
import { processOpenFileDescriptors } from '../../default-metrics/process.ts';

module.exports = processOpenFileDescriptors;
