/** The watches, applied to what the five reference systems expose: every expression holds against the catalog. */
import { Catalog, catalogOf, checkQuery, parse, parseDuration, renderFinding } from '@binnacle/promql';
import { describe, expect, test } from 'vitest';
import { dashboard, renderGrafana, type Watch } from '../dist/index.js';
import { wantedAlerts, watchedServices } from './watch-contracts.ts';

/** What a dashboard puts there. */
function filledIn(expr: string): string {
  return expr.replaceAll('$__rate_interval', '1m').replaceAll('$__range', '1h');
}

interface Asked {
  readonly of: string;
  readonly expr: string;
  /** Labels that its texts name. */
  readonly labels: readonly string[];
}

function panelQueries({ rows }: Watch): Asked[] {
  return rows.flatMap(({ title, panels }) =>
    panels.flatMap((panel) =>
      panel.queries.map(({ expr, legend }) => ({
        of: `${title} / ${panel.title}`,
        expr: filledIn(expr),
        labels: [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!),
      })),
    ),
  );
}

function alertQueries({ groups }: Watch): Asked[] {
  return groups
    .flatMap(({ rules }) => rules)
    .map((rule) => ({
      of: rule.name,
      expr: rule.expr,
      labels:
        rule.type === 'alert'
          ? [
              ...Object.values(rule.annotations)
                .join()
                .matchAll(/\$labels\.(\w+)/g),
            ].map(([, label]) => label!)
          : [],
    }));
}

describe.each(watchedServices())('$system: $service', ({ system, job, definitions, watches }) => {
  const catalog = Catalog.of(catalogOf(definitions), { targetLabels: { job: [job], system: [system] } });
  const findings = (expr: string): string[] =>
    checkQuery(parse(expr), catalog, { scrapeIntervalMs: 15_000 }).map((finding) =>
      renderFinding(expr, finding),
    );

  test('no expression of a panel or an alert has a finding', () => {
    const asked = watches.flatMap((watch) => [...panelQueries(watch), ...alertQueries(watch)]);
    expect(asked.length).toBeGreaterThan(5);
    const found = asked.flatMap(({ of, expr }) => findings(expr).map((finding) => `${of}: ${finding}`));
    expect(found).toEqual([]);
  });

  test('texts name labels that the results have', () => {
    const asked = watches.flatMap((watch) => [...panelQueries(watch), ...alertQueries(watch)]);
    const missing = asked.flatMap(({ of, expr, labels }) =>
      labels
        .filter((label) => findings(`count by (${label}) (${expr})`).length > 0)
        .map((label) => `${of}: ${label}`),
    );
    expect(missing).toEqual([]);
  });

  test('every metric is in some panel', () => {
    const shown = watches.flatMap(panelQueries).map(({ expr }) => expr);
    const unseen = definitions
      .map(({ name }) => name)
      .filter((name) => !shown.some((expr) => new RegExp(`\\b${name}(_bucket|_sum|_count)?\\b`).test(expr)));
    expect(unseen).toEqual([]);
  });

  test('all of it makes one dashboard, and its groups have names of their own', () => {
    const made = dashboard({ title: job, rows: watches.flatMap(({ rows }) => rows) });
    const ids = renderGrafana(made).panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const groups = watches.flatMap(({ groups }) => groups).map(({ name }) => name);
    expect(new Set(groups).size).toBe(groups.length);
  });
});

test.each(Object.entries(wantedAlerts()).filter(([, wanted]) => wanted.length > 0))(
  '%s: the alerts that its authors want are there',
  (system, wanted) => {
    const rules = watchedServices()
      .filter((service) => service.system === system)
      .flatMap(({ watches }) => watches.flatMap(({ groups }) => groups.flatMap((group) => group.rules)));
    const found = wanted.map(({ alert }) => {
      const rule = rules.find(({ name }) => name === alert);
      return rule?.type === 'alert' ? { alert, forMs: rule.forMs, severity: rule.labels.severity } : alert;
    });
    expect(found).toEqual(
      wanted.map(({ alert, for: wait, severity }) => ({ alert, forMs: parseDuration(wait), severity })),
    );
  },
);
