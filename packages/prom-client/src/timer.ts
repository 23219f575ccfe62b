/** Measuring how long something takes. */
import type { GivenLabels } from './labels.ts';

/**
 * Starts to measure. The labels of the start are read at the end, because programs go on filling them in meanwhile;
 * those of the end come on top.
 * @param ended is given labels and seconds
 * @returns ends the measurement and returns its seconds
 */
export function startTimer(
  startLabels: unknown,
  ended: (labels: GivenLabels, seconds: number, ...rest: unknown[]) => void,
): (endLabels?: unknown, ...rest: unknown[]) => number {
  const start = process.hrtime();
  return (endLabels, ...rest) => {
    const [seconds, nanoseconds] = process.hrtime(start);
    const value = seconds + nanoseconds / 1e9;
    ended({ ...(startLabels as object), ...(endLabels as object) }, value, ...rest);
    return value;
  };
}
