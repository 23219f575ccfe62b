/**
 * The checker: looks for what is wrong with a query that parses, by what a catalog knows of its metrics.
 *
 * It walks over the tree once and shows each expression to each check, which asks the inference for facts. Findings
 * come in the order of their places. No check reports what it cannot prove from the catalog: a metric of which
 * nothing but the name is known causes no finding.
 */
import { children, type Expr } from '../ast.ts';
import type { Catalog } from './catalog.ts';
import { ambiguousMatch } from './checks/ambiguous-match.ts';
import { counterWithoutRate } from './checks/counter-without-rate.ts';
import { deltaOfCounter } from './checks/delta-of-counter.ts';
import { dividedByItself } from './checks/divided-by-itself.ts';
import { droppedLabel } from './checks/dropped-label.ts';
import { impossibleMatch } from './checks/impossible-match.ts';
import { impossibleMatcher } from './checks/impossible-matcher.ts';
import { quantileWithoutLe } from './checks/quantile-without-le.ts';
import { rateOfGauge } from './checks/rate-of-gauge.ts';
import { shortRange } from './checks/short-range.ts';
import { sumBeforeRate } from './checks/sum-before-rate.ts';
import { unitMismatch } from './checks/unit-mismatch.ts';
import { unknownLabel } from './checks/unknown-label.ts';
import { unknownMetric } from './checks/unknown-metric.ts';
import type { Finding } from './finding.ts';
import { Inference } from './infer.ts';
import type { Check, Inspection } from './inspection.ts';

const CHECKS: readonly Check[] = [
  unknownMetric,
  unknownLabel,
  droppedLabel,
  impossibleMatcher,
  rateOfGauge,
  deltaOfCounter,
  counterWithoutRate,
  sumBeforeRate,
  quantileWithoutLe,
  impossibleMatch,
  ambiguousMatch,
  dividedByItself,
  shortRange,
  unitMismatch,
];

/** The names of all checks. Each has a page in `docs/checks`. */
export const CHECK_NAMES: readonly string[] = CHECKS.map(({ name }) => name);

/** How a query is checked. */
export interface CheckOptions {
  /** Names of checks that are not made. */
  readonly disabled?: readonly string[];
  /** How often targets are scraped; without it no range is reported as too short. */
  readonly scrapeIntervalMs?: number;
}

/**
 * Finds what is wrong with a query.
 * @throws RangeError when `disabled` names a check that does not exist
 */
export function checkQuery(expr: Expr, catalog: Catalog, options: CheckOptions = {}): Finding[] {
  const { disabled = [], scrapeIntervalMs } = options;
  for (const name of disabled) {
    if (!CHECK_NAMES.includes(name))
      throw new RangeError(`there is no check ${JSON.stringify(name)}; there are ${CHECK_NAMES.join(', ')}`);
  }
  const findings: Finding[] = [];
  const inference = new Inference(catalog);
  const enabled = CHECKS.filter(({ name }) => !disabled.includes(name));
  // In a loop, because queries may be nested deeper than the call stack is.
  const path: Expr[] = [];
  const open: { readonly expr: Expr; readonly depth: number }[] = [{ expr, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    path.length = next.depth;
    for (const { name: check, inspect } of enabled) {
      const inspection: Inspection = {
        catalog,
        settings: { scrapeIntervalMs },
        path,
        facts: (asked) => inference.of(asked),
        report: ({ start, end }, finding) => findings.push({ check, start, end, ...finding }),
      };
      inspect(next.expr, inspection);
    }
    path.push(next.expr);
    for (const child of [...children(next.expr)].reverse()) open.push({ expr: child, depth: path.length });
  }
  return findings.sort((a, b) => a.start - b.start || a.end - b.end);
}
