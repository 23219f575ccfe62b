/**
 * Writes a syntax tree over several lines, as Prometheus's `promtool promql format` does; the text parses to the same
 * tree.
 *
 * An expression that fits into the width, counted in bytes and without its indentation, stays on one line. Of a longer
 * one each part has lines of its own, two spaces further in:
 *
 * ```
 *   sum by (job) (            what is called stays in front of its parenthesis,
 *     rate(a[5m])             arguments have a line each,
 *   )
 * /                           an operator stands between its sides,
 *   sum(b)                    which are further in than it is
 * ```
 *
 * Selectors, numbers and strings are never broken. One thing is unlike Prometheus: a subquery that fits is indented
 * like everything else.
 */
import { type Expr, hasParameter } from './ast.ts';
import { byteOffsets } from './position.ts';
import { aggregationHead, operatorText, printExpr, subquerySuffix } from './printer.ts';

/** Columns of a line, beyond which an expression is broken. */
const WIDTH = 100;
const INDENT = '  ';

/** What {@link prettyExpr} may be told. */
export interface PrettyOptions {
  /** Columns of a line, beyond which an expression is broken; 100. */
  readonly width?: number;
}

/** An expression as PromQL over several lines. */
export function prettyExpr(expr: Expr, { width = WIDTH }: PrettyOptions = {}): string {
  return pretty(expr, 0, width);
}

function pretty(expr: Expr, level: number, width: number): string {
  const indent = INDENT.repeat(level);
  const text = printExpr(expr);
  if (byteLength(text) <= width) return indent + text;
  const block = (head: string, parts: readonly Expr[]): string => {
    const lines = parts.map((part) => pretty(part, level + 1, width));
    return `${indent}${head}(\n${lines.join(',\n')}\n${indent})`;
  };
  switch (expr.type) {
    case 'aggregation': {
      const { op, param } = expr;
      return block(
        aggregationHead(expr),
        hasParameter(op) && param !== undefined ? [param, expr.expr] : [expr.expr],
      );
    }
    case 'binaryExpr': {
      const [lhs, rhs] = [pretty(expr.lhs, level + 1, width), pretty(expr.rhs, level + 1, width)];
      return `${lhs}\n${indent}${operatorText(expr)}\n${rhs}`;
    }
    case 'call':
      return expr.args.length === 0 ? indent + text : block(expr.func, expr.args);
    case 'parenExpr':
      return block('', [expr.expr]);
    case 'subquery':
      return pretty(expr.expr, level, width) + subquerySuffix(expr);
    case 'unaryExpr':
      return `${indent}${expr.op}${pretty(expr.expr, level, width).trimStart()}`;
    case 'matrixSelector':
    case 'numberLiteral':
    case 'stringLiteral':
    case 'vectorSelector':
      return indent + text;
  }
}

function byteLength(text: string): number {
  return byteOffsets(text)?.at(-1) ?? text.length;
}
