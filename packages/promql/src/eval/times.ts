/**
 * Which samples a query needs and which of its parts are the same at every step.
 *
 * `@`, `offset`, ranges and subqueries are resolved here to times in milliseconds; durations that are expressions
 * are computed. Nothing is written into the tree, which may be evaluated many times at once.
 */
import {
  type DurationExpr,
  type DurationOperand,
  type Expr,
  type MatrixSelector,
  type SubqueryExpr,
  type TimeModifiers,
  unwrapParens,
  type VectorSelector,
  walk,
} from '../ast.ts';
import type { SelectHints, SelectRequest } from '../storage.ts';
import { QueryError } from '../value.ts';
import { power } from './arithmetic.ts';
import type { Grid } from './column.ts';

/** Functions whose result depends on the evaluation time even where their argument does not. */
const TIME_DEPENDENT: ReadonlySet<string> = new Set([
  ...['days_in_month', 'day_of_month', 'day_of_week', 'day_of_year', 'hour', 'minute', 'month', 'year'],
  ...['predict_linear', 'time', 'timestamp'],
]);

/** The times of one query. */
export class Times {
  readonly startMs: number;
  readonly endMs: number;
  /** 0 for an instant query. */
  readonly stepMs: number;
  readonly lookbackMs: number;
  readonly #defaultSubqueryStepMs: number;
  readonly #invariant = new Map<Expr, boolean>();

  constructor(
    query: { readonly startMs: number; readonly endMs: number; readonly stepMs: number },
    lookbackMs: number,
    defaultSubqueryStepMs: number,
  ) {
    this.startMs = query.startMs;
    this.endMs = query.endMs;
    this.stepMs = query.stepMs;
    this.lookbackMs = lookbackMs;
    this.#defaultSubqueryStepMs = defaultSubqueryStepMs;
  }

  /** The width of a range. */
  rangeMs(node: MatrixSelector | SubqueryExpr): number {
    return node.rangeExpr === undefined ? node.rangeMs : this.#duration(node.rangeExpr, false);
  }

  /** How far back a selector or subquery looks. */
  offsetMs(node: TimeModifiers): number {
    return node.offsetExpr === undefined ? node.offsetMs : this.#duration(node.offsetExpr, true);
  }

  /** The time that `@` fixes. */
  fixedMs(node: TimeModifiers): number | undefined {
    if (node.startOrEnd === 'start') return this.startMs;
    return node.startOrEnd === 'end' ? this.endMs : node.timestampMs;
  }

  /**
   * When an expression's first selector reads its samples: at `fixedMs`, or else at the evaluation time, minus
   * `offsetMs`. The offsets of the subqueries around it add up as long as no `@` fixes the time.
   */
  reference(expr: Expr): { readonly fixedMs: number | undefined; readonly offsetMs: number } {
    let found: { fixedMs: number | undefined; offsetMs: number } | undefined;
    walk(expr, (node, path) => {
      if (found !== undefined || node.type !== 'vectorSelector') return;
      found = { fixedMs: this.fixedMs(node), offsetMs: this.offsetMs(node) };
      for (let i = path.length - 1; found.fixedMs === undefined && i >= 0; i--) {
        const outer = path[i]!;
        if (outer.type !== 'subquery') continue;
        found.offsetMs += this.offsetMs(outer);
        found.fixedMs = this.fixedMs(outer);
      }
    });
    return found ?? { fixedMs: undefined, offsetMs: 0 };
  }

  /** The grid on which a subquery's expression is evaluated, for an outer grid. */
  subqueryGrid(node: SubqueryExpr, outer: Grid): Grid {
    const fixed = this.fixedMs(node);
    const offset = this.offsetMs(node);
    const first = (fixed ?? outer.startMs) - offset;
    const last = fixed === undefined ? outer.startMs + (outer.count - 1) * outer.stepMs - offset : first;
    const stepMs =
      (node.stepExpr === undefined ? node.stepMs : this.#duration(node.stepExpr, false)) ||
      this.#defaultSubqueryStepMs;
    // Steps are multiples of the step width, whatever the outer times are.
    const startMs = (Math.floor((first - this.rangeMs(node)) / stepMs) + 1) * stepMs;
    return { startMs, stepMs, count: Math.max(0, Math.floor((last - startMs) / stepMs) + 1) };
  }

  /** Whether an expression has the same value at every step. */
  isInvariant(expr: Expr): boolean {
    let known = this.#invariant.get(expr);
    if (known === undefined) {
      known = this.#findInvariant(expr);
      this.#invariant.set(expr, known);
    }
    return known;
  }

  /** One request to storage for each selector. */
  requests(expr: Expr, grid: Grid): Map<VectorSelector, SelectRequest> {
    const requests = new Map<VectorSelector, SelectRequest>();
    this.#collect(expr, grid, { stepMs: this.stepMs, rangeMs: 0, func: '' }, requests);
    return requests;
  }

  #findInvariant(expr: Expr): boolean {
    switch (expr.type) {
      case 'vectorSelector':
      case 'subquery':
        return this.fixedMs(expr) !== undefined;
      case 'matrixSelector':
        return this.isInvariant(expr.selector);
      case 'aggregation':
        return this.isInvariant(expr.expr) && (expr.param === undefined || this.isInvariant(expr.param));
      case 'binaryExpr':
        return this.isInvariant(expr.lhs) && this.isInvariant(expr.rhs);
      case 'parenExpr':
      case 'unaryExpr':
        return this.isInvariant(expr.expr);
      case 'call': {
        const args = expr.args.map(unwrapParens);
        // The second argument says where to look and not when.
        if (expr.func === 'info') return this.isInvariant(args[0]!);
        if (expr.func === 'timestamp')
          return args[0]!.type === 'vectorSelector' && this.isInvariant(args[0]!);
        return !TIME_DEPENDENT.has(expr.func) && args.every((arg) => this.isInvariant(arg));
      }
      case 'numberLiteral':
      case 'stringLiteral':
        return true;
    }
  }

  #collect(expr: Expr, grid: Grid, hints: SelectHints, requests: Map<VectorSelector, SelectRequest>): void {
    switch (expr.type) {
      case 'vectorSelector': {
        const fixed = this.fixedMs(expr);
        const offset = this.offsetMs(expr);
        // A smoothed selector looks ahead, too.
        const ahead = expr.smoothed ? this.lookbackMs : 0;
        const endMs = (fixed ?? grid.startMs + (grid.count - 1) * grid.stepMs) - offset + ahead;
        const reaches = expr.smoothed || (expr.anchored && hints.rangeMs > 0);
        const rangeMs = reaches ? hints.rangeMs + this.lookbackMs + ahead : hints.rangeMs;
        const width = rangeMs > 0 ? rangeMs : this.lookbackMs;
        const startMs = (fixed ?? grid.startMs) - offset + ahead - width;
        requests.set(expr, { matchers: expr.matchers, startMs, endMs, hints: { ...hints, rangeMs } });
        return;
      }
      case 'matrixSelector':
        this.#collect(expr.selector, grid, { ...hints, rangeMs: this.rangeMs(expr) }, requests);
        return;
      case 'subquery': {
        const inner = this.subqueryGrid(expr, grid);
        if (inner.count > 0)
          this.#collect(expr.expr, inner, { stepMs: inner.stepMs, rangeMs: 0, func: hints.func }, requests);
        return;
      }
      case 'aggregation': {
        const grouping = { by: !expr.without, labels: expr.grouping };
        this.#collect(
          expr.expr,
          grid,
          { stepMs: hints.stepMs, rangeMs: 0, func: expr.op, grouping },
          requests,
        );
        if (expr.param !== undefined)
          this.#collect(expr.param, grid, { stepMs: hints.stepMs, rangeMs: 0, func: '' }, requests);
        return;
      }
      case 'call':
        // The second argument of `info` is asked for when the first one is known.
        for (const arg of expr.func === 'info' ? expr.args.slice(0, 1) : expr.args)
          this.#collect(arg, grid, { stepMs: hints.stepMs, rangeMs: 0, func: expr.func }, requests);
        return;
      case 'binaryExpr': {
        const plain = { stepMs: hints.stepMs, rangeMs: 0, func: '' };
        this.#collect(expr.lhs, grid, plain, requests);
        this.#collect(expr.rhs, grid, plain, requests);
        return;
      }
      case 'parenExpr':
      case 'unaryExpr':
        this.#collect(expr.expr, grid, hints, requests);
        return;
      case 'numberLiteral':
      case 'stringLiteral':
        return;
    }
  }

  #duration(expr: DurationExpr, mayBeNegative: boolean): number {
    const seconds = this.#seconds(expr);
    const fail = (message: string): never => {
      throw new QueryError('bad_data', `${expr.start}:${expr.end}: ${message}`);
    };
    if (!Number.isFinite(seconds)) fail('duration is NaN or infinite');
    if (seconds <= 0 && !mayBeNegative) fail('duration must be greater than 0');
    if (Math.abs(seconds) > 2 ** 63 / 1e9) fail('duration is out of range');
    return Math.trunc(seconds * 1000);
  }

  #seconds(operand: DurationOperand): number {
    if (operand.type === 'numberLiteral') return operand.value;
    const lhs = operand.lhs === undefined ? 0 : this.#seconds(operand.lhs);
    const rhs = operand.rhs === undefined ? 0 : this.#seconds(operand.rhs);
    switch (operand.op) {
      case 'step':
        return this.stepMs / 1000;
      case 'range':
        return (this.endMs - this.startMs) / 1000;
      case 'min_of':
        return Math.min(lhs, rhs);
      case 'max_of':
        return Math.max(lhs, rhs);
      case '+':
        return lhs + rhs;
      case '-':
        return operand.lhs === undefined ? -rhs : lhs - rhs;
      case '*':
        return lhs * rhs;
      case '^':
        return power(lhs, rhs);
      case '/':
      case '%':
        if (rhs === 0) {
          const what = operand.op === '/' ? 'division' : 'modulo';
          throw new QueryError('bad_data', `${operand.start}:${operand.end}: ${what} by zero`);
        }
        return operand.op === '/' ? lhs / rhs : lhs % rhs;
    }
  }
}
