/**
 * Gauges that are the sum of what several things say when somebody asks: the pools of a process, of which each knows
 * its connections. What has gone is let go of when it is next asked, and the last one takes the callback with it.
 */
import type { Gauge } from '../gauge.ts';
import { INSIDE } from '../inside.ts';
import { knownOf } from '../instrument/copies.ts';

type Level = Gauge<Record<never, never>>;

/** What one thing says now; undefined when it has gone. */
export type Reading = () => number | undefined;

const READINGS = Symbol.for('@binnacle/metrics/levels/v1');

/** Adds to a gauge what a thing says, from now on and until it has gone. */
export function addReading(gauge: Level, reading: Reading): void {
  const readings = knownOf(READINGS, gauge, () => new Set<Reading>());
  if (readings.size === 0) {
    const { registry, shape } = gauge[INSIDE];
    const end = registry.onCollect(shape.name, () => {
      gauge.set(sumOf(readings));
      if (readings.size === 0) end();
    });
  }
  readings.add(reading);
}

function sumOf(readings: Set<Reading>): number {
  let sum = 0;
  for (const reading of readings) {
    const value = reading();
    if (value === undefined) readings.delete(reading);
    else sum += value;
  }
  return sum;
}
