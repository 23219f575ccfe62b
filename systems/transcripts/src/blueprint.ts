/**
 * What we watch: two services, three dashboards and nine alerts.
 *
 * The dashboards are in `dashboards.ts`, the alerts in `alerts.ts`. Both are made of the definitions in `metrics/`, so
 * that a metric, a label or a value that is not there does not compile; and both are bound to the targets that carry
 * `system="transcripts"`, because other systems under the same monitor have metrics, and even jobs, of the same names.
 */
import { runtimeInstrument, type ServiceSpec } from '@binnacle/blueprint';
import * as api from './metrics/api.ts';
import { SYSTEM } from './metrics/system.ts';
import * as worker from './metrics/worker.ts';

export { transcriptsRules } from './alerts.ts';
export { dashboards } from './dashboards.ts';
export { SYSTEM } from './metrics/system.ts';

/** How the services are scraped, wherever they listen. */
export const services: Readonly<Record<'api' | 'worker', Omit<ServiceSpec, 'targets'>>> = {
  api: service('api', api),
  worker: service('worker', worker),
};

function service(word: string, module: { readonly SERVICE: string }): Omit<ServiceSpec, 'targets'> {
  return {
    name: `${SYSTEM}-${word}`,
    job: module.SERVICE,
    metrics: [module, runtimeInstrument()],
    labels: { system: SYSTEM },
    scrapeInterval: '15s',
    scrapeTimeout: '10s',
  };
}
