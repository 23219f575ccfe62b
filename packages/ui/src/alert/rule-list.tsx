/** Every alerting rule and what it says now: firing first, then pending, then the quiet ones. */
import type { JSX } from 'preact';
import { type Alert, parseValue, type Rule, type RuleGroup } from '../api/prometheus.ts';
import { formatDuration, span } from '../format/duration.ts';
import { format } from '../format/units.ts';
import { Labels } from '../page/targets.tsx';
import { hrefOf } from '../shell/route.ts';

const ORDER = { firing: 0, pending: 1, inactive: 2 };

/** Draws all alerting rules. */
export function RuleList({ groups }: { readonly groups: readonly RuleGroup[] }): JSX.Element {
  const rules = groups.flatMap((group) =>
    group.rules.filter((rule) => rule.type === 'alerting').map((rule) => ({ rule, group: group.name })),
  );
  if (rules.length === 0)
    return (
      <div class="page-note">
        <b>No alerting rules</b>
        <p>Name a rule file under rule_files in the monitor's configuration.</p>
      </div>
    );
  const sorted = rules.toSorted((a, b) => ORDER[stateOf(a.rule)] - ORDER[stateOf(b.rule)]);
  return (
    <div class="list">
      {sorted.map(({ rule, group }) => (
        <RuleRow key={`${group} ${rule.name} ${rule.query}`} rule={rule} group={group} />
      ))}
    </div>
  );
}

function stateOf(rule: Rule): 'firing' | 'pending' | 'inactive' {
  return rule.state ?? 'inactive';
}

function RuleRow({ rule, group }: { readonly rule: Rule; readonly group: string }): JSX.Element {
  const state = stateOf(rule);
  const alerts = rule.alerts ?? [];
  const runbook = rule.annotations?.runbook_url;
  // It may also be the place of a file, which can only be told.
  const followable = runbook !== undefined && /^https?:\/\//.test(runbook);
  return (
    <article class="item">
      <span class={`badge ${state}`}>{state === 'inactive' ? 'quiet' : state}</span>
      <div class="item-main">
        <b>{rule.name}</b>
        {rule.annotations?.summary !== undefined && alerts.length === 0 && <p>{rule.annotations.summary}</p>}
        {alerts.map((alert) => (
          <AlertLine key={JSON.stringify(alert.labels)} alert={alert} />
        ))}
        <a class="mono expr" href={hrefOf('explore', '', { expr: rule.query })} title="Open in Explore">
          {rule.query}
        </a>
        {runbook !== undefined && !followable && <span class="muted">Runbook: {runbook}</span>}
        {rule.lastError !== undefined && rule.lastError !== '' && <p class="bad">{rule.lastError}</p>}
      </div>
      <div class="item-side">
        <span>{group}</span>
        {(rule.duration ?? 0) > 0 && <span>for {formatDuration(rule.duration! * 1000)}</span>}
        <Labels labels={rule.labels ?? {}} />
        {followable && (
          <a href={runbook} target="_blank" rel="noreferrer">
            Runbook
          </a>
        )}
      </div>
    </article>
  );
}

function AlertLine({ alert }: { readonly alert: Alert }): JSX.Element {
  const { summary, description } = alert.annotations;
  const since = alert.activeAt === undefined ? Number.NaN : Date.parse(alert.activeAt);
  return (
    <div class={`alert-line ${alert.state}`}>
      <p>
        {summary ?? alert.labels.alertname}
        {description !== undefined && <span class="muted"> — {description}</span>}
      </p>
      <span class="muted">
        {alert.state} {Number.isFinite(since) && `for ${span((Date.now() - since) / 1000)}`} · value{' '}
        {format(parseValue(alert.value), 'short')}
      </span>
      <Labels labels={alert.labels} skip={['alertname', 'severity']} />
    </div>
  );
}
