/**
 * Recording rules: the names that they give, with the labels, type and unit that their expressions yield.
 *
 * Rules may use each other in any order, so each is inferred when all names that it uses are; rules that use
 * themselves in a circle give names of which nothing is known.
 */
import { type Expr, walk } from '../ast.ts';
import type { Catalog } from './catalog.ts';
import { type Facts, UNKNOWN } from './facts.ts';
import { Inference, metricNameOf } from './infer.ts';
import { oneOf } from './label-set.ts';

/** A recording rule. */
export interface RecordingRule {
  /** The name that it gives. */
  readonly record: string;
  readonly expr: Expr;
  /** Labels that it adds; an empty value removes one. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** The catalog with what the rules record. Several rules may give one name. */
export function withRecordingRules(catalog: Catalog, rules: readonly RecordingRule[]): Catalog {
  const names = new Set(rules.map(({ record }) => record));
  let known = catalog;
  let open = rules.map((rule) => ({ rule, uses: namesIn(rule.expr).filter((name) => names.has(name)) }));
  const waiting = new Set(names);
  while (open.length > 0) {
    const ready = [...waiting].filter((name) =>
      open.every(({ rule, uses }) => rule.record !== name || !uses.some((used) => waiting.has(used))),
    );
    // Nobody can begin: they wait for each other.
    const next = ready.length > 0 ? ready : [...waiting];
    for (const name of next) {
      const facts =
        ready.length === 0
          ? [UNKNOWN]
          : open.filter(({ rule }) => rule.record === name).map(({ rule }) => recorded(rule, known));
      known = known.withRecorded(name, facts);
      waiting.delete(name);
    }
    open = open.filter(({ rule }) => waiting.has(rule.record));
  }
  return known;
}

function namesIn(expr: Expr): string[] {
  const names: string[] = [];
  walk(expr, (node) => {
    if (node.type !== 'vectorSelector') return;
    const name = metricNameOf(node);
    if (name !== undefined) names.push(name);
  });
  return names;
}

function recorded({ expr, labels: added = {} }: RecordingRule, catalog: Catalog): Facts {
  const facts = new Inference(catalog).of(expr);
  let labels = facts.labels.settled();
  for (const [name, value] of Object.entries(added)) labels = labels.with(name, oneOf([value]));
  // A number becomes a series that changes as it likes.
  return { ...facts, labels, kind: facts.kind === 'constant' ? 'gauge' : facts.kind };
}
