/** prom-client's `lib/counter`: the class itself. */
import { Counter } from '../counter.ts';

module.exports = Counter;
