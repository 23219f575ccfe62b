/**
 * The configuration in a repository, read once for all checks: what Prometheus scrapes, whom Alertmanager tells, what
 * compose starts, what Grafana is given, what Kubernetes runs.
 */
import type { CheckContext, RepositorySubject } from '../check.ts';
import type { FileKind } from '../file-kind.ts';
import { readYaml, type YamlProblem, type YamlValue } from '../yaml-source.ts';
import { type AlertingFile, alertingFile } from './alerting-file.ts';
import { type ComposeFile, composeFile } from './compose-file.ts';
import { type Manifest, manifestsOf } from './manifest.ts';
import { type ProvisioningFile, provisioningFile } from './provisioning-file.ts';
import { type ScrapeFile, scrapeFile } from './scrape-file.ts';

/** The kinds of files that are read here; rule files are read by whoever checks rules. */
const KINDS: readonly FileKind[] = [
  'prometheus',
  'alertmanager',
  'compose',
  'datasources',
  'dashboard-providers',
  'kubernetes',
];

/** A repository that was read. */
export interface Repository extends RepositorySubject {
  readonly scrapeFiles: readonly ScrapeFile[];
  readonly alertingFiles: readonly AlertingFile[];
  readonly composeFiles: readonly ComposeFile[];
  readonly provisioningFiles: readonly ProvisioningFile[];
  readonly manifests: readonly Manifest[];
  /** Labels that Prometheus gives to everything that leaves it, alerts among it. */
  readonly externalLabels: ReadonlySet<string>;
  /** YAML that cannot be read. */
  readonly yamlProblems: readonly YamlProblem[];
}

/** Reads what is configured in a repository. */
export function readRepository(context: CheckContext): Repository {
  const read = KINDS.flatMap((kind) => context.ofKind(kind)).map(readYaml);
  const roots = read.flatMap(({ documents }) => documents);
  const all = <T>(as: (root: YamlValue) => T | undefined): T[] => roots.flatMap((root) => as(root) ?? []);
  const scrapeFiles = all(scrapeFile);
  return {
    subject: '',
    context,
    scrapeFiles,
    externalLabels: new Set(scrapeFiles.flatMap((file) => file.externalLabels)),
    alertingFiles: all(alertingFile),
    composeFiles: all(composeFile),
    provisioningFiles: all(provisioningFile),
    manifests: roots.flatMap(manifestsOf),
    yamlProblems: read.flatMap(({ problems }) => problems),
  };
}
