/**
 * The container images of the generated stack, pinned: what runs tomorrow is what was tried today. Whoever wants another
 * version says so in the environment (`PROMETHEUS_IMAGE`), and the file stays as it is.
 */

/** One image, and the variable that replaces it. */
export interface Image {
  readonly variable: string;
  readonly name: string;
}

/** By the name of the service that runs it. */
export const IMAGES = {
  prometheus: { variable: 'PROMETHEUS_IMAGE', name: 'prom/prometheus:v3.14.0' },
  alertmanager: { variable: 'ALERTMANAGER_IMAGE', name: 'prom/alertmanager:v0.34.0' },
  grafana: { variable: 'GRAFANA_IMAGE', name: 'grafana/grafana:13.2.3' },
  mimir: { variable: 'MIMIR_IMAGE', name: 'grafana/mimir:3.1.5' },
  thanos: { variable: 'THANOS_IMAGE', name: 'quay.io/thanos/thanos:v0.42.4' },
  victoriametrics: {
    variable: 'VICTORIAMETRICS_IMAGE',
    name: 'victoriametrics/victoria-metrics:v1.149.0',
  },
  vmagent: { variable: 'VMAGENT_IMAGE', name: 'victoriametrics/vmagent:v1.149.0' },
  vmalert: { variable: 'VMALERT_IMAGE', name: 'victoriametrics/vmalert:v1.149.0' },
} as const satisfies Readonly<Record<string, Image>>;

/** The image as a compose file names it: the pinned one, unless the environment says another. */
export function imageReference({ variable, name }: Image): string {
  return `\${${variable}:-${name}}`;
}
