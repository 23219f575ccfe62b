/**
 * The process of the visitors:
 *
 *     node visitors-main.js --url http://127.0.0.1:8000 --rate 3 --seed 1 --upload-bytes-max 5000000 --gone-after 60
 *
 * With `--for 120` the visitors stop after two minutes and the process compares their ledger with what the service
 * counted meanwhile: it ends with 0 when they are equal, otherwise it prints the differences and ends with 1.
 */
import { parseArgs } from 'node:util';
import { readSamples, type Samples } from '@binnacle/system-parts/samples';
import { numberArgument, runVisitors } from '@binnacle/system-parts/visitors-process';
import { differences } from './ledger.ts';
import { Visitors } from './visitors.ts';

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:8000' },
    /** Visits per second. */
    rate: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    'upload-bytes-max': { type: 'string', default: '5000000' },
    /** Seconds after which the files of a finished job are gone. */
    'gone-after': { type: 'string', default: '120' },
    /** Seconds until the visitors stop and compare; 0 for never. */
    for: { type: 'string', default: '0' },
  },
});

const NAME = 'bricklayers-visitors';

const visitors = new Visitors({
  url: values.url,
  visitsPerSecond: numberArgument(NAME, values, 'rate') || 0.001,
  seed: numberArgument(NAME, values, 'seed'),
  uploadBytesMax: numberArgument(NAME, values, 'upload-bytes-max'),
  goneAfterMs: numberArgument(NAME, values, 'gone-after') * 1000,
});

/** After an answer has arrived, the service still has to notice that it was sent. */
const SETTLE_MS = 500;

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
    differences(visitors.ledger.record, after, before).map(
      ({ series, expected, actual }) => `${series} is ${actual ?? 'missing'}, the ledger says ${expected}`,
    ),
});
