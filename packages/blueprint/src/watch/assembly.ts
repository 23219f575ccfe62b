/** What all watches are put together from: their alerts, as far as they are wanted, and one row of panels or several. */
import type { DurationText } from '../config/config.ts';
import { type Row, row } from '../dashboard/dashboard.ts';
import { DefinitionError } from '../dashboard/definition-error.ts';
import type { Panel } from '../dashboard/panel.ts';
import { alert } from '../rules/alert.ts';
import type { AlertTextSpec, RuleExpression } from '../rules/alert-text.ts';
import type { AlertRule, AlertSeverity } from '../rules/rule.ts';
import { ruleGroup } from '../rules/rule-group.ts';
import { RUNBOOKS, type Watch, type WatchOptions } from './watch.ts';

/** How long an alert goes on firing after its reason has gone, so that what comes and goes is one message. */
const KEEP_FIRING_FOR: DurationText = '5m';

/** An alert as its watch has it. */
export interface WatchAlert {
  readonly expr: RuleExpression;
  readonly for: DurationText;
  /** Default {@link KEEP_FIRING_FOR}. */
  readonly keepFiringFor?: DurationText;
  readonly severity: AlertSeverity;
  readonly summary: AlertTextSpec<string>;
  readonly description: AlertTextSpec<string>;
}

/** A heading and what stands below it, without what is not there. */
export interface WatchRow {
  /** Behind the name of the watch: `by endpoint`. Default: nothing. */
  readonly title?: string;
  readonly collapsed?: boolean;
  readonly panels: readonly (Panel | undefined)[];
}

/** What a watch consists of. */
export interface WatchParts<Alert extends string> {
  readonly rows: readonly WatchRow[];
  /** By name; undefined where the instrument lacks what they need. */
  readonly alerts: { readonly [K in Alert]: WatchAlert | undefined };
}

/**
 * Puts a watch together: alerts that are wanted, tuned and with their labels and links; rows that have panels.
 * @param kind what is watched, unless the options name it: `HTTP`
 * @throws DefinitionError when `alerts` names one that the watch never has
 */
export function assembleWatch<Alert extends string>(
  kind: string,
  options: WatchOptions<Alert>,
  { rows, alerts }: WatchParts<Alert>,
): Watch {
  const name = options.name ?? kind;
  const names = Object.keys(alerts) as Alert[];
  for (const tuned of Object.keys(options.alerts ?? {}))
    if (!names.includes(tuned as Alert))
      throw new DefinitionError(
        `watch ${JSON.stringify(name)} has no alert ${tuned}; its alerts are ${names.join(', ')}`,
      );
  const rules = names.flatMap((alertName) => {
    const spec = alerts[alertName];
    return spec === undefined ? [] : tunedAlert(alertName, spec, options);
  });
  return {
    name,
    rows: rows.flatMap((given) => rowOf(name, given)),
    groups: rules.length === 0 ? [] : [ruleGroup(groupName(kind, options), rules)],
  };
}

/** What is watched and where, as it stands in front of summaries: `HTTP (web)`. */
export function subjectOf(kind: string, { name = kind, where = {} }: WatchOptions): string {
  const bound = boundTo(where);
  return bound.length === 0 ? name : `${name} (${bound.join(', ')})`;
}

function boundTo(where: Readonly<Record<string, string>>): string[] {
  return Object.keys(where)
    .sort()
    .map((label) => where[label]!);
}

function tunedAlert<Alert extends string>(
  name: Alert,
  spec: WatchAlert,
  options: WatchOptions<Alert>,
): AlertRule[] {
  const tuning = options.alerts?.[name];
  if (tuning === false) return [];
  const { where, labels, runbookUrl = RUNBOOKS, name: watch } = options;
  return [
    alert(tuning?.name ?? name, {
      expr: spec.expr,
      for: tuning?.for ?? spec.for,
      keepFiringFor: tuning?.keepFiringFor ?? spec.keepFiringFor ?? KEEP_FIRING_FOR,
      severity: tuning?.severity ?? spec.severity,
      summary: spec.summary,
      description: spec.description,
      runbookUrl: tuning?.runbookUrl ?? `${runbookUrl}#${kebab(name)}`,
      labels: { ...where, ...(watch !== undefined && { watch: kebab(watch) }), ...labels },
    }),
  ];
}

function rowOf(name: string, { title, collapsed = false, panels }: WatchRow): Row[] {
  const present = panels.filter((panel) => panel !== undefined);
  if (present.length === 0) return [];
  return [row(title === undefined ? name : `${name} ${title}`, present, { collapsed })];
}

/** Told apart from the groups of the same watch for other services by what binds it. */
function groupName(kind: string, { name, where = {} }: WatchOptions): string {
  return [kind, ...(name === undefined || name === kind ? [] : [name]), ...boundTo(where)]
    .map(kebab)
    .join('-');
}

/** `HttpSlow` and `HTTP slow` become `http-slow`. */
export function kebab(name: string): string {
  return name
    .replace(/([a-z\d])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replace(/[^a-z\d]+/g, '-')
    .replace(/^-|-$/g, '');
}
