/**
 * The process of the visitors, with their video site:
 *
 *     node visitors-main.js --url http://127.0.0.1:3001 --rate 2 --seed 1 --stored-bytes-max 10000000
 *
 * With `--for 120` the visitors stop after two minutes and the process compares their ledger with what the backend
 * counted meanwhile: it ends with 0 when they are equal, otherwise it prints the differences and ends with 1.
 */
import { parseArgs } from 'node:util';
import { readSamples, type Samples } from '@binnacle/system-parts/samples';
import { numberArgument, runVisitors } from '@binnacle/system-parts/visitors-process';
import { differences } from './ledger.ts';
import { Visitors } from './visitors.ts';

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:3001' },
    /** Visits per second. */
    rate: { type: 'string', default: '2' },
    seed: { type: 'string', default: '1' },
    /** What visitors leave with all providers together. */
    'stored-bytes-max': { type: 'string', default: '10000000' },
    /** Seconds until the visitors stop and compare; 0 for never. */
    for: { type: 'string', default: '0' },
  },
});

const NAME = 'shorts-downloader-visitors';

const visitors = new Visitors({
  url: values.url,
  visitsPerSecond: numberArgument(NAME, values, 'rate') || 0.001,
  seed: numberArgument(NAME, values, 'seed'),
  storedBytesMax: numberArgument(NAME, values, 'stored-bytes-max'),
});

/** What the database has counted is read at most once a second. */
const SETTLE_MS = 2_000;

async function expose(): Promise<Samples> {
  return readSamples(await (await fetch(new URL('/metrics', values.url))).text());
}

await runVisitors({
  name: NAME,
  visitors,
  forSeconds: numberArgument(NAME, values, 'for'),
  settleMs: SETTLE_MS,
  expose,
  differences: (after, before) =>
    differences(visitors.ledger.record, after, { before }).map(
      ({ series, expected, actual }) => `${series} is ${actual}, the ledger says ${expected}`,
    ),
});
