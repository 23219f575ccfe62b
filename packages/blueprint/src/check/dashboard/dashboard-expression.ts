/**
 * An expression of a dashboard as checks see it: parsed with something in place of its variables, with what is known of
 * it, and with the way back to the characters of the file.
 *
 * What a reader will choose is not known, so nothing may follow from what stands in for it. A matcher with a variable in
 * its value is taken to let every value pass that is not empty, and findings that speak of a stand-in are left out.
 */
import {
  checkQuery,
  type Expr,
  type Facts,
  type Finding,
  Inference,
  indexOfByte,
  type Matcher,
  ParseError,
  parse,
  type VectorSelector,
  walk,
} from '@binnacle/promql';
import type { InventoryVariable } from '../../grafana/inventory.ts';
import {
  type Interpolated,
  interpolateForCheck,
  type Replacement,
} from '../../grafana/reading/interpolation.ts';
import type { CheckContext } from '../check.ts';
import type { Place } from '../problem.ts';

/** Why an expression cannot be parsed. */
export interface SyntaxProblem {
  readonly message: string;
  readonly place: Place;
}

/** A place of a stretch of what the author wrote, in UTF-16 code units. */
export type LocateText = (start: number, end: number) => Place;

/** An expression of a dashboard. */
export class DashboardExpression {
  /** What the author wrote. */
  readonly text: string;
  /** Undefined where it does not parse. */
  readonly tree: Expr | undefined;
  readonly problem: SyntaxProblem | undefined;
  readonly interpolated: Interpolated;
  readonly #context: CheckContext;
  readonly #locate: LocateText;
  #inference: Inference | undefined;
  #findings: readonly Finding[] | undefined;

  constructor(
    text: string,
    variables: readonly InventoryVariable[],
    context: CheckContext,
    locate: LocateText,
  ) {
    this.text = text;
    this.#context = context;
    this.#locate = locate;
    this.interpolated = interpolateForCheck(text, variables);
    try {
      this.tree = loosened(parse(this.interpolated.text), this.interpolated);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      this.problem = { message: error.problems[0]!.message, place: this.placeOf(error) };
    }
  }

  /** What is known of an expression of the tree. */
  facts(expr: Expr): Facts {
    this.#inference ??= new Inference(this.#context.catalogFor(this.tree ?? expr));
    return this.#inference.of(expr);
  }

  /** What the PromQL checker finds, but for what it can only find in stand-ins. */
  findings(): readonly Finding[] {
    if (this.tree === undefined) return [];
    if (this.#findings === undefined) {
      const { catalogFor, isCatalogKnown, scrapeIntervalMs } = this.#context;
      const all = checkQuery(this.tree, catalogFor(this.tree), {
        // Where no metric is known, none is unknown.
        ...(!isCatalogKnown && { disabled: ['unknown-metric'] }),
        ...(scrapeIntervalMs !== undefined && { scrapeIntervalMs }),
      });
      this.#findings = all.filter((finding) => !isAboutStandIn(finding, this.interpolated));
    }
    return this.#findings;
  }

  /** Whether a variable says by which labels is grouped, so that the labels of the result are not known. */
  get groupsByVariable(): boolean {
    return this.interpolated.replacements.some(({ kind, isValue }) => kind === 'name' && !isValue);
  }

  /** Where an expression of the tree stands, by its bytes. */
  placeOf({ start, end }: { readonly start: number; readonly end: number }): Place {
    const { text, sourceOffset } = this.interpolated;
    const from = sourceOffset(indexOfByte(text, start));
    return this.#locate(from, Math.max(from, sourceOffset(indexOfByte(text, end))));
  }

  /** Where a stretch of what the author wrote stands. */
  locate(start: number, end: number): Place {
    return this.#locate(start, end);
  }
}

/** The tree with matchers that hold for whatever the reader chooses. It is ours alone, so it is changed in place. */
function loosened(tree: Expr, { text, replacements }: Interpolated): Expr {
  const texts = replacements.filter(({ kind }) => kind === 'text');
  if (texts.length === 0) return tree;
  walk(tree, (node) => {
    if (node.type !== 'vectorSelector') return;
    const within = texts.filter((one) => isWithin(one, node, text));
    if (within.length === 0) return;
    const labels = new Set(within.map((one) => labelBefore(text, one)));
    const matchers = node.matchers.map((matcher) => (labels.has(matcher.name) ? anything(matcher) : matcher));
    Object.assign(node, { matchers });
  });
  return tree;
}

function isWithin({ start }: Replacement, { start: from, end: to }: VectorSelector, text: string): boolean {
  return start >= indexOfByte(text, from) && start < indexOfByte(text, to);
}

const MATCHER_BEFORE = /(?:([\w:]+)|"((?:[^"\\]|\\.)*)")\s*(?:=~|!~|!=|=)\s*["'`][^"'`]*$/;

/** The label whose value a stand-in is part of. */
function labelBefore(text: string, { start }: Replacement): string {
  const match = MATCHER_BEFORE.exec(text.slice(0, start));
  return match?.[1] ?? match?.[2] ?? '';
}

/** A matcher for any value but the empty one. What is excluded excludes something that is not known. */
function anything(matcher: Matcher): Matcher {
  const { name, op } = matcher;
  // `=~".+"` says the same, and each of its patterns would be compiled.
  return op === '=' || op === '=~' ? { name, op: '!=', value: '' } : matcher;
}

/** Whether a finding speaks of what stands in for a variable: a name, or a range that Grafana chooses. */
function isAboutStandIn(finding: Finding, { text, replacements }: Interpolated): boolean {
  const from = indexOfByte(text, finding.start);
  const to = indexOfByte(text, finding.end);
  return replacements.some(({ kind, isValue, start, end }) => {
    if (isValue || start >= to || from >= end) return false;
    const standIn = text.slice(start, end);
    if (kind === 'duration' || kind === 'number') return finding.check === 'short-range';
    return new RegExp(`(?<![\\w:])${standIn.replace(/[^\w:]/g, '\\$&')}(?![\\w:])`).test(finding.message);
  });
}
