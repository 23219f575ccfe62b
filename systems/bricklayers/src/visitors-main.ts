/**
 * The process of the visitors:
 *
 *     node visitors-main.js --url http://127.0.0.1:8000 --rate 3 --seed 1 --upload-bytes-max 5000000 --gone-after 60
 *
 * Prints the ledger as one line of JSON on SIGUSR2, and when it ends. With a channel to its parent it answers the
 * message `ledger` with the ledger, and `stop` by finishing its visits, sending the ledger and ending. SIGTERM,
 * SIGINT and the end of the parent end it at once.
 */
import { parseArgs } from 'node:util';
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
  },
});

function number(name: keyof typeof values): number {
  const value = Number(values[name]);
  if (values[name].trim() !== '' && value >= 0) return value;
  console.error(
    `bricklayers-visitors: --${name} is ${JSON.stringify(values[name])}; it must be a number from 0 on`,
  );
  process.exit(2);
}

const visitors = new Visitors({
  url: values.url,
  visitsPerSecond: number('rate') || 0.001,
  seed: number('seed'),
  uploadBytesMax: number('upload-bytes-max'),
  goneAfterMs: number('gone-after') * 1000,
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

visitors.start();
