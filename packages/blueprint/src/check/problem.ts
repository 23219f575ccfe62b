/** What `binnacle check` reports, and where texts that it looks at come from. */
import type { Severity } from '@binnacle/promql';

/** A place in a file. Lines and columns begin at 1, columns count UTF-16 code units. */
export interface Place {
  /** As it is shown: relative to the folder that is checked. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The line and the marks below it, without indentation of our own; absent where there is no text to show. */
  readonly excerpt?: string;
}

/** One mistake in what is checked. */
export interface Problem {
  /** The name of the check, which is that of its page in `docs/checks`. */
  readonly check: string;
  readonly severity: Severity;
  readonly place: Place;
  /** What it is about, for people: `alert HighErrorRate`, `panel "Overview / Success rate"`. Empty for a whole file. */
  readonly subject: string;
  /** What is wrong, in one line. */
  readonly message: string;
  /** Why that is a mistake. */
  readonly reason: string;
  /** What to do. */
  readonly remedy: string;
  /** The name that was probably meant. */
  readonly suggestion?: string;
}

/** A text of a file, such as an expression in a rule file, of which each character can be found there. */
export interface SourceText {
  readonly text: string;
  /** The place in the file of a stretch of the text, in UTF-16 code units. */
  locate(start: number, end: number): Place;
}
