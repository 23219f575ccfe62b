/**
 * Removing series, and letting them begin again at 0.
 *
 * Counters, histograms, summaries and gauges in mode `mostrecent` are a matter of the whole service: what other
 * processes have counted for the series is forgotten too, and one that goes on counting begins at 0. All other
 * gauges, infos and states are what each running process says of itself, and each takes back its own.
 */
import { type ChildTable, countedValue, type DropReason } from './child-table.ts';
import type { Checked } from './definition.ts';
import { type Children, type Given, NarrowedChildren } from './narrowed.ts';
import type { Child } from './registry.ts';
import type { LabelPattern } from './store/store.ts';

/** Removes the series that have the given labels, all of them where there are none. */
export function removeSeries<C extends Child>(checked: Checked, children: Children<C>, given: Given): void {
  const pattern = patternOf(checked, children, given);
  if (pattern === undefined) return;
  const { registry, shape } = checked;
  const table = tableOf(children);
  for (const [labelValues, child] of [...table.matching(pattern)]) {
    // Without labels the metric is its only series, which there always is.
    if (labelValues.length === 0) registry.restart(child, shape, labelValues);
    else {
      registry.remove(child, shape);
      table.forget(labelValues);
    }
  }
  registry.erase(shape, pattern);
}

/** Lets all series begin again at 0. */
export function resetSeries<C extends Child>(checked: Checked, children: Children<C>): void {
  const pattern = patternOf(checked, children, {});
  if (pattern === undefined) return;
  const { registry, shape } = checked;
  for (const [labelValues, child] of tableOf(children).matching(pattern))
    registry.restart(child, shape, labelValues);
  registry.erase(shape, pattern);
}

function tableOf<C extends Child>(children: Children<C>): ChildTable<C> {
  return (children instanceof NarrowedChildren ? children.parent : children) as ChildTable<C>;
}

/**
 * Undefined, and reported, where the given labels cannot be: a label that is there without a value is a mistake of
 * the caller, which must not remove everything. Values are those under which they were counted.
 */
function patternOf<C extends Child>(
  { registry, labels, shape }: Checked,
  children: Children<C>,
  given: Given,
): LabelPattern | undefined {
  const drop = (reason: DropReason, detail: string) => registry.drop(shape.name, reason, detail);
  if (typeof given !== 'object' || given === null) {
    drop('label_missing', 'it was to remove series without being told which');
    return undefined;
  }
  const wanted: Given = { ...given, ...(children instanceof NarrowedChildren ? children.fixed : {}) };
  for (const name of Object.keys(wanted)) {
    if (labels.some((label) => label.name === name)) continue;
    drop('label_unknown', `it has no label ${name}`);
    return undefined;
  }
  const pattern: (string | undefined)[] = [];
  for (const label of labels) {
    const value = Object.hasOwn(wanted, label.name)
      ? countedValue(label, wanted[label.name], drop)
      : undefined;
    if (value === undefined && Object.hasOwn(wanted, label.name)) return undefined;
    pattern.push(value);
  }
  return pattern;
}
