/** Reads the inhibition rules of `alertmanager.yml`. */
import type { InhibitRuleConfig } from './alertmanager.ts';
import { readMatcherFields } from './matcher-fields.ts';
import type { YamlMap } from './yaml-reader.ts';

/** Reads the list `inhibit_rules`. */
export function readInhibitRules(root: YamlMap | undefined): readonly InhibitRuleConfig[] {
  return (root?.items('inhibit_rules') ?? []).flatMap((item) => {
    const map = item.map();
    if (map === undefined) return [];
    const equal = new Set<string>();
    for (const label of map.items('equal')) {
      const name = label.text();
      if (name === '') label.problem(`${label.path} must be the name of a label`);
      else if (name !== undefined) equal.add(name);
    }
    const rule: InhibitRuleConfig = {
      name: map.text('name') ?? '',
      sourceMatchers: readMatcherFields(map, 'source_'),
      targetMatchers: readMatcherFields(map, 'target_'),
      equal: [...equal],
    };
    map.finish();
    return [rule];
  });
}
