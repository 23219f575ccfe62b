/** prom-client's `lib/gauge`: the class itself. */
import { Gauge } from '../gauge.ts';

module.exports = Gauge;
