/**
 * Selectors and what may stand behind any expression: `[...]`, `@`, `offset`, `anchored`, `smoothed`.
 */
import { RE2JS } from 're2js';
import type { DurationOperand, Expr, MatrixSelector, SubqueryExpr, VectorSelector } from './ast.ts';
import type { DurationParser } from './duration-parser.ts';
import { AGGREGATION_WORDS } from './lexer.ts';
import { formatFixed } from './printer.ts';
import { unquote } from './quote.ts';
import { type Matcher, type MatchOp, matcherTest } from './storage.ts';
import type { TokenStream } from './token-stream.ts';

/** Tokens that can be the name of a metric. */
export const METRIC_NAMES: ReadonlySet<string> = new Set([
  ...AGGREGATION_WORDS,
  ...['by', 'without', 'offset', 'smoothed', 'anchored', 'fill', 'fill_left', 'fill_right'],
  ...['and', 'or', 'unless', 'start', 'end', 'step', 'range', 'max_of', 'min_of'],
  ...['IDENTIFIER', 'METRIC_IDENTIFIER'],
]);

const MATCH_OPS: ReadonlySet<string> = new Set(['=', '!=', '=~', '!~']);

/** The part of the parser that reads selectors. */
export class SelectorParser {
  readonly #tokens: TokenStream;
  readonly #durations: DurationParser;
  readonly #experimental: boolean;

  constructor(tokens: TokenStream, durations: DurationParser, experimental: boolean) {
    this.#tokens = tokens;
    this.#durations = durations;
    this.#experimental = experimental;
  }

  /** Brackets, `@`, `offset`, `anchored` and `smoothed`, as many as there are. */
  postfix(expr: Expr): Expr {
    const tokens = this.#tokens;
    for (;;) {
      switch (tokens.kind) {
        case '[':
          expr = this.#brackets(expr);
          break;
        case 'offset':
          tokens.advance();
          this.#offset(expr, this.#durations.offset());
          break;
        case '@':
          tokens.advance();
          this.#at(expr);
          break;
        case 'anchored':
        case 'smoothed':
          this.#extended(expr, tokens.kind);
          tokens.advance();
          break;
        default:
          return expr;
      }
    }
  }

  #brackets(expr: Expr): Expr {
    const tokens = this.#tokens;
    const open = tokens.start;
    tokens.advance();
    const range = this.#durations.positive(
      'subquery or range selector',
      'number, duration, step(), or range()',
    );
    if (tokens.accept(':')) {
      let step: DurationOperand | undefined;
      if (tokens.kind !== ']') {
        step = this.#durations.positive('subquery selector', 'number, duration, step(), range(), or "]"');
        if (tokens.kind !== ']') tokens.fail('subquery selector', '"]"');
      }
      tokens.advance();
      const subquery: SubqueryExpr = {
        type: 'subquery',
        expr,
        rangeMs: milliseconds(range),
        ...(range.type === 'durationExpr' && { rangeExpr: range }),
        stepMs: step === undefined ? 0 : milliseconds(step),
        ...(step?.type === 'durationExpr' && { stepExpr: step }),
        offsetMs: 0,
        start: expr.start,
        end: tokens.lastEnd,
      };
      return subquery;
    }
    if (tokens.kind !== ']') tokens.fail('subquery or range', '":" or "]"');
    tokens.advance();
    const brackets = { start: open, end: tokens.lastEnd };
    if (expr.type !== 'vectorSelector') tokens.report(brackets, 'ranges only allowed for vector selectors');
    else if (expr.offsetMs !== 0 || expr.offsetExpr !== undefined)
      tokens.report(brackets, 'no offset modifiers allowed before range');
    else if (expr.timestampMs !== undefined || expr.startOrEnd !== undefined)
      tokens.report(brackets, 'no @ modifiers allowed before range');
    const matrix: MatrixSelector = {
      type: 'matrixSelector',
      // Where it is something else a problem has been reported, and the tree is thrown away.
      selector: expr as VectorSelector,
      rangeMs: milliseconds(range),
      ...(range.type === 'durationExpr' && { rangeExpr: range }),
      start: expr.start,
      end: tokens.lastEnd,
    };
    return matrix;
  }

  /** What `offset` and `@` behind an expression change; reports when there is nothing. */
  #modified(expr: Expr, modifier: string): VectorSelector | SubqueryExpr | undefined {
    if (expr.type === 'matrixSelector') {
      if (expr.selector.type === 'vectorSelector') return expr.selector;
      this.#tokens.report(expr, 'ranges only allowed for vector selectors');
      return undefined;
    }
    if (expr.type === 'vectorSelector' || expr.type === 'subquery') return expr;
    this.#tokens.report(
      expr,
      `${modifier} must be preceded by an instant vector selector or range vector selector or a subquery`,
    );
    return undefined;
  }

  #offset(expr: Expr, offset: DurationOperand): void {
    const target = this.#modified(expr, 'offset modifier');
    if (target === undefined) return;
    if (target.offsetMs !== 0 || target.offsetExpr !== undefined)
      this.#tokens.report(expr, 'offset may not be set multiple times');
    else if (offset.type === 'durationExpr') target.offsetExpr = offset;
    else target.offsetMs = milliseconds(offset);
    this.#extend(expr);
  }

  #at(expr: Expr): void {
    const tokens = this.#tokens;
    let preprocessor: 'start' | 'end' | undefined;
    let seconds = 0;
    if (tokens.kind === 'start' || tokens.kind === 'end') {
      preprocessor = tokens.kind;
      tokens.advance();
      tokens.expect('(');
      tokens.expect(')');
    } else {
      const negative = tokens.kind === '-';
      if (negative || tokens.kind === '+') tokens.advance();
      if (tokens.kind !== 'NUMBER' && tokens.kind !== 'DURATION') tokens.fail('@', 'timestamp');
      const { value } = this.#durations.literal();
      seconds = negative ? -value : value;
      if (!(Math.abs(seconds) < 2 ** 63))
        tokens.report(expr, `timestamp out of bounds for @ modifier: ${formatFixed(seconds, 6)}`);
    }
    const target = this.#modified(expr, '@ modifier');
    if (target === undefined) return;
    if (target.timestampMs !== undefined || target.startOrEnd !== undefined) {
      tokens.report(expr, '@ <timestamp> may not be set multiple times');
      return;
    }
    if (preprocessor !== undefined) target.startOrEnd = preprocessor;
    else target.timestampMs = roundHalfAway(seconds * 1000);
    this.#extend(expr);
  }

  #extended(expr: Expr, modifier: 'anchored' | 'smoothed'): void {
    const tokens = this.#tokens;
    if (!this.#experimental) {
      tokens.report(expr, `${modifier} modifier is experimental and not enabled`);
      return;
    }
    if (expr.type === 'subquery') {
      tokens.report(expr, `${modifier} modifier is not supported for subqueries`);
      return;
    }
    const target = expr.type === 'matrixSelector' ? expr.selector : expr;
    if (target.type !== 'vectorSelector') {
      if (expr.type !== 'matrixSelector') tokens.report(expr, `${modifier} modifier not implemented`);
      return;
    }
    target[modifier] = true;
    if (target.anchored && target.smoothed)
      tokens.report(expr, 'anchored and smoothed modifiers cannot be used together');
  }

  /** Moves the end of an expression behind the modifier that was just read. */
  #extend(expr: Expr): void {
    if (expr.type === 'vectorSelector' || expr.type === 'matrixSelector' || expr.type === 'subquery')
      expr.end = this.#tokens.lastEnd;
  }

  /** A name, conditions in braces, or both. */
  selector(): VectorSelector {
    const tokens = this.#tokens;
    const { start } = tokens;
    let name = '';
    const matchers: Matcher[] = [];
    if (tokens.kind !== '{') {
      name = tokens.text;
      tokens.advance();
    }
    if (tokens.kind === '{') {
      tokens.advance();
      this.#labelMatchers(matchers);
    }
    if (name !== '') matchers.push({ name: '__name__', op: '=', value: name });
    return {
      type: 'vectorSelector',
      name,
      matchers,
      offsetMs: 0,
      mayMatchAll: false,
      anchored: false,
      smoothed: false,
      start,
      end: tokens.lastEnd,
    };
  }

  #labelMatchers(matchers: Matcher[]): void {
    const tokens = this.#tokens;
    while (tokens.kind !== '}') {
      const quoted = tokens.kind === 'STRING';
      if (!quoted && tokens.kind !== 'IDENTIFIER') tokens.fail('label matching', 'identifier or "}"');
      const name = quoted ? unquote(tokens.text) : tokens.text;
      const { start } = tokens;
      tokens.advance();
      if (MATCH_OPS.has(tokens.kind)) {
        const op = tokens.kind as MatchOp;
        tokens.advance();
        if (tokens.kind !== 'STRING') tokens.fail('label matching', 'string');
        const matcher = { name, op, value: unquote(tokens.text) };
        const { end } = tokens.range;
        tokens.advance();
        const problem = patternProblem(matcher);
        if (problem === undefined) matchers.push(matcher);
        else tokens.report({ start, end }, problem);
      } else if (quoted) matchers.push({ name: '__name__', op: '=', value: name });
      else tokens.fail('label matching', 'label matching operator');
      if (tokens.kind === '}') break;
      if (!tokens.accept(',')) tokens.fail('label matching', '"," or "}"');
    }
    tokens.advance();
  }
}

function patternProblem(matcher: Matcher): string | undefined {
  if (matcher.op === '=' || matcher.op === '!=') return undefined;
  try {
    matcherTest(matcher);
    return undefined;
  } catch {
    return patternError(matcher.value);
  }
}

/** What is wrong with a pattern, without the flags that matching adds to it. */
function patternError(pattern: string): string {
  try {
    RE2JS.compile(pattern);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return `error parsing regexp: ${pattern}`;
}

function milliseconds(duration: DurationOperand): number {
  return duration.type === 'numberLiteral' ? roundHalfAway(duration.value * 1000) : 0;
}

/** Rounds as Go does: halves away from zero. */
function roundHalfAway(value: number): number {
  const rounded = Math.round(Math.abs(value));
  return value < 0 && rounded !== 0 ? -rounded : rounded;
}
