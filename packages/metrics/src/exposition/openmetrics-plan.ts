/**
 * Which name and type each family has in OpenMetrics, where a name belongs to one family only and a family has more
 * names than it shows: a counter `uploads` has `uploads`, `uploads_total` and `uploads_created`.
 */
import { type Family, isGaugeHistogram } from './families.ts';
import { namesOf, type OpenMetricsType } from './openmetrics-rules.ts';

/** How a family is written. */
export interface Written {
  readonly family: Family;
  readonly name: string;
  readonly type: OpenMetricsType;
}

/**
 * Gives every family its name and type, and leaves out those whose names are taken. Histograms choose first,
 * since they cannot be written otherwise, then summaries; counters and info metrics last, since they can.
 */
export function planOpenMetrics(
  families: readonly Family[],
  onLeftOut?: (family: Family) => void,
): Written[] {
  const taken = new Set<string>();
  const claim = (name: string, type: OpenMetricsType): boolean => {
    const names = namesOf(name, type);
    if (name === '' || names.some((one) => taken.has(one))) return false;
    for (const one of names) taken.add(one);
    return true;
  };
  const chosen = new Map<Family, Written>();
  const choose = (family: Family, name: string, type: OpenMetricsType) => {
    if (chosen.has(family) || !claim(name, type)) return;
    chosen.set(family, { family, name, type });
  };
  for (const family of families)
    if (family.type === 'histogram')
      choose(family, family.name, isGaugeHistogram(family) ? 'gaugehistogram' : 'histogram');
  for (const family of families) if (family.type === 'summary') choose(family, family.name, 'summary');
  for (const family of families)
    if (family.type === 'stateset') choose(family, family.name, isStateSet(family) ? 'stateset' : 'gauge');
  for (const family of families) if (family.type === 'gauge') choose(family, family.name, 'gauge');
  for (const family of families) {
    const { name, type } = family;
    if (type === 'counter') {
      if (name.endsWith('_total')) choose(family, name.slice(0, -'_total'.length), 'counter');
      choose(family, name, 'unknown');
    } else if (type === 'info') {
      if (name.endsWith('_info')) choose(family, name.slice(0, -'_info'.length), 'info');
      choose(family, name, 'gauge');
    }
  }
  const all: Written[] = [];
  for (const family of families) {
    const written = chosen.get(family);
    if (written !== undefined) all.push(written);
    else onLeftOut?.(family);
  }
  return all;
}

/** Whether the label of the states has the name of the family, which escaping may have taken from it. */
function isStateSet({ name, labelNames }: Family): boolean {
  return labelNames.at(-1) === name;
}
