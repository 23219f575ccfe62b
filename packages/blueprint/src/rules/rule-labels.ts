/** Labels of rules, checked where they are given. */
import { isClassicLabelName } from '@binnacle/metrics/model';
import { DefinitionError } from '../dashboard/definition-error.ts';
import { sortedByName } from '../order.ts';

/** Labels that whoever evaluates a rule sets, and why nobody else can. */
const RESERVED_LABELS: Readonly<Record<string, string>> = {
  __name__: 'it is the name of the series',
  alertname: 'it is the name of the alert',
};

/**
 * Labels that a rule may add, by name.
 * @throws DefinitionError for a name that is none or that others set
 */
export function ruleLabels(
  where: string,
  labels: Readonly<Record<string, string>> = {},
): Record<string, string> {
  for (const [name, value] of Object.entries(labels)) {
    const reason = Object.hasOwn(RESERVED_LABELS, name) ? RESERVED_LABELS[name] : undefined;
    if (reason !== undefined)
      throw new DefinitionError(`${where}: the label ${name} cannot be given: ${reason}`);
    if (!isClassicLabelName(name) || name.startsWith('__'))
      throw new DefinitionError(
        `${where}: ${JSON.stringify(name)} is not the name of a label: letters, digits and _, no digit first and no __`,
      );
    if (typeof value !== 'string')
      throw new DefinitionError(`${where}: the label ${name} is ${String(value)}, and no text`);
  }
  return sortedByName(labels);
}
