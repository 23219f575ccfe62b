/**
 * Units that do not fit: seconds are added to bytes, or compared with them. Units come from the catalog and from names
 * (`_seconds`, `_bytes_total`), and are carried through rates, quotients, products and quantiles. What is not known
 * fits to everything, and so does a number in the query.
 */
import { isComparison } from '../../ast.ts';
import { type Check, quoted } from '../inspection.ts';
import { fits, unitInWords } from '../unit.ts';

/** Sums, differences and comparisons of different units. */
export const unitMismatch: Check = {
  name: 'unit-mismatch',
  inspect(expr, inspection) {
    if (expr.type !== 'binaryExpr') return;
    const { op } = expr;
    if (op !== '+' && op !== '-' && !isComparison(op)) return;
    const [left, right] = [inspection.facts(expr.lhs), inspection.facts(expr.rhs)];
    if (left.kind === 'constant' || right.kind === 'constant') return;
    if (left.unit === undefined || right.unit === undefined || fits(left.unit, right.unit)) return;
    const [a, b] = [unitInWords(left.unit), unitInWords(right.unit)];
    const deed = isComparison(op) ? 'compared' : op === '+' ? 'added' : 'subtracted';
    inspection.report(expr, {
      severity: 'warning',
      message: `${a} and ${b} are ${deed}`,
      reason: `${quoted(expr.lhs)} is in ${a}, ${quoted(expr.rhs)} in ${b}, so the answer means nothing`,
      remedy: 'compare or add what has the same unit, and convert one side where both measure the same.',
    });
  },
};
