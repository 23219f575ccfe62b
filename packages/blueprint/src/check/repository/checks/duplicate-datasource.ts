/** Data sources that take each other's place. */
import type { RepositoryCheck } from '../repository-check.ts';
import type { NamedPlace } from '../yaml-path.ts';

/** Reports uids and names of provisioned data sources from the second time on. */
export const duplicateDatasource: RepositoryCheck = {
  name: 'duplicate-datasource',
  inspect({ provisioningFiles }, report) {
    const seen = new Map<string, NamedPlace>();
    for (const { datasources } of provisioningFiles) {
      for (const { name, uid, at, uidAt } of datasources) {
        const keys = [['uid', uid, uidAt] as const, ['name', name, at] as const];
        for (const [kind, value, where] of keys) {
          if (value === undefined || value === '') continue;
          const first = seen.get(`${kind} ${value}`);
          if (first === undefined) {
            seen.set(`${kind} ${value}`, { name, at: where });
            continue;
          }
          // The same file for development and production is no second data source.
          if (first.name === name && kind === 'uid' && first.at.place.file !== where.place.file) continue;
          if (kind === 'name' && first.at.place.file !== where.place.file) continue;
          report(where.place, {
            severity: 'error',
            message: `data source ${name} has the ${kind} ${value}, which ${kind === 'uid' ? first.name : 'another one'} has too`,
            reason: 'Grafana keeps one of the two, and panels ask whichever that is',
            remedy: `give it a ${kind} of its own.`,
          });
        }
      }
    }
  },
};
