/**
 * A value with a unit, or a share, that is shown as it is: `0.08437500000000001` instead of `8.438%`. Only where the unit
 * is known from the catalog and the names.
 */
import { fits, type Unit } from '@binnacle/promql';
import type { RuleCheck } from '../check.ts';
import { isQuotient } from './float-equality.ts';
import { templateUses } from './template-uses.ts';
import { valueRange } from './value-range.ts';

const BY_UNIT: readonly (readonly [unit: Unit, what: string, humanize: string])[] = [
  [{ seconds: 1 }, 'seconds', 'humanizeDuration'],
  [{ bytes: 1 }, 'bytes', 'humanize1024'],
  [{ bytes: 1, seconds: -1 }, 'bytes per second', 'humanize1024'],
];

/** Values that are hard to read as they are. */
export const missingHumanize: RuleCheck = {
  name: 'missing-humanize',
  inspect(rule, report) {
    const { tree } = rule;
    if (rule.type !== 'alert' || tree === undefined) return;
    const shown = rule.annotations.flatMap(({ name, value }) =>
      value.text.includes('{{')
        ? templateUses(value.text)
            .values.filter(({ isPlain }) => isPlain)
            .map((use) => ({ name, place: () => value.locate(use.start, use.end) }))
        : [],
    );
    if (shown.length === 0) return;
    const facts = (expr: typeof tree) => rule.facts(expr);
    const { unit } = facts(tree);
    const { min, max } = valueRange(tree, facts);
    const found =
      unit === undefined
        ? undefined
        : BY_UNIT.find(([known]) => Object.keys(unit).length > 0 && fits(known, unit));
    const [what, humanize] =
      (found?.slice(1) as [string, string] | undefined) ??
      (min >= 0 && max <= 1 && isQuotient(tree)
        ? (['a share', 'humanizePercentage'] as const)
        : [undefined, undefined]);
    if (what === undefined) return;
    for (const { name, place } of shown)
      report(place(), {
        severity: 'info',
        message: `${name} shows the value, which is ${what}, as it is`,
        reason: 'a number with many digits and without its unit is hard to read',
        remedy: `write {{ $value | ${humanize} }}.`,
      });
  },
};
