/** A rule as checks see it, wherever it was written: in a rule file, a Kubernetes manifest or TypeScript. */
import type { Expr, Facts, Finding } from '@binnacle/promql';
import type { CheckContext, CheckSubject } from './check.ts';
import type { Place, SourceText } from './problem.ts';

/** A label or annotation. */
export interface NamedText {
  readonly name: string;
  readonly value: SourceText;
}

/** The group that a rule stands in. */
export interface RuleGroupSubject {
  readonly name: string;
  /** Of the group's interval, or of its name where there is none. */
  readonly place: Place;
  /** Undefined for the global interval. */
  readonly intervalMs: number | undefined;
  /** Its rules in the order of evaluation. */
  readonly rules: readonly RuleSubject[];
}

/** A rule. */
export interface RuleSubject extends CheckSubject {
  readonly type: 'alert' | 'record';
  readonly name: string;
  /** Of the name. */
  readonly place: Place;
  readonly expr: SourceText;
  /** Undefined where the expression does not parse. */
  readonly tree: Expr | undefined;
  /** The rule's own and its group's. */
  readonly labels: readonly NamedText[];
  /** Of alerts; empty for recordings. */
  readonly annotations: readonly NamedText[];
  readonly forMs: number;
  /** Of `for`, or of the name where there is none. */
  readonly forPlace: Place;
  readonly keepFiringForMs: number;
  readonly group: RuleGroupSubject;
  /** The file that it stands in. */
  readonly file: string;
  readonly context: CheckContext;
  /** What is known of an expression of the tree. */
  facts(expr: Expr): Facts;
  /** What the PromQL checker finds in the expression. */
  findings(): readonly Finding[];
  /** Where an expression of the tree stands. */
  placeOf(range: { readonly start: number; readonly end: number }): Place;
}
