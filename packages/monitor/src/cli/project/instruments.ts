/**
 * Recognises what a service measures by the names of its metrics: that is how `binnacle init` knows which watches fit.
 *
 * Each instrument has a part that must be there, and others that may be. Names are looked for with anything in front:
 * what stands before the first part (`shop_` of `shop_http_requests_total`) is looked for before the other parts, too.
 * Whether a watch really fits, its own checks say when it is made; here is only who is asked.
 */
import type { CatalogEntry } from '@binnacle/blueprint';
import { INSTRUMENTS, type Instrument, type Part, type WatchName } from './instrument-names.ts';

/** A metric as a part of an instrument. */
export interface RecognisedPart {
  readonly field: string;
  readonly entry: CatalogEntry;
  /** The metric is a histogram, and what counts is how many observations it has. */
  readonly isCount: boolean;
  /** Whether the instrument is none without it. */
  readonly isNeeded: boolean;
}

/** An instrument that a service has. */
export interface Recognised {
  readonly watch: WatchName;
  /** What it is called, for where a service has several of the kind: `Shop HTTP`. */
  readonly name: string;
  readonly parts: readonly RecognisedPart[];
  /** How long what it does may take, where its watch's own idea is above all buckets. */
  readonly secondsMax?: number;
  /** Alerts of its watch that are not wanted. */
  readonly alertsOff: readonly string[];
}

/** The instruments that metrics look like, in the order in which a dashboard is read. */
export function recognise(entries: readonly CatalogEntry[]): Recognised[] {
  return INSTRUMENTS.flatMap((instrument: Instrument) =>
    prefixesOf(instrument, entries).flatMap((prefix) => recognisedWith(instrument, prefix, entries) ?? []),
  );
}

/** What stands before the instrument's first part, or before the histogram that counts in its place. */
function prefixesOf({ parts, countedBy }: Instrument, entries: readonly CatalogEntry[]): string[] {
  const anchors = [parts[0], ...parts.filter(({ field }) => field === countedBy)];
  const prefixes = entries.flatMap(({ name, type }) =>
    anchors
      .filter((anchor) => anchor.type === type)
      .flatMap(({ names }) => names.filter((each) => name === each || name.endsWith(`_${each}`)))
      // The longest name says most of what it is.
      .sort((a, b) => b.length - a.length)
      .slice(0, 1)
      .map((each) => name.slice(0, name.length - each.length)),
  );
  return [...new Set(prefixes)].sort();
}

function recognisedWith(
  { watch, kind, parts, needed = [], countedBy }: Instrument,
  prefix: string,
  entries: readonly CatalogEntry[],
): Recognised | undefined {
  const [first] = parts;
  const found = parts.flatMap((each): RecognisedPart[] => {
    const entry = entryOf(each, prefix, entries);
    if (entry === undefined) return [];
    const isNeeded = each === first || needed.includes(each.field);
    return [{ field: each.field, entry, isCount: false, isNeeded }];
  });
  if (!found.some(({ field }) => field === first.field)) {
    const counting = found.find(({ field }) => field === countedBy);
    if (counting === undefined) return undefined;
    found.unshift({ field: first.field, entry: counting.entry, isCount: true, isNeeded: true });
  }
  if (needed.some((field) => !found.some((part) => part.field === field))) return undefined;
  return { watch, name: `${wordsOf(prefix)}${kind}`, parts: found, alertsOff: [] };
}

function entryOf(
  { type, names }: Part,
  prefix: string,
  entries: readonly CatalogEntry[],
): CatalogEntry | undefined {
  for (const name of names) {
    const entry = entries.find((each) => each.name === prefix + name && each.type === type);
    // A watch asks for labels; of a metric without series nobody knows them.
    if (entry?.labels !== undefined) return entry;
  }
  return undefined;
}

function wordsOf(prefix: string): string {
  const words = prefix.replaceAll('_', ' ').trim();
  return words === '' ? '' : `${words[0]!.toUpperCase()}${words.slice(1)} `;
}
