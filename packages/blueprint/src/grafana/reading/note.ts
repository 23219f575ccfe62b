/** What reading a dashboard changed, and why one cannot be read at all. */
import type { JsonValue } from './json.ts';

/** The kinds of change, each for one reason. */
export type NoteCode =
  /** `{"dashboard": …}`, a resource with `spec`, or a panel on its own around or instead of the dashboard. */
  | 'envelope'
  /** The elements and layout of the V2 model became panels. */
  | 'v2'
  /** A placeholder of `__inputs` became a variable or its value. */
  | 'input'
  /** Rows that hold their panels became panels on a grid. */
  | 'rows'
  /** A panel had no place, or one that is none. */
  | 'grid-position'
  /** An id was missing or there twice. */
  | 'panel-id'
  /** A field that newer Grafanas have elsewhere or in another form. */
  | 'older-form'
  /** A panel of a type that Grafana no longer has. */
  | 'older-panel'
  /** A data source was a name. */
  | 'datasource'
  /** A field stood where Grafana does not look for it. */
  | 'misplaced'
  /** A field had a value that Grafana cannot use. */
  | 'invalid'
  /** Something that must be there was not. */
  | 'missing'
  /** A name of a query was missing or there twice. */
  | 'ref-id';

/** One change: what stood where, and what it became. */
export interface Note {
  readonly code: NoteCode;
  /** Where it stood in what was read, as a JSON pointer; for something new, where its owner stood. */
  readonly from: string;
  /** Where it stands now; undefined when it is gone. */
  readonly to: string | undefined;
  /** What stood there; undefined for something new. */
  readonly was: JsonValue | undefined;
  /** What it became; undefined when it is gone. */
  readonly became: JsonValue | undefined;
  /** The change in one line, for people. */
  readonly message: string;
}

/** What was read is no dashboard that Grafana could load. */
export class DashboardFormatError extends Error {
  override readonly name = 'DashboardFormatError';
  /** Where, as a JSON pointer; empty for the whole. */
  readonly pointer: string;
  /** What is wrong there, without the place. */
  readonly problem: string;

  constructor(pointer: string, problem: string) {
    super(`${pointer === '' ? 'the dashboard' : pointer}: ${problem}`);
    this.pointer = pointer;
    this.problem = problem;
  }
}
