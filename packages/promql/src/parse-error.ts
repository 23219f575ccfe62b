/** What is wrong with a query, where, in Prometheus's words. */
import type { PositionRange } from './ast.ts';
import { lineAndColumn } from './position.ts';

/** One thing that is wrong with a query. */
export interface ParseProblem extends PositionRange {
  /** Without position. */
  readonly message: string;
}

/**
 * A text that is not PromQL. The message is Prometheus's, `1:5: parse error: ...`, of the first problem; `start`
 * and `end` say what to underline.
 */
export class ParseError extends Error {
  override readonly name = 'ParseError';
  /** The text that was parsed. */
  readonly query: string;
  /** All problems in the order in which they were found; never empty. */
  readonly problems: readonly ParseProblem[];

  constructor(query: string, problems: readonly ParseProblem[]) {
    const first = problems[0]!;
    super(`${lineAndColumn(query, first.start)}: parse error: ${first.message}`);
    this.query = query;
    this.problems = problems;
  }

  /** Where the first problem starts, in bytes of UTF-8. */
  get start(): number {
    return this.problems[0]!.start;
  }

  /** Where the first problem ends, exclusive. */
  get end(): number {
    return Math.max(this.problems[0]!.end, this.problems[0]!.start);
  }
}
