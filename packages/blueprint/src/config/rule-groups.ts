/**
 * The rule groups of a configuration: what its author wrote, and what watches and objectives bring.
 *
 * Prometheus wants names of groups to be unique in a file. Two services with the same watch have groups of one name,
 * so those take the name of their service in front; what an author has named himself keeps its name.
 */
import type { RuleGroup } from '../rules/rule.ts';
import type { Service } from './config.ts';
import type { Findings } from './findings.ts';

/** A group, and whose it is. */
interface Origin {
  readonly group: RuleGroup;
  /** Whose name it takes where the name alone is not enough; undefined for what its author wrote. */
  readonly owner: string | undefined;
  /** For messages. */
  readonly where: string;
}

/** All groups, with names that are unique, in the order: written, watches by service, objectives. */
export function ruleGroupsOf(
  findings: Findings,
  written: readonly RuleGroup[],
  services: readonly Service[],
  objectives: readonly RuleGroup[],
): readonly RuleGroup[] {
  const origins: Origin[] = [
    ...written.map((group) => ({ group, owner: undefined, where: 'rules' })),
    ...services.flatMap(({ name, watches }) =>
      watches.flatMap(({ groups }) =>
        groups.map((group) => ({ group, owner: name, where: `service ${JSON.stringify(name)}` })),
      ),
    ),
    ...objectives.map((group) => ({ group, owner: undefined, where: 'slos' })),
  ];
  const uses = new Map<string, number>();
  for (const { group } of origins) uses.set(group.name, (uses.get(group.name) ?? 0) + 1);
  const taken = new Set<string>();
  const told = new Set<string>();
  return origins.map(({ group, owner, where }) => {
    const name =
      owner === undefined || uses.get(group.name) === 1
        ? group.name
        : freeName(`${owner}-${group.name}`, taken);
    if (taken.has(name) && !told.has(name)) {
      told.add(name);
      findings.add(where, `there are two rule groups of the name ${JSON.stringify(name)}`);
    }
    taken.add(name);
    return name === group.name ? group : { ...group, name };
  });
}

/** A service may have two watches of a kind, say of two databases: the second one's groups are numbered. */
function freeName(wanted: string, taken: ReadonlySet<string>): string {
  let name = wanted;
  for (let n = 2; taken.has(name); n++) name = `${wanted}-${n}`;
  return name;
}
