/** Why a page gave nothing. A page is the work of strangers: whatever is in it is an answer of the world, not a fault of ours. */

/** What can be wrong with a page. */
export type PageProblem =
  | 'forbidden'
  | 'unreachable'
  | 'late'
  | 'refused'
  | 'failing'
  | 'redirected'
  | 'too_large'
  | 'too_deep'
  | 'not_html'
  | 'incomplete';

/** A page that cannot be read. */
export class PageError extends Error {
  override readonly name = 'PageError';
  readonly problem: PageProblem;
  /** Whether another attempt may succeed. */
  readonly passing: boolean;
  /** How long the site asks us to wait before. */
  readonly retryAfterMs: number | undefined;

  constructor(
    problem: PageProblem,
    message: string,
    { passing = false, retryAfterMs }: { readonly passing?: boolean; readonly retryAfterMs?: number } = {},
  ) {
    super(message);
    this.problem = problem;
    this.passing = passing;
    this.retryAfterMs = retryAfterMs;
  }
}
