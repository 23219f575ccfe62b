/** What the checker reports, and how it is shown. */
import type { PositionRange } from '../ast.ts';
import { underline } from '../caret.ts';
import { lineAndColumn } from '../position.ts';

/**
 * `error`: the expression cannot answer what it asks. `warning`: it answers something else than it seems to. `info`:
 * it can be meant so, and is often not.
 */
export type Severity = 'error' | 'warning' | 'info';

/** One mistake. `start` and `end` say where, in bytes of UTF-8. */
export interface Finding extends PositionRange {
  /** The name of the check, which is that of its page in `docs/checks`. */
  readonly check: string;
  readonly severity: Severity;
  /** What is wrong, in one line. */
  readonly message: string;
  /** Why that is a mistake. */
  readonly reason: string;
  /** What to do. */
  readonly remedy: string;
  /** The name that was probably meant. */
  readonly suggestion?: string;
  /** Another place of the query that has to do with it, and what is there. */
  readonly related?: PositionRange & { readonly message: string };
}

/**
 * A finding as text, with line and column, the line of the query and marks below it:
 *
 *     1:5: error: http_requests_total has no label stauts (unknown-label)
 *         sum(http_requests_total{stauts="500"})
 *             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
 *     why: ...
 *     do: ... Did you mean status?
 *     see 1:12: removed here
 */
export function renderFinding(query: string, finding: Finding): string {
  const { start, check, severity, message, reason, remedy, suggestion, related } = finding;
  const place = lineAndColumn(query, start);
  const line = Number(place.split(':')[0]);
  const meant = suggestion === undefined ? '' : ` Did you mean ${suggestion}?`;
  return [
    `${place}: ${severity}: ${message} (${check})`,
    ...underline(query, finding)
      .split('\n')
      .slice(line - 1, line + 1)
      .map((text) => `    ${text}`),
    `why: ${reason}`,
    `do: ${remedy}${meant}`,
    ...(related === undefined ? [] : [`see ${lineAndColumn(query, related.start)}: ${related.message}`]),
  ].join('\n');
}
