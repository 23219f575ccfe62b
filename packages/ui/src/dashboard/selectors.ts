/** The selectors of a query, and names that are nearly right. In a file of its own, because it brings the parser. */
import { type Matcher, parse, printExpr, type VectorSelector, walk } from '@binnacle/promql';

export { matcherTest, nearest, printMatcher } from '@binnacle/promql';

/** One selector. */
export interface QuerySelector {
  /** Its metric; empty where only conditions name it. */
  readonly name: string;
  /** Its text without offsets. */
  readonly text: string;
  /** Its conditions on labels, the name's left out. */
  readonly conditions: readonly Matcher[];
}

/** Finds the selectors of a query; none when it does not parse. */
export function selectorsOf(query: string): QuerySelector[] {
  const found: QuerySelector[] = [];
  try {
    walk(parse(query), (expr) => {
      if (expr.type !== 'vectorSelector') return;
      const conditions = expr.matchers.filter(({ name }) => name !== '__name__');
      found.push({ name: expr.name, text: printExpr(bare(expr)), conditions });
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
