/**
 * Operators between two vectors, and between a vector and a scalar.
 *
 * Series match when their matching labels are equal. The signature of each series is computed once; then each
 * series of the "many" side meets the series of the "one" side with its signature, column against column. Prometheus
 * matches anew at each step, so a rule that is broken only matters at steps where both series have a value.
 */
import { type Labels, METRIC_NAME, type NativeHistogram } from '@binnacle/metrics/model';
import {
  type ArithmeticOp,
  type BinaryExpr,
  type BinaryOp,
  type ComparisonOp,
  isComparison,
  type SetOp,
  type TrimOp,
  type VectorMatching,
} from '../ast.ts';
import { quote } from '../quote.ts';
import { QueryError } from '../value.ts';
import type { Annotations } from './annotations.ts';
import { ARITHMETIC, COMPARISON } from './arithmetic.ts';
import {
  type Column,
  ColumnSlab,
  emptyColumn,
  identity,
  isEmpty,
  METADATA_LABELS,
  mergeInto,
} from './column.ts';
import { operate } from './histogram-binary.ts';

/** `vector op scalar`, or `scalar op vector` when `swapped`. */
export function withScalar(
  expr: BinaryExpr,
  columns: readonly Column[],
  scalar: Float64Array,
  swapped: boolean,
  notes: Annotations,
): Column[] {
  const { op, returnBool } = expr;
  return columns.map((column) => {
    const { labels, dropName, values, present } = column;
    const count = values.length;
    if (column.histograms !== undefined || isTrim(op)) {
      const other = { labels, dropName, values: scalar, present };
      const result = emptyColumn(labels, !keepsName(op) || returnBool || dropName, count);
      const [lhs, rhs] = swapped ? [other, column] : [column, other];
      return computeMixed(expr, lhs, rhs, present, result, swapped ? rhs : lhs, notes);
    }
    if (!isComparison(op)) {
      const compute = ARITHMETIC[op as ArithmeticOp];
      const result = new Float64Array(count);
      for (let step = 0; step < count; step++)
        result[step] = swapped
          ? compute(scalar[step]!, values[step]!)
          : compute(values[step]!, scalar[step]!);
      return { labels, dropName: true, values: result, present };
    }
    const holds = COMPARISON[op];
    const kept = new Uint8Array(count);
    const result = returnBool ? new Float64Array(count) : values;
    for (let step = 0; step < count; step++) {
      if (present[step] === 0) continue;
      const true_ = swapped ? holds(scalar[step]!, values[step]!) : holds(values[step]!, scalar[step]!);
      if (returnBool) result[step] = true_ ? 1 : 0;
      kept[step] = returnBool || true_ ? 1 : 0;
    }
    return { labels, dropName: dropName || returnBool, values: result, present: kept };
  });
}

function isTrim(op: BinaryOp): op is TrimOp {
  return op === '</' || op === '>/';
}

/** Whether the result of an operator is still the metric. */
function keepsName(op: BinaryOp): boolean {
  return isComparison(op) || isTrim(op);
}

/** `scalar op scalar`. */
export function scalars(op: BinaryOp, a: Float64Array, b: Float64Array): Float64Array {
  if (isTrim(op))
    throw new QueryError('execution', `operator ${quote(op)} not allowed for Scalar operations`);
  const compute = isComparison(op)
    ? (x: number, y: number): number => (COMPARISON[op](x, y) ? 1 : 0)
    : ARITHMETIC[op as ArithmeticOp];
  return a.map((value, step) => compute(value, b[step]!));
}

/** `and`, `or` and `unless`. */
export function setOperation(
  op: SetOp,
  matching: VectorMatching,
  lhs: readonly Column[],
  rhs: readonly Column[],
): Column[] {
  const signature = signatures(matching);
  if (op === 'or') {
    const covered = presenceBySignature(lhs, signature);
    const added = rhs.map((column) => masked(column, covered.get(signature(column.labels)), false));
    return [...lhs, ...added].filter((column) => !isEmpty(column));
  }
  const other = presenceBySignature(rhs, signature);
  return lhs
    .map((column) => masked(column, other.get(signature(column.labels)), op === 'and'))
    .filter((column) => !isEmpty(column));
}

/** All other operators between two vectors. */
export function vectors(
  op: ArithmeticOp | ComparisonOp | TrimOp,
  expr: BinaryExpr,
  matching: VectorMatching,
  lhs: readonly Column[],
  rhs: readonly Column[],
  notes: Annotations,
): Column[] {
  const swapped = matching.card === 'one-to-many';
  const [many, one] = swapped ? [rhs, lhs] : [lhs, rhs];
  // As in Prometheus `fill_left` stands in on the "many" side and `fill_right` on the "one" side, also when swapped.
  const { fill } = matching;
  const signature = signatures(matching);
  const ones = bySignature(one, signature);
  const filled = fill.lhs !== undefined || fill.rhs !== undefined;
  checkOneSide(ones, filled ? [...many, ...one] : many, matching, swapped ? 'left' : 'right');
  const matched = new MatchGuard(matching);
  const results = new Map<string, Column>();
  const slab = new ColumnSlab(many[0]?.values.length ?? one[0]?.values.length ?? 0, many.length);
  const meet = (key: string, left: Column, right: Column, steps: Uint8Array | undefined): void => {
    if (steps === undefined) return;
    const labels = resultLabels(op, matching, left.labels, right.labels);
    matched.check(key, labels.key, steps);
    const [a, b] = swapped ? [right, left] : [left, right];
    const dropName = expr.returnBool || left.dropName;
    const result = slab.next(labels, dropName);
    if (isTrim(op) || a.histograms !== undefined || b.histograms !== undefined)
      add(results, computeMixed(expr, a, b, steps, result, a, notes));
    else {
      compute(op, expr.returnBool, a.values, b.values, steps, result);
      add(results, result);
    }
  };
  for (const column of many) {
    const key = signature(column.labels);
    const partners = ones.get(key) ?? [];
    for (const partner of partners) meet(key, column, partner, intersection(column.present, partner.present));
    if (fill.rhs !== undefined)
      meet(key, column, filler(column, fill.rhs, matching), uncovered(column, partners));
  }
  if (fill.lhs !== undefined) {
    const manies = bySignature(many, signature);
    for (const column of one) {
      const key = signature(column.labels);
      meet(key, filler(column, fill.lhs, matching), column, uncovered(column, manies.get(key) ?? []));
    }
  }
  return [...results.values()].filter((column) => !isEmpty(column));
}

/** A column that stands in for a missing partner. */
function filler({ labels, values }: Column, value: number, matching: VectorMatching): Column {
  return {
    labels: matchingLabels(labels, matching),
    dropName: false,
    values: new Float64Array(values.length).fill(value),
    present: new Uint8Array(values.length),
  };
}

/** Where a column has a value and none of its partners has. */
function uncovered({ present }: Column, partners: readonly Column[]): Uint8Array | undefined {
  if (partners.length === 0) return present;
  const covered = union(partners);
  const steps = present.map((bit, i) => bit & (1 - covered[i]!));
  return steps.indexOf(1) < 0 ? undefined : steps;
}

/** The labels that must be equal. */
function matchingLabels(labels: Labels, matching: VectorMatching): Labels {
  return matching.on
    ? labels.only(new Set(matching.labels))
    : labels.without(new Set([...matching.labels, METRIC_NAME]));
}

/** How a label set identifies itself to the other side. */
function signatures({ on, labels }: VectorMatching): (labels: Labels) => string {
  const named = new Set(on ? labels : [...labels, METRIC_NAME]);
  const known = new Map<Labels, string>();
  return (set) => {
    let key = known.get(set);
    if (key === undefined) {
      key = (on ? set.only(named) : set.without(named)).key;
      known.set(set, key);
    }
    return key;
  };
}

function bySignature(
  columns: readonly Column[],
  signature: (labels: Labels) => string,
): Map<string, Column[]> {
  const groups = new Map<string, Column[]>();
  for (const column of columns) {
    const key = signature(column.labels);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [column]);
    else group.push(column);
  }
  return groups;
}

function presenceBySignature(
  columns: readonly Column[],
  signature: (labels: Labels) => string,
): Map<string, Uint8Array> {
  const presence = new Map<string, Uint8Array>();
  for (const [key, group] of bySignature(columns, signature)) presence.set(key, union(group));
  return presence;
}

function union(columns: readonly Column[]): Uint8Array {
  if (columns.length === 1) return columns[0]!.present;
  const all = columns[0]!.present.slice();
  for (const { present } of columns) for (let i = 0; i < all.length; i++) all[i] = all[i]! | present[i]!;
  return all;
}

/** A column where a mask is set, or where it is not. */
function masked(column: Column, mask: Uint8Array | undefined, wanted: boolean): Column {
  if (mask === undefined)
    return wanted ? { ...column, present: new Uint8Array(column.present.length) } : column;
  const bit = wanted ? 1 : 0;
  return { ...column, present: column.present.map((present, i) => (mask[i] === bit ? present : 0)) };
}

function intersection(a: Uint8Array, b: Uint8Array): Uint8Array | undefined {
  const both = new Uint8Array(a.length);
  let any = false;
  for (let i = 0; i < a.length; i++) {
    both[i] = a[i]! & b[i]!;
    if (both[i] === 1) any = true;
  }
  return any ? both : undefined;
}

function compute(
  op: ArithmeticOp | ComparisonOp,
  returnBool: boolean,
  a: Float64Array,
  b: Float64Array,
  both: Uint8Array,
  { values, present }: Column,
): void {
  if (!isComparison(op)) {
    const operator = ARITHMETIC[op];
    for (let i = 0; i < a.length; i++) if (both[i] === 1) values[i] = operator(a[i]!, b[i]!);
    present.set(both);
    return;
  }
  const holds = COMPARISON[op];
  for (let i = 0; i < a.length; i++) {
    if (both[i] === 0) continue;
    const kept = holds(a[i]!, b[i]!);
    values[i] = returnBool ? (kept ? 1 : 0) : a[i]!;
    present[i] = returnBool || kept ? 1 : 0;
  }
}

/**
 * {@link compute} where operands may be histograms.
 * @param kept whose value a comparison keeps
 */
function computeMixed(
  expr: BinaryExpr,
  a: Column,
  b: Column,
  both: Uint8Array,
  result: Column,
  kept: Column,
  notes: Annotations,
): Column {
  const { values, present } = result;
  const histograms = new Array<NativeHistogram | undefined>(values.length).fill(undefined);
  for (let i = 0; i < values.length; i++) {
    if (both[i] === 0) continue;
    const found = operate(expr, a.histograms?.[i] ?? a.values[i]!, b.histograms?.[i] ?? b.values[i]!, notes);
    if (found === undefined || (found === false && !expr.returnBool)) continue;
    present[i] = 1;
    if (expr.returnBool) values[i] = found === false ? 0 : 1;
    else if (isComparison(expr.op)) {
      values[i] = kept.values[i]!;
      histograms[i] = kept.histograms?.[i];
    } else if (typeof found === 'number') values[i] = found;
    else if (found !== false) histograms[i] = found;
  }
  return expr.returnBool ? result : { ...result, histograms };
}

function add(results: Map<string, Column>, column: Column): void {
  const key = identity(column);
  const known = results.get(key);
  results.set(key, known === undefined ? column : mergeInto(known, column));
}

/** On the "one" side a signature may occur once only, wherever the other side has anything at all. */
function checkOneSide(
  ones: ReadonlyMap<string, readonly Column[]>,
  many: readonly Column[],
  matching: VectorMatching,
  side: 'left' | 'right',
): void {
  for (const group of ones.values()) {
    if (group.length < 2 || many.length === 0) continue;
    const others = union([emptyColumn(group[0]!.labels, false, group[0]!.values.length), ...many]);
    const owner = new Int32Array(others.length).fill(-1);
    group.forEach(({ present, labels }, index) => {
      for (let i = 0; i < present.length; i++) {
        if (present[i] === 0) continue;
        if (owner[i]! >= 0 && others[i] === 1) {
          const pair = [labels, group[owner[i]!]!.labels].map(seriesText).sort();
          const match = seriesText(matchingLabels(labels, matching));
          throw new QueryError(
            'execution',
            `found duplicate series for the match group ${match} on the ${side} hand-side of the operation: ` +
              `[${pair.join(', ')}];many-to-many matching not allowed: matching labels must be unique on one side`,
          );
        }
        owner[i] = index;
      }
    });
  }
}

/** Label sets as Prometheus writes them in this message, the name among the others. */
function seriesText(labels: Labels): string {
  return `{${labels
    .entries()
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(', ')}}`;
}

/** Sees to it that no two results of a step could be told apart only by labels that are gone. */
class MatchGuard {
  readonly #oneToOne: boolean;
  /** Not to be written to: the first entry of a key may be a column's. */
  readonly #taken = new Map<string, Uint8Array>();

  constructor(matching: VectorMatching) {
    this.#oneToOne = matching.card === 'one-to-one';
  }

  check(signature: string, result: string, both: Uint8Array): void {
    const key = this.#oneToOne ? signature : `${signature}\n${result}`;
    const taken = this.#taken.get(key);
    if (taken === undefined) {
      this.#taken.set(key, both);
      return;
    }
    const all = taken.slice();
    for (let i = 0; i < both.length; i++) {
      if (both[i] === 0) continue;
      if (taken[i] === 1) {
        throw new QueryError(
          'execution',
          this.#oneToOne
            ? 'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)'
            : 'multiple matches for labels: grouping labels must ensure unique matches',
        );
      }
      all[i] = 1;
    }
    this.#taken.set(key, all);
  }
}

function resultLabels(op: BinaryOp, matching: VectorMatching, many: Labels, one: Labels): Labels {
  let labels = keepsName(op) ? many : many.without(METADATA_LABELS);
  if (matching.card === 'one-to-one') {
    const named = new Set(matching.labels);
    labels = matching.on ? labels.only(named) : labels.without(named);
  }
  for (const name of matching.include) labels = labels.with(name, one.get(name));
  return labels;
}
