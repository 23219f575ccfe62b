/**
 * The children of a metric by their label values: a nested map, one level per label, so that finding a child
 * builds no joined key, which would cost several times the lookup.
 */
import type { Checked } from './definition.ts';
import {
  cutLabelValue,
  LABEL_VALUE_CHARACTERS_MAX,
  type LabelSpec,
  type LabelValues,
  type ResolvedLabel,
} from './labels.ts';
import { openLabelValue } from './open-labels.ts';
import type { Child, ChildHolder } from './registry.ts';
import { type LabelPattern, OVERFLOW_VALUE, SERIES_PER_METRIC_MAX } from './store/store.ts';

type Level<C> = Map<string, Level<C> | C>;

/** Finds a child that exists. */
type LookUp<C> = (root: Level<C>, given: Readonly<Record<string, string>>) => C | undefined;

/**
 * The look-up for labels of these names, as code of its own: `given["method"]` with the name in the code is a load
 * from a fixed offset, `given[name]` is a search through the object's shape, three labels of which cost more than
 * all else that a labelled increment does. Where a process forbids code from strings, the search it is.
 */
function lookUpOf<C>(names: readonly string[]): LookUp<C> {
  const steps = names.map((name, i) => {
    const value = `level${i}.get(given[${JSON.stringify(name)}])`;
    const last = i === names.length - 1;
    return last
      ? `return ${value};`
      : `const level${i + 1} = ${value}; if (level${i + 1} === undefined) return undefined;`;
  });
  try {
    return new Function('level0', 'given', steps.join('\n')) as LookUp<C>;
  } catch {
    return (root, given) => {
      let level: Level<C> | C | undefined = root;
      for (const name of names) {
        level = (level as Level<C>).get(given[name]!);
        if (level === undefined) return undefined;
      }
      return level as C;
    };
  }
}

/** What a table tells the registry of what it could not do as asked. */
export type DropReason =
  | 'label_missing'
  | 'label_unknown'
  | 'label_value'
  | 'label_length'
  | 'value'
  | 'exemplar'
  | 'callback';

export class ChildTable<C extends object> {
  readonly #labels: readonly ResolvedLabel[];
  readonly #create: (labelValues: readonly string[]) => C;
  readonly #scratch: () => C;
  readonly #drop: (reason: DropReason, detail: string) => void;
  readonly #overflow: (detail: string) => void;
  readonly #root: Level<C> = new Map();
  readonly #lookUp: LookUp<C>;
  readonly #seriesMax: number;
  readonly #oneByOne: boolean;
  readonly #recent = new RecentStrings();
  #count = 0;
  #single: C | undefined;

  /**
   * @param create makes a child for label values that have none yet
   * @param scratch gives a child whose values nobody reads, for labels that cannot be
   * @param overflow is told that there are too many series
   */
  constructor(
    labels: readonly ResolvedLabel[],
    create: (labelValues: readonly string[]) => C,
    scratch: () => C,
    drop: (reason: DropReason, detail: string) => void,
    overflow: (detail: string) => void,
    seriesMax = SERIES_PER_METRIC_MAX,
  ) {
    this.#labels = labels;
    this.#create = create;
    this.#scratch = scratch;
    this.#drop = drop;
    this.#overflow = overflow;
    this.#seriesMax = seriesMax;
    this.#oneByOne = labels.length > 0 && labels.every((label) => beforehand(label) === undefined);
    this.#lookUp = lookUpOf(labels.map(({ name }) => name));
    if (labels.every((label) => beforehand(label) !== undefined))
      this.#createAll(labels.map((label) => label.values!));
  }

  /** The child for label values; never throws, whatever a caller without types passes. */
  get(given: Readonly<Record<string, string>>): C {
    if (given === undefined || given === null) return this.#slow(given);
    return this.#lookUp(this.#root, given) ?? this.#slow(given);
  }

  /** The child for label values, if it is there and every label is given. */
  peek(given: Readonly<Record<string, string>>): C | undefined {
    return given === undefined || given === null ? undefined : this.#lookUp(this.#root, given);
  }

  /** The only child of a metric without labels. */
  get single(): C {
    return this.#single!;
  }

  /** The children that have the label values of a pattern, undefined standing for any. */
  *matching(pattern: LabelPattern): Generator<[labelValues: readonly string[], child: C], void, undefined> {
    if (this.#labels.length === 0) yield [[], this.single];
    else yield* matchingIn(this.#root, pattern, []);
  }

  /** The child of these label values can no longer be found. */
  forget(labelValues: readonly string[]): void {
    const levels: Level<C>[] = [this.#root];
    for (const value of labelValues.slice(0, -1)) {
      const next = levels.at(-1)!.get(value) as Level<C> | undefined;
      if (next === undefined) return;
      levels.push(next);
    }
    for (let i = levels.length - 1; i >= 0; i--) {
      if (!levels[i]!.delete(labelValues[i]!)) return;
      if (i === levels.length - 1) this.#count--;
      if (levels[i]!.size > 0) return;
    }
  }

  #slow(given: Readonly<Record<string, string>>): C {
    const values = this.#valuesOf(given);
    if (values === undefined) return this.#scratch();
    const found = this.find(values);
    if (found !== undefined) return found;
    if (this.#count >= this.#seriesMax) {
      this.#overflow(`it has ${this.#seriesMax} series, more are counted as ${OVERFLOW_VALUE}`);
      const overflow = this.#labels.map((label, i) =>
        label.values === undefined ? OVERFLOW_VALUE : values[i]!,
      );
      return this.find(overflow) ?? this.#add(overflow);
    }
    // Made to size: an array that was pushed to has room for many more, which a label set never needs.
    if (this.#oneByOne) return this.#add(values.map(this.#recent.same));
    // The first use of an open value brings its closed siblings, so that they stand at 0 from now on.
    this.#createAll(this.#labels.map((label, i) => beforehand(label) ?? [values[i]!]));
    return this.find(values)!;
  }

  /** The label values in order, or undefined, reported, where they cannot be. */
  #valuesOf(given: Readonly<Record<string, unknown>>): string[] | undefined {
    if (typeof given !== 'object' || given === null) {
      this.#drop('label_missing', 'it was used without labels');
      return undefined;
    }
    const values: string[] = [];
    for (const label of this.#labels) {
      const value = countedValue(label, given[label.name], this.#drop);
      if (value === undefined) return undefined;
      values.push(value);
    }
    for (const name in given) {
      if (this.#labels.some((label) => label.name === name)) continue;
      this.#drop('label_unknown', `it has no label ${name}`);
      return undefined;
    }
    return values;
  }

  /** The child of label values in the order of the labels. */
  find(values: readonly string[]): C | undefined {
    let level: Level<C> | C | undefined = this.#root;
    for (const value of values) {
      level = (level as Level<C>).get(value);
      if (level === undefined) return undefined;
    }
    return level as C;
  }

  /** Creates the children of all combinations that do not exist yet. */
  #createAll(choices: readonly (readonly string[])[]): void {
    let combinations: string[][] = [[]];
    for (const choice of choices) {
      combinations = combinations.flatMap((before) => choice.map((value) => [...before, value]));
    }
    for (const values of combinations) {
      if (values.length === 0) this.#single = this.#create(values);
      else if (this.find(values) === undefined) this.#add(values.map(this.#recent.same));
    }
  }

  #add(values: readonly string[]): C {
    const child = this.#create(values);
    this.adopt(values, child);
    return child;
  }

  /** A child that is found from now on by these label values, which have none. */
  adopt(values: readonly string[], child: C): void {
    let level = this.#root;
    for (const value of values.slice(0, -1)) {
      let next = level.get(value) as Level<C> | undefined;
      if (next === undefined) {
        next = new Map();
        level.set(value, next);
      }
      level = next;
    }
    level.set(values[values.length - 1]!, child);
    this.#count++;
  }
}

/** The values whose series exist before they are used. */
function beforehand({ values, sparse }: ResolvedLabel): readonly string[] | undefined {
  return sparse ? undefined : values;
}

/**
 * The value under which a label is counted that was given as `raw`: a text, cut where it is too long; undefined, and
 * reported, where it cannot be. Never throws, whatever a caller without types passes.
 */
export function countedValue(
  { name, values, otherwise }: ResolvedLabel,
  raw: unknown,
  drop: (reason: DropReason, detail: string) => void,
): string | undefined {
  if (raw === undefined || raw === null) {
    drop('label_missing', `label ${name} was not given`);
    return undefined;
  }
  const text = textOf(raw);
  if (text === undefined) {
    drop('label_value', `label ${name} was given something that has no text`);
    return undefined;
  }
  if (values === undefined) {
    const value = openLabelValue(name, text);
    if (value.length <= LABEL_VALUE_CHARACTERS_MAX) return value;
    drop('label_length', `a value of label ${name} has ${value.length} characters and is cut`);
    return cutLabelValue(value);
  }
  if (values.includes(text)) return text;
  if (otherwise === undefined)
    drop('label_value', `label ${name} cannot be ${JSON.stringify(text)}; it is one of ${values.join(', ')}`);
  return otherwise;
}

/** Undefined for an object that refuses to become one. */
function textOf(raw: unknown): string | undefined {
  if (typeof raw === 'string') return raw;
  try {
    return String(raw);
  } catch {
    return undefined;
  }
}

/** How many strings are remembered; a power of two. */
const RECENT_STRINGS = 64;

/**
 * Label values come again and again, but as strings that were made anew for each request. The series that are
 * created one after the other share one string for each value.
 */
class RecentStrings {
  readonly #strings: string[] = [];

  readonly same = (value: string): string => {
    let hash = value.length;
    for (let i = 0; i < value.length; i++) hash = (Math.imul(hash, 31) + value.charCodeAt(i)) | 0;
    const slot = (hash ^ (hash >>> 12)) & (RECENT_STRINGS - 1);
    if (this.#strings[slot] !== value) this.#strings[slot] = value;
    return this.#strings[slot]!;
  };
}

function* matchingIn<C>(
  level: Level<C>,
  pattern: LabelPattern,
  above: readonly string[],
): Generator<[labelValues: readonly string[], child: C], void, undefined> {
  const wanted = pattern[above.length];
  for (const [value, below] of level) {
    if (wanted !== undefined && value !== wanted) continue;
    const labelValues = above.concat(value);
    if (labelValues.length === pattern.length) yield [labelValues, below as C];
    else yield* matchingIn(below as Level<C>, pattern, labelValues);
  }
}

/** The table of a metric's children, each made by `make` and placed in the registry's store. */
export function childrenOf<C extends Child>(
  { registry, labels, shape }: Checked,
  make: () => C,
): ChildTable<C> {
  let table: ChildTable<C> | undefined;
  // The table places children of closed labels while it is being made.
  const holder: ChildHolder = {
    forget: (labelValues) => table?.forget(labelValues),
    find: (labelValues) => table?.find(labelValues),
    adopt: (labelValues, child) => table?.adopt(labelValues, child as C),
    children: () => table?.matching(labels.map(() => undefined)) ?? [],
  };
  table = new ChildTable(
    labels,
    (labelValues) => {
      const child = make();
      registry.place(child, shape, labelValues, holder);
      return child;
    },
    () => {
      const child = make();
      registry.scratch(child, shape);
      return child;
    },
    (reason, detail) => registry.drop(shape.name, reason, detail),
    (detail) => registry.overflow(shape.name, detail),
    shape.seriesMax,
  );
  return table;
}

/** Label values as the table takes them: types are checked where the metric is used, values here. */
export function plain<L extends LabelSpec>(labels: LabelValues<L>): Readonly<Record<string, string>> {
  return labels as Readonly<Record<string, string>>;
}
