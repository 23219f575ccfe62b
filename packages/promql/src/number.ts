/** Number literals: decimal, hexadecimal, octal, binary, with underscores between digits. */

const UNDERSCORES_MISPLACED = /(^|[^0-9a-fA-FxXoObB])_|_($|[^0-9a-fA-F])/;
const INT64_MAX = 2n ** 63n - 1n;

/**
 * The value of a number literal.
 * @throws RangeError in Go's words when the text is no number or is out of range
 */
export function parseNumber(text: string): number {
  const lower = text.toLowerCase();
  if (lower === 'inf') return Number.POSITIVE_INFINITY;
  if (lower === 'nan') return Number.NaN;
  const invalid = (why: string): RangeError =>
    new RangeError(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: ${why}`);
  if (lower.includes('_') && UNDERSCORES_MISPLACED.test(lower)) throw invalid('invalid syntax');
  const plain = lower.replaceAll('_', '');
  if (/^0[xob]/.test(plain)) {
    const integer = /^0(x[0-9a-f]+|o[0-7]+|b[01]+)$/.test(plain) ? BigInt(plain) : undefined;
    if (integer === undefined || integer > INT64_MAX) throw invalid('invalid syntax');
    return Number(integer);
  }
  if (/^0[0-7]+$/.test(plain)) {
    const integer = BigInt(`0o${plain.slice(1)}`);
    if (integer <= INT64_MAX) return Number(integer);
  }
  if (!/^([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$/.test(plain)) throw invalid('invalid syntax');
  const value = Number(plain);
  if (!Number.isFinite(value)) throw invalid('value out of range');
  return value;
}
