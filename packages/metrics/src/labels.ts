/**
 * The labels of a metric definition: open ones, whose values are any string, and closed ones, whose values are
 * known. Closed labels let every series exist from the start at 0, and let the compiler find a wrong value.
 */
import { isName } from './model/names.ts';

/**
 * The longest label value, in UTF-16 units; what is longer is cut and ends in {@link CUT_MARK}. 500 of them are at
 * most 1,500 bytes of UTF-8, below the 2,048 that hosted storage takes.
 */
export const LABEL_VALUE_CHARACTERS_MAX = 500;

/** The end of a label value that was cut. */
export const CUT_MARK = '...';

/** A value cut to {@link LABEL_VALUE_CHARACTERS_MAX}, not between the halves of a surrogate pair. */
export function cutLabelValue(value: string): string {
  const end = LABEL_VALUE_CHARACTERS_MAX - CUT_MARK.length;
  const splits = /[\ud800-\udbff]/.test(value[end - 1]!) && /[\udc00-\udfff]/.test(value[end]!);
  return value.slice(0, splits ? end - 1 : end) + CUT_MARK;
}

const OPEN = Symbol.for('@binnacle/metrics/open-label/v1');

/** Marks a label whose values are not known beforehand. Use it sparingly: every value is a series of its own. */
export interface OpenLabel {
  readonly kind: typeof OPEN;
}

/** An open label: `labels: { endpoint: label }`. */
export const label: OpenLabel = { kind: OPEN };

/** A closed list that takes any string at run time. */
export interface ClosedLabel<V extends string> {
  readonly values: readonly V[];
  readonly otherwise: V;
}

/**
 * A closed label for strings that come from outside: a value that is not in the list is counted under
 * `otherwise`, which is added to the list when it is not part of it.
 */
export function closed<const V extends string, const O extends string>(
  values: readonly V[],
  options: { readonly otherwise: O },
): ClosedLabel<V | O> {
  const all: (V | O)[] = values.includes(options.otherwise as string as V)
    ? [...values]
    : [...values, options.otherwise];
  return { values: all, otherwise: options.otherwise };
}

/** A closed list whose series do not exist before they are used. */
export interface SparseLabel<V extends string> {
  readonly values: readonly V[];
  readonly sparse: true;
}

/**
 * A closed label whose series come to be one by one when they are used, instead of standing at 0 from the start: for
 * gauges of what is yet to be found out. `labels: { dependency: sparse(['database', 'redis']) }`.
 */
export function sparse<const V extends string>(values: readonly V[]): SparseLabel<V> {
  return { values, sparse: true };
}

/** The labels of a definition by name. */
export type LabelSpec = Readonly<
  Record<string, OpenLabel | ClosedLabel<string> | SparseLabel<string> | readonly string[]>
>;

/** What a metric with these labels is given: every label, with a value that it can have. */
export type LabelValues<L extends LabelSpec> = {
  readonly [K in keyof L]: L[K] extends readonly (infer V)[]
    ? V
    : L[K] extends SparseLabel<infer V>
      ? V
      : string;
};

/** The arguments of a method that takes labels first where there are any. */
export type LabelledArguments<L extends LabelSpec, Rest extends readonly unknown[]> = keyof L extends never
  ? Rest
  : [labels: LabelValues<L>, ...rest: Rest];

/** A label as the metrics work with it. */
export interface ResolvedLabel {
  readonly name: string;
  /** The values of a closed label; undefined for an open one. */
  readonly values: readonly string[] | undefined;
  /** What a value outside of `values` becomes; undefined when it is a mistake. */
  readonly otherwise: string | undefined;
  /** Of a closed label: whether its series come to be only when they are used. */
  readonly sparse?: true;
}

/**
 * Checks the labels of a definition.
 * @throws TypeError for a name or a list that cannot be
 */
export function resolveLabels(metric: string, spec: LabelSpec, reserved: readonly string[]): ResolvedLabel[] {
  return Object.entries(spec).map(([name, definition]) => {
    if (!isName(name) || name.startsWith('__') || reserved.includes(name)) {
      throw new TypeError(`metric ${metric}: ${JSON.stringify(name)} is reserved and cannot be a label`);
    }
    if ('kind' in definition) return { name, values: undefined, otherwise: undefined };
    const values = 'otherwise' in definition || 'sparse' in definition ? definition.values : definition;
    if (values.length === 0 || new Set(values).size !== values.length || values.includes('')) {
      throw new TypeError(
        `metric ${metric}: the values of label ${name} must be distinct, not empty, and at least one`,
      );
    }
    if (values.some((value) => value.length > LABEL_VALUE_CHARACTERS_MAX)) {
      throw new TypeError(
        `metric ${metric}: the values of label ${name} must have at most ${LABEL_VALUE_CHARACTERS_MAX} characters`,
      );
    }
    return {
      name,
      values,
      otherwise: 'otherwise' in definition ? definition.otherwise : undefined,
      ...('sparse' in definition && { sparse: definition.sparse }),
    };
  });
}
