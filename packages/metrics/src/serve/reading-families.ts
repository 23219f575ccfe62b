/** Families that stand behind those which were counted: what else is defined, and what a reading says about itself. */
import type { Family } from '../exposition/families.ts';
import type { Registry } from '../registry.ts';
import type { Reading } from '../store/reader.ts';
import type { SharedKind } from '../store/segment-files.ts';
import type { FamilyShape } from '../store/store.ts';

/** A writer prepares a family once for as long as it lives. */
const withoutSeries = new WeakMap<FamilyShape, Family>();

/**
 * Families that this process defines and that have no series yet in any: they are exposed with their help and type, so
 * that who reads knows of an error that has not happened.
 * @param counted those that have series
 */
export function declared(registry: Registry, counted: readonly Family[]): Family[] {
  const names = new Set(counted.map(({ name }) => name));
  const families: Family[] = [];
  for (const shape of registry.shapes()) {
    if (names.has(shape.name)) continue;
    let family = withoutSeries.get(shape);
    if (family === undefined) {
      family = familyOf(shape);
      withoutSeries.set(shape, family);
    }
    families.push(family);
  }
  return families;
}

function familyOf({ type, name, help, unit, labelNames, bounds = [], quantiles = [] }: FamilyShape): Family {
  const base = { name, help, unit, labelNames };
  switch (type) {
    case 'histogram':
      return { ...base, type, bounds, series: [] };
    case 'summary':
      return { ...base, type, quantiles, series: [] };
    default:
      return { ...base, type, series: [] };
  }
}

/** @param leftOut families that OpenMetrics could not say */
export function aboutReading({ writers, skipped, conflicts }: Reading, leftOut: number): Family[] {
  return [
    gauge(
      'binnacle_metrics_writers',
      'Processes and worker threads of the service that are running',
      writers,
    ),
    gauge(
      'binnacle_metrics_files_skipped',
      'Files of the metrics directory that could not be read',
      skipped.size,
    ),
    gauge(
      'binnacle_metrics_series_conflicting',
      'Series left out because processes disagree about their family',
      conflicts,
    ),
    gauge(
      'binnacle_metrics_families_left_out',
      'Families left out of OpenMetrics because another family has one of their names',
      leftOut,
    ),
  ];
}

/** How the processes of a service share what they count; `process` where one counts for itself. */
export function aboutStore(kind: SharedKind | 'process'): Family {
  return {
    type: 'gauge',
    name: 'binnacle_metrics_store',
    help: 'How processes share what they count: mapped files, files that are written now and then, or not at all',
    unit: '',
    labelNames: ['kind'],
    series: [{ labelValues: [kind], value: 1 }],
  };
}

function gauge(name: string, help: string, value: number): Family {
  return { type: 'gauge', name, help, unit: '', labelNames: [], series: [{ labelValues: [], value }] };
}
