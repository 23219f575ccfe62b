/** `/api/v1/rules` and `/api/v1/alerts`: rules, their health, and the alerts that are active. */
import { type Matcher, matcherTest } from '@binnacle/promql';
import { rfc3339 } from '../clock.ts';
import type { ActiveAlert } from '../rules/alerting-rule.ts';
import type { RuleGroupStatus, RuleStatus } from '../rules/rule-status.ts';
import { success } from './envelope.ts';
import { invalidParameter, selectorsParameter } from './parameters.ts';
import type { Route } from './route.ts';

const NEVER = '0001-01-01T00:00:00Z';

/** The routes about rules. */
export function ruleRoutes(groups: () => readonly RuleGroupStatus[]): Route[] {
  return [
    {
      methods: ['GET'],
      path: '/api/v1/rules',
      handle: ({ parameters }) => success({ groups: filteredGroups(groups(), parameters) }),
    },
    {
      methods: ['GET'],
      path: '/api/v1/alerts',
      handle: () => {
        const rules = groups().flatMap((group) => group.rules);
        return success({ alerts: rules.flatMap((rule) => rule.alerts.map(alertJson)) });
      },
    },
  ];
}

function filteredGroups(groups: readonly RuleGroupStatus[], parameters: URLSearchParams) {
  const type = parameters.get('type') ?? '';
  if (type !== '' && type !== 'alert' && type !== 'record')
    throw invalidParameter('type', `not supported value ${JSON.stringify(type)}`);
  const names = parameters.getAll('rule_name[]');
  const groupNames = parameters.getAll('rule_group[]');
  const files = parameters.getAll('file[]');
  const selectors = selectorsParameter(parameters);
  const withAlerts = !/^(1|t|true)$/i.test(parameters.get('exclude_alerts') ?? '');
  const isFiltered = type !== '' || names.length > 0 || selectors.length > 0;
  const isWanted = (rule: RuleStatus): boolean =>
    (type === '' || (type === 'alert') === (rule.config.type === 'alerting')) &&
    (names.length === 0 || names.includes(rule.config.name)) &&
    (selectors.length === 0 || selectors.some((matchers) => matches(rule, matchers)));
  return groups
    .filter(
      (group) =>
        (groupNames.length === 0 || groupNames.includes(group.name)) &&
        (files.length === 0 || files.includes(group.file)),
    )
    .map((group) => ({
      name: group.name,
      file: group.file,
      rules: group.rules.filter(isWanted).map((rule) => ruleJson(rule, withAlerts)),
      interval: group.intervalMs / 1000,
      limit: group.limit,
      evaluationTime: group.evaluationDurationMs / 1000,
      lastEvaluation: timeText(group.lastEvaluationMs),
    }))
    .filter((group) => !isFiltered || group.rules.length > 0);
}

function matches(rule: RuleStatus, matchers: readonly Matcher[]): boolean {
  return matchers.every((matcher) => matcherTest(matcher)(rule.config.labels[matcher.name] ?? ''));
}

function ruleJson(rule: RuleStatus, withAlerts: boolean) {
  const { config, health, lastError } = rule;
  const shared = {
    labels: config.labels,
    health,
    ...(lastError === '' ? {} : { lastError }),
    evaluationTime: rule.evaluationDurationMs / 1000,
    lastEvaluation: timeText(rule.lastEvaluationMs),
  };
  if (config.type === 'recording')
    return { name: config.name, query: config.expr, ...shared, type: 'recording' };
  return {
    state: stateOf(rule.alerts),
    name: config.name,
    query: config.expr,
    duration: config.forMs / 1000,
    keepFiringFor: config.keepFiringForMs / 1000,
    annotations: config.annotations,
    alerts: withAlerts ? rule.alerts.map(alertJson) : [],
    ...shared,
    type: 'alerting',
  };
}

/** A rule is as far as its furthest alert. */
function stateOf(alerts: readonly ActiveAlert[]): 'firing' | 'pending' | 'inactive' {
  if (alerts.some((alert) => alert.state === 'firing')) return 'firing';
  return alerts.length > 0 ? 'pending' : 'inactive';
}

function alertJson(alert: ActiveAlert) {
  return {
    labels: alert.labels.toObject(),
    annotations: alert.annotations,
    state: alert.state,
    activeAt: rfc3339(alert.activeAtMs),
    ...(alert.keepFiringSinceMs === undefined ? {} : { keepFiringSince: rfc3339(alert.keepFiringSinceMs) }),
    value: exponentText(alert.value),
  };
}

/** The value of an alert, `1e+00`: the API writes it with an exponent, and with two digits in it. */
function exponentText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const text = Object.is(value, -0) ? '-0e+0' : value.toExponential();
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

function timeText(timeMs: number): string {
  return timeMs === 0 ? NEVER : rfc3339(timeMs);
}
