/**
 * The book that normalizing keeps: where each thing stood in what was read, and what was changed.
 *
 * What was read is copied once, and the copy is then changed in place. An object or list of the copy is known
 * by its identity, so its origin stays known wherever it is put. A single value that moves has no identity;
 * {@link Ledger.move} and {@link Ledger.carry} write down where it came from. Places in the result are only
 * known at the end: notes hold the object and its key until {@link Ledger.close} walks the result once.
 */
import {
  childOf,
  copyOf,
  isObject,
  type JsonObject,
  type JsonValue,
  keysOf,
  pointerTo,
  setOwn,
} from './json.ts';
import { DashboardFormatError, type Note, type NoteCode } from './note.ts';

/** Deeper than any dashboard, and far less than what the stack holds. */
const DEPTH_MAX = 100;

type Container = JsonObject | JsonValue[];

/** A place: an object or list, or what stands under a key of one. */
export interface Spot {
  readonly in: Container;
  readonly key?: string | number;
}

interface Origin {
  readonly pointer: string;
  readonly read: Container;
}

interface OpenNote {
  readonly code: NoteCode;
  readonly message: string;
  /** Of something new that stands in something new, only the end tells what is around it. */
  readonly from: string | Spot;
  readonly to: Spot | undefined;
  readonly was: JsonValue | undefined;
  readonly became: JsonValue | undefined;
}

/** What a closed book tells. */
export interface ClosedLedger {
  /** In the order of the changes. */
  readonly notes: readonly Note[];
  /** The place in what was read for a place in the result; the nearest thing around it for something new. */
  source(pointer: string): string;
}

/** Where everything came from, and what was changed. */
export class Ledger {
  /** The copy, which may be changed. */
  readonly root: JsonValue;
  /** Where an object or list of the copy stood, and what was read there. */
  readonly #origins = new Map<Container, Origin>();
  /** Where a single value stood that was moved, by its owner and key. */
  readonly #moved = new Map<Container, Map<string, string>>();
  readonly #notes: OpenNote[] = [];

  /** @throws DashboardFormatError for what is no JSON, or too deep */
  constructor(json: unknown) {
    this.root = this.#adopt(json, '', 0);
  }

  #adopt(value: unknown, pointer: string, depth: number): JsonValue {
    // Also where an object of the program contains itself.
    if (depth > DEPTH_MAX)
      throw new DashboardFormatError(pointer, `is nested more than ${DEPTH_MAX} levels deep`);
    if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
    if (typeof value === 'number') {
      if (Number.isFinite(value)) return value;
      throw new DashboardFormatError(pointer, `is ${value}, which JSON cannot say`);
    }
    if (typeof value !== 'object')
      throw new DashboardFormatError(pointer, `is of type ${typeof value}, which JSON cannot say`);
    if (Array.isArray(value)) {
      const list = value.map((item, i) => this.#adopt(item, pointerTo(pointer, i), depth + 1));
      this.#origins.set(list, { pointer, read: value });
      return list;
    }
    const object: JsonObject = {};
    for (const [key, item] of Object.entries(value)) {
      if (item !== undefined) setOwn(object, key, this.#adopt(item, pointerTo(pointer, key), depth + 1));
    }
    // Every key that counts was adopted just now, so this is an object of JSON.
    this.#origins.set(object, { pointer, read: value as JsonObject });
    return object;
  }

  /** Where something stood in what was read; for something new, where its owner stood. */
  source(owner: Container, key?: string | number): string {
    if (key !== undefined) {
      const moved = this.#moved.get(owner)?.get(String(key));
      if (moved !== undefined) return moved;
      const child = childOf(owner, String(key));
      const origin = typeof child === 'object' && child !== null ? this.#origins.get(child) : undefined;
      if (origin !== undefined) return origin.pointer;
    }
    const origin = this.#origins.get(owner);
    if (origin === undefined) return '';
    const { pointer, read } = origin;
    return key === undefined || childOf(read, String(key)) === undefined ? pointer : pointerTo(pointer, key);
  }

  /** Gives something new the origin of what it was made from. */
  derive(made: Container, from: Container): void {
    const origin = this.#origins.get(from);
    if (origin !== undefined && !this.#origins.has(made)) this.#origins.set(made, origin);
  }

  /** Ends reading: the place, in what was read, is one that Grafana could not load either. */
  fail(owner: Container, key: string | number | undefined, problem: string): never {
    throw new DashboardFormatError(this.source(owner, key), problem);
  }

  /** Writes a change down; `was` and `became` are copied. */
  note(
    code: NoteCode,
    message: string,
    change: {
      readonly from: Spot;
      readonly to?: Spot;
      readonly was?: JsonValue;
      readonly became?: JsonValue;
    },
  ): void {
    this.#notes.push({
      code,
      message,
      from: this.#isKnown(change.from) ? this.source(change.from.in, change.from.key) : change.from,
      to: change.to,
      was: copyOf(change.was),
      became: copyOf(change.became),
    });
  }

  /** Puts a value under a key, in place of another one or as a new one. */
  put(code: NoteCode, message: string, owner: JsonObject, key: string, value: JsonValue): void {
    const was = owner[key];
    const change = { from: { in: owner, key }, to: { in: owner, key }, became: value };
    this.note(code, message, was === undefined ? change : { ...change, was });
    owner[key] = value;
  }

  /** Takes a key away. */
  drop(code: NoteCode, message: string, owner: JsonObject, key: string): void {
    const was = owner[key];
    if (was === undefined) return;
    this.note(code, message, { from: { in: owner, key }, was });
    delete owner[key];
  }

  /** Moves a value to another place, and there in another form when one is given. */
  move(
    code: NoteCode,
    message: string,
    from: { readonly in: JsonObject; readonly key: string },
    to: { readonly in: JsonObject; readonly key: string },
    value: JsonValue | undefined = from.in[from.key],
  ): void {
    const was = from.in[from.key];
    if (was === undefined || value === undefined) return;
    this.note(code, message, { from, to, was, became: value });
    this.#remember(from, to);
    delete from.in[from.key];
    to.in[to.key] = value;
  }

  /** Moves a value without a note of its own: another note speaks for the whole. */
  carry(from: JsonObject, fromKey: string, to: JsonObject, toKey: string = fromKey): void {
    const value = from[fromKey];
    if (value === undefined) return;
    this.#remember({ in: from, key: fromKey }, { in: to, key: toKey });
    delete from[fromKey];
    to[toKey] = value;
  }

  #remember(from: Spot & { key: string }, to: Spot & { key: string }): void {
    const source = this.source(from.in, from.key);
    const moved = this.#moved.get(to.in) ?? new Map<string, string>();
    moved.set(to.key, source);
    this.#moved.set(to.in, moved);
  }

  #isKnown({ in: owner, key }: Spot): boolean {
    return (
      this.#origins.has(owner) || (key !== undefined && this.#moved.get(owner)?.has(String(key)) === true)
    );
  }

  /** Ends the book: what was noted gets its places in the result. */
  close(result: JsonObject): ClosedLedger {
    const places = new Map<Container, string>();
    const walk = (value: Container, pointer: string) => {
      places.set(value, pointer);
      for (const [key, item] of Array.isArray(value) ? value.entries() : Object.entries(value))
        if (Array.isArray(item) || isObject(item)) walk(item, pointerTo(pointer, key));
    };
    walk(result, '');
    const placeOf = (spot: Spot | undefined): string | undefined => {
      const place = spot && places.get(spot.in);
      if (spot?.key === undefined || place === undefined) return place;
      return childOf(spot.in, String(spot.key)) === undefined ? undefined : pointerTo(place, spot.key);
    };
    // Neighbours share the way down: each place is found once, from the one around it.
    const found = new Map<string, Found>([['', { value: result, source: this.source(result) }]]);
    const find = (pointer: string): Found => {
      const before = found.get(pointer);
      if (before !== undefined) return before;
      const slash = pointer.lastIndexOf('/');
      const around = find(pointer.slice(0, slash));
      const [key = ''] = keysOf(pointer.slice(slash));
      const place = this.#below(around, key);
      found.set(pointer, place);
      return place;
    };
    const source = (pointer: string): string => find(pointer).source;
    return {
      notes: this.#notes.map(({ from, to, ...note }) => ({
        ...note,
        from: typeof from === 'string' ? from : source(places.get(from.in) ?? ''),
        to: placeOf(to),
      })),
      source,
    };
  }

  /** What stands under a key of something found. Something new in it stands where that does. */
  #below({ value: owner, source }: Found, key: string): Found {
    const value = childOf(owner, key);
    if (value === undefined || !isContainer(owner)) return { value: undefined, source };
    const isKnown =
      this.#moved.get(owner)?.has(key) === true || this.#origins.has(isContainer(value) ? value : owner);
    return { value, source: isKnown ? this.source(owner, key) : source };
  }
}

/** A place in the result, and where it stood. */
interface Found {
  readonly value: JsonValue | undefined;
  readonly source: string;
}

function isContainer(value: JsonValue | undefined): value is Container {
  return typeof value === 'object' && value !== null;
}
