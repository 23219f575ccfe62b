/**
 * The checker over everything that the five reference systems ask: what it reports is listed here, and each of these
 * findings is right. Then the same queries with mistakes in them, each of which must be found.
 */
import { expect, test } from 'vitest';
import { checkQuery, parse } from '../dist/index.js';
import { type System, systemOf } from './checks/contract.ts';
import { MUTATIONS } from './checks/mutations.ts';
import { SYSTEM_QUERIES } from './checks/system-queries.ts';

const SYSTEMS = Object.keys(SYSTEM_QUERIES);
const OPTIONS = { scrapeIntervalMs: 15_000 };

/** Every finding in the queries of the systems as they are. */
const TRUE_FINDINGS: Readonly<Record<string, readonly string[]>> = {
  'asset-platform': [],
  // A panel that is called "total requests" and is one.
  bricklayers: [
    'sum(http_requests_total{system="bricklayers"}): info: http_requests_total is a counter, and its value is shown (counter-without-rate)',
  ],
  // The contract says that the document's share of successes is wrong.
  'lead-scraper': [
    'sum(scraping_jobs_total{status="completed"}) / sum(scraping_jobs_total) * 100: info: counters are divided by each other: sum(scraping_jobs_total{status="completed"}) / sum(scrapi... (counter-without-rate)',
  ],
  // Here too: each series is divided by itself.
  'shorts-downloader': [
    'rate(downloads_total{status="success"}[5m]) / rate(downloads_total[5m]): warning: rate(downloads_total{status="success"}[5m]) is divided by itself (divided-by-itself)',
  ],
  transcripts: [],
};

function queriesOf(name: string, system: System): string[] {
  return [...new Set([...SYSTEM_QUERIES[name]!, ...system.queries])];
}

/** How many queries each kind of mistake makes of them; every one of these is found. */
const MISTAKES: Readonly<Record<string, number>> = {
  'a by without le': 14,
  'a histogram is named without _bucket': 21,
  'a label in a matcher is misspelled': 42,
  'a label in by is misspelled': 63,
  'a mean beside a rate': 9,
  'a metric is misspelled': 175,
  'a quantile of _sum': 20,
  'a range of less than two scrapes': 126,
  'a rate of rates': 126,
  'a share of series and themselves': 16,
  'a value of a closed label is misspelled': 21,
  'all rates are left out': 30,
  'an outer by of a label that an inner one removed': 113,
  'buckets beside counts without group_left': 21,
  'delta of a counter': 114,
  'one rate is left out': 126,
  'only one side is aggregated': 48,
  'rate of a gauge': 32,
  'seconds beside bytes': 20,
  'the sum before the rate': 99,
};

test.for(SYSTEMS)('%s: all that is reported of its queries is right', (name, ctx) => {
  const system = systemOf(name, ctx);
  if (system === undefined) return;
  const findings = queriesOf(name, system).flatMap((query) =>
    checkQuery(parse(query), system.catalog, OPTIONS).map(
      ({ severity, check, message }) => `${query}: ${severity}: ${message} (${check})`,
    ),
  );
  expect(findings).toEqual(TRUE_FINDINGS[name]);
});

test.for(MUTATIONS)('$mistake: $check', ({ check, of, mistake }, ctx) => {
  let count = 0;
  const missed: string[] = [];
  for (const name of SYSTEMS) {
    const system = systemOf(name, ctx);
    if (system === undefined) return;
    for (const mutated of queriesOf(name, system).flatMap((query) => of(query, system))) {
      count++;
      const found = checkQuery(parse(mutated), system.catalog, OPTIONS);
      if (!found.some((finding) => finding.check === check)) missed.push(mutated);
    }
  }
  expect(missed).toEqual([]);
  expect(count).toBe(MISTAKES[mistake]);
});
