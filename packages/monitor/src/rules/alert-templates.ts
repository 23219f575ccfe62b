/** The templates of an alerting rule: parsed once, expanded for each element of the rule's result. */
import type { AlertResult } from './alerting-rule.ts';
import { alertLabels } from './alerting-rule.ts';
import type { AlertingRuleConfig } from './rule-file.ts';
import type { RuleQueryResult } from './rule-query.ts';
import { Template, type TemplateData, type TemplateQuery } from './template.ts';

/** After how many alerts others get a turn. */
const ALERTS_PER_TURN = 250;

type NamedTemplates = readonly (readonly [string, Template])[];

/** What templates see beside the result. */
export interface AlertSurroundings extends Pick<TemplateData, 'externalLabels' | 'externalUrl'> {
  /** The time of the evaluation. */
  readonly timeMs: number;
}

/** The templates of one rule. */
export class AlertTemplates {
  readonly #alertName: string;
  readonly #labels: NamedTemplates;
  readonly #annotations: NamedTemplates;

  constructor(rule: AlertingRuleConfig) {
    this.#alertName = rule.name;
    this.#labels = parsed(rule.labels);
    this.#annotations = parsed(rule.annotations);
  }

  /**
   * The alerts that a result stands for.
   * @param query answers what templates ask; as in Prometheus at the evaluation's time, without the query offset
   * @param yieldToLoop called every few alerts: thousands of them take long
   */
  async expand(
    results: RuleQueryResult,
    surroundings: AlertSurroundings,
    query: TemplateQuery,
    yieldToLoop: () => Promise<void>,
  ): Promise<AlertResult[]> {
    const alerts: AlertResult[] = [];
    for (const result of results) {
      const { labels } = result;
      const data = { alertName: this.#alertName, ...result, ...surroundings };
      const ruleLabels = await expanded(this.#labels, data, query);
      const annotations = await expanded(this.#annotations, data, query);
      // As in Prometheus, the value of an alert that is a histogram is 0.
      const value = result.histogram === undefined ? result.value : 0;
      alerts.push({ labels: alertLabels(labels, ruleLabels, this.#alertName), annotations, value });
      if (alerts.length % ALERTS_PER_TURN === 0) await yieldToLoop();
    }
    return alerts;
  }
}

function parsed(texts: Readonly<Record<string, string>>): NamedTemplates {
  return Object.entries(texts).map(([name, text]) => [name, Template.parse(text)] as const);
}

async function expanded(
  templates: NamedTemplates,
  data: TemplateData,
  query: TemplateQuery,
): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  for (const [name, template] of templates) texts[name] = await template.expandOrExplain(data, query);
  return texts;
}
