/** `binnacle up` with a project: its `binnacle.config.ts` says what the command line does not. */
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { EnvironmentName } from '@binnacle/blueprint';
import type { ServiceMetrics } from '../../api/status-routes.ts';
import { nodeDisk } from '../../tsdb/disk.ts';
import { DirectoryLock } from '../../tsdb/lock.ts';
import type { UpOptions } from '../up.ts';
import { loadProject, type Project } from './load-project.ts';
import { ProjectError, shownPath } from './project-error.ts';
import { type ProjectUpOptions, renderForUp } from './render-for-up.ts';

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

/** What is loaded again: a project, rendered into a folder. */
export interface RereadTask {
  readonly path: string;
  readonly dir: string;
  readonly environment: EnvironmentName;
}

/** What came of it: plain data, which crosses threads. */
export type RereadAnswer =
  | { readonly project: RenderedProject }
  | { readonly problem: string; readonly isKnown: boolean };

/** What the monitor needs of a project whose files are written. */
interface RenderedProject {
  readonly options: ProjectUpOptions;
  readonly catalog: readonly ServiceMetrics[];
  readonly warnings: readonly string[];
}

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
  const dir = join(options.dataDir, RENDERED);
  await mkdir(dir, { recursive: true });
  // Held until the end: what a monitor reads is not replaced by a start that is about to be refused.
  const lock = DirectoryLock.take(nodeDisk, dir);
  process.once('exit', () => lock.release());
  const withProject = ({ options: rendered, catalog, warnings }: RenderedProject): UpOptions => {
    for (const warning of warnings) complain(warning);
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
      catalog,
      reread: async () => withProject(await renderAgain({ path, dir, environment })),
    };
  };
  return withProject(await renderProject(project, dir, environment));
}

/** Renders a project into the folder that the monitor reads. */
export async function renderProject(
  project: Project,
  dir: string,
  environment: EnvironmentName,
): Promise<RenderedProject> {
  return {
    options: await renderForUp(project, dir, environment),
    catalog: project.catalogs.map(({ job, metrics }) => ({ job, metrics: metrics.map(({ name }) => name) })),
    warnings: project.warnings,
  };
}

/** Loads and renders in a thread of its own, which is gone afterwards with all that loading took. */
async function renderAgain(task: RereadTask): Promise<RenderedProject> {
  const worker = new Worker(new URL('./reread-worker.js', import.meta.url), { workerData: task });
  const ended = once(worker, 'exit').then(() => {
    throw new ProjectError('project_not_loaded', `loading ${shownPath(task.path)} ended without a result`);
  });
  const [answer] = (await Promise.race([once(worker, 'message'), ended])) as [RereadAnswer];
  if ('project' in answer) return answer.project;
  throw answer.isKnown ? new ProjectError('project_not_loaded', answer.problem) : new Error(answer.problem);
}
