/** A query inside a template (`{{ query "..." }}`) that does not parse, or that cannot answer what it asks. */
import { checkQuery, indexOfByte, ParseError, parse } from '@binnacle/promql';
import type { Report, RuleCheck } from '../check.ts';
import type { SourceText } from '../problem.ts';
import type { RuleSubject } from '../rule-subject.ts';
import { findingIn } from './query-checks.ts';
import { templateUses } from './template-uses.ts';

/** Wrong queries in labels and annotations. */
export const templateQuery: RuleCheck = {
  name: 'template-query',
  inspect(rule, report) {
    if (rule.type !== 'alert') return;
    for (const { value } of [...rule.labels, ...rule.annotations]) {
      if (!value.text.includes('query')) continue;
      for (const { text, start } of templateUses(value.text).queries)
        inspectQuery(rule, value, text, start, report);
    }
  },
};

function inspectQuery(
  { context }: RuleSubject,
  value: SourceText,
  query: string,
  start: number,
  report: Report,
): void {
  const at = (range: { readonly start: number; readonly end: number }) =>
    value.locate(start + indexOfByte(query, range.start), start + indexOfByte(query, range.end));
  try {
    const tree = parse(query);
    for (const finding of checkQuery(tree, context.catalogFor(tree))) {
      // That a total is shown is what a message is for.
      if (finding.severity === 'info') continue;
      if (finding.check === 'unknown-metric' && !context.isCatalogKnown) continue;
      report(at(finding), findingIn(context, finding));
    }
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    report(at({ start: error.start, end: Math.max(error.start, error.end) }), {
      severity: 'error',
      message: `a query in a template does not parse: ${error.message.replace(/^\d+:\d+: /, '')}`,
      reason: 'the template fails when the alert fires, and its message is an error text',
      remedy: 'correct the query.',
    });
  }
}
