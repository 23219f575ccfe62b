/** The checks of rules, in the order of their documentation. */
import { checkFamily, type RuleCheck } from '../check.ts';
import { absentMatcher } from './absent-matcher.ts';
import { alertName } from './alert-name.ts';
import { alertSeverity } from './alert-severity.ts';
import { duplicateRule } from './duplicate-rule.ts';
import { floatEquality } from './float-equality.ts';
import { impossibleAlert } from './impossible-alert.ts';
import { longGroupInterval } from './long-group-interval.ts';
import { missingCondition } from './missing-condition.ts';
import { missingDescription } from './missing-description.ts';
import { missingFor } from './missing-for.ts';
import { missingHumanize } from './missing-humanize.ts';
import { missingRunbook } from './missing-runbook.ts';
import { missingSummary } from './missing-summary.ts';
import { nanInAggregate } from './nan-in-aggregate.ts';
import { needlessRegex } from './needless-regex.ts';
import { queryChecks } from './query-checks.ts';
import { recordName } from './record-name.ts';
import { recordedLater } from './recorded-later.ts';
import { shortFor } from './short-for.ts';
import { templateLabel } from './template-label.ts';
import { templateQuery } from './template-query.ts';
import { thresholdUnit } from './threshold-unit.ts';
import { topkInAlert } from './topk-in-alert.ts';
import { unboundMetric } from './unbound-metric.ts';
import { unboundedGrouping } from './unbounded-grouping.ts';
import { unguardedDivision } from './unguarded-division.ts';
import { unusedRecording } from './unused-recording.ts';
import { valueInLabel } from './value-in-label.ts';

/** All checks of rules. */
export const RULE_CHECKS: readonly RuleCheck[] = [
  ...queryChecks,
  missingFor,
  shortFor,
  alertSeverity,
  missingSummary,
  missingDescription,
  missingRunbook,
  templateLabel,
  valueInLabel,
  templateQuery,
  missingHumanize,
  duplicateRule,
  unusedRecording,
  recordedLater,
  impossibleAlert,
  missingCondition,
  unguardedDivision,
  nanInAggregate,
  needlessRegex,
  floatEquality,
  absentMatcher,
  topkInAlert,
  unboundedGrouping,
  unboundMetric,
  thresholdUnit,
  longGroupInterval,
  alertName,
  recordName,
];

/** The family of them. */
export const ruleChecks = checkFamily(RULE_CHECKS, ({ rules }) => rules);
