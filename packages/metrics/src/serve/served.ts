/** The servers of this process by registry, over all copies of this package: one that is attached twice counts twice. */
import type { Registry } from '../registry.ts';
import type { MetricsServer } from './server.ts';

const SERVED: unique symbol = Symbol.for('@binnacle/metrics/served/v1');

/** The servers that were asked for, whether or not they answer yet. */
export function served(): WeakMap<Registry, Promise<MetricsServer>> {
  const holder = globalThis as { [SERVED]?: WeakMap<Registry, Promise<MetricsServer>> };
  holder[SERVED] ??= new WeakMap();
  return holder[SERVED];
}
