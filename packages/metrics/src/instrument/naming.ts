/**
 * How the metrics of an instrument are called: by default as the field calls them, or as a service has always done.
 *
 *     httpMetrics({ names: { inFlight: 'http_requests_in_flight', errors: false }, labels: { status: 'status_code' } })
 *
 * A part is one metric of an instrument, and is left out where its name is `false`. A label that is `false` is left out
 * of all parts, and series that only it told apart become one. Types follow, so that expressions, panels and alerts made
 * of the definitions know what they are called.
 */
import type { LabelSpec } from '../labels.ts';

/** Other names for labels, by what they are called without; `false` for none of it. */
export type LabelNames<Label extends string = string> = { readonly [L in Label]?: string | false };

/** Other names for the parts of an instrument; `false` for none of it. */
export type PartNames<Part extends string = string> = { readonly [P in Part]?: string | false };

/** What is named, and how. */
export interface Naming<N extends PartNames, R extends LabelNames> {
  /** Whole names of metrics, by part; `false` leaves one out. */
  readonly names?: N;
  /** Names of labels; `false` leaves one out. */
  readonly labels?: R;
}

/** The labels as they are called. */
export type Renamed<L extends LabelSpec, R extends LabelNames> = {
  readonly [K in keyof L as K extends keyof R ? (R[K] extends string ? R[K] : never) : K]: L[K];
};

/** A part of an instrument; undefined where it is left out. */
export type Part<N extends PartNames, P extends string, M> = N extends { readonly [K in P]: false }
  ? undefined
  : M;

/** The labels of a definition under the names that were chosen. */
export function renamed<const L extends LabelSpec, const R extends LabelNames>(
  labels: L,
  names: R | undefined,
): Renamed<L, R> {
  const out: Record<string, LabelSpec[string]> = {};
  for (const [label, values] of Object.entries(labels)) {
    const name = names?.[label] ?? label;
    if (name !== false) out[name] = values;
  }
  return out as Renamed<L, R>;
}

/** Values by what they mean as values by what the labels are called. */
export function renamedValues(
  values: Readonly<Record<string, string>>,
  names: LabelNames | undefined,
): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [label, value] of Object.entries(values)) {
    const name = names?.[label] ?? label;
    if (name !== false) out[name] = value;
  }
  return out;
}

/** A metric whose series are bound once, whatever its labels are called. */
export interface Bindable<Child> {
  bind(labels: never): Child;
}

/**
 * The series of a metric for values by what they mean, to be kept where the same one is used often; undefined where the
 * metric is left out.
 * @param names what the labels are called
 */
export function bound<Child>(
  metric: Bindable<Child> | undefined,
  values: Readonly<Record<string, string>>,
  names: LabelNames | undefined,
): Child | undefined {
  return metric?.bind(renamedValues(values, names) as never);
}

/** The name of a part, or undefined where it is left out. */
export function partName<N extends PartNames>(
  names: N | undefined,
  part: keyof N & string,
  usual: string,
): string | undefined {
  const name = names?.[part] ?? usual;
  return name === false ? undefined : name;
}
