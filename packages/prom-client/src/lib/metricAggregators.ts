/** prom-client's `lib/metricAggregators`. */
import { AggregatorFactory, aggregators } from '../aggregators.ts';

module.exports = { AggregatorFactory, aggregators };
