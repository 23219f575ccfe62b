/**
 * A share that is always 1: `rate(x{status="success"}[5m]) / rate(x[5m])`. Without `on` or `ignoring` each series finds
 * the one with the same labels, which is itself; the others of the right side find no partner and are gone.
 *
 * Recognised are sides that are the same but for matchers, and in which nothing is aggregated: an aggregation would
 * add up what the matchers let pass.
 */
import { children, type Expr, unwrapParens, type VectorSelector } from '../../ast.ts';
import { printExpr, printMatcher } from '../../printer.ts';
import { type Check, quoted } from '../inspection.ts';

/** Quotients of series and themselves. */
export const dividedByItself: Check = {
  name: 'divided-by-itself',
  inspect(expr, inspection) {
    if (expr.type !== 'binaryExpr' || expr.op !== '/' || expr.matching === undefined) return;
    const { on, labels, card } = expr.matching;
    if (on || labels.length > 0 || card !== 'one-to-one') return;
    const left = onlySelector(expr.lhs);
    const right = onlySelector(expr.rhs);
    if (left === undefined || right === undefined) return;
    if (printExpr(bare(expr.lhs)) !== printExpr(bare(expr.rhs))) return;
    if (!isSubset(left, right) && !isSubset(right, left)) return;
    inspection.report(expr, {
      severity: 'warning',
      message: `${quoted(expr.lhs)} is divided by itself`,
      reason:
        'without on or ignoring each series is divided by the one with the same labels, which is itself, so the answer is always 1',
      remedy: 'aggregate both sides by the labels that the share is wanted for: sum(a) / sum(b).',
    });
  },
};

/** The only selector below an expression of functions of one series each. */
function onlySelector(expr: Expr): VectorSelector | undefined {
  const inner = unwrapParens(expr);
  if (inner.type === 'vectorSelector') return inner.name === '' ? undefined : inner;
  if (inner.type === 'matrixSelector') return onlySelector(inner.selector);
  if (inner.type !== 'call' || inner.func.startsWith('histogram_') || inner.func.startsWith('absent'))
    return undefined;
  const found = children(inner).flatMap((child) => onlySelector(child) ?? []);
  return found.length === 1 ? found[0] : undefined;
}

/** A side as it is when its selector has no matchers. */
function bare(expr: Expr): Expr {
  switch (expr.type) {
    case 'vectorSelector':
      return { ...expr, matchers: expr.matchers.filter(({ name }) => name === '__name__') };
    case 'matrixSelector':
      return {
        ...expr,
        selector: {
          ...expr.selector,
          matchers: expr.selector.matchers.filter(({ name }) => name === '__name__'),
        },
      };
    case 'call':
      return { ...expr, args: expr.args.map(bare) };
    case 'parenExpr':
      return bare(expr.expr);
    default:
      return expr;
  }
}

function isSubset(a: VectorSelector, b: VectorSelector): boolean {
  const matchers = new Set(b.matchers.map(printMatcher));
  return a.matchers.every((matcher) => matchers.has(printMatcher(matcher)));
}
