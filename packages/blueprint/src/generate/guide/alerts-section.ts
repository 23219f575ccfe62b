/** The alerts: when each fires, how bad it is, what to do, and who is told. */
import {
  type Expr,
  formatDuration,
  isComparison,
  parse,
  prettyExpr,
  printExpr,
  unwrapParens,
} from '@binnacle/promql';
import { type AlertRoute, addressees, type Receiver } from '../../alerting/alerting.ts';
import type { Config } from '../../config/config.ts';
import { percent } from '../../decimal.ts';
import { anchor, block, code, inline, paragraphs, table } from '../../markdown.ts';
import { ALERT_SEVERITIES, type AlertRule, type AlertSeverity } from '../../rules/rule.ts';
import { ruleFiles } from '../rule-files.ts';

/** Longer expressions are shown where there is room for them. */
const CONDITION_CHARACTERS_MAX = 200;
const COMPARED: Readonly<Record<string, string>> = {
  '>': 'above',
  '>=': 'at least',
  '<': 'below',
  '<=': 'at most',
  '==': 'equal to',
  '!=': 'other than',
};
const SEVERITY_MEANING: Readonly<Record<AlertSeverity, string>> = {
  critical: 'Users notice it now: somebody gets up.',
  warning: 'It will become worse: somebody looks within the day.',
  info: 'Worth knowing, nothing to do at once.',
  none: 'Tells that alerting itself works.',
};

/** A table of all alerts, one part for each, the objectives, and the routes. Empty without alerts. */
export function alertsSection(config: Config): string {
  const alerts = config.rules.flatMap(({ rules }) => rules.filter((rule) => rule.type === 'alert'));
  if (alerts.length === 0) return '';
  const names = [...new Set(alerts.map(({ name }) => name))].sort();
  const severities = ALERT_SEVERITIES.filter((severity) =>
    alerts.some(({ labels }) => labels.severity === severity),
  );
  return paragraphs(
    `The rules lie in ${ruleFiles(config)
      .map(({ path }) => code(`prometheus/${path}`))
      .join(', ')}.`,
    table(
      ['Severity', 'Meaning'],
      severities.map((severity) => [severity, SEVERITY_MEANING[severity]]),
    ),
    table(
      ['Alert', 'Severity', 'Fires when', 'For'],
      names.flatMap((name) =>
        alerts
          .filter((alert) => alert.name === name)
          .map((alert) => [
            `[${inline(name)}](#${anchor(name)})`,
            inline(alert.labels.severity ?? ''),
            condition(alert),
            formatDuration(alert.forMs),
          ]),
      ),
    ),
    objectives(config),
    routes(config),
    ...names.map((name) =>
      alertText(
        name,
        alerts.filter((alert) => alert.name === name),
      ),
    ),
  );
}

/** What is compared with what, in words where the alert is one comparison with a number. */
function condition({ name, expr }: AlertRule): string {
  const threshold = thresholdOf(parse(expr));
  if ((threshold?.what ?? expr).length > CONDITION_CHARACTERS_MAX)
    return `[its expression](#${anchor(name)}) has a result`;
  return threshold === undefined
    ? `${code(expr)} has a result`
    : `${code(threshold.what)} is ${COMPARED[threshold.op] ?? threshold.op} ${threshold.value}`;
}

/** The comparison that decides: the first of an `and`, whose others guard it. */
function thresholdOf(
  expr: Expr,
): { readonly what: string; readonly op: string; readonly value: string } | undefined {
  switch (expr.type) {
    case 'parenExpr':
      return thresholdOf(expr.expr);
    case 'binaryExpr':
      if (expr.op === 'and' || expr.op === 'unless') return thresholdOf(expr.lhs);
      if (!isComparison(expr.op) || !isNumber(expr.rhs)) return undefined;
      return { what: printExpr(expr.lhs), op: expr.op, value: printExpr(unwrapParens(expr.rhs)) };
    default:
      return undefined;
  }
}

/** A number, or arithmetic of numbers. */
function isNumber(expr: Expr): boolean {
  switch (expr.type) {
    case 'numberLiteral':
      return true;
    case 'parenExpr':
    case 'unaryExpr':
      return isNumber(expr.expr);
    case 'binaryExpr':
      return isNumber(expr.lhs) && isNumber(expr.rhs);
    default:
      return false;
  }
}

function alertText(name: string, rules: readonly AlertRule[]): string {
  return paragraphs(
    `### ${inline(name)}`,
    ...rules.flatMap(({ annotations, expr, labels, forMs, keepFiringForMs }) => [
      [annotations.summary, annotations.description]
        .flatMap((text) => (text ? [sentence(text)] : []))
        .join(' '),
      block('promql', prettyExpr(parse(expr))),
      [
        `Severity ${inline(labels.severity ?? 'not given')}`,
        forMs === 0 ? 'fires at once' : `fires after ${formatDuration(forMs)}`,
        ...(keepFiringForMs === 0 ? [] : [`goes on for ${formatDuration(keepFiringForMs)} afterwards`]),
      ]
        .join(', ')
        .concat('.'),
      annotations.runbook_url ? `[What to do](<${annotations.runbook_url}>)` : '',
    ]),
  );
}

/** With a full stop where it ends without one, and with words in the place of what an alert fills in. */
function sentence(text: string): string {
  const line = inline(
    text
      .replace(/\{\{-?\s*(?:with|if|range)\b.*?\{\{-?\s*end\s*-?\}\}/gs, '…')
      .replace(/\{\{-?\s*\$labels\.(\w+).*?\}\}/gs, '<$1>')
      .replace(/\{\{-?\s*\$value.*?\}\}/gs, '<value>')
      .replace(/\{\{.*?\}\}/gs, '…'),
  );
  return /[.!?:]$/.test(line) ? line : `${line}.`;
}

function objectives({ slos }: Config): string {
  return table(
    ['Objective', 'Of all events are good', 'Over', 'What it promises'],
    slos.map(({ name, objective, periodMs, description }) => [
      code(name),
      percent(objective),
      formatDuration(periodMs),
      inline(description),
    ]),
  );
}

function routes({ alerting }: Config): string {
  if (alerting === undefined) return 'Nobody is told of alerts: the configuration has no `alerting`.';
  const lines: string[] = [];
  const walk = (route: AlertRoute, depth: number, inherited: string): void => {
    const receiver = route.receiver ?? inherited;
    const when = depth === 0 ? 'All alerts' : (route.matchers ?? []).map(code).join(' and ') || 'Everything';
    const ways = (alerting.receivers[receiver] ?? []).map(wayText).join(', ') || 'nobody';
    lines.push(
      `${'  '.repeat(depth)}- ${when}: ${inline(receiver)} (${ways})${route.continue === true ? ', and further routes' : ''}`,
    );
    for (const child of route.routes ?? []) walk(child, depth + 1, receiver);
  };
  walk(alerting.route, 0, alerting.route.receiver);
  return paragraphs('Who is told; the first route that matches takes an alert:', lines.join('\n'));
}

function wayText(way: Receiver): string {
  switch (way.type) {
    case 'email':
      return `mail to ${inline(addressees(way))}`;
    case 'slack':
      return `Slack ${inline(way.channel)}`;
    case 'webhook':
      return 'a webhook';
    case 'pagerduty':
      return 'PagerDuty';
  }
}
