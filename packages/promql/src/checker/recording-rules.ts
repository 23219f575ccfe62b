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
  const byName = new Map<string, { readonly rules: RecordingRule[]; readonly uses: Set<string> }>();
  for (const rule of rules) {
    const same = byName.get(rule.record);
    if (same === undefined) byName.set(rule.record, { rules: [rule], uses: new Set(namesIn(rule.expr)) });
    else {
      same.rules.push(rule);
      for (const name of namesIn(rule.expr)) same.uses.add(name);
    }
  }
  let known = catalog;
  // In rounds, one for each level of rules that use rules: names of one level do not use each other.
  let waiting = [...byName];
  while (waiting.length > 0) {
    const open = new Set(waiting.map(([name]) => name));
    const isReady = ([, { uses }]: (typeof waiting)[number]): boolean =>
      ![...uses].some((name) => open.has(name));
    const ready = waiting.filter(isReady);
    // Where nobody can begin, they wait for each other.
    const recordings: [string, Facts[]][] =
      ready.length > 0
        ? ready.map(([name, { rules: same }]) => [name, same.map((rule) => recorded(rule, known))])
        : waiting.map(([name]) => [name, [UNKNOWN]]);
    known = known.withRecorded(recordings);
    waiting = ready.length > 0 ? waiting.filter((one) => !isReady(one)) : [];
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
