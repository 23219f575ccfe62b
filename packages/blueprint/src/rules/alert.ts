/** Alerting rules: what is wrong, how long it must be wrong, and what somebody who is woken by it needs to know. */
import { isClassicLabelName } from '@binnacle/metrics/model';
import type { DurationText } from '../config/config.ts';
import { DefinitionError, withCaret } from '../dashboard/definition-error.ts';
import { definitionPlace } from '../definition-place.ts';
import { durationMs } from '../duration.ts';
import { sortedByName } from '../order.ts';
import {
  type AlertTextSpec,
  alertTemplate,
  type LabelsOfExpression,
  type RuleExpression,
} from './alert-text.ts';
import { ALERT_SEVERITIES, type AlertRule, type AlertSeverity } from './rule.ts';
import { ruleExpression } from './rule-expression.ts';
import { ruleLabels } from './rule-labels.ts';
import { scanTemplate, type TemplateAction } from './template-syntax.ts';

/** What the author of an alert writes. */
export interface AlertSpec<E extends RuleExpression = RuleExpression> {
  /** Each series of the result is an alert: a comparison leaves out those that are well. */
  readonly expr: E;
  /** How long it must hold before it fires, so that one late scrape wakes nobody: `5m`; `0s` for at once. */
  readonly for: DurationText;
  /** How long it goes on firing after it stopped holding, so that it does not flap. Default: not at all. */
  readonly keepFiringFor?: DurationText;
  /** How bad it is; the label `severity`. */
  readonly severity: AlertSeverity;
  /** What is wrong, in one line. */
  readonly summary: AlertTextSpec<LabelsOfExpression<E>>;
  /** What is known about it, and what to do first. */
  readonly description: AlertTextSpec<LabelsOfExpression<E>>;
  /** Where it stands what to do. */
  readonly runbookUrl?: string;
  /** Where to look. */
  readonly dashboardUrl?: string;
  /** Labels beside `severity`; their values may be templates, but not of the value. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Annotations beside those above. */
  readonly annotations?: Readonly<Record<string, AlertTextSpec<LabelsOfExpression<E>>>>;
}

/** Annotations that have an option of their own. */
const OWN_ANNOTATIONS: Readonly<Record<string, string>> = {
  summary: 'summary',
  description: 'description',
  runbook_url: 'runbookUrl',
  dashboard_url: 'dashboardUrl',
};

const ALERT_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/**
 * An alerting rule:
 *
 *     alert('HighErrorRate', {
 *       expr: gt(div(failed, all), 0.05),
 *       for: '5m',
 *       severity: 'critical',
 *       summary: 'Too many requests fail',
 *       description: ({ value, label, text }) => text`${value.percentage} fail on ${label('endpoint')}.`,
 *     })
 *
 * @throws DefinitionError naming the alert, and for expressions and templates the place
 */
export function alert<const E extends RuleExpression>(name: string, spec: AlertSpec<E>): AlertRule {
  const where = `alert ${JSON.stringify(name)}`;
  if (!ALERT_NAME.test(name))
    throw new DefinitionError(`${where}: its name is to be letters, digits and _, no digit first`);
  if (!ALERT_SEVERITIES.includes(spec.severity))
    throw new DefinitionError(
      `${where}: severity is ${JSON.stringify(spec.severity)}, and none of ${ALERT_SEVERITIES.join(', ')}`,
    );
  const definedAt = definitionPlace();
  return {
    type: 'alert',
    name,
    expr: ruleExpression(where, spec.expr),
    forMs: durationMs(where, 'for', spec.for),
    keepFiringForMs:
      spec.keepFiringFor === undefined ? 0 : durationMs(where, 'keepFiringFor', spec.keepFiringFor),
    labels: labelsOf(where, spec),
    annotations: annotationsOf(where, spec),
    ...(definedAt !== undefined && { definedAt }),
  };
}

function labelsOf(where: string, { severity, labels = {} }: AlertSpec): Record<string, string> {
  if (Object.hasOwn(labels, 'severity'))
    throw new DefinitionError(`${where}: the label severity is given as severity, not in labels`);
  for (const [label, template] of Object.entries(labels)) {
    const actions = checkTemplate(where, `label ${label}`, template);
    const ofValue = actions.find(({ text }) => /\$value\b|\.Value\b/.test(text));
    if (ofValue !== undefined)
      throw new DefinitionError(
        withCaret(
          where,
          `the label ${label} names the value, so that each change of it is another alert: say it in an annotation`,
          template,
          ofValue.offset,
        ),
      );
  }
  return ruleLabels(where, { ...labels, severity });
}

function annotationsOf<E extends RuleExpression>(where: string, spec: AlertSpec<E>): Record<string, string> {
  const { annotations = {}, runbookUrl, dashboardUrl } = spec;
  for (const name of Object.keys(annotations)) {
    if (Object.hasOwn(OWN_ANNOTATIONS, name))
      throw new DefinitionError(
        `${where}: the annotation ${name} is given as ${OWN_ANNOTATIONS[name]}, not in annotations`,
      );
    if (!isClassicLabelName(name))
      throw new DefinitionError(
        `${where}: ${JSON.stringify(name)} is not the name of an annotation: letters, digits and _, no digit first`,
      );
  }
  const all: Record<string, string> = {
    summary: alertTemplate(spec.summary),
    description: alertTemplate(spec.description),
    ...(runbookUrl !== undefined && { runbook_url: runbookUrl }),
    ...(dashboardUrl !== undefined && { dashboard_url: dashboardUrl }),
    ...sortedByName(
      Object.fromEntries(Object.entries(annotations).map(([name, spec]) => [name, alertTemplate(spec)])),
    ),
  };
  for (const [name, template] of Object.entries(all)) {
    if (typeof template !== 'string' || template.trim() === '')
      throw new DefinitionError(`${where}: the annotation ${name} is empty`);
    checkTemplate(where, `annotation ${name}`, template);
  }
  if (all.summary!.includes('\n'))
    throw new DefinitionError(`${where}: the summary is to be one line; the description may have more`);
  return all;
}

/**
 * The actions of a template.
 * @throws DefinitionError with the place of the first mistake in its syntax
 */
function checkTemplate(where: string, what: string, template: string): readonly TemplateAction[] {
  const { actions, problem } = scanTemplate(template);
  if (problem !== undefined)
    throw new DefinitionError(withCaret(`${where}: ${what}`, problem.message, template, problem.offset));
  return actions;
}
