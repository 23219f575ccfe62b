/**
 * Durations as Prometheus writes them: `1h30m`, `5m`, `250ms`.
 *
 * Units are `y` (365 days), `w`, `d`, `h`, `m`, `s` and `ms`, each at most once and in this order. A lone `0` is
 * allowed. In milliseconds.
 */

const UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ['y', 365 * 86_400_000],
  ['w', 7 * 86_400_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
];

/** The longest duration: 2^63 nanoseconds. */
export const DURATION_MS_MAX = 9_223_372_036_854;

/**
 * Reads a duration.
 * @returns milliseconds
 * @throws RangeError with Prometheus's message when the text is no duration
 */
export function parseDuration(text: string): number {
  if (text === '0') return 0;
  if (text === '') throw new RangeError('empty duration string');
  let total = 0;
  let last = -1;
  let at = 0;
  while (at < text.length) {
    const number = digitsFrom(text, at);
    if (number === at) throw new RangeError(`not a valid duration string: ${JSON.stringify(text)}`);
    let end = number;
    while (end < text.length && !isDigit(text.charCodeAt(end))) end++;
    const unit = text.slice(number, end);
    const index = UNITS.findIndex(([name]) => name === unit);
    if (unit === '') throw new RangeError(`not a valid duration string: ${JSON.stringify(text)}`);
    if (index < 0)
      throw new RangeError(`unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`);
    if (index <= last) throw new RangeError(`not a valid duration string: ${JSON.stringify(text)}`);
    total += Number(text.slice(at, number)) * UNITS[index]![1];
    if (total > DURATION_MS_MAX) throw new RangeError('duration out of range');
    last = index;
    at = end;
  }
  return total;
}

/** Writes a duration; years and weeks only where nothing remains, since `90d` reads better than `12w6d`. */
export function formatDuration(ms: number): string {
  if (ms < 0) return `-${formatDuration(-ms)}`;
  ms = Math.trunc(ms);
  if (ms === 0) return '0s';
  let text = '';
  for (const [unit, size] of UNITS) {
    if ((unit === 'y' || unit === 'w') && ms % size !== 0) continue;
    const count = Math.floor(ms / size);
    if (count > 0) text += `${count}${unit}`;
    ms -= count * size;
  }
  return text;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function digitsFrom(text: string, at: number): number {
  while (at < text.length && isDigit(text.charCodeAt(at))) at++;
  return at;
}
