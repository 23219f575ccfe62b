/** Which databases are measured with which metrics, so that each is once. */
import { knownOf } from '../instrument/copies.ts';
import type { DatabaseParts } from './metrics.ts';

const MEASURED = Symbol.for('@binnacle/metrics/database/measured/v1');

/**
 * Whether an object is not measured with these metrics yet, which it is from now on. Two sets with the same parts are
 * the same, as the same definition twice is the same metric.
 */
export function claim(target: object, metrics: DatabaseParts): boolean {
  const claims = knownOf(MEASURED, target, (): DatabaseParts[] => []);
  if (claims.some((other) => haveSameParts(other, metrics))) return false;
  claims.push(metrics);
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
