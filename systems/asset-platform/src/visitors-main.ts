/**
 * The process of the visitors:
 *
 *     node visitors-main.js --url http://127.0.0.1:8000 --rate 3 --seed 1 --upload-bytes-max 50000000
 *
 * With `--for 120` the visitors stop after two minutes and the process compares their ledger with what the services
 * counted meanwhile, at the ports of `--metrics`, which are those of gateway, assets, files, search and transcode: it
 * ends with 0 when they are equal, otherwise it prints the differences and ends with 1.
 *
 * Prints the ledger as one line of JSON on SIGUSR2, and when it ends. With a channel to its parent it answers the
 * message `ledger` with the ledger, and `stop` by finishing its visits, sending the ledger and ending. SIGTERM,
 * SIGINT and the end of the parent end it at once.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { differences, type PlatformSamples, readSamples, SERVICE_NAMES } from './ledger.ts';
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

function number(name: 'rate' | 'seed' | 'upload-bytes-max' | 'for'): number {
  const value = Number(values[name]);
  if (values[name].trim() !== '' && value >= 0) return value;
  console.error(
    `asset-platform-visitors: --${name} is ${JSON.stringify(values[name])}; it must be a number from 0 on`,
  );
  process.exit(2);
}

const visitors = new Visitors({
  url: values.url,
  visitsPerSecond: number('rate') || 0.001,
  seed: number('seed'),
  uploadBytesMax: number('upload-bytes-max'),
});

function print(): void {
  console.log(JSON.stringify(visitors.ledger.record));
}

function end(): void {
  print();
  process.exit(0);
}

process.on('SIGUSR2', print);
process.on('SIGTERM', end);
process.on('SIGINT', end);
process.on('disconnect', end);
process.on('message', (message) => {
  if (message === 'ledger') process.send?.({ type: 'ledger', ledger: visitors.ledger.record });
  if (message !== 'stop') return;
  void visitors.stop().then(() => {
    process.send?.({ type: 'ledger', ledger: visitors.ledger.record }, end);
  });
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

async function compareAfter(ms: number): Promise<void> {
  const before = await expose();
  await visitors.start();
  await sleep(ms);
  await visitors.stop();
  await sleep(SETTLE_MS);
  const found = differences(visitors.ledger.record, await expose(), { before });
  print();
  for (const { service, series, expected, allowed, actual } of found)
    console.error(
      `asset-platform-visitors: ${service}: ${series} is ${actual}, the ledger says ${expected}` +
        (allowed > 0 ? ` and at most ${allowed} more` : ''),
    );
  process.exit(found.length === 0 ? 0 : 1);
}

if (number('for') === 0) await visitors.start();
else await compareAfter(number('for') * 1000);
