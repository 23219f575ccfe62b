/**
 * A comparison that never holds, whatever is measured: `count(x) == 0`, since `count` of nothing gives nothing; a share
 * above 1; a quantile above the largest bucket; two limits of one value that exclude each other. The alert never fires,
 * and nobody notices until the night when it should have.
 */
import {
  type BinaryExpr,
  type Expr,
  isComparison,
  metricNameOf,
  printExpr,
  unwrapParens,
  walk,
} from '@binnacle/promql';
import type { RuleCheck } from '../check.ts';
import type { RuleSubject } from '../rule-subject.ts';
import { numberOf, type Threshold, thresholdsIn } from './expression-shape.ts';
import { neverHolds, type ValueRange, valueRange } from './value-range.ts';

/** Comparisons that never hold. */
export const impossibleAlert: RuleCheck = {
  name: 'impossible-alert',
  inspect(rule, report) {
    const { tree } = rule;
    if (tree === undefined) return;
    const facts = (expr: Expr) => rule.facts(expr);
    walk(tree, (node) => {
      if (node.type !== 'binaryExpr') return;
      const found = isComparison(node.op)
        ? neverOf(node, valueRange(node.lhs, facts), valueRange(node.rhs, facts))
        : node.op === 'and'
          ? contradiction(node)
          : undefined;
      if (found === undefined) return;
      report(rule.placeOf(node), {
        severity: 'error',
        message: `${shown(node)} never holds`,
        reason: `${found.reason}, so ${effectOf(rule)}`,
        remedy: found.remedy,
      });
    });
  },
};

function effectOf({ type }: RuleSubject): string {
  return type === 'alert' ? 'the alert never fires for it' : 'nothing is recorded for it';
}

interface Impossible {
  readonly reason: string;
  readonly remedy: string;
}

function neverOf(node: BinaryExpr, left: ValueRange, right: ValueRange): Impossible | undefined {
  if (node.returnBool || !neverHolds(left, node.op, right)) return undefined;
  const isTurned = numberOf(node.lhs) !== undefined;
  const [value, range, limit] = isTurned ? [node.rhs, right, left] : [node.lhs, left, right];
  const inner = unwrapParens(value);
  const counts = inner.type === 'aggregation' && inner.op === 'count';
  if (counts && limit.max <= 1)
    return {
      reason: 'count gives no answer where there is nothing to count, and never 0',
      remedy: `use absent(${printExpr(unwrapParens(inner.expr))}).`,
    };
  if (inner.type === 'aggregation' && range.min === 0 && range.max === 0)
    return {
      reason: 'the series that pass == 0 have the value 0, and so has what is made of them',
      remedy: `count them: count(${printExpr(unwrapParens(inner.expr))}).`,
    };
  if (inner.type === 'call' && inner.func === 'histogram_quantile' && Number.isFinite(range.max))
    return {
      reason: `the largest bucket of the histogram ends at ${range.max}, and no quantile is told above it`,
      remedy: 'compare with less, or add buckets above the limit.',
    };
  if (inner.type === 'vectorSelector' && metricNameOf(inner) === 'up')
    return { reason: 'up is 0 or 1', remedy: 'compare it with 0 or 1: up == 0.' };
  if (range.min === 0 && range.max === 1)
    return {
      reason: 'it is a share, between 0 and 1',
      remedy: 'compare it with a share: 0.05 for 5 percent.',
    };
  return {
    reason: `${shown(value)} is ${inWords(range)}`,
    remedy: 'compare it with a number that it can pass.',
  };
}

/** Two limits of the same value that no number keeps. */
function contradiction(node: BinaryExpr): Impossible | undefined {
  const { matching } = node;
  if (matching === undefined || matching.on || matching.labels.length > 0) return undefined;
  const [left, right] = [limitsOf(node.lhs), limitsOf(node.rhs)];
  for (const a of left) {
    for (const b of right) {
      if (printExpr(unwrapParens(a.value)) !== printExpr(unwrapParens(b.value)) || !excludeEachOther(a, b))
        continue;
      return {
        reason: `no value is ${a.op} ${a.limit} and ${b.op} ${b.limit} at once`,
        remedy: 'correct the limits, or use or where either is meant.',
      };
    }
  }
  return undefined;
}

/** The limits that hold together at the top of an expression. */
function limitsOf(expr: Expr): readonly Threshold[] {
  const inner = unwrapParens(expr);
  if (inner.type !== 'binaryExpr') return [];
  if (inner.op === 'and') return [...limitsOf(inner.lhs), ...limitsOf(inner.rhs)];
  return thresholdsIn(inner).filter(({ comparison }) => comparison === inner);
}

function excludeEachOther(a: Threshold, b: Threshold): boolean {
  const low = a.op.startsWith('>') ? a : b.op.startsWith('>') ? b : undefined;
  const high = a.op.startsWith('<') ? a : b.op.startsWith('<') ? b : undefined;
  if (low !== undefined && high !== undefined) {
    if (low.limit === high.limit) return low.op === '>' || high.op === '<';
    return low.limit > high.limit;
  }
  if (a.op === '==' && b.op === '==') return a.limit !== b.limit;
  const [equal, other] = a.op === '==' ? [a, b] : [b, a];
  if (equal.op !== '==') return false;
  if (other.op === '!=') return equal.limit === other.limit;
  const point = { min: equal.limit, max: equal.limit };
  return neverHolds(point, other.op, { min: other.limit, max: other.limit });
}

function inWords({ min, max }: ValueRange): string {
  if (min === max) return `always ${min}`;
  if (min === Number.NEGATIVE_INFINITY) return `never above ${max}`;
  return max === Number.POSITIVE_INFINITY
    ? min === 0
      ? 'never negative'
      : `never below ${min}`
    : `between ${min} and ${max}`;
}

const CHARACTERS_MAX = 60;

function shown(expr: Expr): string {
  const text = printExpr(unwrapParens(expr));
  return text.length <= CHARACTERS_MAX ? text : `${text.slice(0, CHARACTERS_MAX - 3)}...`;
}
