/** Expressions as authors give them: PromQL as text, or a query of `@binnacle/promql/builder`. */

/** A query of the builder: it prints itself. */
export interface BuiltQuery {
  readonly kind: 'vector' | 'scalar' | 'range';
  toString(): string;
}

/** PromQL as text, or a query of the builder. */
export type Expression = string | BuiltQuery;

/** An expression as text. */
export function expressionText(expression: Expression): string {
  return typeof expression === 'string' ? expression : expression.toString();
}
