/** The selectors of a query. In a file of its own, because it brings the parser with it. */
import { parse, printExpr, type VectorSelector, walk } from '@binnacle/promql';

/** One selector: its metric, and its text without offsets. */
export interface QuerySelector {
  readonly name: string;
  readonly text: string;
}

/** Finds the selectors of a query; none when it does not parse. */
export function selectorsOf(query: string): QuerySelector[] {
  const found: QuerySelector[] = [];
  try {
    walk(parse(query), (expr) => {
      if (expr.type === 'vectorSelector') found.push({ name: expr.name, text: printExpr(bare(expr)) });
    });
  } catch {
    return [];
  }
  return found;
}

function bare(selector: VectorSelector): VectorSelector {
  const { offsetExpr: _, timestampMs: __, startOrEnd: ___, ...rest } = selector;
  return { ...rest, offsetMs: 0 };
}
