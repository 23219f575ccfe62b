/** What is wrong with a project, for whoever wrote it. */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

/** What went wrong; stable, for programs. */
export type ProjectErrorCode =
  | 'project_not_found'
  | 'project_not_loaded'
  | 'project_no_config'
  | 'project_too_slow';

/** A place in a source file. Lines and columns begin at 1; the column is 0 where only the line is known. */
export interface SourcePlace {
  /** Absolute path. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A project cannot be used; the message says where and what to do. */
export class ProjectError extends Error {
  override readonly name = 'ProjectError';
  readonly code: ProjectErrorCode;
  readonly place: SourcePlace | undefined;
  /** The message without the place. */
  readonly bareMessage: string;

  constructor(code: ProjectErrorCode, message: string, place?: SourcePlace) {
    super(place === undefined ? message : `${placeText(place)}: ${message}${excerpt(place)}`);
    this.code = code;
    this.bareMessage = message;
    this.place = place;
  }
}

/** A path as people in a folder read it: relative to it, unless it lies outside. */
export function shownPath(path: string, from: string = process.cwd()): string {
  const shown = relative(from, path);
  return shown === '' || shown.startsWith('..') ? path : shown;
}

function placeText({ file, line, column }: SourcePlace): string {
  return `${shownPath(file)}:${line}${column > 0 ? `:${column}` : ''}`;
}

/** The line of the file, with a mark below it where the column is known. */
function excerpt({ file, line, column }: SourcePlace): string {
  let text: string | undefined;
  try {
    text = readFileSync(file, 'utf8').split('\n')[line - 1]?.trimEnd();
  } catch {
    // The place alone must do.
  }
  if (text === undefined || text.trim() === '') return '';
  const mark = column > 0 && column <= text.length + 1 ? `\n    ${' '.repeat(column - 1)}^` : '';
  return `\n    ${text}${mark}`;
}
