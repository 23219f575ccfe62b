/** Where in its author's code a definition stands, so that a problem found later can name the line. */

/** A line of a source file. Lines and columns begin at 1. */
export interface DefinitionPlace {
  /** Absolute path. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** The packages whose own frames are passed over. */
const OWN_FRAME = /[\\/](@binnacle[\\/]blueprint|packages[\\/]blueprint)[\\/](dist|src)[\\/]/;
const FRAME = /(?:\(|at (?:async )?)(?:file:\/\/)?([^()\s][^()]*?):(\d+):(\d+)\)?$/;

/** The place of the caller outside this package; undefined where the engine tells none. */
export function definitionPlace(): DefinitionPlace | undefined {
  const frames = new Error().stack?.split('\n').slice(1) ?? [];
  for (const frame of frames) {
    const match = FRAME.exec(frame);
    if (match === null || OWN_FRAME.test(frame)) continue;
    const [, file, line, column] = match;
    if (file === undefined || file.startsWith('node:')) return undefined;
    return { file: decodeURI(file), line: Number(line), column: Number(column) };
  }
  return undefined;
}
