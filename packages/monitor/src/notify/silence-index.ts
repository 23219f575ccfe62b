/**
 * Finds the silences that match a label set, fast: 10,000 alerts are asked about before every message, and silences
 * change seldom.
 *
 * What matched a label set is remembered together with the number of changes it takes into account. Asked again, only
 * the silences that changed since are tried; without a change nothing is. A label set that is new is tried against the
 * silences filed under one of its labels (`alertname="Down"`) and against those that no such matcher files.
 */
import type { Labels } from '@binnacle/metrics/model';
import { matchesAll } from '../alert-matcher.ts';
import { ALERTS_MAX } from './alert-store.ts';
import type { Silence } from './silences.ts';

/**
 * For how many label sets the answer is remembered: all that the notifier keeps, since they are asked about in turn.
 * Beyond, the one first asked about is forgotten.
 */
export const LABEL_SETS_REMEMBERED_MAX = ALERTS_MAX;
/** How many changes can be caught up with; who is further behind starts anew. */
export const CHANGES_REMEMBERED_MAX = 1000;

interface Remembered {
  changeCount: number;
  /** In the order in which the silences were made. */
  silences: readonly Indexed[];
}

interface Indexed {
  readonly silence: Silence;
  readonly sequence: number;
}

type Filed = Map<string, Indexed>;

/** Silences by what they match. */
export class SilenceIndex {
  readonly #all: Filed = new Map();
  /** By the name and the value of the first matcher that asks for a value. */
  readonly #filed = new Map<string, Map<string, Filed>>();
  readonly #unfiled: Filed = new Map();
  readonly #remembered = new Map<string, Remembered>();
  /** Identifiers of what changed; the last one is change number `#changeCount`. */
  #changed: string[] = [];
  #changeCount = 0;
  #sequence = 0;

  /** Adds a silence, or puts it in the place of the one of the same identifier. */
  set(silence: Silence): void {
    const known = this.#all.get(silence.id);
    if (known !== undefined) this.#folderOf(known.silence).delete(silence.id);
    const indexed = { silence, sequence: known?.sequence ?? this.#sequence++ };
    this.#all.set(silence.id, indexed);
    this.#folderOf(silence).set(silence.id, indexed);
    this.#noteChange(silence.id);
  }

  delete(id: string): void {
    const known = this.#all.get(id);
    if (known === undefined) return;
    this.#all.delete(id);
    this.#folderOf(known.silence).delete(id);
    this.#noteChange(id);
  }

  /** The silences whose matchers all match, whatever their times, in the order in which they were made. */
  matching(labels: Labels): readonly { readonly silence: Silence }[] {
    const known = this.#remembered.get(labels.key);
    if (known?.changeCount === this.#changeCount) return known.silences;
    const behind = known === undefined ? Number.POSITIVE_INFINITY : this.#changeCount - known.changeCount;
    const silences =
      known === undefined || behind > this.#changed.length
        ? this.#search(labels)
        : this.#caughtUp(known.silences, this.#changed.slice(-behind), labels);
    this.#remember(labels.key, { changeCount: this.#changeCount, silences });
    return silences;
  }

  #search(labels: Labels): readonly Indexed[] {
    const found: Indexed[] = [];
    const look = (folder: Filed | undefined): void => {
      for (const indexed of folder?.values() ?? [])
        if (matchesAll(indexed.silence.matchers, labels)) found.push(indexed);
    };
    for (const [name, value] of labels.entries()) look(this.#filed.get(name)?.get(value));
    look(this.#unfiled);
    return inOrder(found);
  }

  #caughtUp(before: readonly Indexed[], changed: readonly string[], labels: Labels): readonly Indexed[] {
    const ids = new Set(changed);
    const found = before.filter(({ silence }) => !ids.has(silence.id));
    for (const id of ids) {
      const indexed = this.#all.get(id);
      if (indexed !== undefined && matchesAll(indexed.silence.matchers, labels)) found.push(indexed);
    }
    return inOrder(found);
  }

  #remember(key: string, entry: Remembered): void {
    if (this.#remembered.size >= LABEL_SETS_REMEMBERED_MAX && !this.#remembered.has(key)) {
      const [first] = this.#remembered.keys();
      if (first !== undefined) this.#remembered.delete(first);
    }
    this.#remembered.set(key, entry);
  }

  #noteChange(id: string): void {
    this.#changeCount++;
    this.#changed.push(id);
    if (this.#changed.length > 2 * CHANGES_REMEMBERED_MAX)
      this.#changed = this.#changed.slice(-CHANGES_REMEMBERED_MAX);
  }

  #folderOf(silence: Silence): Filed {
    // The empty value also holds for a label that is not there, and cannot be looked up.
    const matcher = silence.matchers.find(({ op, value }) => op === '=' && value !== '');
    if (matcher === undefined) return this.#unfiled;
    const byValue = this.#filed.get(matcher.name) ?? new Map<string, Filed>();
    this.#filed.set(matcher.name, byValue);
    const folder = byValue.get(matcher.value) ?? new Map<string, Indexed>();
    byValue.set(matcher.value, folder);
    return folder;
  }
}

const NONE: readonly Indexed[] = [];

function inOrder(found: Indexed[]): readonly Indexed[] {
  // Most alerts are not silenced; they share one answer.
  return found.length === 0 ? NONE : found.sort((a, b) => a.sequence - b.sequence);
}
