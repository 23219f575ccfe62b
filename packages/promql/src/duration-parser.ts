/**
 * Durations in brackets and behind `offset`: literals, and arithmetic on them.
 *
 * In brackets the usual precedence holds. Behind `offset` a plain number, `step()` and so on end the offset, so
 * that `x offset 5m - 3` subtracts 3 from the result; only a parenthesis opens arithmetic.
 */
import type { DurationExpr, DurationOp, DurationOperand, NumberLiteral } from './ast.ts';
import { parseDuration } from './duration.ts';
import { parseNumber } from './number.ts';
import { Stop, type TokenStream } from './token-stream.ts';

const PRECEDENCE: Readonly<Record<string, number>> = { '+': 1, '-': 1, '*': 2, '/': 2, '%': 2, '^': 3 };
const POWER = 3;
/** Seconds; beyond, a duration does not fit 2^63 nanoseconds. */
const DURATION_SECONDS_MAX = 2 ** 63 / 1e9;

/** The part of the parser that reads durations. */
export class DurationParser {
  readonly #tokens: TokenStream;

  constructor(tokens: TokenStream) {
    this.#tokens = tokens;
  }

  /** A number or a duration, which stands for its seconds. */
  literal(): NumberLiteral {
    const tokens = this.#tokens;
    const { kind, text, range } = tokens;
    if (kind !== 'NUMBER' && kind !== 'DURATION') throw new Stop(false);
    const duration = kind === 'DURATION';
    let value = 0;
    let problem: string | undefined;
    try {
      value = duration ? parseDuration(text) / 1000 : parseNumber(text);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      problem = duration ? message : `error parsing number: ${message}`;
    }
    if (problem !== undefined) tokens.report(range, problem);
    tokens.advance();
    return { type: 'numberLiteral', value, duration, start: range.start, end: range.end };
  }

  /** A duration in brackets, which must be greater than zero as far as that can be known. */
  positive(context: string, expected: string): DurationOperand {
    let duration: DurationOperand;
    try {
      duration = this.#arithmetic(1);
    } catch (error) {
      if (error instanceof Stop && !error.reported) this.#tokens.fail(context, expected);
      throw error;
    }
    if (duration.type !== 'numberLiteral' || duration.value > 0) return duration;
    this.#tokens.report(duration, 'duration must be greater than 0');
    return zero();
  }

  /** What stands behind `offset`. */
  offset(): DurationOperand {
    try {
      return this.#offset();
    } catch (error) {
      if (error instanceof Stop && !error.reported)
        this.#tokens.fail('offset', 'number, duration, step(), or range()');
      throw error;
    }
  }

  #offset(): DurationOperand {
    const tokens = this.#tokens;
    const sign = tokens.kind;
    if (sign !== '+' && sign !== '-') return tokens.kind === '(' ? this.#arithmetic(1) : this.#operand();
    const { start, range } = tokens;
    tokens.advance();
    if (tokens.kind === 'NUMBER' || tokens.kind === 'DURATION')
      return this.#negated(this.literal(), sign, start, range);
    if (tokens.kind === '(') {
      tokens.advance();
      const inner = this.#arithmetic(1);
      tokens.expect(')');
      return this.#signed(sign, start, wrap(inner, inner.start, inner.end));
    }
    const call = tokens.kind;
    const rhs = this.#operand();
    // Prometheus ends a signed min_of() or max_of() at its last argument.
    const end =
      call === 'min_of' || call === 'max_of' ? ((rhs as DurationExpr).rhs?.end ?? rhs.end) : rhs.end;
    const inner = end === rhs.end ? rhs : { ...rhs, end };
    return { type: 'durationExpr', op: sign, rhs: inner, wrapped: false, start, end };
  }

  #arithmetic(least: number): DurationOperand {
    const tokens = this.#tokens;
    let left = this.#unary();
    for (;;) {
      const precedence = PRECEDENCE[tokens.kind];
      if (precedence === undefined || precedence < least) return left;
      const op = tokens.kind as DurationOp;
      const { range } = tokens;
      tokens.advance();
      const right = this.#arithmetic(precedence === POWER ? POWER : precedence + 1);
      if ((op === '/' || op === '%') && right.type === 'numberLiteral' && right.value === 0) {
        tokens.report(range, op === '/' ? 'division by zero' : 'modulo by zero');
        left = zero();
      } else {
        left = {
          type: 'durationExpr',
          op,
          lhs: left,
          rhs: right,
          wrapped: false,
          start: left.start,
          end: right.end,
        };
      }
    }
  }

  #unary(): DurationOperand {
    const tokens = this.#tokens;
    const sign = tokens.kind;
    if (sign !== '+' && sign !== '-') return this.#operand();
    const { start, range } = tokens;
    tokens.advance();
    const operand = this.#arithmetic(POWER);
    return operand.type === 'numberLiteral'
      ? this.#negated(operand, sign, start, range)
      : this.#signed(sign, start, operand);
  }

  #operand(): DurationOperand {
    const tokens = this.#tokens;
    const { kind, start } = tokens;
    switch (kind) {
      case 'NUMBER':
      case 'DURATION': {
        const literal = this.literal();
        return this.#inRange(literal, literal);
      }
      case 'step':
      case 'range':
        tokens.advance();
        tokens.expect('(');
        tokens.expect(')');
        return { type: 'durationExpr', op: kind, wrapped: false, start, end: tokens.lastEnd };
      case 'min_of':
      case 'max_of': {
        tokens.advance();
        tokens.expect('(');
        const lhs = this.#arithmetic(1);
        tokens.expect(',');
        const rhs = this.#arithmetic(1);
        tokens.expect(')');
        return { type: 'durationExpr', op: kind, lhs, rhs, wrapped: false, start, end: tokens.lastEnd };
      }
      case '(': {
        tokens.advance();
        const inner = this.#arithmetic(1);
        tokens.expect(')');
        return wrap(inner, start, tokens.lastEnd);
      }
      default:
        throw new Stop(false);
    }
  }

  #negated(
    literal: NumberLiteral,
    sign: '+' | '-',
    start: number,
    signRange: { readonly start: number; readonly end: number },
  ): DurationOperand {
    if (sign === '-') literal.value = -literal.value;
    const checked = this.#inRange(literal, signRange);
    if (checked === literal) literal.start = start;
    return checked;
  }

  #signed(sign: '+' | '-', start: number, operand: DurationExpr): DurationExpr {
    if (sign === '+') return operand;
    return { type: 'durationExpr', op: '-', rhs: operand, wrapped: false, start, end: operand.end };
  }

  #inRange(literal: NumberLiteral, range: { readonly start: number; readonly end: number }): NumberLiteral {
    if (Math.abs(literal.value) <= DURATION_SECONDS_MAX) return literal;
    this.#tokens.report(range, 'duration out of range');
    return zero();
  }
}

/** A number in parentheses becomes an expression, so that it is printed with them. */
function wrap(inner: DurationOperand, start: number, end: number): DurationExpr {
  if (inner.type === 'durationExpr') {
    inner.wrapped = true;
    return inner;
  }
  return { type: 'durationExpr', op: '+', rhs: inner, wrapped: true, start, end };
}

function zero(): NumberLiteral {
  return { type: 'numberLiteral', value: 0, duration: false, start: 0, end: 0 };
}
