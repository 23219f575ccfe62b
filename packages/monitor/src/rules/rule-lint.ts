/** What is valid in rule files and most likely not meant. */
import { Labels } from '@binnacle/metrics/model';
import type { RuleFile } from './rule-file.ts';

/**
 * Rules of one file with the same name and labels: they write the same series, and when their values differ only one of
 * them is stored. One text for each such name and labels.
 */
export function duplicateRules({ path, groups }: RuleFile): string[] {
  const counts = new Map<string, { readonly shown: string; count: number }>();
  for (const { rules } of groups) {
    for (const { name, labels } of rules) {
      const shown = `${name}${Labels.of(labels).size === 0 ? '' : Labels.of(labels)}`;
      const known = counts.get(shown);
      if (known === undefined) counts.set(shown, { shown, count: 1 });
      else known.count++;
    }
  }
  return [...counts.values()]
    .filter(({ count }) => count > 1)
    .sort((a, b) => (a.shown < b.shown ? -1 : 1))
    .map(({ shown, count }) => `${path}: ${count} rules are ${shown}: they write the same series`);
}
