/**
 * `binnacle import FILE`: a Grafana dashboard in JSON as source of our builder, or as JSON of today. What of it was
 * changed on the way is told, so that nobody has to compare.
 */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import {
  DashboardFormatError,
  dashboardSource,
  type Note,
  readGrafana,
  stringifyDashboard,
} from '@binnacle/blueprint';
import { UsageError } from './options.ts';

/** The options of the command line that this command reads. */
export interface ImportFlags {
  readonly out?: string | undefined;
  readonly name?: string | undefined;
  readonly json?: boolean | undefined;
  readonly force?: boolean | undefined;
}

/** A whole command. */
export interface ImportOptions {
  readonly file: string;
  /** Undefined to print it. */
  readonly out: string | undefined;
  /** What the source calls the dashboard; undefined for its title. */
  readonly name: string | undefined;
  readonly format: 'typescript' | 'json';
  /** Writes over what is there. */
  readonly force: boolean;
}

/** What the command needs of the world. */
export interface ImportIo {
  readonly print: (text: string) => void;
  readonly complain: (line: string) => void;
}

/** Notes of one kind beyond these are counted. */
const NOTES_SHOWN_MAX = 3;

/**
 * Reads what follows `binnacle import`.
 * @throws UsageError
 */
export function parseImportCommand(rest: readonly string[], flags: ImportFlags): ImportOptions {
  const [file, ...more] = rest;
  if (file === undefined || more.length > 0)
    throw new UsageError('binnacle import takes one file: a Grafana dashboard in JSON');
  const { out, name, json, force } = flags;
  if (name !== undefined && !/^[A-Za-z_$][\w$]*$/.test(name))
    throw new UsageError(`--name: ${JSON.stringify(name)} is not a name that a module can export`);
  if (name !== undefined && json === true)
    throw new UsageError('--name is about TypeScript, and --json asks for JSON');
  return { file, out, name, format: json === true ? 'json' : 'typescript', force: force === true };
}

/** Does it. Resolves with the exit code: 0, or 1 where nothing came of it. */
export async function runImport(options: ImportOptions, io: ImportIo): Promise<number> {
  const { file, out, name, format, force } = options;
  if (out !== undefined && existsSync(out) && !force) {
    io.complain(`there is a ${out} already; --force writes over it`);
    return 1;
  }
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    const why = error instanceof SyntaxError ? `is not JSON: ${error.message}` : 'cannot be read';
    io.complain(`${file} ${why}`);
    return 1;
  }
  try {
    const { dashboard, notes } = readGrafana(json);
    for (const line of noteLines(notes)) io.complain(line);
    const text =
      format === 'json'
        ? stringifyDashboard(dashboard)
        : dashboardSource(dashboard, name === undefined ? {} : { name });
    if (out === undefined) io.print(text);
    else await writeFile(out, text);
    return 0;
  } catch (error) {
    if (!(error instanceof DashboardFormatError)) throw error;
    io.complain(`${file} is no dashboard of Grafana: ${error.message}`);
    return 1;
  }
}

/** The changes by kind, the first few of each in full. */
function noteLines(notes: readonly Note[]): string[] {
  const byCode = new Map<string, Note[]>();
  for (const note of notes) byCode.set(note.code, [...(byCode.get(note.code) ?? []), note]);
  return [...byCode].flatMap(([code, all]) => {
    const shown = all
      .slice(0, NOTES_SHOWN_MAX)
      .map(({ from, message }) => `${code}: ${from || '/'}: ${message}`);
    const rest = all.length - shown.length;
    return rest > 0 ? [...shown, `${code}: and ${rest} more`] : shown;
  });
}
