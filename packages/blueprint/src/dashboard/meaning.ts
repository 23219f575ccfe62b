/**
 * What expressions say of themselves, so that nobody has to write it twice: the labels that series are told apart by,
 * their unit, and the help of the metric that they are made from.
 *
 * A query of the builder knows the metrics that it selects; of an expression as text they can be given. Where neither
 * is, names tell what they tell by convention.
 */
import { Catalog, catalogOf, type Expr, ParseError, parse, passesSeries, walk } from '@binnacle/promql';
import { metricsOf } from '@binnacle/promql/builder';
import { type Expression, expressionText } from '../expression.ts';
import { isNeverNegative } from './never-negative.ts';
import { quantityOf } from './quantity.ts';
import { isAmount, unitOf } from './quantity-unit.ts';
import { substituteAny } from './query.ts';
import type { Unit } from './unit-id.ts';

/** What is known of one expression. */
export interface Meaning {
  /** Undefined where it does not parse, which is reported with its dashboard. */
  readonly tree: Expr | undefined;
  /** Of its values. */
  readonly unit: Unit | undefined;
  /** Of what the buckets of a histogram have observed, where it is about them. */
  readonly observed: Unit | undefined;
  /** Whether no value can be below 0. */
  readonly neverNegative: boolean;
}

/** What is known of the expressions of a panel, and the help of their metric, if it is one. */
export function readMeaning(
  expressions: readonly Expression[],
  of: unknown,
): { readonly meaning: readonly Meaning[]; readonly help?: string } {
  const metrics = new Set<unknown>(isObject(of) ? [of] : []);
  for (const expression of expressions)
    if (typeof expression !== 'string') for (const metric of metricsOf(expression)) metrics.add(metric);
  const defined = catalogOf([...metrics]);
  const catalog = Catalog.of(defined);
  const meaning = expressions.map((expression): Meaning => {
    const tree = treeOf(expressionText(expression));
    const quantity = tree && quantityOf(tree, catalog);
    const observed = quantity?.observed;
    return {
      tree,
      unit: unitOf(quantity),
      neverNegative: tree !== undefined && isNeverNegative(tree, isAmount(quantity)),
      observed: observed && unitOf({ base: observed, factor: 1, counted: new Set(), share: false }),
    };
  });
  const [only] = defined;
  const isOne = metrics.size === 1 && defined.length === 1;
  return { meaning, ...(isOne && only!.help !== '' && { help: only!.help }) };
}

function treeOf(text: string): Expr | undefined {
  try {
    return parse(substituteAny(text), { experimental: true });
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/**
 * The legend of an expression's series: the labels that it keeps, or where it keeps none the title of its panel.
 * Empty where the labels are not known.
 */
export function legendOf(tree: Expr | undefined, title: string): string {
  const labels = tree && labelsOf(tree);
  if (labels === undefined) return '';
  // A title that a variable stands in is filled in by Grafana in legends too.
  return labels.length === 0 ? title : labels.map((label) => `{{${label}}}`).join(' ');
}

/** Whether an expression is about classic buckets and has lost the label that tells them apart. */
export function losesBuckets(tree: Expr): boolean {
  const labels = labelsOf(tree);
  if (labels === undefined || labels.includes('le')) return false;
  let classic = false;
  walk(tree, (part) => {
    if (part.type === 'vectorSelector' && part.name.endsWith('_bucket')) classic = true;
  });
  return classic;
}

/** The labels that the series of an expression have, in the order in which its author wrote them. */
function labelsOf(expr: Expr): readonly string[] | undefined {
  switch (expr.type) {
    case 'aggregation':
      if (passesSeries(expr.op)) return labelsOf(expr.expr);
      return expr.without || expr.op === 'count_values' ? undefined : expr.grouping;
    case 'parenExpr':
    case 'unaryExpr':
      return labelsOf(expr.expr);
    case 'numberLiteral':
    case 'stringLiteral':
      return [];
    case 'call':
      return labelsOfCall(expr);
    case 'binaryExpr':
      return labelsOfOperator(expr);
    case 'matrixSelector':
    case 'subquery':
    case 'vectorSelector':
      return undefined;
  }
}

/** Functions of an instant vector that leave its labels as they are. */
const KEEPING: ReadonlySet<string> = new Set(
  'abs ceil clamp clamp_max clamp_min exp floor ln log10 log2 round sgn sort sort_desc sqrt'.split(' '),
);

function labelsOfCall({ func, args }: Extract<Expr, { type: 'call' }>): readonly string[] | undefined {
  if (func === 'time' || func === 'scalar' || func === 'vector' || func === 'pi') return [];
  if (func === 'histogram_quantile') return args[1] && labelsOf(args[1])?.filter((label) => label !== 'le');
  if (func === 'histogram_fraction') return args[2] && labelsOf(args[2])?.filter((label) => label !== 'le');
  if (func.startsWith('histogram_') || KEEPING.has(func)) return args[0] && labelsOf(args[0]);
  return undefined;
}

function labelsOfOperator(expr: Extract<Expr, { type: 'binaryExpr' }>): readonly string[] | undefined {
  const { lhs, rhs, matching, op } = expr;
  const [left, right] = [labelsOf(lhs), labelsOf(rhs)];
  // One side is a number, and the series are the other side's.
  if (matching === undefined) return left?.length === 0 ? right : left;
  if (op === 'or') {
    const same =
      left !== undefined && right !== undefined && [...left].sort().join() === [...right].sort().join();
    return same || right?.length === 0 ? left : undefined;
  }
  if (op === 'and' || op === 'unless') return left;
  if (matching.card === 'many-to-one') return left && [...left, ...matching.include];
  if (matching.card === 'one-to-many') return right && [...right, ...matching.include];
  if (matching.on) return matching.labels;
  return left?.filter((label) => !matching.labels.includes(label));
}
