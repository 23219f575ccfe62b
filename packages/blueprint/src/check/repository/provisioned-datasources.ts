/** The data sources that the repository gives to Grafana. */
import type { CheckContext } from '../check.ts';
import { readYaml } from '../yaml-source.ts';
import { type ProvisionedDatasource, provisioningFile } from './provisioning-file.ts';

/** Read once for all dashboards of a run. */
const READ = new WeakMap<CheckContext, readonly ProvisionedDatasource[]>();

/** All provisioned data sources, in the order of their files. */
export function provisionedDatasources(context: CheckContext): readonly ProvisionedDatasource[] {
  let found = READ.get(context);
  if (found === undefined) {
    found = context
      .ofKind('datasources')
      .flatMap((file) => readYaml(file).documents)
      .flatMap((root) => provisioningFile(root)?.datasources ?? []);
    READ.set(context, found);
  }
  return found;
}
