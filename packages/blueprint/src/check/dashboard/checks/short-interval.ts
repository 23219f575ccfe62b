/** Steps that are shorter than the time between two scrapes. */
import { formatDuration, parseDuration } from '@binnacle/promql';
import type { DashboardCheck } from '../dashboard-check.ts';
import { panelSubject, variableSubject } from '../dashboard-subject.ts';

/** Reports the least step of queries below one scrape, and choices of an interval variable below two that rates use. */
export const shortInterval: DashboardCheck = {
  name: 'short-interval',
  inspect({ inventory, asked, place, context: { scrapeIntervalMs } }, report) {
    if (scrapeIntervalMs === undefined) return;
    const scrapes = `scrapes are ${formatDuration(scrapeIntervalMs)} apart`;
    for (const panel of inventory.panels) {
      for (const { interval, pointer } of panel.queries) {
        const ms = millisecondsOf(interval);
        if (ms === undefined || ms >= scrapeIntervalMs) continue;
        report(panelSubject(panel), place(`${pointer}/interval`), {
          severity: 'warning',
          message: `the least step is ${interval}, and ${scrapes}`,
          reason:
            'between two scrapes there is nothing new: points are drawn twice, and $__rate_interval gets too short',
          remedy: `use ${formatDuration(scrapeIntervalMs)} or more, or leave it to the data source.`,
        });
      }
    }
    for (const variable of inventory.variables) {
      if (
        variable.type !== 'interval' ||
        !isRange(
          variable.name,
          asked.map(({ expression }) => expression.text),
        )
      )
        continue;
      const short = variable.values.filter(
        (value) => (millisecondsOf(value) ?? Number.MAX_VALUE) < 2 * scrapeIntervalMs,
      );
      if (short.length === 0) continue;
      report(variableSubject(variable), place(`${variable.pointer}/query`), {
        severity: 'warning',
        message: `${short.join(', ')} can be chosen as a range, and ${scrapes}`,
        reason: 'in a range that is shorter than two scrapes a rate has no answer, and the panels are empty',
        remedy: `offer ${formatDuration(2 * scrapeIntervalMs)} and more.`,
      });
    }
  },
};

function isRange(name: string, texts: readonly string[]): boolean {
  const reference = new RegExp(`\\[\\s*(?:\\$${name}\\b|\\$\\{${name}[:}]|\\[\\[${name}\\b)`);
  return texts.some((text) => reference.test(text));
}

/** `30s`, also as Grafana writes the least of something: `>30s`. */
function millisecondsOf(text: string | undefined): number | undefined {
  try {
    return parseDuration((text ?? '').replace(/^>/, ''));
  } catch {
    return undefined;
  }
}
