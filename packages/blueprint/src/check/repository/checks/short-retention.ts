/** Questions that reach further back than samples are kept. */
import { type Expr, formatDuration, walk } from '@binnacle/promql';
import type { Report } from '../../check.ts';
import { type DashboardSubject, panelSubject } from '../../dashboard/dashboard-subject.ts';
import { readDashboards } from '../../dashboard/read-dashboards.ts';
import type { Place } from '../../problem.ts';
import { type KeptTime, keptBy, keptByCompose } from '../kept-time.ts';
import type { RepositoryCheck } from '../repository-check.ts';
import { durationMs } from '../scrape-file.ts';

/**
 * Reports periods of objectives, ranges of expressions and times of panels that are longer than what is kept where they
 * are asked. What a configuration defines runs in both of its environments, and a developer's machine may know less.
 */
export const shortRetention: RepositoryCheck = {
  name: 'short-retention',
  inspect({ context, composeFiles }, report) {
    const [production, development] = [keptBy('production', context), keptBy('development', context)];
    const compose = keptByCompose(composeFiles, context);
    const inConfig = new Set((context.config?.rules ?? []).map(({ name }) => name));
    const configFile = context.definitionPlace(undefined).file;
    const askedIn = (reach: Reach, isDefined: boolean): void => {
      const kept = isDefined ? production : compose;
      if (kept !== undefined && reach.ms > kept.ms) tell(reach, kept, 'warning', report);
      else if (isDefined && development !== undefined && reach.ms > development.ms)
        tell(reach, development, 'info', report);
    };
    const ofObjectives = new Set<string>();
    for (const { name, periodMs, groups } of context.config?.slos ?? []) {
      for (const group of groups) ofObjectives.add(group.name);
      const place = context.definitionPlace(groups[0]?.rules[0]?.definedAt);
      askedIn({ ms: periodMs, about: `the period of the objective ${name} is`, place }, true);
    }
    for (const rule of context.rules) {
      const isDefined = rule.file === configFile && inConfig.has(rule.group.name);
      if (rule.tree === undefined || (isDefined && ofObjectives.has(rule.group.name))) continue;
      const { ms, expr } = farthest(rule.tree);
      askedIn({ ms, about: `${rule.subject} looks back`, place: rule.placeOf(expr) }, isDefined);
    }
    const files = new Set(context.ofKind('dashboard').map(({ path }) => path));
    for (const dashboard of readDashboards(context).dashboards)
      for (const reach of reachesOf(dashboard)) askedIn(reach, !files.has(dashboard.path));
  },
};

/** How far back something looks. */
interface Reach {
  readonly ms: number;
  /** The words in front of the time. */
  readonly about: string;
  readonly place: Place;
}

function tell(
  { ms, about, place }: Reach,
  kept: KeptTime,
  severity: 'warning' | 'info',
  report: Report,
): void {
  report(place, {
    severity,
    message: `${about} ${shown(ms)}, and ${kept.by} keeps samples for ${shown(kept.ms)}`,
    reason: 'what is older is gone: the answer is that of a shorter time, and nothing says so',
    remedy: `keep samples for ${shown(ms)} or more, or ask for less.`,
  });
}

/** What each query and each panel with a time of its own reaches. */
function* reachesOf(dashboard: DashboardSubject): Generator<Reach> {
  for (const { subject, expression } of dashboard.asked) {
    if (expression.tree === undefined) continue;
    const { ms, expr } = farthest(expression.tree);
    yield { ms, about: `${subject} looks back`, place: expression.placeOf(expr) };
  }
  for (const panel of dashboard.inventory.panels) {
    const [from, shift] = [panel.json.timeFrom, panel.json.timeShift].map((text) =>
      typeof text === 'string' ? durationMs(text) : undefined,
    );
    const field = from === undefined ? 'timeShift' : 'timeFrom';
    const place = dashboard.place(`${panel.pointer}/${field}`);
    yield { ms: (from ?? 0) + (shift ?? 0), about: `${panelSubject(panel)} looks back`, place };
  }
}

/** The selector that looks back farthest, with its range, its offset and those of the subqueries around it. */
function farthest(tree: Expr): { readonly ms: number; readonly expr: Expr } {
  let most = { ms: 0, expr: tree };
  walk(tree, (node, path) => {
    if (node.type !== 'vectorSelector' || [node, ...path].some(isAtFixedTime)) return;
    const around = path.filter(({ type }) => type === 'matrixSelector' || type === 'subquery');
    const ms = [node, ...around].reduce((sum, expr) => sum + reachOf(expr), 0);
    if (ms > most.ms) most = { ms, expr: around[0] ?? node };
  });
  return most;
}

/** How much farther an expression looks back than what stands around it. */
function reachOf(expr: Expr): number {
  switch (expr.type) {
    case 'vectorSelector':
      return expr.offsetMs;
    case 'matrixSelector':
      return expr.rangeMs;
    case 'subquery':
      return expr.rangeMs + expr.offsetMs;
    default:
      return 0;
  }
}

/** With `@` it is a time that is asked, and no distance. */
function isAtFixedTime(expr: Expr): boolean {
  const isModified = expr.type === 'vectorSelector' || expr.type === 'subquery';
  return isModified && (expr.timestampMs !== undefined || expr.startOrEnd !== undefined);
}

const DAY_MS = 86_400_000;

/** Days stay days, as retention is said in them. */
function shown(ms: number): string {
  return ms % DAY_MS === 0 ? `${ms / DAY_MS}d` : formatDuration(ms);
}
