/** All checks that there are. A new family is added here, and nowhere else. */
import type { CheckFamily } from './check.ts';
import { dashboardChecks } from './dashboard/dashboard-checks.ts';
import { exposedChecks } from './repository/exposed-checks.ts';
import { repositoryChecks } from './repository/repository-checks.ts';
import { READING_CHECKS } from './rule-reader.ts';
import { ruleChecks } from './rules/rule-checks.ts';
import { IGNORE_CHECK } from './suppression.ts';

/** The families, in the order in which they are run. */
export const CHECK_FAMILIES: readonly CheckFamily[] = [
  ruleChecks,
  dashboardChecks,
  repositoryChecks,
  exposedChecks,
];

/** The names of all checks, with those that are made while reading. Each has a page in `docs/checks`. */
export const ALL_CHECK_NAMES: readonly string[] = [
  IGNORE_CHECK,
  ...READING_CHECKS,
  ...CHECK_FAMILIES.flatMap(({ names }) => names),
];
