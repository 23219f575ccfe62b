/**
 * What is remembered of totals: how far the source was, and what the counter is to show there.
 *
 *     {"format":1,"epoch":"mwps6gkt576c9448",
 *      "totals":{"completed":{"total":120,"incarnation":"a1","before":14,"counted":34}}}
 *
 * When the source stood at 120, the counter of the epoch stood at 14 and was to go to 34. Where `before` is `counted`,
 * it has certainly got there.
 */
import { open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';

/**
 * Keeps a short text where it outlives the process. What `load` gives is what the last `save` that ended was given, or
 * one that has begun since; never a part of one.
 */
export interface Remember {
  /** The text; undefined where none was saved. */
  load(): Promise<string | undefined>;
  /** Replaces the text. */
  save(text: string): Promise<unknown>;
}

/** What is remembered of one total. */
export interface Remembered {
  /** Of the source. */
  readonly total: number;
  readonly incarnation?: string;
  /** What the counter showed before, in the epoch of the record. */
  readonly before: number;
  /** What it shows when the total is counted. */
  readonly counted: number;
}

/** What is remembered of a source. */
export interface TotalsRecord {
  /** That the counters counted in. */
  readonly epoch: string;
  readonly totals: Readonly<Record<string, Remembered>>;
}

const FORMAT = 1;

/** The text of a record. */
export function encodeRecord({ epoch, totals }: TotalsRecord): string {
  return JSON.stringify({ format: FORMAT, epoch, totals });
}

/**
 * Reads a record; undefined where the text is none, or of another format.
 */
export function decodeRecord(text: string): TotalsRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { format, epoch, totals } = value as Record<string, unknown>;
  if (format !== FORMAT || typeof epoch !== 'string' || typeof totals !== 'object' || totals === null)
    return undefined;
  if (!Object.values(totals).every(isRemembered)) return undefined;
  return { epoch, totals: totals as TotalsRecord['totals'] };
}

function isRemembered(value: unknown): value is Remembered {
  if (typeof value !== 'object' || value === null) return false;
  const { total, incarnation, before, counted } = value as Record<string, unknown>;
  return (
    [total, before, counted].every((number) => typeof number === 'number' && number >= 0) &&
    (incarnation === undefined || typeof incarnation === 'string')
  );
}

/** What {@link rememberInFile} may be told. */
export interface FileOptions {
  /**
   * Whether each text is on the disk when it counts as saved, so that a power failure takes none back. Default true;
   * a process that is killed takes none back in any case.
   */
  readonly sync?: boolean;
}

/**
 * Remembers in a file of its own, which is replaced in one step. Its folder must be there; nobody but the processes of
 * one service, which share a metrics directory, may use the same file.
 */
export function rememberInFile(file: string, { sync = true }: FileOptions = {}): Remember {
  const target = path.resolve(file);
  return {
    async load() {
      try {
        return await readFile(target, 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    async save(text) {
      const temporary = `${target}.tmp`;
      const handle = await open(temporary, 'w', 0o600);
      try {
        await handle.writeFile(text);
        if (sync) await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, target);
      if (sync) await syncFolder(path.dirname(target));
    },
  };
}

/** A rename is on the disk when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return; // folders cannot be opened there
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
