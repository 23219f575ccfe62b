/** What all metric definitions share, and the checks that each passes before it becomes a metric. */

import { type LabelSpec, type ResolvedLabel, resolveLabels } from './labels.ts';
import { isName } from './model/names.ts';
import { defaultRegistry, type Registry } from './registry.ts';
import type { FamilyShape } from './store/store.ts';

/** The shortest expiry: processes note what has expired every few seconds. */
export const EXPIRE_AFTER_MS_MIN = 1_000;

/** The part of a definition that every type of metric has. */
export interface Definition<L extends LabelSpec, Name extends string, Unit extends string> {
  /** The whole name, as it is exposed. */
  readonly name: Name;
  /** What the metric means, for whoever reads it at night. */
  readonly help: string;
  /** A base unit, part of the name: `seconds`, `bytes`. */
  readonly unit?: Unit;
  readonly labels?: L;
  /**
   * How long after its last use by any process of the service a series is removed, in milliseconds, at least
   * {@link EXPIRE_AFTER_MS_MIN}: for labels whose values come and go. Without it, series stay. Each use then costs
   * the time that it takes to ask for the time.
   */
  readonly expireAfterMs?: number;
  /** The most series, in one process and over all processes; default 10,000. */
  readonly seriesMax?: number;
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
  kind: Pick<FamilyShape, 'type' | 'mode' | 'bounds' | 'native' | 'quantiles' | 'window'>,
  reservedLabels: readonly string[] = [],
): Checked {
  const { name, help, unit = '' } = definition;
  if (!isName(name)) throw new TypeError(`${JSON.stringify(name)} is not a metric name`);
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
  const { expireAfterMs, seriesMax } = definition;
  if (expireAfterMs !== undefined && !(expireAfterMs >= EXPIRE_AFTER_MS_MIN))
    throw new TypeError(
      `metric ${name}: expireAfterMs must be at least ${EXPIRE_AFTER_MS_MIN}, not ${expireAfterMs}`,
    );
  if (seriesMax !== undefined && !(Number.isInteger(seriesMax) && seriesMax > 0))
    throw new TypeError(`metric ${name}: seriesMax must be a positive integer, not ${seriesMax}`);
  const labelNames = [...constant, ...labels.map((own) => own.name)];
  const closedLabels = labelNames.flatMap((_, i) =>
    i < constant.length || labels[i - constant.length]!.values !== undefined ? [i] : [],
  );
  const shape: FamilyShape = {
    name,
    help,
    unit,
    labelNames,
    ...kind,
    ...(expireAfterMs !== undefined && { expireAfterMs }),
    ...(seriesMax !== undefined && { seriesMax }),
    ...(closedLabels.length > 0 && { closedLabels }),
  };
  return { registry, labels, shape };
}
