/** prom-client's `lib/summary`: the class itself. */
import { Summary } from '../summary.ts';

module.exports = Summary;
