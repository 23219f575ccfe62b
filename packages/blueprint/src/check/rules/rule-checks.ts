/** The checks of rules, in the order of their documentation. */
import { checkFamily, type RuleCheck } from '../check.ts';
import { queryChecks } from './query-checks.ts';

/** All checks of rules. */
export const RULE_CHECKS: readonly RuleCheck[] = [...queryChecks];

/** The family of them. */
export const ruleChecks = checkFamily(RULE_CHECKS, ({ rules }) => rules);
