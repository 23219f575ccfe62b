/** Binding series of metrics whose labels may be called otherwise: values are given by what the labels mean. */
import { type LabelNames, renamedValues } from './naming.ts';

/** A metric, whatever its labels are called. */
export interface Bindable<Child> {
  bind(labels: Readonly<Record<string, string>>): Child;
}

/**
 * The series of some values, to be kept where the same one is used often; undefined where the metric is left out.
 * @param names what the labels are called
 */
export function renamedSeries<Child>(
  metric: Bindable<Child> | undefined,
  values: Readonly<Record<string, string>>,
  names: LabelNames,
): Child | undefined {
  return metric?.bind(renamedValues(Object.keys(values), values, names));
}
