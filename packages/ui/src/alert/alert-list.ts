/**
 * The alerts of the page: what the notifier has (who is told, what holds it back) joined with what the rules have
 * (pending ones, values, queries), grouped by what they are.
 */
import type { NotifiedGroup } from '../api/alertmanager.ts';
import { type Alert, type LabelMap, parseValue, type Rule, type RuleGroup } from '../api/prometheus.ts';

/** An alert as it is shown. */
export interface ShownAlert {
  readonly key: string;
  readonly labels: LabelMap;
  readonly annotations: LabelMap;
  readonly state: 'firing' | 'pending';
  readonly sinceMs: number;
  /** Of the rule's query; undefined for an alert that no rule here has made. */
  readonly value: number | undefined;
  /** The query; empty where it is not known. */
  readonly expr: string;
  /** Whom it goes to. */
  readonly receivers: readonly string[];
  readonly silencedBy: readonly string[];
  readonly inhibitedBy: readonly string[];
  readonly mutedBy: readonly string[];
}

/** Alerts of one name. */
export interface AlertFamily {
  readonly name: string;
  readonly state: 'firing' | 'pending';
  /** The gravest of its alerts; empty when none says. */
  readonly severity: string;
  /** Of the oldest. */
  readonly sinceMs: number;
  /** The newest last. */
  readonly alerts: readonly ShownAlert[];
  /** The labels that all of them have alike. */
  readonly common: LabelMap;
}

/** Whether nobody is told of it. */
export function isHeld(alert: ShownAlert): boolean {
  return alert.silencedBy.length > 0 || alert.inhibitedBy.length > 0 || alert.mutedBy.length > 0;
}

/** All alerts; without groups of a notifier, those of the rules alone. */
export function joinAlerts(
  groups: readonly NotifiedGroup[] | undefined,
  ruleGroups: readonly RuleGroup[],
): ShownAlert[] {
  const byName = new Map<string, { readonly rule: Rule; readonly alert: Alert }[]>();
  for (const rule of ruleGroups.flatMap((group) => group.rules))
    for (const alert of rule.alerts ?? []) {
      const name = alert.labels.alertname ?? rule.name;
      byName.set(name, [...(byName.get(name) ?? []), { rule, alert }]);
    }
  const shown = new Map<string, ShownAlert>();
  for (const { receiver, alerts } of groups ?? [])
    for (const notified of alerts) {
      const { fingerprint, labels, annotations, startsAt, status } = notified;
      const known = shown.get(fingerprint);
      if (known !== undefined) {
        // It goes out where one of its groups does.
        const mutedBy = known.mutedBy.length === 0 ? [] : status.mutedBy;
        const receivers = [...new Set([...known.receivers, receiver.name])];
        shown.set(fingerprint, { ...known, receivers, mutedBy });
        continue;
      }
      const found = byName
        .get(labels.alertname ?? '')
        ?.find(({ alert }) => alert.state === 'firing' && agree(alert.labels, labels));
      shown.set(fingerprint, {
        ...status,
        key: fingerprint,
        labels,
        annotations,
        state: 'firing',
        sinceMs: Date.parse(startsAt),
        value: found === undefined ? undefined : parseValue(found.alert.value),
        expr: found?.rule.query ?? exprOf(notified.generatorURL ?? ''),
        receivers: [receiver.name],
      });
    }
  const notified = [...shown.values()];
  const ofRules = [...byName.values()].flat().flatMap(({ rule, alert }) => {
    // What the notifier has may have further labels, or lack some, by the configuration.
    const isKnown = notified.some(
      ({ labels }) => labels.alertname === alert.labels.alertname && agree(alert.labels, labels),
    );
    if (alert.state === 'inactive' || (alert.state === 'firing' && isKnown)) return [];
    return [shownOfRule(rule, alert)];
  });
  return [...notified, ...ofRules];
}

/** Alerts by name: firing ones first, then the gravest, then the newest. */
export function familiesOf(alerts: readonly ShownAlert[]): AlertFamily[] {
  const byName = new Map<string, ShownAlert[]>();
  for (const alert of alerts) {
    const name = alert.labels.alertname ?? '(no name)';
    const list = byName.get(name);
    if (list === undefined) byName.set(name, [alert]);
    else list.push(alert);
  }
  return [...byName]
    .map(([name, list]): AlertFamily => {
      const sorted = list.toSorted((a, b) => stateRank(a) - stateRank(b) || a.sinceMs - b.sinceMs);
      const severities = list.map(({ labels }) => labels.severity ?? '');
      return {
        name,
        state: sorted[0]!.state,
        severity: severities.sort((a, b) => severityRank(a) - severityRank(b))[0] ?? '',
        sinceMs: Math.min(...sorted.filter(({ state }) => state === sorted[0]!.state).map((a) => a.sinceMs)),
        alerts: sorted,
        common: commonLabels(list.map(({ labels }) => labels)),
      };
    })
    .sort(
      (a, b) =>
        stateRank(a) - stateRank(b) ||
        severityRank(a.severity) - severityRank(b.severity) ||
        b.sinceMs - a.sinceMs ||
        (a.name < b.name ? -1 : 1),
    );
}

/** How grave a severity is, 0 for the gravest; words that nobody knows lie between warnings and notes. */
export function severityRank(severity: string): number {
  switch (severity.toLowerCase()) {
    case 'critical':
    case 'page':
    case 'emergency':
    case 'disaster':
      return 0;
    case 'error':
    case 'high':
    case 'major':
      return 1;
    case 'warning':
    case 'warn':
      return 2;
    case 'info':
    case 'none':
    case 'low':
      return 4;
    default:
      return 3;
  }
}

function stateRank({ state }: { readonly state: 'firing' | 'pending' }): number {
  return state === 'firing' ? 0 : 1;
}

/** The labels that all sets have alike. */
export function commonLabels([first = {}, ...rest]: readonly LabelMap[]): LabelMap {
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) => rest.every((labels) => labels[name] === value)),
  );
}

function shownOfRule(rule: Rule, alert: Alert): ShownAlert {
  return {
    key: JSON.stringify(alert.labels),
    labels: alert.labels,
    annotations: alert.annotations,
    state: alert.state === 'pending' ? 'pending' : 'firing',
    sinceMs: Date.parse(alert.activeAt ?? ''),
    value: parseValue(alert.value),
    expr: rule.query,
    receivers: [],
    silencedBy: [],
    inhibitedBy: [],
    mutedBy: [],
  };
}

/** Whether no label has another value in both. */
function agree(a: LabelMap, b: LabelMap): boolean {
  return Object.entries(a).every(([name, value]) => b[name] === undefined || b[name] === value);
}

/** The query in a link of Prometheus's: `…/graph?g0.expr=up`. */
function exprOf(url: string): string {
  return URL.canParse(url) ? (new URL(url).searchParams.get('g0.expr') ?? '') : '';
}
