/**
 * What a change of the catalog breaks: every expression of a configuration's dashboards and rules is checked against
 * the catalog before and after it, and what was fine and is no longer is told.
 */
import {
  type Catalog,
  checkQuery,
  type Expr,
  type Finding,
  indexOfByte,
  ParseError,
  parse,
  type RecordingRule,
  walk,
  withRecordingRules,
} from '@binnacle/promql';
import { servicesOf } from '../check/catalogs.ts';
import type { Config } from '../config/config.ts';
import type { Dashboard } from '../dashboard/dashboard.ts';
import { substitute } from '../dashboard/query.ts';
import type { LabelVariable, Variable } from '../dashboard/variable.ts';
import type { DefinitionPlace } from '../definition-place.ts';
import type { RuleGroup } from '../rules/rule.ts';
import type { ServiceCatalog } from './catalog-data.ts';
import type { CatalogDiff } from './catalog-diff.ts';
import { toPromqlCatalog } from './promql-catalog.ts';

/** An expression of a configuration that a change of the catalog breaks. */
export interface Breakage {
  readonly kind: 'panel' | 'variable' | 'annotation' | 'alert' | 'recording rule';
  /** For people: `panel "Overview / Requests" of dashboard "web"`, `alert HighErrorRate`. */
  readonly subject: string;
  /** As its author wrote it. */
  readonly expr: string;
  /** What the checker says; its places are those in `expr`. */
  readonly finding: Finding;
  readonly place?: DefinitionPlace;
}

/** An expression, and how it reads for the checker. */
interface Asked extends Omit<Breakage, 'finding'> {
  /** What stands in it for macros and variables is replaced. */
  readonly text: string;
  /** The offset in `expr` of one in `text`, both in UTF-16 code units. */
  readonly sourceOffset: (offset: number) => number;
}

/** The dashboards and rules of a configuration. */
export type Asking = Pick<Config, 'dashboards' | 'rules'>;

/**
 * The panels, alerts and recording rules of a configuration that a difference breaks, in their order: what the checker
 * says now and did not say before.
 */
export function brokenBy(diff: Pick<CatalogDiff, 'before' | 'after'>, config: Asking): Breakage[] {
  const known = new Set(brokenIn(diff.before, config).map(keyOf));
  return brokenIn(diff.after, config).filter((breakage) => !known.has(keyOf(breakage)));
}

/**
 * What of a configuration's dashboards and rules cannot be right with these catalogs. What the checker only remarks on
 * (`info`) breaks nothing.
 */
export function brokenIn(catalogs: readonly ServiceCatalog[], config: Asking): Breakage[] {
  const catalogOf = catalogsWith(catalogs, config.rules);
  return [...expressionsOf(config)].flatMap((asked) => {
    const expr = parsed(asked.text);
    if (expr === undefined) return [];
    const { text, sourceOffset, ...rest } = asked;
    return checkQuery(expr, catalogOf(expr))
      .filter(({ severity }) => severity !== 'info')
      .map((finding) => ({ ...rest, finding: inSource(finding, asked) }));
  });
}

/** Undefined for what is no PromQL, such as a panel that asks another kind of data source. */
function parsed(text: string): Expr | undefined {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}

/**
 * Which catalog an expression is checked with: that of the services to which its selectors are bound, since the same
 * name may have other labels elsewhere, and that of all where they are bound to none or to one that there is not.
 */
function catalogsWith(
  catalogs: readonly ServiceCatalog[],
  groups: readonly RuleGroup[],
): (expr: Expr) => Catalog {
  const rules = groups.flatMap((group) =>
    group.rules.flatMap((rule): RecordingRule[] =>
      rule.type === 'record' ? [{ record: rule.name, expr: parse(rule.expr), labels: rule.labels }] : [],
    ),
  );
  const made = new Map<string, Catalog>();
  return (expr) => {
    const bound = new Set<ServiceCatalog>();
    walk(expr, (node) => {
      if (node.type === 'vectorSelector') for (const each of servicesOf(node, catalogs)) bound.add(each);
    });
    const services = bound.size === 0 ? catalogs : catalogs.filter((each) => bound.has(each));
    const key = JSON.stringify(services.map(({ service }) => service));
    const known = made.get(key) ?? withRecordingRules(toPromqlCatalog(services), rules);
    made.set(key, known);
    return known;
  };
}

/** The same mistake at the same place; its reason may list other labels than before. */
function keyOf({ subject, expr, finding: { check, start, end } }: Breakage): string {
  return JSON.stringify([subject, expr, check, start, end]);
}

/** Everything that a configuration asks, in its order. */
function* expressionsOf({ dashboards, rules }: Asking): Generator<Asked> {
  for (const dashboard of dashboards) yield* expressionsOfDashboard(dashboard);
  for (const { rules: ofGroup } of rules)
    for (const { type, name, expr, definedAt } of ofGroup) {
      const kind = type === 'alert' ? 'alert' : 'recording rule';
      yield { kind, subject: `${kind} ${name}`, expr, ...asWritten(expr), ...placeOf({ definedAt }) };
    }
}

function* expressionsOfDashboard(dashboard: Dashboard): Generator<Asked> {
  const { title, rows, variables, annotations } = dashboard;
  const subject = (kind: string, name: string): string =>
    `${kind} ${JSON.stringify(name)} of dashboard ${JSON.stringify(title)}`;
  for (const variable of variables) {
    const asked = variable.type === 'label' ? valuesOf(variable, variables) : undefined;
    if (asked !== undefined)
      yield {
        kind: 'variable',
        subject: subject('variable', variable.name),
        ...asked,
        ...placeOf(dashboard),
      };
  }
  for (const { name, expr } of annotations)
    if (expr !== '') {
      const about = subject('annotation', name);
      yield {
        kind: 'annotation',
        subject: about,
        expr,
        ...substitute(about, expr, variables),
        ...placeOf(dashboard),
      };
    }
  for (const row of rows)
    for (const panel of row.panels)
      for (const { expr } of panel.queries)
        if (expr !== '') {
          const about = subject('panel', `${row.title} / ${panel.title}`);
          yield {
            kind: 'panel',
            subject: about,
            expr,
            ...substitute(about, expr, variables),
            ...placeOf(panel),
          };
        }
}

/** What a variable asks for, and the same as an expression: the label is there where one can group by it. */
function valuesOf(
  { name, metric, of }: LabelVariable,
  variables: readonly Variable[],
): Pick<Asked, 'expr' | 'text' | 'sourceOffset'> | undefined {
  if (metric === '' || !/^[a-zA-Z_]\w*$/.test(of)) return undefined;
  const { text, sourceOffset } = substitute(`variable ${name}`, metric, variables);
  const before = `count by (${of}) (`;
  const expr = `label_values(${metric}, ${of})`;
  return {
    expr,
    text: `${before}${text})`,
    // What is not about the metric is about the whole.
    sourceOffset: (offset) => {
      if (offset < before.length) return 0;
      const inside = offset - before.length;
      return inside > text.length ? expr.length : 'label_values('.length + sourceOffset(inside);
    },
  };
}

function asWritten(expr: string): Pick<Asked, 'text' | 'sourceOffset'> {
  return { text: expr, sourceOffset: (offset) => offset };
}

function placeOf({ definedAt }: { readonly definedAt?: DefinitionPlace | undefined }): Pick<Asked, 'place'> {
  return definedAt === undefined ? {} : { place: definedAt };
}

/** A finding with its places in what the author wrote. */
function inSource(finding: Finding, { expr, text, sourceOffset }: Asked): Finding {
  const moved = (byte: number): number => bytesIn(expr.slice(0, sourceOffset(indexOfByte(text, byte))));
  const { start, end, related } = finding;
  return {
    ...finding,
    start: moved(start),
    end: moved(end),
    ...(related !== undefined && {
      related: { ...related, start: moved(related.start), end: moved(related.end) },
    }),
  };
}

/** The bytes of a text in UTF-8. */
function bytesIn(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}
