/**
 * From a configuration to the files of the real stack: Prometheus, Alertmanager, Grafana, compose, Kubernetes, and what
 * people read about them. Nothing here knows a disk, a clock or a machine: the same configuration gives the same bytes.
 */

import type { ServiceCatalog } from '../catalog/catalog-data.ts';
import type { Config, EnvironmentName } from '../config/config.ts';
import { ALERT_TEMPLATE_PATH, ALERT_TEMPLATE_TEXT } from './alert-template.ts';
import { renderAlertmanager } from './alertmanager.ts';
import type { Backend, BackendName } from './backend.ts';
import { BACKENDS } from './backends.ts';
import { renderCompose } from './compose.ts';
import { renderComposeForServices } from './compose-for-services.ts';
import { renderEnvExample } from './env-files.ts';
import { GENERATED_HEADER, type GeneratedFile, sortedByPath } from './generated-file.ts';
import { grafanaFiles } from './grafana.ts';
import { renderGuide } from './guide/guide.ts';
import { kubernetesFiles } from './kubernetes/kubernetes.ts';
import { renderMakefile } from './makefile.ts';
import { addressOf } from './ports.ts';
import { renderPrometheus } from './prometheus.ts';
import { prometheusFileName } from './prometheus-service.ts';
import { renderReadme } from './readme.ts';
import { ruleFiles } from './rule-files.ts';
import { fromContainer } from './targets.ts';

/** What may differ beside the configuration. */
export interface GenerateOptions {
  /** What keeps the samples. Default `prometheus`. */
  readonly backend?: BackendName;
  /** The metrics of the services, for the documents. */
  readonly catalogs?: readonly ServiceCatalog[];
}

/** What lies in the folder on a machine and must not come into the repository. */
const GITIGNORE = `# ${GENERATED_HEADER}\n.env\n.env.production\nbackup/\n`;

const ENVIRONMENTS: readonly EnvironmentName[] = ['development', 'production'];

/** All files, by path. */
export function generate(
  config: Config,
  { backend: name = 'prometheus', catalogs = [] }: GenerateOptions = {},
): readonly GeneratedFile[] {
  const backend = BACKENDS[name];
  const files = sortedByPath([
    ...ENVIRONMENTS.flatMap((environment) => environmentFiles(config, environment, backend)),
    ...ruleFiles(config).map(({ path, text }) => ({
      path: `prometheus/${path}`,
      text: backend.ruleFileText?.(text) ?? text,
    })),
    ...alertingFiles(config),
    ...grafanaFiles(config, backend.queryUrl),
    ...backend.files(config),
    ...kubernetesFiles(config),
    { path: '.gitignore', text: GITIGNORE },
    { path: 'compose.services.yml', text: renderComposeForServices(config) },
    { path: 'Makefile', text: renderMakefile() },
    { path: 'MONITORING.md', text: renderGuide(config, backend, catalogs) },
  ]);
  return sortedByPath([...files, { path: 'README.md', text: renderReadme(config, backend, files) }]);
}

function environmentFiles(config: Config, environment: EnvironmentName, backend: Backend): GeneratedFile[] {
  const production = environment === 'production';
  const alerts = config.alerting !== undefined;
  return [
    {
      path: `prometheus/${prometheusFileName(environment)}`,
      text: renderPrometheus(config, environment, {
        ...backend.surroundings,
        expandsVariables: backend.scraper === 'prometheus',
        reach: fromContainer,
        alertmanagers: alerts ? [addressOf('alertmanager')] : [],
        ownJobs: {
          ...(alerts && { alertmanager: addressOf('alertmanager') }),
          grafana: addressOf('grafana'),
          ...backend.ownJobs,
        },
      }),
    },
    {
      path: production ? 'compose.prod.yml' : 'compose.yml',
      text: renderCompose(config, environment, backend),
    },
    {
      path: production ? '.env.production.example' : '.env.example',
      text: renderEnvExample(config, environment),
    },
  ];
}

function alertingFiles({ alerting }: Config): GeneratedFile[] {
  if (alerting === undefined) return [];
  return [
    { path: 'alertmanager/alertmanager.yml', text: renderAlertmanager(alerting) },
    { path: `alertmanager/${ALERT_TEMPLATE_PATH}`, text: ALERT_TEMPLATE_TEXT },
  ];
}
