// What measuring outgoing HTTP costs a process that calls: node instrument-fetch.mjs [pairs, default 15]
//
// The calling process sends 1,000 requests a second at a constant rate to a server in a process of its own, whatever
// the answers take. Turn by turn it does so with the instrument and without, half a second each, and begins with either
// in turn; its CPU time (user and system) of the two is a pair. What the instrument costs is the median of the
// differences within pairs; the half in the middle stands beside it. As the differences are small beside a request
// itself, the messages of a request are also published without any network, again with and without. Counts are compared
// with what was sent.
import { fork } from 'node:child_process';
import { channel } from 'node:diagnostics_channel';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createRegistry } from '@binnacle/metrics';
import { fetchMetrics, instrumentFetch } from '@binnacle/metrics/fetch';

const RATE = 1_000;
const TURN_MS = 500;
const WARM_TURNS = 4;
const PUBLISHED = 200_000;

if (process.argv[2] === '--server') serve();
else await compare(Number(process.argv[2] ?? 15));

async function compare(pairs) {
  const server = fork(fileURLToPath(import.meta.url), ['--server']);
  const port = await new Promise((resolve) => server.once('message', resolve));
  const url = `http://127.0.0.1:${port}/things/1`;
  const agent = new http.Agent({ keepAlive: true, maxSockets: 32 });
  const clients = {
    fetch: async () => void (await (await fetch(url)).text()),
    'node:http': () =>
      new Promise((resolve, reject) => {
        const request = http.get(url, { agent }, (response) => response.resume().once('end', resolve));
        request.once('error', reject);
      }),
  };
  console.log(`${RATE} calls a second, ${pairs} pairs of ${TURN_MS} ms: median [a quarter, three quarters]`);
  for (const [name, call] of Object.entries(clients)) {
    const { without, differences } = await paired(pairs, () => turn(call));
    report(name, without, differences);
  }
  agent.destroy();
  server.kill();
  const { without, differences } = await paired(pairs, publish);
  report('messages alone', without, differences);
}

/** µs per call without the instrument, and how many more with it, pair by pair. */
async function paired(pairs, measure) {
  const metrics = fetchMetrics({ registry: createRegistry() });
  let counted = 0;
  const measured = async (instrumented) => {
    if (!instrumented) return (await measure()).us;
    const instrument = instrumentFetch({ metrics });
    const { us, calls } = await measure();
    counted += calls;
    // The end of an answer is counted a moment after the caller has it.
    await sleep(20);
    instrument.stop();
    return us;
  };
  for (let i = 0; i < WARM_TURNS; i++) await measured(i % 2 === 0);
  const without = [];
  const differences = [];
  for (let i = 0; i < pairs; i++) {
    const first = await measured(i % 2 === 0);
    const second = await measured(i % 2 !== 0);
    const [base, more] = i % 2 === 0 ? [second, first] : [first, second];
    without.push(base);
    differences.push(more - base);
  }
  const told = sumOf(metrics.calls);
  if (told !== counted) throw new Error(`${told} calls were counted of ${counted}`);
  return { without, differences };
}

async function turn(call) {
  const calls = (RATE * TURN_MS) / 1000;
  const answers = [];
  const before = process.cpuUsage();
  const fromMs = performance.now();
  while (answers.length < calls) {
    const due = Math.min(calls, Math.ceil(((performance.now() - fromMs) / 1000) * RATE));
    while (answers.length < due) answers.push(call());
    await sleep(2);
  }
  await Promise.all(answers);
  const { user, system } = process.cpuUsage(before);
  return { us: (user + system) / calls, calls };
}

/** The messages of undici, as for a request that is answered. */
async function publish() {
  const [create, headers, trailers] = ['create', 'headers', 'trailers'].map((name) =>
    channel(`undici:request:${name}`),
  );
  const response = { statusCode: 200, headers: [], statusText: 'OK' };
  const before = process.cpuUsage();
  for (let i = 0; i < PUBLISHED; i++) {
    const request = { origin: 'http://127.0.0.1:8080', method: 'GET', host: null, upgrade: null };
    if (create.hasSubscribers) create.publish({ request });
    if (headers.hasSubscribers) headers.publish({ request, response });
    if (trailers.hasSubscribers) trailers.publish({ request, trailers: [] });
  }
  const { user, system } = process.cpuUsage(before);
  return { us: (user + system) / PUBLISHED, calls: PUBLISHED };
}

function sumOf(counter) {
  const inside = counter[Symbol.for('@binnacle/metrics/inside/v1')];
  let sum = 0;
  for (const { shape, values, index } of inside.registry.series())
    if (shape.name === counter.name) sum += values[index];
  return sum;
}

function report(name, without, differences) {
  const text = (values, digits) => {
    const sorted = values.toSorted((a, b) => a - b);
    const at = (share) => sorted[Math.floor(share * (sorted.length - 1))].toFixed(digits);
    return `${at(0.5)} [${at(0.25)}, ${at(0.75)}]`;
  };
  const digits = name === 'messages alone' ? 2 : 1;
  console.log(`  ${name}`);
  console.log(`    a call without       ${text(without, digits)} µs`);
  console.log(`    the instrument       ${text(differences, digits)} µs`);
  const shares = differences.map((us) => ((us * RATE) / 1e6) * 100);
  console.log(`    CPU at ${RATE} calls/s  ${text(shares, 3)} % of a core`);
}

function serve() {
  const body = JSON.stringify({ id: 1, kind: 'thing', list: [1, 2, 3] });
  const server = http.createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(body);
  });
  server.listen(0, '127.0.0.1', () => process.send(server.address().port));
  process.on('disconnect', () => process.exit());
}
