/**
 * The labels of a metric, as prom-client takes them: an object (`inc({ method: 'GET' })`) or values in the order of
 * the label names (`labels('GET')`), strings or numbers, any of them left out.
 *
 * A series is found through nested maps, one level per label, so that no key is joined from values: `a="1,b:2"`
 * and `a="1",b="2"` stay two series, and the look-up costs a tenth of building the key. A label that is left out
 * and one that is empty are the same series, as they are for Prometheus.
 *
 *     root ──'GET'──▶ level ──'200'──▶ series
 *                           ──200────▶ the same one: numbers get a way of their own, which spares the conversion
 */
import { inspect } from 'node:util';

/** Labels as a caller gives them. */
export type GivenLabels = Readonly<Record<string, unknown>>;

type Level<S> = Map<unknown, Level<S> | S>;

/** Finds a series that exists, for labels all of which are given and known; undefined for all else. */
type LookUp<S> = (root: Level<S>, given: GivenLabels) => S | undefined;

/** Whether a value can hold labels. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** @throws Error for a label that the metric does not have */
export function validateLabel(labelNames: readonly string[], given: GivenLabels): void {
  for (const label in given) {
    if (!labelNames.includes(label)) {
      throw new Error(`Added label "${label}" is not included in initial labelset: ${inspect(labelNames)}`);
    }
  }
}

/**
 * Labels from the arguments of `labels(...)` and `remove(...)`: an object, or a value for each name.
 * @throws Error for another number of values
 */
export function getLabels(labelNames: readonly string[], args: readonly unknown[]): GivenLabels {
  if (typeof args[0] === 'object') return (args[0] ?? {}) as GivenLabels;
  if (labelNames.length !== args.length) throw wrongNumber(labelNames, args);
  const given: Record<string, unknown> = {};
  for (let i = 0; i < labelNames.length; i++) given[labelNames[i]!] = args[i];
  return given;
}

function wrongNumber(labelNames: readonly string[], args: readonly unknown[]): Error {
  return new Error(
    `Invalid number of arguments (${args.length}): "${args.join(', ')}" for label names (${labelNames.length}): "${labelNames.join(', ')}".`,
  );
}

/** A label value as it is compared; what is left out is empty. */
function textOf(value: unknown): string {
  return value === undefined ? '' : String(value);
}

/**
 * The look-up for labels of these names, as code of its own: `given["method"]` with the name in the code is a load
 * from a fixed offset. Counting the keys finds labels that the metric does not have. Where a process forbids code
 * from strings, a loop does the same.
 */
function lookUpOf<S>(names: readonly string[]): LookUp<S> {
  const steps = names.map((name, i) => {
    const value = `level${i}.get(given[${JSON.stringify(name)}])`;
    return `const level${i + 1} = ${value}; if (level${i + 1} === undefined) return undefined;`;
  });
  const count = 'let keys = 0; for (const _ in given) keys++;';
  // Without labels there is one series, under the empty text.
  const found = names.length === 0 ? "level0.get('')" : `level${names.length}`;
  const result = `return keys === ${names.length} ? ${found} : undefined;`;
  try {
    return new Function('level0', 'given', [...steps, count, result].join('\n')) as LookUp<S>;
  } catch {
    return (root, given) => {
      let level: Level<S> | S | undefined = root;
      for (const name of names) {
        level = (level as Level<S>).get(given[name]);
        if (level === undefined) return undefined;
      }
      let keys = 0;
      for (const _ in given) keys++;
      if (keys !== names.length) return undefined;
      return (names.length === 0 ? root.get('') : level) as S | undefined;
    };
  }
}

/** The series of a metric by their labels. */
export class SeriesTable<S extends object> {
  readonly #names: readonly string[];
  readonly #create: (labels: GivenLabels, labelValues: readonly string[]) => S;
  readonly #lookUp: LookUp<S>;
  #root: Level<S> = new Map();

  /** @param create makes a series; its labels are a copy that nobody else has, in the order in which they were given */
  constructor(names: readonly string[], create: (labels: GivenLabels, labelValues: readonly string[]) => S) {
    this.#names = [...names];
    this.#create = create;
    this.#lookUp = lookUpOf(names);
  }

  /**
   * The series of labels, made where it does not exist.
   * @throws Error for a label that the metric does not have
   */
  get(given: GivenLabels): S {
    return this.#lookUp(this.#root, given) ?? this.#slow(given);
  }

  /**
   * The series of an object of labels, or of values in the order of the names.
   * @throws Error for a label that the metric does not have, or another number of values
   */
  of(args: readonly unknown[]): S {
    const names = this.#names;
    if (typeof args[0] === 'object') return this.get((args[0] ?? {}) as GivenLabels);
    if (args.length !== names.length) throw wrongNumber(names, args);
    let level: Level<S> | S | undefined = this.#root;
    for (let i = 0; i < args.length; i++) {
      level = (level as Level<S>).get(args[i]);
      if (level === undefined) return this.#slow(getLabels(names, args));
    }
    return args.length === 0 ? this.#slow({}) : (level as S);
  }

  /**
   * Takes a series out; undefined where there is none.
   * @throws Error as {@link SeriesTable.of}
   */
  take(args: readonly unknown[]): S | undefined {
    const given = getLabels(this.#names, args);
    validateLabel(this.#names, given);
    const path = this.#pathOf(given);
    const levels: Level<S>[] = [];
    let next: Level<S> | S | undefined = this.#root;
    for (const value of path) {
      if (next === undefined) return undefined;
      levels.push(next as Level<S>);
      next = (next as Level<S>).get(value);
    }
    const found = next as S | undefined;
    for (let i = path.length - 1; i >= 0 && next !== undefined; i--) {
      // What a level is known under: the text, and perhaps a number.
      for (const [key, value] of levels[i]!) if (value === next) levels[i]!.delete(key);
      next = levels[i]!.size === 0 ? levels[i] : undefined;
    }
    return found;
  }

  /** The series of labels that exists already. */
  find(given: GivenLabels): S | undefined {
    return this.#find(this.#pathOf(given));
  }

  clear(): void {
    this.#root = new Map();
  }

  #slow(given: GivenLabels): S {
    validateLabel(this.#names, given);
    const names = this.#names;
    const path = this.#pathOf(given);
    const series = this.#find(path) ?? this.#add(given, path);
    let level = this.#root;
    for (let i = 0; i < names.length; i++) {
      const raw = given[names[i]!];
      const next = level.get(path[i])!;
      if (typeof raw === 'number') level.set(raw, next);
      level = next as Level<S>;
    }
    return series;
  }

  #pathOf(given: GivenLabels): readonly string[] {
    return this.#names.length === 0 ? [''] : this.#names.map((name) => textOf(given[name]));
  }

  #find(path: readonly string[]): S | undefined {
    let level: Level<S> | S | undefined = this.#root;
    for (const value of path) {
      level = (level as Level<S>).get(value);
      if (level === undefined) return undefined;
    }
    return level as S;
  }

  #add(given: GivenLabels, path: readonly string[]): S {
    const labels: Record<string, unknown> = {};
    for (const name of Object.keys(given)) if (given[name] !== undefined) labels[name] = given[name];
    const series = this.#create(labels, this.#names.length === 0 ? [] : path);
    let level = this.#root;
    for (const value of path.slice(0, -1)) {
      const next = (level.get(value) as Level<S> | undefined) ?? new Map();
      level.set(value, next);
      level = next;
    }
    level.set(path.at(-1), series);
    return series;
  }
}
