/** Images of which nobody knows what they will be tomorrow. */
import { withDefaults } from '../compose-variable.ts';
import type { RepositoryCheck } from '../repository-check.ts';

/** Tags that move. */
const MOVING: ReadonlySet<string> = new Set(['latest', 'main', 'master', 'edge', 'nightly', 'stable', 'dev']);

/** Reports images of compose files without a version. */
export const unpinnedImage: RepositoryCheck = {
  name: 'unpinned-image',
  inspect({ composeFiles }, report) {
    for (const { services } of composeFiles) {
      for (const { name, image, built } of services) {
        // What is built here only gets its name.
        if (image === undefined || built) continue;
        const text = withDefaults(image.name);
        if (text === undefined || text.includes('@sha256:')) continue;
        const tag = /:([^/:]+)$/.exec(text)?.[1];
        if (tag !== undefined && !MOVING.has(tag)) continue;
        report(image.at.place, {
          severity: 'warning',
          message: `service ${name} runs ${text}, ${tag === undefined ? 'which says no version' : `and ${tag} is another version every time`}`,
          reason: 'the next start may bring a version with other settings or another format of its data',
          remedy: 'name the version, and raise it on purpose.',
        });
      }
    }
  },
};
