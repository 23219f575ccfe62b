/**
 * What is scraped, and the selectors of everything that is asked of it.
 *
 * They are bound to the targets that carry `system="lead-scraper"`, because other systems under the same monitor have
 * metrics, and even a job, of the same names.
 */
import type { ServiceSpec } from '@binnacle/blueprint';
import { type Selecting, selectors, type TargetLabels } from '@binnacle/promql/builder';
import * as metrics from '../metrics.ts';

/** The value of the label `system` on everything that the API exposes. */
export const SYSTEM = 'lead-scraper';

/** The port of the API, and of its `/metrics`, where nobody else has it. */
const API_PORT = 8000;

/** How it is scraped where it has its usual port: one `/metrics` answers for the API and for all workers. */
export const api: ServiceSpec = {
  // Another system has a job of the same name; names of services are unique under one monitor.
  name: `${SYSTEM}-${metrics.SERVICE}`,
  job: metrics.SERVICE,
  metrics,
  labels: { system: SYSTEM },
  targets: [`localhost:${API_PORT}`],
};

/** Selects series of this system. */
export const selecting: Selecting<TargetLabels & { readonly system: typeof SYSTEM }> = selectors({
  labels: { system: [SYSTEM] },
  where: { system: SYSTEM },
});

/** Tells whether the API can be scraped. */
export const UP = { name: 'up', type: 'gauge', labels: {} } as const;
