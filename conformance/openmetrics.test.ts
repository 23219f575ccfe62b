/**
 * Reads Prometheus's samples of OpenMetrics, and runs the specification's own cases where `OPENMETRICS_DIR` names
 * them: the folder `tests/testdata/parsers` of the repository prometheus/OpenMetrics. `NOT_YET` names what does not
 * come out as the specification says.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import {
  ExpositionError,
  parseOpenMetrics,
  parseSeriesText,
} from '../packages/metrics/dist/exposition/index.js';
import { vectors } from './vectors.ts';

const NOT_YET: readonly string[] = [];

/** The number of series; each series text is decoded. */
function read(file: string, checks: 'specification' | 'syntax'): number {
  const series = new Set<string>();
  parseOpenMetrics(
    readFileSync(file),
    {
      sample(body, start, end) {
        series.add(parseSeriesText(Buffer.from(body.subarray(start, end)).toString()).key);
      },
    },
    { checks },
  );
  return series.size;
}

test.for([
  ['1histogram.om.txt', 42],
  ['alltypes.5mfs.om.txt', 53],
] as const)("Prometheus's own sample %s is read", ([name, series], ctx) => {
  const file = vectors(`exposition/${name}`, ctx);
  // One of them has the sum of a histogram with negative bounds, as widespread clients write it.
  if (file !== undefined) expect(read(file, 'syntax')).toBe(series);
});

const cases = process.env.OPENMETRICS_DIR;
if (cases !== undefined) {
  test("the specification's own cases are accepted and refused as they say", () => {
    const failed = readdirSync(cases).filter((name) => {
      const about = readFileSync(path.join(cases, name, 'test.json'), 'utf8');
      const { shouldParse } = JSON.parse(about) as { shouldParse: boolean };
      try {
        read(path.join(cases, name, 'metrics'), 'specification');
      } catch (error) {
        return !(error instanceof ExpositionError) || shouldParse;
      }
      return !shouldParse;
    });
    expect(failed).toEqual(NOT_YET);
  });
}
