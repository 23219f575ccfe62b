/** prom-client's `lib/timeWindowQuantiles`: the class itself. */
import { TimeWindowQuantiles } from '../time-window-quantiles.ts';

module.exports = TimeWindowQuantiles;
