/**
 * A matcher that no value of a closed list can pass, two matchers of one label that contradict each other, and parts
 * of a pattern that stand for no value: `status=~"error|timeot"`.
 *
 * A negative matcher that excludes nothing is a slip as well: `status!="sucess"`.
 */
import type { VectorSelector } from '../../ast.ts';
import { printMatcher } from '../../printer.ts';
import type { Matcher } from '../../storage.ts';
import { metricNameOf } from '../infer.ts';
import { type Check, type Inspection, listed } from '../inspection.ts';
import { type LabelFacts, matched, testOf } from '../label-set.ts';
import { nearest } from '../nearest.ts';

/** Matchers that no possible value passes, or that name values that there are not. */
export const impossibleMatcher: Check = {
  name: 'impossible-matcher',
  inspect(expr, inspection) {
    if (expr.type === 'vectorSelector') inspectSelector(expr, inspection);
  },
};

function inspectSelector(selector: VectorSelector, inspection: Inspection): void {
  const name = metricNameOf(selector);
  const catalogued = name === undefined ? undefined : inspection.catalog.series(name);
  const narrowed = new Map<string, LabelFacts>();
  for (const matcher of selector.matchers) {
    const { name: label } = matcher;
    if (label === '__name__') continue;
    if (catalogued !== undefined && !catalogued.labels.has(label)) continue;
    const declared: LabelFacts = catalogued?.labels.get(label) ?? { present: false };
    const before = narrowed.get(label) ?? declared;
    const after = matched(before, matcher);
    if (after.values?.size === 0) {
      const possible = matched(declared, matcher).values?.size !== 0;
      if (possible) reportContradiction(selector, matcher, inspection);
      else reportImpossible(selector, matcher, declared, inspection);
      continue;
    }
    narrowed.set(label, after);
    if (declared.values !== undefined) inspectWords(selector, matcher, declared.values, inspection);
  }
}

function reportContradiction(selector: VectorSelector, matcher: Matcher, inspection: Inspection): void {
  inspection.report(selector, {
    severity: 'error',
    message: `${printMatcher(matcher)} contradicts the other matchers of ${matcher.name}`,
    reason: 'all matchers of a selector must hold, and no value passes all of these, so nothing is selected',
    remedy: `leave one out, or say the values in one pattern: ${matcher.name}=~"a|b".`,
  });
}

function reportImpossible(
  selector: VectorSelector,
  matcher: Matcher,
  declared: LabelFacts,
  inspection: Inspection,
): void {
  const values = [...(declared.values ?? [])].filter((value) => value !== '');
  const suggestion = matcher.op === '=' || matcher.op === '=~' ? nearest(matcher.value, values) : undefined;
  inspection.report(selector, {
    severity: 'error',
    message: `${printMatcher(matcher)} can never match`,
    reason:
      values.length === 0
        ? `${matcher.name} always has a value`
        : `the values of ${matcher.name} are ${listed(values)}, so nothing is selected`,
    remedy: 'use one of the values that there are, or add this one to the definition.',
    ...(suggestion !== undefined && { suggestion }),
  });
}

/** Looks at the single values that a matcher names. */
function inspectWords(
  selector: VectorSelector,
  matcher: Matcher,
  values: ReadonlySet<string>,
  inspection: Inspection,
): void {
  const words = wordsOf(matcher);
  const excludes = matcher.op === '!=' || matcher.op === '!~';
  const test = testOf(matcher);
  // A pattern that is no list of words is judged as a whole.
  if (words === undefined) {
    if (!excludes || [...values].some((value) => !test(value))) return;
    reportWord(selector, matcher, matcher.value, values, 'excludes nothing', inspection);
    return;
  }
  for (const word of words) {
    if (values.has(word) || word === '') continue;
    const effect =
      words.length > 1 ? `the part ${JSON.stringify(word)} never matches` : 'it excludes nothing';
    reportWord(selector, matcher, word, values, effect, inspection);
  }
}

function reportWord(
  selector: VectorSelector,
  matcher: Matcher,
  word: string,
  values: ReadonlySet<string>,
  effect: string,
  inspection: Inspection,
): void {
  const shown = [...values].filter((value) => value !== '');
  const suggestion = nearest(word, shown);
  inspection.report(selector, {
    severity: 'warning',
    message: `${matcher.name} is never ${JSON.stringify(word)} in ${printMatcher(matcher)}`,
    reason: `the values of ${matcher.name} are ${listed(shown)}, so ${effect}`,
    remedy: 'use the values that there are, or add this one to the definition.',
    ...(suggestion !== undefined && { suggestion }),
  });
}

/** The values that a matcher spells out: its own, or the words of a pattern such as `a|b`. */
function wordsOf({ op, value }: Matcher): readonly string[] | undefined {
  if (op === '=' || op === '!=') return [value];
  const inner = /^\((?:\?:)?([^()]*)\)$/.exec(value)?.[1] ?? value;
  const words = inner.split('|').map((word) => word.replace(/\\([.+*?()[\]{}^$|\\-])/g, '$1'));
  const plain = inner
    .split('|')
    .every((word) => !/[.+*?()[\]{}^$\\]/.test(word.replace(/\\[.+*?()[\]{}^$|\\-]/g, '')));
  return plain ? words : undefined;
}
