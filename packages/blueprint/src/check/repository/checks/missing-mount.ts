/** Paths that a compose file mounts and that are not in the repository. */
import type { RepositoryCheck } from '../repository-check.ts';

/** Names that are made at run time or kept out of the repository on purpose. */
const NOT_KEPT = /(?:^|\/)(?:data|storage|logs?|tmp|certs?|secrets?|\.[^/]*)(?:\/|$)/;

/** Reports mounts of what is not there, and in place of which the engine makes an empty folder. */
export const missingMount: RepositoryCheck = {
  name: 'missing-mount',
  inspect({ composeFiles, context }, report) {
    for (const { services } of composeFiles) {
      for (const { name, mounts } of services) {
        for (const { source, target, at } of mounts) {
          if (source === undefined || context.exists(source)) continue;
          // A folder may come to be with the first file in it; a name with an extension is a file that must be there.
          const isFile = /\.\w+$/.test(source);
          if (!isFile && NOT_KEPT.test(source)) continue;
          report(at.place, {
            severity: isFile ? 'error' : 'warning',
            message: `service ${name} mounts ${source}, which is not in the repository`,
            reason: `the engine makes an empty folder of that name, so that ${target} is none of what ${name} looks for`,
            remedy: 'correct the path, which counts from the folder of this file, or add what is missing.',
          });
        }
      }
    }
  },
};
