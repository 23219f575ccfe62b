/** Entries of `rule_files` that find no file. */
import type { CheckContext } from '../../check.ts';
import type { Repository } from '../repository.ts';
import type { RepositoryCheck } from '../repository-check.ts';
import { folderOf, globTest, joined, mountedAt, mountingsOf } from '../repository-path.ts';

/** Reports patterns that match nothing, in the repository or in the container that the file is mounted into. */
export const unmatchedRuleFiles: RepositoryCheck = {
  name: 'unmatched-rule-files',
  inspect(repository, report) {
    for (const { file, ruleFiles } of repository.scrapeFiles) {
      for (const { name: pattern, at } of ruleFiles) {
        const unseen = whereUnmatched(file.path, pattern, repository);
        if (unseen === undefined) continue;
        report(at.place, {
          // Where nothing says how the file is mounted, the rules may come from elsewhere.
          severity: unseen === '' ? 'warning' : 'error',
          message: `${pattern} matches no file${unseen}`,
          reason: 'Prometheus starts without these rules and says nothing: none of their alerts can fire',
          remedy:
            'correct the path, which counts from the folder of this file, or mount the rules beside it.',
        });
      }
    }
  },
};

/** Where a pattern finds nothing; undefined where it does, or where that cannot be known. */
function whereUnmatched(config: string, pattern: string, repository: Repository): string | undefined {
  const { context, composeFiles } = repository;
  const mountings = mountingsOf(config, composeFiles);
  if (mountings.length === 0) {
    if (pattern.startsWith('/')) return undefined;
    const wanted = joined(folderOf(config), pattern);
    return wanted === undefined || matches(wanted, context) ? undefined : '';
  }
  for (const { service, path } of mountings) {
    const { mounts } = service;
    const wanted = joined(folderOf(path), pattern);
    if (wanted === undefined) continue;
    const sources = mountedAt(wanted, mounts);
    // Anything that is mounted and cannot be looked into, such as a volume, may hold them.
    const hidden = mounts.some(
      ({ source, target }) => source === undefined && (wanted === target || wanted.startsWith(`${target}/`)),
    );
    const files = mounts.flatMap(({ source, target }) =>
      source !== undefined && globTest(wanted)(target) ? [source] : [],
    );
    if (
      hidden ||
      files.some((path) => context.exists(path)) ||
      sources.some((source) => matches(source, context))
    )
      continue;
    return ` in the container of ${service.name}`;
  }
  return undefined;
}

function matches(pattern: string, context: CheckContext): boolean {
  if (!/[*?[\\]/.test(pattern)) return context.exists(pattern);
  const test = globTest(pattern);
  for (const path of context.files.keys()) if (test(path)) return true;
  return false;
}
