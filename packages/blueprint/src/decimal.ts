/** Numbers as people and files write them: `0.001`, not `0.0009999999999999432` and not `1e-7`. */

/** Digits that count; doubles have some 16, of which calculations spoil the last ones. */
const DIGITS = 12;

/** A number without the noise of binary fractions. */
export function rounded(value: number, digits: number = DIGITS): number {
  return Number(value.toPrecision(digits));
}

/** A number as a decimal without noise and without exponent. */
export function decimal(value: number): string {
  const [mantissa, exponent] = rounded(value).toExponential().split('e') as [string, string];
  const places = Math.max(0, mantissa.replace(/^-?\d\.?/, '').length - Number(exponent));
  return rounded(value).toFixed(places);
}

/** A share as a percentage: `99.9%`. */
export function percent(share: number): string {
  return `${decimal(share * 100)}%`;
}

/** How many decimals a percentage needs to tell a share from its neighbours. */
export function percentDecimals(share: number): number {
  return decimal(share * 100).split('.')[1]?.length ?? 0;
}
