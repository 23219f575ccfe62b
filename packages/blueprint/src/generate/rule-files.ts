/**
 * Rule files: one for each service that brings rules of its own, one for the objectives, and one for what was written
 * for the whole system.
 */
import type { Config } from '../config/config.ts';
import { renderRuleFile } from '../rules/render-rules.ts';
import type { RuleGroup } from '../rules/rule.ts';
import { type GeneratedFile, sortedByPath } from './generated-file.ts';

/** Where a group comes from. */
interface Origin {
  /** Names the file. */
  readonly name: string;
  readonly about: string;
  readonly groups: RuleGroup[];
}

/** The names of the files that do not go by a service. A service of that name gives its rules to the same file. */
const GENERAL = 'rules';
const OBJECTIVES = 'slos';

/** All rule files of a configuration, by path: `rules/web.yml`. Files that would be empty are not there. */
export function ruleFiles(config: Config): readonly GeneratedFile[] {
  return sortedByPath(
    [...originsOf(config).values()].map(({ name, about, groups }) => ({
      path: `rules/${name}.yml`,
      // Below the line that says where it comes from.
      text: renderRuleFile(groups).replace('\n', `\n# ${about}\n`),
    })),
  );
}

function originsOf(config: Config): ReadonlyMap<string, Origin> {
  const origins = new Map<string, Origin>();
  const place = (name: string, about: string, group: RuleGroup): void => {
    const origin = origins.get(name) ?? { name, about, groups: [] };
    origins.set(name, origin);
    origin.groups.push(group);
  };
  // A group may have been given another name on its way here, but its rules are the very list that was written. Two
  // services may share one watch: then the list is there twice, in the order of the services.
  const objectives = new Set(config.slos.flatMap(({ groups }) => groups.map(({ rules }) => rules)));
  const owners = new Map<RuleGroup['rules'], string[]>();
  for (const { name, watches } of config.services) {
    for (const { rules } of watches.flatMap(({ groups }) => groups))
      owners.set(rules, [...(owners.get(rules) ?? []), name]);
  }
  for (const group of config.rules) {
    const service = owners.get(group.rules)?.shift();
    if (service !== undefined) place(service, `What is watched about ${service}.`, group);
    else if (objectives.has(group.rules))
      place(OBJECTIVES, 'The objectives, and how fast their budgets burn.', group);
    else place(GENERAL, `Rules of ${config.name}.`, group);
  }
  return origins;
}
