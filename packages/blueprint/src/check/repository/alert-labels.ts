/**
 * Which labels alerts can have: those that their rules give, those of what their expressions select, and their names.
 *
 * What is not known is possible. A metric of which no catalog tells anything can have any label, so that in a repository
 * without a catalog only alerts over aggregations say which labels they have.
 */
import { canExist, type LabelFacts, type LabelSet } from '@binnacle/promql';
import type { RuleSubject } from '../rule-subject.ts';
import type { AlertMatcher } from './alerting-file.ts';

/** An alert, as Alertmanager gets it. */
export class AlertLabels {
  readonly name: string;
  readonly #own: ReadonlyMap<string, string>;
  readonly #selected: LabelSet | undefined;

  constructor(rule: RuleSubject) {
    this.name = rule.name;
    this.#own = new Map([
      ...rule.labels.map(({ name, value }) => [name, value.text] as const),
      ['alertname', rule.name],
    ]);
    this.#selected = rule.tree === undefined ? undefined : rule.facts(rule.tree).labels;
  }

  /** Whether a label can be there. */
  canHave(label: string): boolean {
    const facts = this.#factsOf(label);
    return facts === undefined || canExist(facts);
  }

  /** All values that a label can have, the empty one where it may be absent; undefined when they are not known. */
  valuesOf(label: string): ReadonlySet<string> | undefined {
    const own = this.#own.get(label);
    if (own !== undefined) return own.includes('{{') ? undefined : new Set([own]);
    return this.#factsOf(label)?.values;
  }

  /** Whether the alert can pass a matcher. */
  canPass(matcher: AlertMatcher): boolean {
    const values = this.valuesOf(matcher.label);
    return values === undefined || [...values].some((value) => passes(matcher, value));
  }

  #factsOf(label: string): LabelFacts | undefined {
    if (this.#own.has(label)) return { present: true };
    return this.#selected?.get(label);
  }
}

/** The alerts of all rules. */
export function alertLabels(rules: readonly RuleSubject[]): AlertLabels[] {
  return rules.filter(({ type }) => type === 'alert').map((rule) => new AlertLabels(rule));
}

function passes({ op, value: wanted }: AlertMatcher, value: string): boolean {
  if (op === '=' || op === '!=') return (value === wanted) === (op === '=');
  try {
    return new RegExp(`^(?:${wanted})$`).test(value) === (op === '=~');
  } catch {
    // Written for RE2, and read by something else: nothing is called impossible by a guess.
    return true;
  }
}
