/** Services, volumes, networks, secrets and configs that a compose file speaks of and that are declared nowhere. */
import { type ComposeFile, DECLARED_KINDS } from '../compose-file.ts';
import type { RepositoryCheck } from '../repository-check.ts';

/** Reports `depends_on` of no service, what is taken and not declared, and declared ones that nobody mounts. */
export const unknownComposeName: RepositoryCheck = {
  name: 'unknown-compose-name',
  inspect({ composeFiles }, report) {
    for (const { folder, services, volumes, takesOthers } of composeFiles) {
      if (takesOthers) continue;
      // Files of one folder are put together, as `compose.override.yml` is.
      const beside = composeFiles.filter((other) => other.folder === folder);
      const serviceNames = namesOf(beside, (file) => file.services);
      const volumeNames = namesOf(beside, (file) => file.volumes);
      for (const { name, dependsOn, mounts, takes } of services) {
        for (const needed of dependsOn) {
          if (serviceNames.has(needed.name)) continue;
          report(needed.at.place, {
            severity: 'error',
            message: `service ${name} depends on ${needed.name}, which is no service`,
            reason: 'compose refuses the file',
            remedy: `name one of ${[...serviceNames].join(', ')}.`,
          });
        }
        for (const kind of DECLARED_KINDS) {
          const declared = namesOf(beside, (file) => file.declares[kind]);
          for (const taken of takes[kind]) {
            // Every file has this network.
            if (declared.has(taken.name) || (kind === 'networks' && taken.name === 'default')) continue;
            report(taken.at.place, {
              severity: 'error',
              message: `service ${name} takes ${kind.slice(0, -1)} ${taken.name}, which is not declared`,
              reason: 'compose refuses the file',
              remedy: `declare it under ${kind}.`,
            });
          }
        }
        for (const { volume, at } of mounts) {
          if (volume === undefined || volumeNames.has(volume)) continue;
          report(at.place, {
            severity: 'error',
            message: `service ${name} mounts volume ${volume}, which is not declared`,
            reason: 'compose refuses the file',
            remedy: `declare it under volumes; for a folder beside this file write ./${volume}.`,
          });
        }
      }
      const mounted = new Set(
        beside.flatMap((file) => file.services.flatMap(({ mounts }) => mounts.map(({ volume }) => volume))),
      );
      for (const { name, at } of volumes) {
        if (mounted.has(name)) continue;
        report(at.place, {
          severity: 'info',
          message: `volume ${name} is declared and mounted by no service`,
          reason: 'what was to be kept in it is lost with its container',
          remedy: 'mount it, or remove it.',
        });
      }
    }
  },
};

function namesOf(
  files: readonly ComposeFile[],
  of: (file: ComposeFile) => readonly { readonly name: string }[],
): Set<string> {
  return new Set(files.flatMap((file) => of(file).map(({ name }) => name)));
}
