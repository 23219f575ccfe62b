/**
 * Writes groups of rules as a Prometheus rule file.
 *
 * The same groups give the same bytes. Expressions are printed from their tree: what fits stands on one line, what does
 * not is broken as `promtool promql format` breaks it and stands in a block. What says nothing (`for: 0s`, no labels) is
 * left out.
 */
import { formatDuration, parse, prettyExpr, printExpr } from '@binnacle/promql';
import { Document, Scalar } from 'yaml';
import { DefinitionError } from '../dashboard/definition-error.ts';
import { GENERATED_MARK } from '../generate/generated-file.ts';
import { printYaml } from '../yaml-print.ts';
import type { Rule, RuleGroup } from './rule.ts';

/** What {@link renderRuleFile} may be told. */
export interface RuleFileOptions {
  /** What the file is generated from, as its first line names it. Default `binnacle.config.ts`. */
  readonly from?: string;
}

/** Columns of an expression, beyond which it is broken over several lines. */
const EXPRESSION_WIDTH = 90;

/** What YAML takes for something else than text unless it is quoted, which would escape the quotes of all matchers. */
const NEEDS_QUOTES = /^[^\w(]|: | #/;

/**
 * Groups of rules as YAML, as `rule_files` of a `prometheus.yml` names it.
 * @throws DefinitionError where two groups have one name, which Prometheus refuses
 */
export function renderRuleFile(
  groups: readonly RuleGroup[],
  { from = 'binnacle.config.ts' }: RuleFileOptions = {},
): string {
  const names = new Set<string>();
  for (const { name } of groups) {
    if (names.has(name))
      throw new DefinitionError(
        `two rule groups are called ${JSON.stringify(name)}: a file takes one of each`,
      );
    names.add(name);
  }
  // Whoever reads YAML 1.1, as Prometheus does, takes `yes` and `012` for something else than text.
  const document = new Document({ groups: groups.map(groupFields) }, { version: '1.1' });
  return `# ${GENERATED_MARK} ${from.replace(/\s+/g, ' ')}. Change it there: what is changed here is overwritten.\n${printYaml(document)}`;
}

function groupFields({ name, intervalMs, limit, queryOffsetMs, rules }: RuleGroup): object {
  return {
    name,
    ...(intervalMs !== undefined && { interval: formatDuration(intervalMs) }),
    ...(limit !== undefined && { limit }),
    ...(queryOffsetMs !== undefined && { query_offset: formatDuration(queryOffsetMs) }),
    rules: rules.map(ruleFields),
  };
}

function ruleFields(rule: Rule): object {
  const expr = printedExpression(rule.expr);
  const labels = Object.keys(rule.labels).length > 0 && { labels: rule.labels };
  switch (rule.type) {
    case 'record':
      return { record: rule.name, expr, ...labels };
    case 'alert':
      return {
        alert: rule.name,
        expr,
        ...(rule.forMs > 0 && { for: formatDuration(rule.forMs) }),
        ...(rule.keepFiringForMs > 0 && { keep_firing_for: formatDuration(rule.keepFiringForMs) }),
        ...labels,
        ...(Object.keys(rule.annotations).length > 0 && { annotations: rule.annotations }),
      };
  }
}

function printedExpression(expr: string): string | Scalar<string> {
  const tree = parse(expr);
  const line = printExpr(tree);
  if (line.length <= EXPRESSION_WIDTH && !NEEDS_QUOTES.test(line)) return line;
  const block = new Scalar(prettyExpr(tree, { width: EXPRESSION_WIDTH }));
  block.type = Scalar.BLOCK_LITERAL;
  return block;
}
