/** Functions of one number: arithmetic, trigonometry, date and time. */

type NumberFunction = (value: number) => number;

/** Functions of each sample alone. */
export const NUMBER_FUNCTIONS: Readonly<Record<string, NumberFunction>> = {
  abs: Math.abs,
  acos: Math.acos,
  acosh: Math.acosh,
  asin: Math.asin,
  asinh: Math.asinh,
  atan: Math.atan,
  atanh: Math.atanh,
  ceil: Math.ceil,
  cos: Math.cos,
  cosh: Math.cosh,
  deg: (value) => (value * 180) / Math.PI,
  exp: Math.exp,
  floor: Math.floor,
  ln: Math.log,
  log10: Math.log10,
  log2: Math.log2,
  rad: (value) => (value * Math.PI) / 180,
  sgn: (value) => (value < 0 ? -1 : value > 0 ? 1 : value),
  sin: Math.sin,
  sinh: Math.sinh,
  sqrt: Math.sqrt,
  tan: Math.tan,
  tanh: Math.tanh,
};

/** Functions of a time in seconds since 1970, in UTC. */
export const DATE_FUNCTIONS: Readonly<Record<string, NumberFunction>> = {
  days_in_month: dated((date) =>
    new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate(),
  ),
  day_of_month: dated((date) => date.getUTCDate()),
  day_of_week: dated((date) => date.getUTCDay()),
  day_of_year: dated(
    (date) => Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000) + 1,
  ),
  hour: dated((date) => date.getUTCHours()),
  minute: dated((date) => date.getUTCMinutes()),
  month: dated((date) => date.getUTCMonth() + 1),
  year: dated((date) => date.getUTCFullYear()),
};

/** `round(value, nearest)`; halves go up. */
export function roundTo(value: number, nearest: number): number {
  // Divided by the inverse, because that loses less.
  const inverse = 1 / nearest;
  return Math.floor(value * inverse + 0.5) / inverse;
}

/** `clamp`, where a NaN stays one. */
export function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}

function dated(part: (date: Date) => number): NumberFunction {
  return (seconds) => part(new Date(Math.trunc(seconds) * 1000));
}
