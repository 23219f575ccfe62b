/**
 * A metric that several services have, asked for without saying whose: their series are put together although they may
 * have other labels and mean something else. Left alone is what keeps the label by which the services differ, so that
 * each has its own answer.
 */
import { metricNameOf } from '@binnacle/promql';
import { servicesOf } from '../catalogs.ts';
import type { RuleCheck } from '../check.ts';
import { selectorsIn } from './expression-shape.ts';

/** Selectors that take the series of several services together. */
export const unboundMetric: RuleCheck = {
  name: 'unbound-metric',
  needsCatalog: true,
  inspect(rule, report) {
    const { tree, context } = rule;
    if (tree === undefined || context.catalogs.length < 2) return;
    const { labels } = rule.facts(tree);
    for (const selector of selectorsIn(tree)) {
      const name = metricNameOf(selector);
      if (name === undefined) continue;
      const services = servicesOf(selector, context.servicesHaving(name));
      if (services.length < 2) continue;
      const binding = bindingOf(services);
      if (labels.has(binding)) continue;
      const [one] = services;
      const value = binding === 'job' ? one!.job : one!.targetLabels[binding];
      report(rule.placeOf(selector), {
        severity: 'warning',
        message: `${services.map(({ service }) => service).join(' and ')} have ${name}, and their series are put together`,
        reason:
          'what one of them does is hidden by the others, and the same name may mean something else elsewhere',
        remedy: `say whose it is, ${binding}=${JSON.stringify(value)}, or keep the label: by (${binding}).`,
      });
    }
  },
};

/** The label by which services differ: one that their targets add, or the job. */
function bindingOf(services: readonly { readonly targetLabels: Readonly<Record<string, string>> }[]): string {
  const [first] = services;
  const names = Object.keys(first?.targetLabels ?? {}).sort();
  return (
    names.find(
      (name) => new Set(services.map(({ targetLabels }) => targetLabels[name])).size === services.length,
    ) ?? 'job'
  );
}
