/** What all metric definitions share, and the checks that each passes before it becomes a metric. */

import { type LabelSpec, type ResolvedLabel, resolveLabels } from './labels.ts';
import { isClassicMetricName } from './model/names.ts';
import { defaultRegistry, type Registry } from './registry.ts';
import type { FamilyShape } from './store/store.ts';

/** The part of a definition that every type of metric has. */
export interface Definition<L extends LabelSpec, Name extends string, Unit extends string> {
  /** The whole name, as it is exposed. */
  readonly name: Name;
  /** What the metric means, for whoever reads it at night. */
  readonly help: string;
  /** A base unit, part of the name: `seconds`, `bytes`. */
  readonly unit?: Unit;
  readonly labels?: L;
  /** Default: the registry of the process. */
  readonly registry?: Registry;
}

/** A definition that has passed its checks: what the metric and its children are made from. */
export interface Checked {
  readonly registry: Registry;
  /** The metric's own labels. */
  readonly labels: readonly ResolvedLabel[];
  /** As the store keeps the family: the constant labels of the registry come first. */
  readonly shape: FamilyShape;
}

/**
 * Checks a definition and resolves its labels.
 * @throws TypeError with the name and what is wrong with it
 */
export function checkDefinition(
  definition: Definition<LabelSpec, string, string>,
  kind: Pick<FamilyShape, 'type' | 'mode' | 'bounds'>,
  reservedLabels: readonly string[] = [],
): Checked {
  const { name, help, unit = '' } = definition;
  if (!isClassicMetricName(name)) throw new TypeError(`${JSON.stringify(name)} is not a metric name`);
  if (kind.type === 'counter' && !name.endsWith('_total')) {
    throw new TypeError(`counter ${name} must end in _total`);
  }
  if (kind.type !== 'counter' && name.endsWith('_total')) {
    throw new TypeError(
      `${kind.type} ${name} must not end in _total: that is what counters are recognised by`,
    );
  }
  const stem = kind.type === 'counter' ? name.slice(0, -'_total'.length) : name;
  if (unit !== '' && !stem.endsWith(`_${unit}`))
    throw new TypeError(`metric ${name} must carry its unit ${unit} in its name`);
  if (help === '') throw new TypeError(`metric ${name} needs a help text that says what it means`);
  const labels = resolveLabels(name, definition.labels ?? {}, reservedLabels);
  const registry = definition.registry ?? defaultRegistry();
  const constant = Object.keys(registry.labels);
  for (const name of constant) {
    if (reservedLabels.includes(name) || labels.some((own) => own.name === name)) {
      throw new TypeError(
        `metric ${definition.name}: label ${name} is a constant label of its registry, and must have another name there or here`,
      );
    }
  }
  const labelNames = [...constant, ...labels.map((own) => own.name)];
  return { registry, labels, shape: { name, help, unit, labelNames, ...kind } };
}
