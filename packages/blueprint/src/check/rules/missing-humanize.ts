/**
 * A value with a unit, or a share, that is shown as it is: `0.08437500000000001` instead of `8.438%`. Only where the unit
 * is known from the catalog and the names.
 */
import { type Expr, type Facts, fits, type Unit } from '@binnacle/promql';
import type { RuleCheck } from '../check.ts';
import type { RuleSubject } from '../rule-subject.ts';
import { isQuotient } from './float-equality.ts';
import { templateUses } from './template-uses.ts';
import { valueRange } from './value-range.ts';

/** What is hard to read, and the function that makes it easy. */
interface Readable {
  readonly what: string;
  readonly humanize: string;
}

const BY_UNIT: readonly (Readable & { readonly unit: Unit })[] = [
  { unit: { seconds: 1 }, what: 'seconds', humanize: 'humanizeDuration' },
  { unit: { bytes: 1 }, what: 'bytes', humanize: 'humanize1024' },
  { unit: { bytes: 1, seconds: -1 }, what: 'bytes per second', humanize: 'humanize1024' },
];

const SHARE: Readable = { what: 'a share', humanize: 'humanizePercentage' };

/** Values that are hard to read as they are. */
export const missingHumanize: RuleCheck = {
  name: 'missing-humanize',
  inspect(rule, report) {
    const { tree } = rule;
    if (rule.type !== 'alert' || tree === undefined) return;
    for (const { name, value } of rule.annotations) {
      if (!value.text.includes('{{')) continue;
      const plain = templateUses(value.text).values.filter(({ isPlain }) => isPlain);
      const readable = plain.length === 0 ? undefined : readableOf(tree, rule);
      if (readable === undefined) continue;
      for (const { start, end } of plain)
        report(value.locate(start, end), {
          severity: 'info',
          message: `${name} shows the value, which is ${readable.what}, as it is`,
          reason: 'a number with many digits and without its unit is hard to read',
          remedy: `write {{ $value | ${readable.humanize} }}.`,
        });
    }
  },
};

function readableOf(tree: Expr, rule: RuleSubject): Readable | undefined {
  const facts = (expr: Expr): Facts => rule.facts(expr);
  const { unit } = facts(tree);
  const known = BY_UNIT.find(
    (one) => unit !== undefined && Object.keys(unit).length > 0 && fits(one.unit, unit),
  );
  if (known !== undefined) return known;
  const { min, max } = valueRange(tree, facts);
  return min >= 0 && max <= 1 && isQuotient(tree) ? SHARE : undefined;
}
