/** Folders that Grafana is to read dashboards from, and that hold none. */

import type { Repository } from '../repository.ts';
import type { RepositoryCheck } from '../repository-check.ts';
import { mountedAt, mountingsOf } from '../repository-path.ts';

/** Follows the paths of dashboard providers through the mounts of the container that reads them. */
export const dashboardFolder: RepositoryCheck = {
  name: 'dashboard-folder',
  inspect(repository, report) {
    for (const { file, providers } of repository.provisioningFiles) {
      for (const { name, path, at } of providers) {
        for (const { service } of mountingsOf(file.path, repository.composeFiles)) {
          const target = path.replace(/(?<=.)\/+$/, '');
          const hidden = service.mounts.some(
            ({ source, target: mounted }) =>
              source === undefined && (target === mounted || target.startsWith(`${mounted}/`)),
          );
          if (hidden) continue;
          const folders = mountedAt(target, service.mounts);
          // A mount further in, of a single file or a folder, is one too.
          const below = service.mounts.filter(
            (mount) => mount.source !== undefined && mount.target.startsWith(`${target}/`),
          );
          const sources = [...folders, ...below.map(({ source }) => source!)];
          if (sources.some((source) => holdsDashboards(source, repository))) continue;
          report(at.place, {
            severity: 'error',
            message:
              sources.length === 0
                ? `provider ${name} reads ${path}, where service ${service.name} has nothing mounted`
                : `provider ${name} reads ${path}, which is ${sources.join(', ')} of the repository, and there is no dashboard`,
            reason: 'Grafana starts without these dashboards and only says so in its log',
            remedy: `mount the folder of the dashboards at ${path}, or correct the path.`,
          });
        }
      }
    }
  },
};

function holdsDashboards(source: string, { context }: Repository): boolean {
  return context
    .ofKind('dashboard')
    .some(({ path }) => source === '' || path === source || path.startsWith(`${source}/`));
}
