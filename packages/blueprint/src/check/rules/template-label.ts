/**
 * A template that shows a label which the expression's result does not have: the message has a hole where it should
 * say where.
 *
 * In a label it is worse, since routes and inhibitions go by labels.
 *
 * Templates see the labels of the result only. What the rule itself adds under `labels` (`severity`) is not among them.
 */
import { nearest } from '@binnacle/promql';
import type { RuleCheck } from '../check.ts';
import { templateUses } from './template-uses.ts';

/** Labels in annotations and labels that the result cannot have. */
export const templateLabel: RuleCheck = {
  name: 'template-label',
  inspect(rule, report) {
    if (rule.type !== 'alert' || rule.tree === undefined) return;
    const { labels } = rule.facts(rule.tree);
    const all = [
      ...rule.labels.map((text) => ({ ...text, severity: 'error' as const })),
      ...rule.annotations.map((text) => ({ ...text, severity: 'warning' as const })),
    ];
    for (const { name, value, severity } of all) {
      if (!value.text.includes('{{')) continue;
      for (const use of templateUses(value.text).labels) {
        if (labels.has(use.name)) continue;
        const removal = labels.removalOf(use.name);
        const isAdded = rule.labels.some((label) => label.name === use.name);
        const suggestion = nearest(use.name, labels.names());
        report(value.locate(use.start, use.end), {
          severity,
          message: `${name} shows the label ${use.name}, which the result does not have`,
          reason: isAdded
            ? 'the rule adds it to the alert, but templates see the labels of the result only, so nothing is shown'
            : removal !== undefined
              ? `${JSON.stringify(removedBy(rule.expr.text, removal))} removes it, so nothing is shown`
              : `the result has ${labels.names().join(', ') || 'no labels'}, so nothing is shown`,
          remedy: isAdded
            ? 'write its value itself.'
            : `keep the label in the expression, or show another one.`,
          ...(suggestion !== undefined && !isAdded && { suggestion }),
        });
      }
    }
  },
};

const CHARACTERS_MAX = 60;

function removedBy(text: string, { start, end }: { readonly start: number; readonly end: number }): string {
  const shown = text.slice(start, end).replace(/\s+/g, ' ');
  return shown.length <= CHARACTERS_MAX ? shown : `${shown.slice(0, CHARACTERS_MAX - 3)}...`;
}
