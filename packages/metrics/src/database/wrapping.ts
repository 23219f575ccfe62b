/**
 * Replacing methods of one object, so that what it does can be measured. Prototypes are not touched; the replacement
 * shows no more than the method did, and calls what was there before, whoever put it there.
 */
import type { DatabaseParts } from './metrics.ts';

/** A method as it is called. */
export type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Replaces a method of an object by what `wrap` makes of it; an object without it, or that is frozen, stays as it is. */
export function replaceMethod(target: object, name: string, wrap: (original: Method) => Method): void {
  const original: unknown = Reflect.get(target, name);
  if (typeof original !== 'function') return;
  Reflect.defineProperty(target, name, {
    value: wrap(original as Method),
    writable: true,
    configurable: true,
    enumerable: false,
  });
}

const MEASURED = Symbol.for('@binnacle/metrics/database/measured/v1');

/**
 * Whether an object is not measured with these metrics yet, which it is from now on. Two sets with the same parts are
 * the same, as the same definition twice is the same metric.
 */
export function claim(target: object, metrics: DatabaseParts): boolean {
  const holder = globalThis as { [MEASURED]?: WeakMap<object, DatabaseParts[]> };
  holder[MEASURED] ??= new WeakMap();
  const claims = holder[MEASURED].get(target) ?? [];
  if (claims.some((other) => haveSameParts(other, metrics))) return false;
  claims.push(metrics);
  holder[MEASURED].set(target, claims);
  return true;
}

function haveSameParts(a: DatabaseParts, b: DatabaseParts): boolean {
  return (
    a.duration === b.duration &&
    a.errors === b.errors &&
    a.connections === b.connections &&
    a.idle === b.idle &&
    a.waiting === b.waiting &&
    a.connectionsMax === b.connectionsMax &&
    a.wait === b.wait
  );
}
