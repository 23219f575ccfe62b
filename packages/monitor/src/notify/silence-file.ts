/**
 * The file of silences: lines of text, replaced as a whole. The bytes are in FORMAT.md.
 *
 * It is written beside its place, synced, and renamed, and so is the name of it: after a crash or a power failure the
 * old one is there, or the new one. A line that was damaged costs itself alone: the others are taken, and the file is
 * moved aside for whoever wants to look.
 */
import { constants, copyFile, mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { type AlertMatcher, type AlertMatcherOp, alertMatcher } from '../alert-matcher.ts';
import type { Silence } from './silences.ts';

const VERSION = 1;
const OPS: readonly string[] = ['=', '!=', '=~', '!~'] satisfies AlertMatcherOp[];

/** What was stored. */
export interface StoredSilences {
  /** In the order in which they were made. */
  readonly silences: readonly Silence[];
  /** What was damaged, and where it lies now; undefined when nothing was. */
  readonly problem: string | undefined;
}

/** Where silences lie; a test keeps them in a variable. */
export interface SilenceStore {
  /** Rejects when there is something that cannot be read. */
  load(): Promise<StoredSilences>;
  /** Everything, in the place of what was there. When it resolves, a power failure cannot take it any more. */
  save(silences: readonly Silence[]): Promise<void>;
}

/** Silences in a file. */
export function silenceFile(path: string): SilenceStore {
  return {
    async load() {
      const text = await readIfThere(path);
      if (text === undefined) return { silences: [], problem: undefined };
      const { silences, damage } = parseSilences(text);
      if (damage === undefined) return { silences, problem: undefined };
      const aside = await copyAside(path);
      await saveTo(path, silences);
      const taken = silences.length === 1 ? '1 silence was' : `${silences.length} silences were`;
      const problem = `${path} is damaged: ${damage}; ${taken} read, and the file as it was is now ${aside}`;
      return { silences, problem };
    },
    save: (silences) => saveTo(path, silences),
  };
}

/** The text of the file. */
export function printSilences(silences: readonly Silence[]): string {
  const lines = [{ version: VERSION, silences: silences.length }, ...silences.map(storedSilence)];
  return lines.map((value) => checkedLine(JSON.stringify(value))).join('');
}

/** Reads what {@link printSilences} wrote; `damage` says what could not be read. */
export function parseSilences(text: string): {
  readonly silences: readonly Silence[];
  readonly damage: string | undefined;
} {
  const [header, ...lines] = text.split('\n').filter((line) => line !== '');
  const head = header === undefined ? undefined : checkedValue(header);
  if (isRecord(head) && typeof head.version === 'number' && head.version !== VERSION)
    return { silences: [], damage: `it has version ${head.version}, and ${VERSION} is read here` };
  const silences = lines.flatMap((line) => silenceOf(checkedValue(line)) ?? []);
  const expected = isRecord(head) && typeof head.silences === 'number' ? head.silences : undefined;
  const missing = expected === undefined ? lines.length - silences.length : expected - silences.length;
  const damage =
    expected === undefined
      ? 'its first line cannot be read'
      : missing !== 0
        ? `${missing} of its ${expected} silences cannot be read`
        : undefined;
  return { silences, damage };
}

function checkedLine(json: string): string {
  return `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`;
}

/** The value of a line; undefined when the line was damaged. */
function checkedValue(line: string): unknown {
  const json = line.slice(9);
  if (line.slice(0, 9) !== `${crc32(json).toString(16).padStart(8, '0')} `) return undefined;
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function storedSilence(silence: Silence) {
  const { id, matchers, startsAtMs, endsAtMs, updatedAtMs, createdBy, comment, annotations } = silence;
  const stored = matchers.map(({ name, op, value }) => [name, op, value]);
  return { id, matchers: stored, startsAtMs, endsAtMs, updatedAtMs, createdBy, comment, annotations };
}

function silenceOf(value: unknown): Silence | undefined {
  if (
    !isRecord(value) ||
    typeof value.id !== 'string' ||
    typeof value.startsAtMs !== 'number' ||
    typeof value.endsAtMs !== 'number' ||
    typeof value.updatedAtMs !== 'number' ||
    typeof value.createdBy !== 'string' ||
    typeof value.comment !== 'string' ||
    !isTexts(value.annotations) ||
    !Array.isArray(value.matchers)
  )
    return undefined;
  const { id, startsAtMs, endsAtMs, updatedAtMs, createdBy, comment, annotations } = value;
  const matchers = value.matchers.flatMap((item) => matcherOf(item) ?? []);
  // Without one of its matchers it would hide more than it should.
  if (matchers.length === 0 || matchers.length !== value.matchers.length) return undefined;
  return { id, matchers, startsAtMs, endsAtMs, updatedAtMs, createdBy, comment, annotations };
}

function matcherOf(item: unknown): AlertMatcher | undefined {
  if (!Array.isArray(item)) return undefined;
  const [name, op, value]: unknown[] = item;
  if (typeof name !== 'string' || typeof value !== 'string' || !isOp(op)) return undefined;
  try {
    return alertMatcher(name, op, value);
  } catch {
    return undefined;
  }
}

function isOp(value: unknown): value is AlertMatcherOp {
  return typeof value === 'string' && OPS.includes(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((text) => typeof text === 'string');
}

async function saveTo(path: string, silences: readonly Silence[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(printSilences(silences));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  await syncFolder(dirname(path));
}

/** Copies to a name that is free. */
async function copyAside(path: string): Promise<string> {
  for (let n = 1; ; n++) {
    const aside = n === 1 ? `${path}.damaged` : `${path}.damaged-${n}`;
    try {
      await copyFile(path, aside, constants.COPYFILE_EXCL);
      return aside;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
