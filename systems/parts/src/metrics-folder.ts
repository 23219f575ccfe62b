/**
 * Where the processes of a service count together.
 *
 * `PROMETHEUS_MULTIPROC_DIR` is one folder for all services, each of which has its own in it; in production it has a
 * default. In development, where nothing is set, the group makes a temporary folder, which goes when the group ends.
 */
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Environment, isProduction } from './settings.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** What the workers of a service are told. */
export function metricsFolder(service: string, environment: Environment): Readonly<Record<string, string>> {
  if (environment.BINNACLE_METRICS_DIR || environment.PROMETHEUS_MULTIPROC_DIR) return {};
  if (isProduction(environment))
    return { PROMETHEUS_MULTIPROC_DIR: path.join(tmpdir(), 'prometheus_multiproc') };
  return { BINNACLE_METRICS_DIR: temporaryFolder(`binnacle-metrics-${service}`) };
}
