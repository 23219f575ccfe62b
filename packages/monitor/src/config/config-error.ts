/** What is wrong with a configuration file: every problem with its place, reported together. */

/** One problem at one place of one file. */
export interface ConfigProblem {
  /** The file as the user named it. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1, in UTF-16 code units. */
  readonly column: number;
  /** What is wrong and what is allowed. */
  readonly message: string;
  /** The line of the file; undefined when there is no file to show. */
  readonly source?: string;
}

/** `config_unreadable`: the file cannot be read; `config_invalid`: its content is wrong. */
export type ConfigErrorCode = 'config_unreadable' | 'config_invalid';

/** A configuration cannot be used. The message lists all problems, one a line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code: ConfigErrorCode;
  /** In the order of files and places; never empty. */
  readonly problems: readonly ConfigProblem[];

  constructor(code: ConfigErrorCode, problems: readonly ConfigProblem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.code = code;
    this.problems = problems;
  }
}

/** A problem as a terminal and an editor understand it: `file:line:column: message`. */
export function formatProblem(problem: ConfigProblem): string {
  return `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`;
}

/** A problem with the line that it stands on and a caret under its place. */
export function explainProblem(problem: ConfigProblem): string {
  const { source, column } = problem;
  if (source === undefined || source.trim() === '') return formatProblem(problem);
  // Tabs stay tabs, so that the caret stands where the terminal puts the column.
  const indent = source.slice(0, column - 1).replace(/[^\t]/g, ' ');
  return `${formatProblem(problem)}\n    ${source}\n    ${indent}^`;
}
