/** Writes a syntax tree as PromQL; the text parses to the same tree. The form is that of Prometheus. */
import { isClassicLabelName } from '@binnacle/metrics/model';
import {
  type AggregateExpr,
  type BinaryExpr,
  type DurationOperand,
  type Expr,
  hasParameter,
  type MatrixSelector,
  type SubqueryExpr,
  type TimeModifiers,
  type VectorSelector,
} from './ast.ts';
import { formatDuration } from './duration.ts';
import { quote } from './quote.ts';
import type { Matcher } from './storage.ts';

/** An expression as PromQL. */
export function printExpr(expr: Expr): string {
  switch (expr.type) {
    case 'aggregation': {
      const param = hasParameter(expr.op) && expr.param !== undefined ? `${printExpr(expr.param)}, ` : '';
      return `${aggregationHead(expr)}(${param}${printExpr(expr.expr)})`;
    }
    case 'binaryExpr':
      return `${printExpr(expr.lhs)} ${operatorText(expr)} ${printExpr(expr.rhs)}`;
    case 'call':
      return `${expr.func}(${expr.args.map(argumentText).join(', ')})`;
    case 'matrixSelector': {
      const { selector } = expr;
      return `${seriesText(selector)}[${rangeText(expr)}]${extendedText(selector)}${atText(selector)}${offsetText(selector)}`;
    }
    case 'numberLiteral':
      return numberText(expr.value, expr.duration);
    case 'parenExpr':
      return `(${printExpr(expr.expr)})`;
    case 'stringLiteral':
      return quote(expr.value);
    case 'subquery':
      return `${printExpr(expr.expr)}${subquerySuffix(expr)}`;
    case 'unaryExpr':
      return `${expr.op}${printExpr(expr.expr)}`;
    case 'vectorSelector':
      return `${seriesText(expr)}${atText(expr)}${extendedText(expr)}${offsetText(expr)}`;
  }
}

/** An aggregation up to its parenthesis: `sum by (job) `. */
export function aggregationHead({ op, without, grouping }: AggregateExpr): string {
  if (without) return `${op} without (${labelList(grouping)}) `;
  return grouping.length > 0 ? `${op} by (${labelList(grouping)}) ` : op;
}

/** An operator with all that says how its sides are matched: `/ on (job) group_left ()`. */
export function operatorText(expr: BinaryExpr): string {
  return `${expr.op}${expr.returnBool ? ' bool' : ''}${matchingText(expr)}`;
}

/** What stands behind a subquery's expression: `[5m:1m] offset 1h`. */
export function subquerySuffix(expr: SubqueryExpr): string {
  return `[${rangeText(expr)}:${stepText(expr)}]${atText(expr)}${offsetText(expr)}`;
}

function rangeText({ rangeMs, rangeExpr, rangePlaceholder }: MatrixSelector | SubqueryExpr): string {
  return rangePlaceholder ?? (rangeExpr === undefined ? formatDuration(rangeMs) : durationText(rangeExpr));
}

function stepText({ stepMs, stepExpr, stepPlaceholder }: SubqueryExpr): string {
  if (stepMs !== 0) return formatDuration(stepMs);
  return stepPlaceholder ?? (stepExpr === undefined ? '' : durationText(stepExpr));
}

/** A condition as PromQL: `name="value"`. */
export function printMatcher(matcher: Matcher): string {
  return `${labelName(matcher.name)}${matcher.op}${quote(matcher.value)}`;
}

/** A number without exponent, with so many digits behind the point, as Go's `%.Nf`. */
export function formatFixed(value: number, digits: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Math.abs(value) < 1e21) return value.toFixed(digits);
  return `${BigInt(value)}.${'0'.repeat(digits)}`;
}

/** The shortest decimal that reads back the same, never with an exponent. */
export function formatPlain(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  const text = Object.is(value, -0) ? '-0' : String(value);
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (match === null) return text;
  const [, sign, first, rest = '', exponentText] = match;
  const digits = `${first}${rest}`;
  const exponent = Number(exponentText);
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  return `${sign}${digits.padEnd(exponent + 1, '0')}`;
}

/** An argument: a plus sign, as Prometheus writes it, can do no harm there. */
function argumentText(arg: Expr): string {
  return arg.type === 'numberLiteral' && arg.value === Number.POSITIVE_INFINITY ? '+Inf' : printExpr(arg);
}

function numberText(value: number, duration: boolean): string {
  // A plus sign would bind weaker than a power behind it.
  if (value === Number.POSITIVE_INFINITY) return 'Inf';
  if (!duration) return formatPlain(value);
  return formatDuration(Math.sign(value) * Math.round(Math.abs(value) * 1000));
}

function durationText(duration: DurationOperand): string {
  if (duration.type === 'numberLiteral') return numberText(duration.value, duration.duration);
  const { op, lhs, rhs } = duration;
  let text: string;
  if (op === 'step' || op === 'range') text = `${op}()`;
  else if (op === 'min_of' || op === 'max_of') text = `${op}(${durationText(lhs!)}, ${durationText(rhs!)})`;
  else if (lhs === undefined) text = `${op === '-' ? '-' : ''}${durationText(rhs!)}`;
  else text = `${durationText(lhs)} ${op} ${durationText(rhs!)}`;
  return duration.wrapped ? `(${text})` : text;
}

function seriesText(selector: VectorSelector): string {
  const conditions = selector.matchers
    .filter(
      ({ name, op, value }) =>
        !(name === '__name__' && op === '=' && value === selector.name && value !== ''),
    )
    .map(printMatcher)
    .sort(byCodePoint);
  return conditions.length === 0 ? emptyBraces(selector) : `${selector.name}{${conditions.join(',')}}`;
}

/** Without name and conditions only the empty braces are left, which `info` may have. */
function emptyBraces(selector: VectorSelector): string {
  return selector.name === '' && selector.mayMatchAll ? '{}' : selector.name;
}

function extendedText(selector: VectorSelector): string {
  return selector.anchored ? ' anchored' : selector.smoothed ? ' smoothed' : '';
}

function atText({ timestampMs, startOrEnd }: TimeModifiers): string {
  if (timestampMs !== undefined) return ` @ ${formatFixed(timestampMs / 1000, 3)}`;
  return startOrEnd === undefined ? '' : ` @ ${startOrEnd}()`;
}

function offsetText({ offsetMs, offsetExpr }: TimeModifiers): string {
  if (offsetExpr !== undefined) return ` offset ${durationText(offsetExpr)}`;
  return offsetMs === 0 ? '' : ` offset ${formatDuration(offsetMs)}`;
}

function matchingText(expr: BinaryExpr): string {
  const { matching } = expr;
  if (matching === undefined) return '';
  let text = '';
  const grouped = matching.card === 'many-to-one' || matching.card === 'one-to-many';
  if (matching.labels.length > 0 || matching.on || grouped)
    text += ` ${matching.on ? 'on' : 'ignoring'} (${labelList(matching.labels)})`;
  if (grouped)
    text += ` group_${matching.card === 'many-to-one' ? 'left' : 'right'} (${labelList(matching.include)})`;
  const { lhs, rhs } = matching.fill;
  if (lhs !== undefined && lhs === rhs) return `${text} fill (${numberText(lhs, false)})`;
  if (lhs !== undefined) text += ` fill_left (${numberText(lhs, false)})`;
  if (rhs !== undefined) text += ` fill_right (${numberText(rhs, false)})`;
  return text;
}

/** Words that are no label names between parentheses, unless they are quoted. */
const RESERVED = /^(?:without|inf|nan)$/i;

function labelList(labels: readonly string[]): string {
  return labels.map((name) => (RESERVED.test(name) ? quote(name) : labelName(name))).join(', ');
}

function labelName(name: string): string {
  return isClassicLabelName(name) ? name : quote(name);
}

function byCodePoint(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
