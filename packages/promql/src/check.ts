/** Types, arities and matching rules: what is wrong with a query that has the right syntax. */
import {
  type BinaryExpr,
  type Call,
  type Expr,
  isComparison,
  isSetOperator,
  type PositionRange,
  type ValueType,
} from './ast.ts';
import { FUNCTIONS } from './functions.ts';
import { quote } from './quote.ts';
import { matcherTest } from './storage.ts';

/** Called with each problem. */
export type Report = (range: PositionRange, message: string) => void;

/** What an expression evaluates to. */
export function valueType(expr: Expr): ValueType {
  switch (expr.type) {
    case 'aggregation':
    case 'vectorSelector':
      return 'vector';
    case 'matrixSelector':
    case 'subquery':
      return 'matrix';
    case 'numberLiteral':
      return 'scalar';
    case 'stringLiteral':
      return 'string';
    case 'parenExpr':
    case 'unaryExpr':
      return valueType(expr.expr);
    case 'call':
      return FUNCTIONS.get(expr.func)!.returns;
    case 'binaryExpr':
      return valueType(expr.lhs) === 'scalar' && valueType(expr.rhs) === 'scalar' ? 'scalar' : 'vector';
  }
}

/** A type as messages name it. */
export function documentedType(type: ValueType): string {
  return type === 'vector' ? 'instant vector' : type === 'matrix' ? 'range vector' : type;
}

/** Checks an expression and all below it; returns its type. Settles the matching of binary expressions. */
export function check(expr: Expr, report: Report): ValueType {
  switch (expr.type) {
    case 'aggregation':
      expect(expr.expr, 'vector', 'aggregation expression', report);
      if (expr.param !== undefined)
        expect(expr.param, expr.op === 'count_values' ? 'string' : 'scalar', 'aggregation parameter', report);
      return 'vector';
    case 'binaryExpr':
      return checkBinary(expr, report);
    case 'call':
      return checkCall(expr, report);
    case 'parenExpr':
      return check(expr.expr, report);
    case 'unaryExpr': {
      const type = check(expr.expr, report);
      if (type !== 'scalar' && type !== 'vector') {
        report(
          expr,
          `unary expression only allowed on expressions of type scalar or instant vector, got ${quote(documentedType(type))}`,
        );
      }
      return type;
    }
    case 'subquery': {
      const type = check(expr.expr, report);
      if (type !== 'vector') report(expr, `subquery is only allowed on instant vector, got ${type} instead`);
      return 'matrix';
    }
    case 'matrixSelector':
      check(expr.selector, report);
      return 'matrix';
    case 'vectorSelector':
      if (expr.name !== '') {
        for (const matcher of expr.matchers.slice(0, -1)) {
          if (matcher.name === '__name__')
            report(expr, `metric name must not be set twice: ${quote(expr.name)} or ${quote(matcher.value)}`);
        }
      } else if (!expr.mayMatchAll && expr.matchers.every((matcher) => matcherTest(matcher)(''))) {
        report(expr, 'vector selector must contain at least one non-empty matcher');
      }
      return 'vector';
    case 'numberLiteral':
      return 'scalar';
    case 'stringLiteral':
      return 'string';
  }
}

function expect(expr: Expr, wanted: ValueType, context: string, report: Report): void {
  const type = check(expr, report);
  if (type !== wanted)
    report(expr, `expected type ${documentedType(wanted)} in ${context}, got ${documentedType(type)}`);
}

/** Goes down a chain of left operands in a loop, because chains may be longer than the call stack is deep. */
function checkBinary(expr: BinaryExpr, report: Report): ValueType {
  const chain = [expr];
  for (let left = expr.lhs; left.type === 'binaryExpr'; left = left.lhs) chain.push(left);
  let type = check(chain.at(-1)!.lhs, report);
  for (let i = chain.length - 1; i >= 0; i--) type = checkOperator(chain[i]!, type, report);
  return type;
}

function checkOperator(expr: BinaryExpr, left: ValueType, report: Report): ValueType {
  const right = check(expr.rhs, report);
  const bothScalar = left === 'scalar' && right === 'scalar';
  const setOperator = isSetOperator(expr.op);
  if (expr.returnBool && !isComparison(expr.op))
    report(expr.opRange, 'bool modifier can only be used on comparison operators');
  if (isComparison(expr.op) && !expr.returnBool && bothScalar)
    report(expr.opRange, 'comparisons between scalars must use BOOL modifier');
  const matching = expr.matching!;
  if (setOperator && matching.card === 'one-to-one') matching.card = 'many-to-many';
  for (const label of matching.labels) {
    for (const included of matching.include) {
      if (label === included && matching.on)
        report(expr.opRange, `label ${quote(label)} must not occur in ON and GROUP clause at once`);
    }
  }
  for (const [side, type] of [
    [expr.lhs, left],
    [expr.rhs, right],
  ] as const) {
    if (type !== 'scalar' && type !== 'vector')
      report(side, 'binary expression must contain only scalar and instant vector types');
  }
  const filled = matching.fill.lhs !== undefined || matching.fill.rhs !== undefined;
  if (left !== 'vector' || right !== 'vector') {
    if (matching.labels.length > 0) report(expr, 'vector matching only allowed between instant vectors');
    if (filled) report(expr, 'filling in missing series only allowed between instant vectors');
    delete expr.matching;
  } else if (setOperator) {
    if (matching.card === 'one-to-many' || matching.card === 'many-to-one')
      report(expr, `no grouping allowed for ${quote(expr.op)} operation`);
    if (matching.card !== 'many-to-many') report(expr, 'set operations must always be many-to-many');
    if (filled) report(expr, 'filling in missing series not allowed for set operators');
  }
  if ((left === 'scalar' || right === 'scalar') && setOperator)
    report(expr, `set operator ${quote(expr.op)} not allowed in binary scalar expression`);
  return bothScalar ? 'scalar' : 'vector';
}

function checkCall(expr: Call, report: Report): ValueType {
  const { args: types, variadic, returns } = FUNCTIONS.get(expr.func)!;
  const given = expr.args.length;
  const name = quote(expr.func);
  if (variadic === 0) {
    if (given !== types.length)
      report(expr, `expected ${types.length} argument(s) in call to ${name}, got ${given}`);
  } else {
    const least = types.length - 1;
    const most = least + variadic;
    if (given < least)
      report(expr, `expected at least ${least} argument(s) in call to ${name}, got ${given}`);
    else if (variadic > 0 && given > most)
      report(expr, `expected at most ${most} argument(s) in call to ${name}, got ${given}`);
  }
  const second = expr.args[1];
  if (expr.func === 'info' && second !== undefined) {
    if (second.type !== 'vectorSelector') report(second, 'expected label selectors only');
    else if (second.name !== '') report(second, 'expected label selectors only, got vector selector instead');
    else second.mayMatchAll = true;
  }
  expr.args.forEach((arg, i) => {
    if (i >= types.length && variadic === 0) return;
    const wanted = types[Math.min(i, types.length - 1)]!;
    const type = check(arg, report);
    if (type !== wanted) {
      report(
        arg,
        `expected type ${documentedType(wanted)} in call to function ${name}, got ${documentedType(type)}`,
      );
    }
  });
  return returns;
}
