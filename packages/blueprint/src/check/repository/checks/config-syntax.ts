/** Configuration that is no YAML. */
import type { RepositoryCheck } from '../repository-check.ts';

/** Reports what the YAML of configuration files cannot be read for. */
export const configSyntax: RepositoryCheck = {
  name: 'config-syntax',
  inspect({ yamlProblems }, report) {
    for (const { place, message } of yamlProblems)
      report(place, {
        severity: 'error',
        message: message.replace(/\s+$/, ''),
        reason: 'whoever reads this file refuses it',
        remedy: 'correct the YAML here.',
      });
  },
};
