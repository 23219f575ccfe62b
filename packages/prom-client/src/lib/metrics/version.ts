/** prom-client's `lib/metrics/version`: the function itself. */
import { version } from '../../default-metrics/process.ts';

module.exports = version;
