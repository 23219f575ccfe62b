/** prom-client's `lib/cluster`: the class itself. */
import { AggregatorRegistry } from '../cluster.ts';

module.exports = AggregatorRegistry;
