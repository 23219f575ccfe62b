/**
 * Asks Prometheus and the engine the same random queries over the same samples, in turn at one time and over a range.
 * Both must give the same series and values, or both must refuse. `BINNACLE_QUERIES` and `BINNACLE_SEED` choose how
 * many and which; what differs names its seed. Of ten thousand with another seed one or two may differ rightly: names
 * that 3.5 drops at once, remainders of numbers that have no digits left for them.
 *
 * Where the versions differ the engine follows Prometheus 3.14, the one whose test scripts it runs: it checks that
 * series match one to one before a comparison drops some of them, while 3.5 checks afterwards.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { Labels } from '@binnacle/metrics/model';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Engine, MemoryStorage, parseLabels, QueryError } from '../packages/promql/dist/index.js';
import { parses } from '../packages/promql/test/queries.ts';
import { startProgram, temporaryFolder } from '../test/children.ts';
import { freePort } from '../test/free-port.ts';
import { answering, outside } from '../test/outside.ts';
import { anyQuery, WORKLOAD_START, workload } from './random-queries.ts';

const SOAK = process.env.BINNACLE_SOAK === '1';
const QUERIES = Number(process.env.BINNACLE_QUERIES ?? (SOAK ? 5000 : 2000));
const SEED = Number(process.env.BINNACLE_SEED ?? (SOAK ? 2_107_327_800 : 12));
/** Seconds. */
interface Times {
  readonly start: number;
  readonly end: number;
  /** 0 for an instant query. */
  readonly step: number;
}
/** Ranges end with a step: Prometheus computes subqueries up to the end of the range, wherever the last step is. */
const anyRange: fc.Arbitrary<Times> = fc
  .tuple(
    fc.integer({ min: -100, max: 1900 }),
    fc.integer({ min: 0, max: 1200 }),
    fc.constantFrom(5, 15, 47, 60, 301),
  )
  .map(([at, length, step]) => {
    const start = WORKLOAD_START + at;
    return { start, end: start + length - (length % step), step };
  });
const anyInstant: fc.Arbitrary<Times> = fc
  .integer({ min: 0, max: 2_200_000 })
  .map((ms) => WORKLOAD_START + ms / 1000)
  .map((time) => ({ start: time, end: time, step: 0 }));
/** What another order of additions and another `pow` change. */
const LAST_DIGITS = 1e-9;
/** Of the spread of numbers that are large beside it, such as times, fewer digits are left. */
const LAST_DIGITS_OF_SPREAD = 1e-6;
/** Where 3.5 looks for the sample as if there were no offset. */
const WITHOUT_OFFSET = /timestamp\([^()]+ @ [^,]+ offset /;
/** A fixed time within subqueries of subqueries, for which 3.5 fetches samples that end too early. */
function isFixedDeepDown(query: string): boolean {
  return query.includes('@') && (query.match(/\[\w+:/g)?.length ?? 0) > 1;
}
const STRICTER = /many-to-one matching must be explicit/;

interface Answer {
  readonly error?: string;
  readonly data?: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value?: readonly [number, string];
      readonly values?: readonly (readonly [number, string])[];
    }[];
  };
}

test('random queries have the answers that Prometheus gives', { timeout: 1_800_000 }, async (ctx) => {
  const [prometheus, promtool] = [outside(ctx, 'prometheus'), outside(ctx, 'promtool')];
  const folder = temporaryFolder();
  const text = workload();
  writeFileSync(`${folder}/workload.om`, text);
  writeFileSync(`${folder}/prometheus.yml`, 'global: { scrape_interval: 15s }\n');
  execFileSync(
    promtool,
    ['tsdb', 'create-blocks-from', 'openmetrics', `${folder}/workload.om`, `${folder}/data`],
    { stdio: 'ignore' },
  );
  const address = `127.0.0.1:${await freePort()}`;
  startProgram(prometheus, [
    `--config.file=${folder}/prometheus.yml`,
    `--storage.tsdb.path=${folder}/data`,
    '--storage.tsdb.retention.time=100y',
    `--web.listen-address=${address}`,
  ]);
  await answering(`http://${address}/-/ready`);

  const storage = loaded(text);
  const engine = new Engine();
  const different: string[] = [];
  let [answered, refused] = [0, 0];
  const asked = fc.tuple(anyQuery, anyRange, anyInstant);
  for (const [i, [text, range, instant]] of fc.sample(asked, { numRuns: QUERIES, seed: SEED }).entries()) {
    if (!parses(text) || WITHOUT_OFFSET.test(text) || isFixedDeepDown(text)) continue;
    const times = i % 2 === 0 ? range : instant;
    const query = `${text} # seed ${SEED}, ${times.start}..${times.end} step ${times.step}`;
    const theirs = await ask(`http://${address}`, query, times);
    const ours = await answerOf(engine, storage, query, times);
    if (typeof ours === 'string') {
      refused++;
      if (theirs !== undefined && !STRICTER.test(ours)) different.push(`${query}: we refuse with ${ours}`);
    } else if (theirs === undefined) different.push(`${query}: they refuse`);
    else {
      if (theirs.size > 0) answered++;
      const what = difference(
        theirs,
        ours,
        /std(?:dev|var)/.test(text) ? LAST_DIGITS_OF_SPREAD : LAST_DIGITS,
      );
      if (what !== undefined) different.push(`${query}: ${what}`);
    }
  }
  expect(different).toEqual([]);
  // Enough of them must have said something.
  expect(answered).toBeGreaterThan(QUERIES / 2);
  expect(refused).toBeGreaterThan(0);
});

/** Series in the order in which Prometheus has them, which decides the last digits of what is folded. */
function loaded(text: string): MemoryStorage {
  const storage = new MemoryStorage();
  const labelsOf = (line: string): Labels => parseLabels(line.slice(0, line.indexOf('}') + 1));
  const lines = text.split('\n').filter((line) => /^[^#].*\}/.test(line));
  const sorted = lines
    .map((line) => ({ line, labels: labelsOf(line) }))
    .sort((a, b) => Labels.compare(a.labels, b.labels));
  for (const { line } of sorted) {
    const match = /^(\S+\{.*\}) (\S+) (\S+)$/.exec(line);
    if (match !== null)
      storage.append(parseLabels(match[1]!), Math.round(Number(match[3]) * 1000), Number(match[2]));
  }
  return storage;
}

/** `labels@time` to value; `undefined` when the query was refused. */
async function ask(
  server: string,
  query: string,
  { start, end, step }: Times,
): Promise<Map<string, number> | undefined> {
  const [path, body] =
    step === 0
      ? ['query', new URLSearchParams({ query, time: `${start}` })]
      : ['query_range', new URLSearchParams({ query, start: `${start}`, end: `${end}`, step: `${step}` })];
  const answer = (await (await fetch(`${server}/api/v1/${path}`, { method: 'POST', body })).json()) as Answer;
  if (answer.error !== undefined) return undefined;
  return new Map(
    answer.data!.result.flatMap(({ metric, value, values = [value!] }) =>
      values.map(([time, value]) => [
        `${JSON.stringify(Object.entries(metric).sort())}@${time}`,
        numberOf(value),
      ]),
    ),
  );
}

async function answerOf(
  engine: Engine,
  storage: MemoryStorage,
  query: string,
  times: Times,
): Promise<Map<string, number> | string> {
  const [start, end, step] = [times.start, times.end, times.step].map((seconds) =>
    Math.round(seconds * 1000),
  );
  try {
    const { value } =
      step === 0
        ? await engine.instant(storage, query, start!)
        : await engine.range(storage, query, start!, end!, step!);
    if (value.type === 'vector')
      return new Map(
        value.samples.map(({ labels, timestampMs, value: sample }) => [
          `${JSON.stringify(labels.entries().sort())}@${timestampMs / 1000}`,
          sample,
        ]),
      );
    if (value.type !== 'matrix') throw new Error(value.type);
    return new Map(
      value.series.flatMap(({ labels, timestamps, values }) =>
        [...timestamps].map((time, i) => [
          `${JSON.stringify(labels.entries().sort())}@${time / 1000}`,
          values[i]!,
        ]),
      ),
    );
  } catch (error) {
    if (error instanceof QueryError) return error.message;
    throw error;
  }
}

function numberOf(text: string): number {
  return text === '+Inf'
    ? Number.POSITIVE_INFINITY
    : text === '-Inf'
      ? Number.NEGATIVE_INFINITY
      : Number(text);
}

function difference(
  theirs: ReadonlyMap<string, number>,
  ours: ReadonlyMap<string, number>,
  lastDigits: number,
): string | undefined {
  for (const [key, wanted] of theirs) {
    const value = ours.get(key);
    if (value === undefined) return `${key} is missing`;
    const near = Math.abs(value - wanted) <= lastDigits * Math.max(Math.abs(value), Math.abs(wanted));
    if (!(near || value === wanted || (Number.isNaN(value) && Number.isNaN(wanted))))
      return `${key} is ${value} instead of ${wanted}`;
  }
  for (const key of ours.keys()) if (!theirs.has(key)) return `${key} is too much`;
  return undefined;
}
