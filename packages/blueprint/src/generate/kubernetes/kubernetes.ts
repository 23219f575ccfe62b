/** The manifests for a cluster with the Prometheus operator, below `kubernetes/`. */
import { secretsOf } from '../../alerting/secrets.ts';
import type { Config } from '../../config/config.ts';
import type { GeneratedFile } from '../generated-file.ts';
import { type YamlNote, yamlDocuments, yamlText } from '../yaml-text.ts';
import { alertingSecretName, alertmanagerConfig } from './alertmanager-config.ts';
import { dashboardConfigMap } from './dashboards.ts';
import { METRICS_PORT_NAME, NAME_LABEL, podMonitors, serviceMonitors } from './monitors.ts';
import { prometheusRules } from './prometheus-rules.ts';

/** All manifests, and the kustomization that applies them. */
export function kubernetesFiles(config: Config): readonly GeneratedFile[] {
  const files: GeneratedFile[] = [
    {
      path: 'service-monitors.yml',
      text: yamlDocuments(serviceMonitors(config), [
        `Each finds the Services with the label ${NAME_LABEL}, and asks their port ${METRICS_PORT_NAME}.`,
      ]),
    },
  ];
  const rules = prometheusRules(config);
  if (rules.length > 0) files.push({ path: 'prometheus-rules.yml', text: yamlDocuments(rules) });
  if (config.alerting !== undefined)
    files.push({
      path: 'alertmanager-config.yml',
      text: yamlText(alertmanagerConfig(config, config.alerting), { about: secretLines(config) }),
    });
  for (const dashboard of config.dashboards)
    files.push({
      path: `dashboards/${dashboard.uid}.yml`,
      text: yamlDocuments([dashboardConfigMap(config, dashboard)]),
    });
  const resources = files.map(({ path }) => path).sort();
  const podMonitorsFile = {
    path: 'pod-monitors.yml',
    text: yamlDocuments(podMonitors(config), [
      'For workloads without a Service. Not applied with the rest, since both kinds together would scrape twice.',
      `Each finds Pods with the label ${NAME_LABEL}, and asks their port ${METRICS_PORT_NAME}.`,
    ]),
  };
  return [...files, podMonitorsFile, { path: 'kustomization.yaml', text: kustomization(resources) }].map(
    ({ path, text }) => ({ path: `kubernetes/${path}`, text }),
  );
}

function kustomization(resources: readonly string[]): string {
  const notes: YamlNote[] = [
    [
      ['resources'],
      'For workloads without a Service put pod-monitors.yml in the place of service-monitors.yml.',
    ],
  ];
  return yamlText(
    { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources },
    {
      about: [
        'Apply: kubectl apply --server-side -n NAMESPACE -k kubernetes',
        'Labels that your operator selects by (such as release: kube-prometheus-stack) go into an overlay of your own.',
      ],
      notes,
    },
  );
}

/** How the Secret is made that the receivers name; its values are typed, never generated. */
function secretLines(config: Config): string[] {
  const secrets = secretsOf(config.alerting);
  if (secrets.length === 0) return [];
  return [
    'Make the Secret that it names:',
    `  kubectl create secret generic ${alertingSecretName(config)} -n NAMESPACE \\`,
    ...secrets.map(({ name }, i) => `    --from-file=${name}=FILE${i < secrets.length - 1 ? ' \\' : ''}`),
  ];
}
