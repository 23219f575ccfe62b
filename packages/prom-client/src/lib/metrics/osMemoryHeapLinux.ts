/** prom-client's `lib/metrics/osMemoryHeapLinux`: the function itself. */
import { osMemoryHeapLinux } from '../../default-metrics/process.ts';

module.exports = osMemoryHeapLinux;
