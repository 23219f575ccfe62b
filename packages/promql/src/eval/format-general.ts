/** Numbers as text: Go's `%g`, and OpenMetrics's form of it. */

/** Without a number of digits, an exponent is written from this one on. */
const EXPONENT_FROM = 6;

/** A number in the shorter of plain and exponent form, exact, or with so many significant digits. */
export function formatGeneral(value: number, digits?: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa, exponentText] = value
    .toExponential(digits === undefined ? undefined : digits - 1)
    .split('e') as [string, string];
  const exponent = Number(exponentText);
  const shortMantissa = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  if (exponent < -4 || exponent >= (digits ?? EXPONENT_FROM)) {
    const sign = exponent < 0 ? '-' : '+';
    return `${shortMantissa}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  return exponent >= 0 || digits !== undefined
    ? String(digits === undefined ? value : Number(value.toPrecision(digits)))
    : String(value).includes('e')
      ? value.toFixed(Math.min(100, -exponent + shortMantissa.length))
      : String(value);
}

/** A number that shows that it is no integer, as OpenMetrics writes the values of `le` and `quantile`. */
export function formatOpenMetrics(value: number): string {
  const text = formatGeneral(value);
  return Number.isFinite(value) && !/[.e]/.test(text) ? `${text}.0` : text;
}
