/** prom-client's `lib/metrics/osMemoryHeap`: the function itself. */
import { osMemoryHeap } from '../../default-metrics/process.ts';

module.exports = osMemoryHeap;
