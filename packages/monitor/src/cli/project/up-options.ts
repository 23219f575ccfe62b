/** `binnacle up` with a project: its `binnacle.config.ts` says what the command line does not. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { EnvironmentName } from '@binnacle/blueprint';
import { nodeDisk } from '../../tsdb/disk.ts';
import { DirectoryLock } from '../../tsdb/lock.ts';
import type { UpOptions } from '../up.ts';
import { loadProject } from './load-project.ts';
import { renderForUp } from './render-for-up.ts';

/** What the command line says of a project. */
export interface ProjectUp {
  /** The configuration. */
  readonly path: string;
  readonly environment: EnvironmentName;
  /** Which options the command line gives itself; they beat the project's. */
  readonly given: { readonly [K in Overridable]: boolean };
}

/** The options that a project says too. */
export type Overridable =
  | 'alertsPath'
  | 'dashboardsDir'
  | 'externalUrl'
  | 'retentionTimeMs'
  | 'retentionBytes';

/** Where the rendered files lie, below the data directory. */
const RENDERED = 'config';

/**
 * The options of a project's monitor. Writes its files, which are this process's from then on.
 * @throws ProjectError; StorageFailure where another monitor runs on them
 */
export async function projectUpOptions(
  options: UpOptions,
  { path, environment, given }: ProjectUp,
  complain: (message: string) => void,
): Promise<UpOptions> {
  const project = await loadProject(path);
  for (const warning of project.warnings) complain(warning);
  const dir = join(options.dataDir, RENDERED);
  await mkdir(dir, { recursive: true });
  // Held until the end: what a monitor reads is not replaced by a start that is about to be refused.
  const lock = DirectoryLock.take(nodeDisk, dir);
  process.once('exit', () => lock.release());
  const rendered = await renderForUp(project, dir, environment);
  return {
    ...options,
    configPath: rendered.configPath,
    alertsPath: given.alertsPath ? options.alertsPath : rendered.alertsPath,
    dashboardsDir: given.dashboardsDir ? options.dashboardsDir : rendered.dashboardsDir,
    externalUrl: given.externalUrl ? options.externalUrl : (rendered.externalUrl ?? options.externalUrl),
    retentionTimeMs: given.retentionTimeMs ? options.retentionTimeMs : rendered.retentionTimeMs,
    retentionBytes: given.retentionBytes
      ? options.retentionBytes
      : (rendered.retentionBytes ?? options.retentionBytes),
    catalog: project.catalogs.map(({ job, metrics }) => ({ job, metrics: metrics.map(({ name }) => name) })),
  };
}
