/**
 * The process of the visitors:
 *
 *     node visitors-main.js --url http://127.0.0.1:8000 --rate 3 --seed 1 --upload-bytes-max 50000000
 *
 * With `--for 120` the visitors stop after two minutes and the process compares their ledger with what the services
 * counted meanwhile, at the ports of `--metrics`, which are those of gateway, assets, files, search and transcode: it
 * ends with 0 when they are equal, otherwise it prints the differences and ends with 1.
 */
import { parseArgs } from 'node:util';
import { readSamples } from '@binnacle/system-parts/samples';
import { numberArgument, runVisitors } from '@binnacle/system-parts/visitors-process';
import { differences, type PlatformSamples, SERVICE_NAMES } from './ledger.ts';
import { Visitors } from './visitors.ts';

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:8000' },
    metrics: { type: 'string', default: '9090,9091,9092,9093,9094' },
    /** Visits per second. */
    rate: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    'upload-bytes-max': { type: 'string', default: '50000000' },
    /** Seconds until the visitors stop and compare; 0 for never. */
    for: { type: 'string', default: '0' },
  },
});

const NAME = 'asset-platform-visitors';

const visitors = new Visitors({
  url: values.url,
  visitsPerSecond: numberArgument(NAME, values, 'rate') || 0.001,
  seed: numberArgument(NAME, values, 'seed'),
  uploadBytesMax: numberArgument(NAME, values, 'upload-bytes-max'),
});

/** After an answer has arrived, the services still have to notice that it was sent. */
const SETTLE_MS = 1_000;

async function expose(): Promise<PlatformSamples> {
  const ports = values.metrics.split(',');
  const samples = SERVICE_NAMES.map(async (name, at) => {
    const url = new URL('/metrics', values.url);
    url.port = ports[at] ?? '';
    return [name, readSamples(await (await fetch(url)).text())] as const;
  });
  // All names are there, in their order.
  return Object.fromEntries(await Promise.all(samples)) as unknown as PlatformSamples;
}

await runVisitors({
  name: NAME,
  visitors,
  forSeconds: numberArgument(NAME, values, 'for'),
  settleMs: SETTLE_MS,
  expose,
  differences: (after, before) =>
    differences(visitors.ledger.record, after, { before }).map(
      ({ service, series, expected, allowed, actual }) =>
        `${service}: ${series} is ${actual}, the ledger says ${expected}` +
        (allowed > 0 ? ` and at most ${allowed} more` : ''),
    ),
});
