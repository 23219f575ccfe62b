/**
 * Binding a series of a metric whose labels may be called otherwise, or be left out: by what they mean.
 */
import { type LabelNames, renamedValues } from './naming.ts';

/** A metric whose series are bound once, whatever its labels are called. */
export interface Bindable<C> {
  bind(labels: never): C;
}

/**
 * The series of a metric for values by what they mean; undefined where the metric is left out.
 * @param own the labels that the metric has, by what they mean
 */
export function bound<C, V extends string>(
  metric: Bindable<C> | undefined,
  own: readonly V[],
  values: Readonly<Record<V, string>>,
  names: LabelNames,
): C | undefined {
  return metric?.bind(renamedValues(own, values, names) as never);
}
