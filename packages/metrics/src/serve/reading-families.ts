/** What a reading says about itself, as families that stand behind those of the service. */
import type { Family } from '../exposition/families.ts';
import type { Reading } from '../store/reader.ts';
import type { SharedKind } from '../store/segment-files.ts';

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
