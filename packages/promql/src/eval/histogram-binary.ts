/**
 * Operators where an operand is a native histogram.
 *
 * Histograms can be added, subtracted and compared for equality, multiplied with a number and divided by one, and
 * trimmed at one. Everything else has no result, and the user is told.
 */
import type { NativeHistogram } from '@binnacle/metrics/model';
import type { BinaryExpr } from '../ast.ts';
import { compacted } from '../histogram/buckets.ts';
import { sameHistogram } from '../histogram/counter-reset.ts';
import { divided, HistogramSum, scaled } from '../histogram/histogram-sum.ts';
import { trimmed } from '../histogram/trim.ts';
import type { Annotations } from './annotations.ts';
import { ARITHMETIC, COMPARISON } from './arithmetic.ts';
import {
  boundsReconciled,
  incompatibleBuckets,
  incompatibleTypes,
  resetsCollided,
} from './histogram-notes.ts';

/** A sample's value. */
export type SampleValue = number | NativeHistogram;

/**
 * What an operator gives for two values: of a comparison the left one where it holds, `false` where it does not, and
 * `undefined` where the operator cannot be applied at all.
 */
export function operate(
  expr: BinaryExpr,
  lhs: SampleValue,
  rhs: SampleValue,
  notes: Annotations,
): SampleValue | false | undefined {
  const { op } = expr;
  const result = applied(expr, lhs, rhs, notes);
  if (result === 'inapplicable') {
    notes.info(incompatibleTypes(op, typeName(lhs), typeName(rhs)), expr);
    return undefined;
  }
  return result;
}

function applied(
  expr: BinaryExpr,
  lhs: SampleValue,
  rhs: SampleValue,
  notes: Annotations,
): SampleValue | false | undefined | 'inapplicable' {
  const { op } = expr;
  if (typeof lhs === 'number' && typeof rhs === 'number') {
    if (op in ARITHMETIC) return ARITHMETIC[op as keyof typeof ARITHMETIC](lhs, rhs);
    if (op in COMPARISON) return COMPARISON[op as keyof typeof COMPARISON](lhs, rhs) && lhs;
    return 'inapplicable';
  }
  if (typeof lhs === 'number')
    return op === '*' && typeof rhs !== 'number' ? compacted(scaled(rhs, lhs)) : 'inapplicable';
  if (typeof rhs === 'number') {
    switch (op) {
      case '*':
        return compacted(scaled(lhs, rhs));
      case '/':
        return compacted(divided(lhs, rhs));
      case '</':
        return trimmed(lhs, rhs, 'below');
      case '>/':
        return trimmed(lhs, rhs, 'above');
      default:
        return 'inapplicable';
    }
  }
  switch (op) {
    case '+':
    case '-':
      return combined(expr, lhs, rhs, notes);
    case '==':
      return sameHistogram(lhs, rhs) && lhs;
    case '!=':
      return !sameHistogram(lhs, rhs) && lhs;
    default:
      return 'inapplicable';
  }
}

/** The sum or the difference. */
function combined(
  expr: BinaryExpr,
  lhs: NativeHistogram,
  rhs: NativeHistogram,
  notes: Annotations,
): NativeHistogram | undefined {
  const plus = expr.op === '+';
  const operation = plus ? 'addition' : 'subtraction';
  const sum = new HistogramSum(lhs);
  const outcome = sum.add(rhs, plus ? 1 : -1);
  if (outcome === 'incompatible') {
    notes.warn(incompatibleBuckets(expr.op), expr);
    return undefined;
  }
  if (sum.hintsCollided) {
    notes.warn(resetsCollided(operation), expr);
    return undefined;
  }
  if (outcome === 'reconciled') notes.info(boundsReconciled(operation), expr);
  if (!plus) sum.hint = 'gauge';
  return compacted(sum.finish());
}

function typeName(value: SampleValue): string {
  return typeof value === 'number' ? 'float' : 'histogram';
}
