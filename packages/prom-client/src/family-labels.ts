/** Labels and exemplars of series that are added up over all processes, as this package writes them. */
import { Exemplar } from './exemplar.ts';
import { type Family, type FamilyExemplar, labelsText } from './text.ts';

type FamilySeries = Family['series'][number];

const texts = new WeakMap<FamilySeries, string>();

/** The labels of a series; those that are empty are those that were left out. */
export function labelsOfFamily(family: Family, series: FamilySeries): Record<string, string> {
  const labels: Record<string, string> = {};
  family.labelNames.forEach((name, i) => {
    const value = series.labelValues[i];
    if (value !== undefined && value !== '') labels[name] = value;
  });
  const extra = 'extraLabels' in series ? series.extraLabels : undefined;
  for (const [name, value] of extra ?? []) labels[name] = value;
  return labels;
}

/** Their text, made once: a series is the same object as long as it is shown. */
export function textOfFamily(family: Family, series: FamilySeries): string {
  let text = texts.get(series);
  if (text === undefined) {
    text = labelsText(labelsOfFamily(family, series));
    texts.set(series, text);
  }
  return text;
}

/** An exemplar as this package writes it. */
export function exemplarOf(exemplar: FamilyExemplar | undefined): Exemplar | undefined {
  if (exemplar === undefined) return undefined;
  const made = new Exemplar(Object.fromEntries(exemplar.labels), exemplar.value);
  made.timestamp = exemplar.timestampMs === undefined ? undefined : exemplar.timestampMs / 1000;
  return made;
}
