/** How the bounds of buckets stand in the label `le`. */
import { formatValue } from '@binnacle/metrics/model';

/**
 * The values that `le` can have for a bound. Prometheus 3 and OpenMetrics write `1.0` and `1e+06` for what the older
 * text format writes as `1` and `1000000`; which one is stored depends on what was scraped, and by whom.
 */
export function boundTexts(bound: number): readonly string[] {
  const plain = formatValue(bound);
  const canonical = canonicalText(bound);
  return plain === canonical ? [plain] : [plain, canonical];
}

/** As Go's `%g` writes it, with a `.0` where neither point nor exponent stands. */
function canonicalText(bound: number): string {
  const [mantissa, exponent] = bound.toExponential().split('e') as [string, string];
  const power = Number(exponent);
  if (bound === 0) return '0.0';
  if (power >= -4 && power < 6) {
    const text = String(bound);
    return text.includes('.') ? text : `${text}.0`;
  }
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}
