/**
 * The process of the visitors:
 *
 *     node visitors-main.js --url http://127.0.0.1:8000 --worker-metrics http://127.0.0.1:8001/metrics --rate 2 --seed 1
 *
 * With `--for 120` the visitors stop after two minutes and compare. What it does beside that is said in `runVisitors`.
 */
import { parseArgs } from 'node:util';
import { readSamples, type Samples } from '@binnacle/system-parts/samples';
import { numberArgument, runVisitors } from '@binnacle/system-parts/visitors-process';
import { differences, type SystemSamples } from './ledger.ts';
import { hasEspeak } from './specimens.ts';
import { Visitors } from './visitors.ts';

const NAME = 'transcripts-visitors';
/** Totals are read from the database once a second. */
const SETTLE_MS = 3_000;

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:8000' },
    'worker-metrics': { type: 'string', default: 'http://127.0.0.1:8001/metrics' },
    /** Visits per second. */
    rate: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    /** Seconds until the visitors stop and compare; 0 for never. */
    for: { type: 'string', default: '0' },
  },
});

async function samplesOf(url: string | URL): Promise<Samples> {
  return readSamples(await (await fetch(url)).text());
}

if (!hasEspeak())
  console.warn(
    `${NAME}: espeak-ng is not installed; recordings hum instead of speaking, and nothing is understood`,
  );

const visitors = new Visitors({
  url: values.url,
  visitsPerSecond: numberArgument(NAME, values, 'rate') || 0.001,
  seed: numberArgument(NAME, values, 'seed'),
});

await runVisitors<SystemSamples>({
  name: NAME,
  visitors,
  forSeconds: numberArgument(NAME, values, 'for'),
  settleMs: SETTLE_MS,
  async expose() {
    const [api, worker] = await Promise.all([
      samplesOf(new URL('/metrics', values.url)),
      samplesOf(values['worker-metrics']),
    ]);
    return { api, worker };
  },
  differences(after, before) {
    return differences(visitors.ledger.record, after, { before }).map(
      ({ service, series, expected, allowed, actual }) =>
        `${service}: ${series} is ${actual}, the ledger says ${expected}` +
        (allowed > 0 ? ` and at most ${allowed} more` : ''),
    );
  },
});
