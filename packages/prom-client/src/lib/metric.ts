/** prom-client's `lib/metric`. */
import { Metric } from '../metric.ts';

module.exports = { Metric };
