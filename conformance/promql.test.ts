/**
 * Prometheus's engine tests pass (`promql-runner.ts` runs them).
 *
 * Evaluations that touch what the engine does not know yet are counted under the feature's name. `PASSING` holds the
 * numbers per file, so that they cannot fall without somebody seeing it.
 */
import { expect, test, vi } from 'vitest';
import { runFolder } from './promql-runner.ts';
import { vectors } from './vectors.ts';

// Some hundred evaluations and more in one test.
vi.setConfig({ testTimeout: 300_000 });

/** Evaluations per file: those that pass, and those that need what is not there yet. */
const PASSING: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'aggregators.test': { passed: 160 },
  'at_modifier.test': { passed: 78 },
  'duration_expression.test': { passed: 59 },
  'extended_vectors.test': { passed: 169 },
  'fill-modifier.test': { passed: 46 },
  'functions.test': { passed: 431 },
  'histograms.test': { passed: 185 },
  'info.test': { passed: 53 },
  'limit.test': { passed: 37 },
  'native_histograms.test': { passed: 522 },
  'operators.test': { passed: 214 },
  'selectors.test': { passed: 31 },
  'staleness.test': { passed: 17 },
  'start_timestamps.test': { passed: 26 },
  'trig_functions.test': { passed: 19 },
  'type_and_unit.test': { passed: 58 },
};
/** Evaluations that fail though nothing that they need is missing: `file:line`, with the reason. */
const NOT_YET: Readonly<Record<string, string>> = {};

test("Prometheus's engine tests pass", async (ctx) => {
  const folder = vectors('promql', ctx);
  if (folder === undefined) return;
  const counts: Record<string, Record<string, number>> = {};
  const failed: Record<string, string> = {};
  for await (const { file, outcomes, inexpressible } of runFolder(folder)) {
    const kinds: Record<string, number> = { passed: 0 };
    for (const { line, query, kind, message } of outcomes) {
      kinds[kind] = (kinds[kind] ?? 0) + 1;
      if (kind === 'failed') failed[`${file}:${line}`] = `${query}: ${message}`;
    }
    for (const { line, reason } of inexpressible) failed[`${file}:${line}`] = reason;
    counts[file] = kinds;
  }
  expect(Object.entries(failed).filter(([key]) => NOT_YET[key] === undefined)).toEqual([]);
  expect(counts).toEqual(PASSING);
});
