/**
 * Rules with their times shortened, so that a drill takes seconds where production takes half an hour.
 *
 * Divided by a factor: `for`, `keep_firing_for`, ranges (`[5m]`), subqueries (`[1h:5m]`), offsets, the horizon of
 * `predict_linear`, and the group's interval and query offset. None becomes longer, and none shorter than
 * {@link RANGE_SCRAPES_MIN} scrapes or {@link WAIT_EVALUATIONS_MIN} evaluations: a rate of less is noise, and a
 * waiting time of less could not be seen.
 *
 * What this means for what rules say:
 *
 * - Rates per second, shares, quantiles, `min_over_time` and the like are about a shorter stretch, and otherwise the
 *   same. Thresholds stay.
 * - Amounts in a window (`increase`, `changes`, `count_over_time`) are not divided: at least 20 requests in 5m are at
 *   least 20 requests in 5s, so that a drill has to bring about more in less time.
 * - `offset 6h` beside `[6h]` stays as long as it: both go the same way.
 * - `predict_linear(x[6h], 86400)` looks ahead as much shorter as it looks back.
 * - A threshold that is a time (`time() - x > 3600`) is changed only where a drill says so, by number and with reason.
 */
import type { AlertRule, Rule, RuleGroup } from '@binnacle/blueprint';
import { type Expr, parse, printExpr, type TimeModifiers, walk } from '@binnacle/promql';
import type { ThresholdChange } from '@binnacle/system-parts/drill';

/** How many samples a window has at least. */
export const RANGE_SCRAPES_MIN = 4;
/** How many evaluations `for` lasts at least, where it is not 0. */
export const WAIT_EVALUATIONS_MIN = 2;

/** How times are shortened. */
export interface Shortening {
  /** By what times are divided; from 1 on. */
  readonly factor: number;
  readonly scrapeMs: number;
  readonly evaluationMs: number;
  /** Alerts that differ, by their names. */
  readonly alerts?: Readonly<Record<string, AlertShortening>>;
}

/** How one alert differs. */
export interface AlertShortening {
  readonly factor?: number;
  readonly threshold?: ThresholdChange;
}

/**
 * The same rules with shorter times.
 * @throws RangeError for a factor below 1; Error that names the rule, for durations that are computed
 * (`[range() / 2]`) and for a threshold that is not there exactly once
 */
export function shortenRules(groups: readonly RuleGroup[], shortening: Shortening): RuleGroup[] {
  return groups.map(({ intervalMs: _, queryOffsetMs, ...group }) => ({
    ...group,
    ...(queryOffsetMs !== undefined && {
      queryOffsetMs: Math.round(queryOffsetMs / factorOf(shortening, undefined)),
    }),
    rules: group.rules.map((rule) => shortenRule(rule, shortening)),
  }));
}

function shortenRule(rule: Rule, shortening: Shortening): Rule {
  const own = rule.type === 'alert' ? shortening.alerts?.[rule.name] : undefined;
  const times = new Times({ ...shortening, factor: factorOf(shortening, own) });
  try {
    const expr = printExpr(replaceThreshold(times.shorten(parse(rule.expr)), own?.threshold));
    if (rule.type === 'record') return { ...rule, expr };
    const { forMs, keepFiringForMs } = rule satisfies AlertRule;
    return { ...rule, expr, forMs: times.wait(forMs), keepFiringForMs: times.wait(keepFiringForMs) };
  } catch (error) {
    throw new Error(`the rule ${rule.name} cannot be shortened: ${(error as Error).message}`);
  }
}

function factorOf({ factor }: Shortening, own: AlertShortening | undefined): number {
  const chosen = own?.factor ?? factor;
  if (!(chosen >= 1 && Number.isFinite(chosen)))
    throw new RangeError(`the factor ${chosen} is no number from 1 on`);
  return chosen;
}

class Times {
  readonly #factor: number;
  readonly #rangeMsMin: number;
  readonly #stepMsMin: number;
  readonly #waitMsMin: number;

  constructor({ factor, scrapeMs, evaluationMs }: Shortening) {
    this.#factor = factor;
    this.#rangeMsMin = RANGE_SCRAPES_MIN * scrapeMs;
    this.#stepMsMin = evaluationMs;
    this.#waitMsMin = WAIT_EVALUATIONS_MIN * evaluationMs;
  }

  /** A time to wait for; 0 stays 0. */
  wait(ms: number): number {
    return this.#divide(ms, this.#waitMsMin);
  }

  shorten(expr: Expr): Expr {
    switch (expr.type) {
      case 'aggregation':
        return {
          ...expr,
          expr: this.shorten(expr.expr),
          ...(expr.param !== undefined && { param: this.shorten(expr.param) }),
        };
      case 'binaryExpr':
        return { ...expr, lhs: this.shorten(expr.lhs), rhs: this.shorten(expr.rhs) };
      case 'call':
        return { ...expr, args: expr.args.map((arg, i) => this.#argument(expr.func, i, this.shorten(arg))) };
      case 'matrixSelector': {
        refuseComputed(expr.rangeExpr);
        const selector = this.#offset(expr.selector);
        return { ...expr, selector, rangeMs: this.#divide(expr.rangeMs, this.#rangeMsMin) };
      }
      case 'subquery': {
        refuseComputed(expr.rangeExpr ?? expr.stepExpr);
        return {
          ...this.#offset(expr),
          expr: this.shorten(expr.expr),
          rangeMs: this.#divide(expr.rangeMs, this.#rangeMsMin),
          stepMs: this.#divide(expr.stepMs, this.#stepMsMin),
        };
      }
      case 'parenExpr':
      case 'unaryExpr':
        return { ...expr, expr: this.shorten(expr.expr) };
      case 'vectorSelector':
        return this.#offset(expr);
      case 'numberLiteral':
      case 'stringLiteral':
        return expr;
    }
  }

  /** How far `predict_linear` looks ahead is a time in seconds, and no threshold. */
  #argument(func: string, index: number, arg: Expr): Expr {
    if (func !== 'predict_linear' || index !== 1) return arg;
    if (arg.type !== 'numberLiteral')
      throw new Error('predict_linear looks ahead for a time that is computed');
    return { ...arg, value: this.#divide(arg.value * 1000, this.#rangeMsMin) / 1000, duration: false };
  }

  #offset<Node extends TimeModifiers>(node: Node): Node {
    refuseComputed(node.offsetExpr);
    const ms = Math.sign(node.offsetMs) * this.#divide(Math.abs(node.offsetMs), this.#rangeMsMin);
    // Not -0, which is another number to whoever compares.
    return { ...node, offsetMs: ms || 0 };
  }

  /** Never longer than it was: what is short already stays. */
  #divide(ms: number, msMin: number): number {
    return Math.min(ms, Math.max(Math.round(ms / this.#factor), msMin));
  }
}

function refuseComputed(expr: unknown): void {
  if (expr !== undefined) throw new Error('it has a duration that is computed; write it as a number');
}

function replaceThreshold(expr: Expr, change: ThresholdChange | undefined): Expr {
  if (change === undefined) return expr;
  let found = 0;
  walk(expr, (node) => {
    if (node.type !== 'numberLiteral' || node.value !== change.from) return;
    found++;
    // The tree is our own: it was parsed, or copied, a moment ago.
    node.value = change.to;
  });
  if (found !== 1) throw new Error(`the threshold ${change.from} is in it ${found} times, and not once`);
  return expr;
}
