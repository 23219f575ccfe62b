/** Expressions of rules: they parse, give what a rule can use, and hold nothing that only a dashboard knows. */
import { documentedType, type Expr, indexOfByte, ParseError, parse, valueType, walk } from '@binnacle/promql';
import { DefinitionError, withCaret } from '../dashboard/definition-error.ts';
import { expressionText } from '../expression.ts';
import type { RuleExpression } from './alert-text.ts';

/** Macros of dashboards, also inside strings. */
const MACRO = /\$\{?__\w+/;
/** Variables of dashboards in the value of a matcher; a `$` that ends a regular expression has no name behind it. */
const VARIABLE = /\$(\{\w|[A-Za-z_])|\[\[\w+\]\]/;

/**
 * The text of a rule's expression.
 * @param where what messages name: `alert HighErrorRate`
 * @throws DefinitionError with the place and a caret
 */
export function ruleExpression(where: string, expression: RuleExpression): string {
  const text = expressionText(expression);
  const type = valueType(expressionTree(where, text));
  if (type !== 'vector' && type !== 'scalar')
    throw new DefinitionError(
      `${where}: a rule needs an instant vector or a number, and ${text} is a ${documentedType(type)}`,
    );
  return text;
}

/**
 * The tree of an expression that holds nothing of a dashboard.
 * @param where what messages name
 * @throws DefinitionError with the place and a caret
 */
export function expressionTree(where: string, text: string): Expr {
  const macro = MACRO.exec(text);
  if (macro !== null)
    throw new DefinitionError(
      withCaret(
        where,
        `only a dashboard knows ${macro[0].replace('{', '')}: write a duration such as 5m`,
        text,
        macro.index,
      ),
    );
  const tree = parsed(where, text);
  refuseVariables(where, text, tree);
  return tree;
}

function parsed(where: string, text: string): Expr {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const at = indexOfByte(text, error.start);
    const variable = VARIABLE.exec(text.slice(at));
    const message =
      variable?.index === 0
        ? 'only a dashboard knows variables: write what it stands for'
        : error.problems[0]!.message;
    throw new DefinitionError(withCaret(where, message, text, at));
  }
}

function refuseVariables(where: string, text: string, tree: Expr): void {
  walk(tree, (node) => {
    if (node.type !== 'vectorSelector') return;
    for (const { name, value } of node.matchers)
      if (VARIABLE.test(value))
        throw new DefinitionError(
          withCaret(
            where,
            `only a dashboard knows variables, and ${name} is matched with ${JSON.stringify(value)}`,
            text,
            indexOfByte(text, node.start),
          ),
        );
  });
}
