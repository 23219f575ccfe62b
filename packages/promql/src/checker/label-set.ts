/**
 * The labels that the series of an expression can have: a set that is closed, so that what it does not name is
 * certainly not there, or open. Of each label it tells the values that it can have.
 *
 * To PromQL an absent label is one with an empty value, and so it is here: the values of a label that may be absent
 * contain the empty string. What is removed on the way up is remembered with the place that removed it, because
 * "there is no such label" and "it was there before this `by`" are two different mistakes.
 */
import type { PositionRange } from '../ast.ts';
import { type Matcher, matcherTest } from '../storage.ts';

/** What is known of one label. */
export interface LabelFacts {
  /** All values that it can have, the empty one where it may be absent; undefined when they are not known. */
  readonly values?: ReadonlySet<string>;
  /** Whether it is certainly there. */
  readonly present: boolean;
  /** Whether series that differ only in this label certainly exist, one for each of the values. */
  readonly varies?: boolean;
}

/** A label that may be there, with any value. */
export const ANY_VALUE: LabelFacts = { present: false };
/** A label that is there, with any value. */
export const SOME_VALUE: LabelFacts = { present: true };
/** A label that is not there. */
export const ABSENT: LabelFacts = { values: new Set(['']), present: false };

/** A label that has one of some values, the empty one where it may be absent. */
export function oneOf(values: Iterable<string>): LabelFacts {
  const set = new Set(values);
  return { values: set, present: !set.has('') };
}

/** Whether a label can be there. */
export function canExist({ values }: LabelFacts): boolean {
  if (values === undefined) return true;
  for (const value of values) if (value !== '') return true;
  return false;
}

/** The labels that the series of an expression can have. Immutable. */
export class LabelSet {
  /** Nothing is known. */
  static readonly UNKNOWN: LabelSet = new LabelSet(new Map(), true, new Map(), undefined);
  /** There are none. */
  static readonly NONE: LabelSet = new LabelSet(new Map(), false, new Map(), undefined);

  /** What is known of single labels. */
  readonly known: ReadonlyMap<string, LabelFacts>;
  /** Whether labels that are not in `known` can be there. */
  readonly open: boolean;
  /** Labels that a part of the expression had, and what removed them. */
  readonly dropped: ReadonlyMap<string, PositionRange>;
  /** What removed labels of which nothing was known, not even whether they were there. */
  readonly hidden: PositionRange | undefined;

  private constructor(
    known: ReadonlyMap<string, LabelFacts>,
    open: boolean,
    dropped: ReadonlyMap<string, PositionRange>,
    hidden: PositionRange | undefined,
  ) {
    this.known = known;
    this.open = open;
    this.dropped = dropped;
    this.hidden = hidden;
  }

  /** A set of some labels. */
  static of(known: Iterable<readonly [string, LabelFacts]>, open = false): LabelSet {
    return new LabelSet(new Map(known), open, new Map(), undefined);
  }

  /** What is known of a label. */
  get(name: string): LabelFacts {
    return this.known.get(name) ?? (this.open ? ANY_VALUE : ABSENT);
  }

  /** Whether a label can be there. */
  has(name: string): boolean {
    return canExist(this.get(name));
  }

  /** The labels of which it is known that they can be there. */
  names(): string[] {
    return [...this.known].filter(([, facts]) => canExist(facts)).map(([name]) => name);
  }

  /** The set with another knowledge of one label. */
  with(name: string, facts: LabelFacts): LabelSet {
    return new LabelSet(new Map(this.known).set(name, facts), this.open, this.dropped, this.hidden);
  }

  /** The set in which only some labels can be; `by` is what removes the others. */
  only(names: readonly string[], { start, end }: PositionRange): LabelSet {
    const by = { start, end };
    const known = new Map(names.map((name) => [name, this.get(name)]));
    const dropped = new Map(this.dropped);
    for (const name of this.names()) if (!known.has(name)) dropped.set(name, by);
    for (const name of names) if (this.has(name)) dropped.delete(name);
    return new LabelSet(known, false, dropped, this.open ? by : this.hidden);
  }

  /** The set without some labels; `by` is what removes them. */
  without(names: readonly string[], { start, end }: PositionRange): LabelSet {
    const by = { start, end };
    const known = new Map(this.known);
    const dropped = new Map(this.dropped);
    for (const name of names) {
      if (this.has(name)) dropped.set(name, by);
      known.set(name, ABSENT);
    }
    return new LabelSet(known, this.open, dropped, this.hidden);
  }

  /** The set of what is in this set or in the other. */
  union(other: LabelSet): LabelSet {
    const known = new Map<string, LabelFacts>();
    for (const name of new Set([...this.known.keys(), ...other.known.keys()]))
      known.set(name, either(this.get(name), other.get(name)));
    const dropped = new Map([...this.dropped, ...other.dropped]);
    for (const [name, facts] of known) if (canExist(facts)) dropped.delete(name);
    return new LabelSet(known, this.open || other.open, dropped, this.hidden ?? other.hidden);
  }

  /** The same labels without the memory of what was removed, for a name that stands for the expression. */
  settled(): LabelSet {
    return new LabelSet(this.known, this.open, new Map(), undefined);
  }

  /** What removed a label, or may have removed it; undefined where no part of the expression had it. */
  removalOf(name: string): PositionRange | undefined {
    return this.dropped.get(name) ?? this.hidden;
  }
}

/** What is known of a label that follows one of two. */
function either(a: LabelFacts, b: LabelFacts): LabelFacts {
  const certain = { present: a.present && b.present, ...(a.varies && b.varies && { varies: true }) };
  return a.values === undefined || b.values === undefined
    ? certain
    : { ...certain, values: new Set([...a.values, ...b.values]) };
}

/** What is known of a label that must agree with another one. */
export function both(a: LabelFacts, b: LabelFacts): LabelFacts {
  const present = a.present || b.present;
  const finite = a.values ?? b.values;
  if (finite === undefined) return { present };
  const values = new Set(
    [...finite].filter((value) => (b.values?.has(value) ?? true) && !(present && value === '')),
  );
  return { values, present };
}

/** Whether two labels can have the same value. */
export function canAgree(a: LabelFacts, b: LabelFacts): boolean {
  const { values } = both(a, b);
  return values === undefined || values.size > 0;
}

/** To compile a pattern takes as long as to infer a whole query, and each matcher is asked for several times. */
const TESTS = new WeakMap<Matcher, (value: string) => boolean>();

/** A matcher's test; one whose pattern is no regular expression lets everything pass. */
export function testOf(matcher: Matcher): (value: string) => boolean {
  const known = TESTS.get(matcher);
  if (known !== undefined) return known;
  let test: (value: string) => boolean;
  try {
    test = matcherTest(matcher);
  } catch {
    test = () => true;
  }
  TESTS.set(matcher, test);
  return test;
}

/** What is known of a label behind a matcher; its values are empty where the matcher lets none pass. */
export function matched(facts: LabelFacts, matcher: Matcher): LabelFacts {
  const test = testOf(matcher);
  const present = facts.present || !test('');
  if (facts.values !== undefined)
    return { ...facts, values: new Set([...facts.values].filter((value) => test(value))), present };
  if (matcher.op !== '=') return { present };
  return facts.present && matcher.value === ''
    ? { values: new Set(), present }
    : { values: new Set([matcher.value]), present };
}
