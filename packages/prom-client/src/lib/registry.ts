/** prom-client's `lib/registry`: the class itself. */
import { Registry } from '../registry.ts';

module.exports = Registry;
