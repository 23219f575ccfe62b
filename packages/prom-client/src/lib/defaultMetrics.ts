/** prom-client's `lib/defaultMetrics`: the function itself. */
import { collectDefaultMetrics } from '../default-metrics.ts';

module.exports = collectDefaultMetrics;
