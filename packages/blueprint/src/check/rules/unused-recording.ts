/**
 * A recording rule that nothing uses: no rule and no dashboard of the repository. It costs an evaluation and a series
 * every time. Somebody outside may use it, so it is worth a look and no more; without a dashboard in the repository
 * nothing is said.
 */
import type { CheckContext, RuleCheck } from '../check.ts';
import { metricsIn } from './expression-shape.ts';
import { templateUses } from './template-uses.ts';

/** Recordings that nobody asks for. */
export const unusedRecording: RuleCheck = {
  name: 'unused-recording',
  inspect(rule, report) {
    if (rule.type !== 'record') return;
    const usage = usageOf(rule.context);
    if (usage === undefined || usage.names.has(rule.name) || usage.text.includes(rule.name)) return;
    report(rule.place, {
      severity: 'info',
      message: `nothing in this repository uses ${rule.name}`,
      reason: 'it is evaluated and stored every time, and no rule and no dashboard asks for it',
      remedy: 'remove it, or use it where its expression is repeated.',
    });
  },
};

interface Usage {
  /** The names that rules select. */
  readonly names: ReadonlySet<string>;
  /** Everything that dashboards, tests and templates say. */
  readonly text: string;
}

const USAGES = new WeakMap<CheckContext, Usage>();

function usageOf(context: CheckContext): Usage | undefined {
  if (context.ofKind('dashboard').length === 0 && (context.config?.dashboards.length ?? 0) === 0)
    return undefined;
  let usage = USAGES.get(context);
  if (usage === undefined) {
    const names = new Set<string>();
    for (const { tree } of context.rules)
      if (tree !== undefined) for (const name of metricsIn(tree)) names.add(name);
    const texts = [...context.ofKind('dashboard'), ...context.ofKind('prometheus')].map(({ text }) => text);
    for (const { annotations } of context.rules)
      for (const { value } of annotations)
        texts.push(...templateUses(value.text).queries.map(({ text }) => text));
    collectTexts(context.config?.dashboards ?? [], texts);
    usage = { names, text: texts.join('\n') };
    USAGES.set(context, usage);
  }
  return usage;
}

/** All texts in a value, with those of queries that print themselves. */
function collectTexts(value: unknown, texts: string[], seen = new Set<object>()): void {
  if (typeof value === 'string') texts.push(value);
  if (typeof value !== 'object' || value === null || seen.has(value)) return;
  seen.add(value);
  // A query of the builder says what it is when it is printed.
  if ('kind' in value && value.toString !== Object.prototype.toString) texts.push(String(value));
  for (const part of Object.values(value)) collectTexts(part, texts, seen);
}
