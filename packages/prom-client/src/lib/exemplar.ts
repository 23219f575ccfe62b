/** prom-client's `lib/exemplar`: the class itself. */
import { Exemplar } from '../exemplar.ts';

module.exports = Exemplar;
