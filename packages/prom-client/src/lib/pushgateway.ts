/** prom-client's `lib/pushgateway`: the class itself. */
import { Pushgateway } from '../pushgateway.ts';

module.exports = Pushgateway;
