/**
 * The book that normalizing keeps: where each thing stood in what was read, and what was changed.
 *
 * What was read is copied once, and the copy is then changed in place. An object or list of the copy is known
 * by its identity, so its origin stays known wherever it is put. A single value that moves has no identity;
 * {@link Ledger.move} and {@link Ledger.carry} write down where it came from. Places in the result are only
 * known at the end: notes hold the object and its key until {@link Ledger.close} walks the result once.
 */
import { childOf, copyOf, isObject, type JsonObject, type JsonValue, keysOf, pointerTo } from './json.ts';
import { DashboardFormatError, type Note, type NoteCode } from './note.ts';

/** Deeper than any dashboard, and far less than what the stack holds. */
const DEPTH_MAX = 100;

type Container = JsonObject | JsonValue[];

/** A place: an object or list, or what stands under a key of one. */
export interface Spot {
  readonly in: Container;
  readonly key?: string | number;
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
  readonly #read: JsonValue;
  /** Where an object or list of the copy stood. */
  readonly #origins = new WeakMap<Container, string>();
  /** Where a single value stood that was moved, by its owner and key. */
  readonly #moved = new WeakMap<Container, Map<string, string>>();
  readonly #notes: OpenNote[] = [];

  /** @throws DashboardFormatError for what is no JSON, or too deep */
  constructor(json: unknown) {
    this.root = this.#adopt(json, '', 0);
    // The same text again, never changed: an origin is looked up in it.
    this.#read = json as JsonValue;
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
      this.#origins.set(list, pointer);
      return list;
    }
    // `fromEntries` makes a key of its own even of `__proto__`.
    const object: JsonObject = Object.fromEntries(
      Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => [key, this.#adopt(item, pointerTo(pointer, key), depth + 1)]),
    );
    this.#origins.set(object, pointer);
    return object;
  }

  /** Where something stood in what was read; for something new, where its owner stood. */
  source(owner: Container, key?: string | number): string {
    if (key !== undefined) {
      const moved = this.#moved.get(owner)?.get(String(key));
      if (moved !== undefined) return moved;
      const child = childOf(owner, String(key));
      const origin = typeof child === 'object' && child !== null ? this.#origins.get(child) : undefined;
      if (origin !== undefined) return origin;
    }
    const origin = this.#origins.get(owner) ?? '';
    return key === undefined ? origin : this.#nearest(pointerTo(origin, key));
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

  /** The pointer itself where something stands there in what was read, or else that of the nearest thing around. */
  #nearest(pointer: string): string {
    let value: JsonValue | undefined = this.#read;
    let near = '';
    for (const key of keysOf(pointer)) {
      value = childOf(value, key);
      if (value === undefined) break;
      near = pointerTo(near, key);
    }
    return near;
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
    const source = (pointer: string): string => {
      let owner: JsonValue = result;
      let at = this.source(result);
      for (const key of keysOf(pointer)) {
        if (!Array.isArray(owner) && !isObject(owner)) break;
        const child: JsonValue | undefined = childOf(owner, key);
        if (child === undefined) break;
        const known: string = this.source(owner, key);
        // Something new below something known stands nowhere: the known thing stands for it.
        at = this.#moved.get(owner)?.has(key) || this.#hasOrigin(owner, child) ? known : at;
        owner = child;
      }
      return at;
    };
    return {
      notes: this.#notes.map(({ from, to, ...note }) => ({
        ...note,
        from: typeof from === 'string' ? from : source(places.get(from.in) ?? ''),
        to: placeOf(to),
      })),
      source,
    };
  }

  #hasOrigin(owner: Container, child: JsonValue): boolean {
    return typeof child === 'object' && child !== null ? this.#origins.has(child) : this.#origins.has(owner);
  }
}
