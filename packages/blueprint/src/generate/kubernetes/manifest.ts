/** What all manifests of Kubernetes have in common. */
import type { Config } from '../../config/config.ts';

/** A manifest, as far as all of them agree. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
}

/** The name of a part, and the labels by which all parts of a configuration are found. */
export function metadata(
  config: Config,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Manifest['metadata'] {
  return {
    name,
    labels: {
      'app.kubernetes.io/managed-by': 'binnacle',
      'app.kubernetes.io/part-of': config.name,
      ...labels,
    },
  };
}
