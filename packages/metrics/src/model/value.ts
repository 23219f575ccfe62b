/** Sample values as text. */

/**
 * A value as Prometheus writes it: the shortest decimal that reads back the same, an exponent only below 1e-6
 * and from 1e21 on and then with two digits at least, `NaN`, `+Inf`, `-Inf`.
 */
export function formatValue(value: number): string {
  if (Number.isFinite(value)) {
    const text = Object.is(value, -0) ? '-0' : String(value);
    return text.includes('e') ? text.replace(/e([+-])(\d)$/, 'e$10$2') : text;
  }
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}
