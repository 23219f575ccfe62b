/** `/api/v1/targets` and `/api/v1/metadata`: what is scraped and what it says about its metrics. */
import { formatDuration } from '@binnacle/promql';
import { rfc3339 } from '../clock.ts';
import type { TargetMetadata, TargetStatus } from '../scrape/target-status.ts';
import { success } from './envelope.ts';
import { limitParameter } from './parameters.ts';
import type { Route } from './route.ts';

/** Tells about the targets; the answer may come from another thread. */
export interface TargetSource {
  targets(): Promise<readonly TargetStatus[]> | readonly TargetStatus[];
  metadata(): Promise<readonly TargetMetadata[]> | readonly TargetMetadata[];
}

/** What Go writes for a time that never was. */
const NEVER = '0001-01-01T00:00:00Z';

/** The routes about targets. */
export function targetRoutes(source: TargetSource): Route[] {
  return [
    {
      methods: ['GET'],
      path: '/api/v1/targets',
      async handle({ parameters }) {
        const state = (parameters.get('state') ?? '').toLowerCase();
        const pool = parameters.get('scrapePool') ?? '';
        const targets = await source.targets();
        const shown = targets.filter((target) => pool === '' || target.scrapePool === pool);
        return success({
          activeTargets: state === 'dropped' ? [] : shown.map(targetJson),
          // Without relabelling no target is ever dropped.
          droppedTargets: [],
          droppedTargetCounts: Object.fromEntries(targets.map(({ scrapePool }) => [scrapePool, 0])),
        });
      },
    },
    {
      methods: ['GET'],
      path: '/api/v1/targets/metadata',
      async handle({ parameters }) {
        const metric = parameters.get('metric') ?? '';
        const limit = limitParameter(parameters) ?? Number.POSITIVE_INFINITY;
        const found = (await source.metadata()).filter((family) => metric === '' || family.metric === metric);
        return success(
          found
            .slice(0, limit)
            .map(({ target, metric, type, help, unit }) => ({ target, metric, type, help, unit })),
        );
      },
    },
    {
      methods: ['GET'],
      path: '/api/v1/metadata',
      async handle({ parameters }) {
        const limit = limitParameter(parameters) ?? Number.POSITIVE_INFINITY;
        const perMetric = limitParameter(parameters, 'limit_per_metric') ?? Number.POSITIVE_INFINITY;
        const only = parameters.get('metric') ?? '';
        return success(metadataByMetric(await source.metadata(), only, limit, perMetric));
      },
    },
  ];
}

function targetJson(target: TargetStatus) {
  return {
    discoveredLabels: target.discoveredLabels,
    labels: target.labels,
    scrapePool: target.scrapePool,
    scrapeUrl: target.scrapeUrl,
    globalUrl: target.scrapeUrl,
    lastError: target.lastError,
    lastScrape: target.lastScrapeMs === 0 ? NEVER : rfc3339(target.lastScrapeMs),
    lastScrapeDuration: target.lastScrapeDurationMs / 1000,
    health: target.health,
    scrapeInterval: formatDuration(target.scrapeIntervalMs),
    scrapeTimeout: formatDuration(target.scrapeTimeoutMs),
  };
}

/** Each metric with the different things that its targets say of it. */
function metadataByMetric(
  families: readonly TargetMetadata[],
  only: string,
  limit: number,
  perMetric: number,
): Record<string, { type: string; help: string; unit: string }[]> {
  const byMetric = new Map<string, Map<string, { type: string; help: string; unit: string }>>();
  for (const { metric, type, help, unit } of families) {
    if (only !== '' && metric !== only) continue;
    let said = byMetric.get(metric);
    if (said === undefined) {
      if (byMetric.size >= limit) continue;
      said = new Map();
      byMetric.set(metric, said);
    }
    if (said.size < perMetric) said.set(JSON.stringify([type, help, unit]), { type, help, unit });
  }
  return Object.fromEntries([...byMetric].map(([metric, said]) => [metric, [...said.values()]]));
}
