/** Grafana's provisioning: which data sources there are, and where dashboards are read from. */
import type { SourceFile } from '../source-file.ts';
import type { YamlValue } from '../yaml-source.ts';
import { itemsAt, type Located, textAt, valueAt } from './yaml-path.ts';

/** A data source. */
export interface ProvisionedDatasource {
  readonly name: string;
  /** Undefined where Grafana makes one up, so that no dashboard can know it. */
  readonly uid: string | undefined;
  readonly type: string;
  /** Where it is asked. */
  readonly url: string | undefined;
  readonly urlAt: Located;
  /** Whether not Grafana asks it, but whoever looks. */
  readonly isAskedByBrowser: boolean;
  readonly at: Located;
  /** Of the uid, or of the name where there is none. */
  readonly uidAt: Located;
}

/** A folder whose dashboards are loaded. */
export interface DashboardProvider {
  readonly name: string;
  /** As Grafana sees it. */
  readonly path: string;
  readonly at: Located;
}

/** The whole file. */
export interface ProvisioningFile {
  readonly file: SourceFile;
  readonly datasources: readonly ProvisionedDatasource[];
  readonly providers: readonly DashboardProvider[];
}

/** A file of Grafana's provisioning; undefined for anything else. */
export function provisioningFile(root: YamlValue): ProvisioningFile | undefined {
  const datasources = itemsAt(root, 'datasources').filter((item) => textAt(item, 'type') !== undefined);
  const providers = itemsAt(root, 'providers').filter(
    (item) => textAt(item, 'options', 'path') !== undefined,
  );
  if (datasources.length === 0 && providers.length === 0) return undefined;
  return {
    file: root.file,
    datasources: datasources.map((item) => {
      const at = item.get('name') ?? item;
      return {
        name: textAt(item, 'name') ?? '',
        uid: textAt(item, 'uid'),
        type: textAt(item, 'type') ?? '',
        url: textAt(item, 'url'),
        urlAt: item.get('url') ?? at,
        isAskedByBrowser: textAt(item, 'access') === 'direct' || textAt(item, 'access') === 'browser',
        at,
        uidAt: item.get('uid') ?? at,
      };
    }),
    providers: providers.map((item) => ({
      name: textAt(item, 'name') ?? '',
      path: textAt(item, 'options', 'path') ?? '',
      at: valueAt(item, 'options', 'path') ?? item,
    })),
  };
}
