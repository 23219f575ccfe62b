/** Recording rules: series that are computed once, and asked many times. */
import { isClassicMetricName } from '@binnacle/metrics/model';
import { DefinitionError } from '../dashboard/definition-error.ts';
import { definitionPlace } from '../definition-place.ts';
import type { RuleExpression } from './alert-text.ts';
import type { RecordRule } from './rule.ts';
import { ruleExpression } from './rule-expression.ts';
import { ruleLabels } from './rule-labels.ts';

/**
 * A recording rule: `record('job:http_requests:rate5m', sum(rate(select(requests), '5m')).by('job'))`. Names follow
 * `level:metric:operations`: which labels are left, what was measured, what was done to it.
 * @param labels set on each series, over those of the result
 * @throws DefinitionError naming the rule, and for expressions the place
 */
export function record(
  name: string,
  expr: RuleExpression,
  labels?: Readonly<Record<string, string>>,
): RecordRule {
  const where = `recording rule ${JSON.stringify(name)}`;
  if (!isClassicMetricName(name))
    throw new DefinitionError(
      `${where}: its name is that of a metric: letters, digits, _ and :, no digit first`,
    );
  const definedAt = definitionPlace();
  return {
    type: 'record',
    name,
    expr: ruleExpression(where, expr),
    labels: ruleLabels(where, labels),
    ...(definedAt !== undefined && { definedAt }),
  };
}
