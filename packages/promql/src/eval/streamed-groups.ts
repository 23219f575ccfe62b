/**
 * Aggregations of functions of range vectors, which take columns as they come and keep none of them.
 *
 * Where groups are many, their numbers do not fit into the processor's cache, and series that jump from group to group
 * would move all of them through it again and again. So the series are put in the order of their groups first: what they
 * hold is read from storage in any order at the same cost, as each is decoded by itself.
 */
import type { Labels } from '@binnacle/metrics/model';
import type { AggregateExpr } from '../ast.ts';
import type { Series } from '../storage.ts';
import { type Grouping, groupingOf } from './aggregate.ts';
import { type Column, METADATA_LABELS } from './column.ts';
import { createFold, type Fold, FoldMemory, type FoldOp } from './fold.ts';

/** What a step of a group takes, about: the value, what is kept beside it, and whether there is one. */
const BYTES_PER_STEP = 17;
/** Groups that take less stay in the cache, whatever the order. */
const ARRANGED_BYTES_MIN = 1 << 20;

interface StreamedGroup {
  /** In the order in which the groups were found. */
  readonly index: number;
  dropName: boolean;
  /** Undefined before the first column. */
  result: { readonly labels: Labels; readonly fold: Fold } | undefined;
}

/**
 * Groups by the value of one label, or levels by that of a label before it. Values are found by themselves: to make one
 * text of those of several labels, for each series, would take longer than to add the series up.
 */
interface Level {
  readonly levels: Map<string, Level>;
  readonly groups: Map<string, StreamedGroup>;
}

function newLevel(): Level {
  return { levels: new Map(), groups: new Map() };
}

/** Aggregates columns that are numbers as they come. */
export class StreamedGroups {
  readonly #op: FoldOp;
  readonly #grouping: Grouping;
  /** Grouping by labels of the measured thing: their values say the group, and no label set is to be made for it. */
  readonly #byLabels: readonly string[] | undefined;
  readonly #memory: FoldMemory;
  readonly #groups: StreamedGroup[] = [];
  readonly #root = newLevel();
  /** The groups of the series that were arranged. */
  #arranged: readonly StreamedGroup[] = [];
  #at = -1;

  constructor(op: FoldOp, expr: AggregateExpr, count: number) {
    this.#op = op;
    this.#grouping = groupingOf(expr);
    const isPlain = !expr.without && !expr.grouping.some((name) => METADATA_LABELS.has(name));
    this.#byLabels = isPlain ? expr.grouping : undefined;
    this.#memory = new FoldMemory(count);
  }

  get size(): number {
    return this.#groups.length;
  }

  /** The series in an order that is good for the groups: in it they must come then, each announced by {@link next}. */
  arrange(data: readonly Series[]): readonly Series[] {
    const names = this.#byLabels;
    if (names === undefined) return data;
    const groups = data.map(({ labels }) => this.#byValues(names, labels));
    this.#arranged = groups;
    if (this.#groups.length * this.#memory.count * BYTES_PER_STEP < ARRANGED_BYTES_MIN) return data;
    // Sorting by counting keeps the order within a group.
    const starts = new Uint32Array(this.#groups.length + 1);
    for (const { index } of groups) starts[index + 1]!++;
    for (let i = 1; i < starts.length; i++) starts[i]! += starts[i - 1]!;
    const arranged = new Array<Series>(data.length);
    const arrangedGroups = new Array<StreamedGroup>(data.length);
    groups.forEach((group, i) => {
      const place = starts[group.index]!++;
      arranged[place] = data[i]!;
      arrangedGroups[place] = group;
    });
    this.#arranged = arrangedGroups;
    return arranged;
  }

  /** The next series is looked at, whether or not it has a column. */
  next(): void {
    this.#at++;
  }

  add(column: Column): void {
    const group = this.#arranged[this.#at] ?? this.#groupOf(column);
    group.result ??= { labels: this.#grouping(column), fold: createFold(this.#op, this.#memory) };
    if (column.dropName) group.dropName = true;
    group.result.fold.add(column);
  }

  #groupOf(column: Column): StreamedGroup {
    const names = this.#byLabels;
    return names === undefined
      ? this.#find(this.#root, this.#grouping(column).key)
      : this.#byValues(names, column.labels);
  }

  #byValues(names: readonly string[], labels: Labels): StreamedGroup {
    let level = this.#root;
    for (let i = 0; i < names.length - 1; i++) {
      const value = labels.get(names[i]!);
      let next = level.levels.get(value);
      if (next === undefined) {
        next = newLevel();
        level.levels.set(value, next);
      }
      level = next;
    }
    return this.#find(level, names.length === 0 ? '' : labels.get(names[names.length - 1]!));
  }

  #find({ groups }: Level, key: string): StreamedGroup {
    let group = groups.get(key);
    if (group === undefined) {
      group = { index: this.#groups.length, dropName: false, result: undefined };
      groups.set(key, group);
      this.#groups.push(group);
    }
    return group;
  }

  /** The results; undefined where the columns would be needed once more. */
  finish(): Column[] | undefined {
    const results: Column[] = [];
    for (const { dropName, result } of this.#groups) {
      if (result === undefined) continue;
      const { labels, fold } = result;
      if (fold.finish().length > 0) return undefined;
      results.push({ labels, dropName, values: fold.values, present: fold.present });
    }
    return results;
  }
}
