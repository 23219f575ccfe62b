/** Times that users of instruments choose. */

/** The longest time that a timer of Node.js can wait, in milliseconds. */
export const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * Checks a time that a timer is to wait.
 * @param whose the function that was called, and the name of the option
 * @throws RangeError where it is not above 0, or too long for a timer
 */
export function requireMs(whose: string, ms: number): void {
  if (!(ms > 0 && ms <= TIMER_MS_MAX))
    throw new RangeError(`${whose} must be above 0 and at most ${TIMER_MS_MAX} ms, not ${ms}`);
}
