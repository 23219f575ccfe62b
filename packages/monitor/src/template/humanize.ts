/** Numbers in human form, as Prometheus and Alertmanager both print them in templates. */
import { formatFloat, parseFloat64 } from './go-number.ts';
import { DURATION, GoTime, printTime } from './go-time.ts';
import { GoScalar, type GoValue, typeName } from './go-value.ts';

const SMALL = ['m', 'u', 'n', 'p', 'f', 'a', 'z', 'y'];
const LARGE = ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];
const LARGE_BINARY = ['ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi'];

/** A value as a number: also a string that holds one, and a duration in seconds. @throws Error in Go's words */
export function numberOf(value: GoValue): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'string') return parseFloat64(value);
  if (value instanceof GoScalar && typeof value.value === 'bigint') {
    if (value.type === DURATION) return Number(value.value) / 1e9;
    if (value.type.name === 'int64') return Number(value.value);
  }
  throw new Error(`can't convert ${typeName(value)} to float`);
}

function four(value: number): string {
  return formatFloat(value, 'g', 4);
}

/** With metric prefixes: `1.235M`, `12.3m`. */
export function humanize(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return four(value);
  return Math.abs(value) >= 1 ? scaled(value, LARGE, 1000) : small(value);
}

/** With binary prefixes: `1.5Mi`. */
export function humanize1024(value: number): string {
  if (Math.abs(value) <= 1 || !Number.isFinite(value)) return four(value);
  return scaled(value, LARGE_BINARY, 1024);
}

/** A ratio in percent. */
export function humanizePercentage(value: number): string {
  return `${four(value * 100)}%`;
}

function scaled(value: number, prefixes: readonly string[], step: number): string {
  let prefix = '';
  for (const larger of prefixes) {
    if (Math.abs(value) < step) break;
    prefix = larger;
    value /= step;
  }
  return four(value) + prefix;
}

function small(value: number): string {
  let prefix = '';
  for (const smaller of SMALL) {
    if (Math.abs(value) >= 1) break;
    prefix = smaller;
    value *= 1000;
  }
  return four(value) + prefix;
}

/** Seconds as `1d 2h 3m 4s`, or with a prefix below one. */
export function humanizeDuration(value: number): string {
  if (!Number.isFinite(value)) return four(value);
  if (value === 0) return `${four(value)}s`;
  if (Math.abs(value) < 1) return `${small(value)}s`;
  const sign = value < 0 ? '-' : '';
  const seconds = Math.abs(value);
  const whole = BigInt(Math.trunc(Math.min(seconds, 2 ** 63 - 1024)));
  const s = whole % 60n;
  const m = (whole / 60n) % 60n;
  const h = (whole / 3600n) % 24n;
  const d = whole / 86_400n;
  if (d > 0n) return `${sign}${d}d ${h}h ${m}m ${s}s`;
  if (h > 0n) return `${sign}${h}h ${m}m ${s}s`;
  if (m > 0n) return `${sign}${m}m ${s}s`;
  return `${sign}${four(seconds)}s`;
}

/** A Unix time in seconds as Go prints times. */
export function humanizeTimestamp(value: number): string {
  return Number.isFinite(value) ? printTime(timeOf(value)) : four(value);
}

/** A Unix time in seconds, to the millisecond. @throws Error when it is none */
export function timeOf(value: number): GoTime {
  if (!Number.isFinite(value)) throw new Error('value is NaN or Inf');
  const nanoseconds = value * 1e9;
  if (nanoseconds > 2 ** 63 || nanoseconds < -(2 ** 63))
    throw new Error(
      `${formatFloat(value, 'g', -1)} cannot be represented as a nanoseconds timestamp since it overflows int64`,
    );
  return new GoTime((BigInt(Math.trunc(nanoseconds)) / 1_000_000n) * 1_000_000n);
}
