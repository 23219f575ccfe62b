/**
 * What `binnacle up` runs of a project: its configuration, rendered to the files that the monitor reads, which are those
 * of Prometheus, Alertmanager and Grafana. They lie in a folder of the data directory, so that whoever wants to know what
 * runs can look, and so that promtool can be asked about it.
 *
 * Each file is replaced as a whole. `prometheus.yml` comes last, when all that it names is there, and only then does what
 * is no longer wanted go: a start that is interrupted leaves files of which each is whole.
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  ALERT_TEMPLATE_PATH,
  ALERT_TEMPLATE_TEXT,
  type Config,
  type EnvironmentName,
  type GeneratedFile,
  renderAlertmanager,
  renderPrometheus,
  ruleFiles,
  stringifyDashboard,
} from '@binnacle/blueprint';
import { parseDuration } from '@binnacle/promql';
import { parseSize } from '../../config/yaml-reader.ts';
import type { UpOptions } from '../up.ts';
import type { Project } from './load-project.ts';

/** Names the files that we have written, so that nothing else in the folder is ever removed. */
const LIST = 'files.json';
const PROMETHEUS = 'prometheus.yml';
const ALERTMANAGER = 'alertmanager.yml';
const DASHBOARDS = 'dashboards';

/** The parts of the options of `binnacle up` that a project says. */
export interface ProjectUpOptions
  extends Pick<UpOptions, 'configPath' | 'alertsPath' | 'dashboardsDir' | 'externalUrl' | 'retentionTimeMs'> {
  /** Undefined where the project says nothing. */
  readonly retentionBytes: number | undefined;
}

/**
 * Renders a project into a folder.
 * @param dir absolute; made if it is not there
 */
export async function renderForUp(
  { config }: Pick<Project, 'config'>,
  dir: string,
  environment: EnvironmentName = 'development',
): Promise<ProjectUpOptions> {
  await replaceFiles(dir, filesForUp(config, environment));
  const { retentionTime, retentionSize, externalUrl } = config[environment];
  return {
    configPath: join(dir, PROMETHEUS),
    alertsPath: config.alerting === undefined ? undefined : join(dir, ALERTMANAGER),
    dashboardsDir: join(dir, DASHBOARDS),
    externalUrl,
    retentionTimeMs: parseDuration(retentionTime),
    retentionBytes: retentionSize === undefined ? undefined : parseSize(retentionSize),
  };
}

/** The files, in the order in which they are written. */
function filesForUp(config: Config, environment: EnvironmentName): readonly GeneratedFile[] {
  const { alerting, dashboards } = config;
  return [
    ...ruleFiles(config),
    ...dashboards.map((dashboard) => ({
      path: `${DASHBOARDS}/${dashboard.uid}.json`,
      text: stringifyDashboard(dashboard),
    })),
    ...(alerting === undefined
      ? []
      : [
          { path: ALERT_TEMPLATE_PATH, text: ALERT_TEMPLATE_TEXT },
          // The monitor reads secrets where the configuration says that they are, also from the environment.
          { path: ALERTMANAGER, text: renderAlertmanager(alerting, { secrets: 'sources' }) },
        ]),
    { path: PROMETHEUS, text: renderPrometheus(config, environment) },
  ];
}

async function replaceFiles(dir: string, files: readonly GeneratedFile[]): Promise<void> {
  await mkdir(join(dir, DASHBOARDS), { recursive: true });
  const before = await listedFiles(dir);
  const paths = files.map(({ path }) => path).sort();
  // First that these are ours, so that an interrupted start leaves nothing that nobody knows.
  await replaceFile(join(dir, LIST), listText([...new Set([...before, ...paths])].sort()));
  for (const { path, text } of files) await replaceFile(join(dir, path), text);
  for (const path of before) if (!paths.includes(path)) await rm(join(dir, path), { force: true });
  await replaceFile(join(dir, LIST), listText(paths));
}

async function replaceFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.tmp`;
  await writeFile(temporary, text);
  await rename(temporary, path);
}

function listText(paths: readonly string[]): string {
  return `${JSON.stringify(paths, null, 2)}\n`;
}

/** The files of an earlier start; none where the list is not one of ours. */
async function listedFiles(dir: string): Promise<readonly string[]> {
  try {
    const paths: unknown = JSON.parse(await readFile(join(dir, LIST), 'utf8'));
    return Array.isArray(paths) ? paths.filter(isInside) : [];
  } catch {
    return [];
  }
}

/** Whether it is a path that we could have written: below the folder. */
function isInside(path: unknown): path is string {
  return typeof path === 'string' && !path.startsWith('/') && !path.split(/[\\/]/).includes('..');
}
