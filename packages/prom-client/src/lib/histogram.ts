/** prom-client's `lib/histogram`: the class itself. */
import { Histogram } from '../histogram.ts';

module.exports = Histogram;
