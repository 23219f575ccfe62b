/** Groups of rules: what is evaluated in order, at one time. */
import { Labels } from '@binnacle/metrics/model';
import type { DurationText } from '../config/config.ts';
import { DefinitionError } from '../dashboard/definition-error.ts';
import { durationMs, positiveDurationMs } from '../duration.ts';
import { sortedByName } from '../order.ts';
import type { Rule, RuleGroup } from './rule.ts';
import { ruleLabels } from './rule-labels.ts';

/** How a group may differ from the usual. */
export interface RuleGroupSpec {
  /** How often it is evaluated. Default: the global interval. */
  readonly interval?: DurationText;
  /** How many series or alerts one of its rules may have; with more the rule fails. Default: no limit. */
  readonly limit?: number;
  /** How far in the past it is evaluated, for samples that arrive late. Default: the global offset. */
  readonly queryOffset?: DurationText;
  /** Labels of all its rules, under their own. */
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * A group of rules. Later ones see what earlier ones have recorded at the same time.
 * @throws DefinitionError naming the group, for settings that cannot be and for two rules that write the same
 */
export function ruleGroup(name: string, rules: readonly Rule[], spec: RuleGroupSpec = {}): RuleGroup {
  const where = `rule group ${JSON.stringify(name)}`;
  if (name.trim() === '' || /\p{Cc}/u.test(name))
    throw new DefinitionError(`${where}: its name is to be one line that is not empty`);
  if (rules.length === 0) throw new DefinitionError(`${where} has no rules`);
  const { interval, limit, queryOffset } = spec;
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit > 0))
    throw new DefinitionError(`${where}: limit ${limit} is not a whole number from 1 on`);
  const shared = ruleLabels(where, spec.labels);
  const labelled = rules.map(
    (rule): Rule => ({ ...rule, labels: sortedByName({ ...shared, ...rule.labels }) }),
  );
  checkUnique(where, labelled);
  return {
    name,
    ...(interval !== undefined && { intervalMs: positiveDurationMs(where, 'interval', interval) }),
    ...(limit !== undefined && { limit }),
    ...(queryOffset !== undefined && { queryOffsetMs: durationMs(where, 'queryOffset', queryOffset) }),
    rules: labelled,
  };
}

/** Rules of one name with the same labels write the same series, of which only one is kept. */
function checkUnique(where: string, rules: readonly Rule[]): void {
  const seen = new Set<string>();
  for (const { type, name, labels } of rules) {
    const shown = `${type} ${name}${Object.keys(labels).length === 0 ? '' : Labels.of(labels)}`;
    if (seen.has(shown))
      throw new DefinitionError(`${where}: ${shown} is there twice: give one of them another name or label`);
    seen.add(shown);
  }
}
