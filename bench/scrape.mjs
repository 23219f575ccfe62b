// What a scrape costs, beside the peers: node scrape.mjs [processes, default 5]
//
// 100,000 counters with three labels, in ten metrics, and 10,000 histograms with ten buckets. Each client in processes of its own, in
// turn; a process scrapes seven times after two to warm up, and counts on in between so that nothing can be kept. The
// sums of what is exposed are compared before any time is printed. A scrape ends with the bytes that go to the socket. The pause is the longest time for which the event
// loop did nothing else, seen by an immediate that asks for its turn again and again.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { CLIENTS, LABELS, spread } from './clients.mjs';

const CASES = {
  '100,000 counters': { metrics: 10, kind: 'counter' },
  '10,000 histograms': { metrics: 1, kind: 'histogram' },
};
const SERIES_PER_METRIC = 10_000;
const SCRAPES = 7;

if (process.argv[2] === '--client') await measure(process.argv[3], process.argv[4]);
else await compare(Number(process.argv[2] ?? 5));

async function compare(processes) {
  console.log(`ms: median [least, greatest] of ${processes} processes; the ratio is to binnacle`);
  for (const name of Object.keys(CASES)) {
    const scrapes = new Map();
    const pauses = new Map();
    for (let i = 0; i < processes; i++) {
      for (const client of Object.keys(CLIENTS)) {
        if (client.startsWith('@opentelemetry')) continue; // it has no text without an exporter
        const { scrapeMs, pauseMs } = await run(client, name);
        scrapes.set(client, [...(scrapes.get(client) ?? []), scrapeMs]);
        pauses.set(client, [...(pauses.get(client) ?? []), pauseMs]);
      }
    }
    for (const [title, all] of [
      ['scrape', scrapes],
      ['longest pause', pauses],
    ]) {
      console.log(`\n${name}, ${title}`);
      const ours = spread(all.get('binnacle')).median;
      for (const [client, values] of all) {
        const { median, min, max } = spread(values);
        const figures = `${median.toFixed(2)} [${min.toFixed(2)}, ${max.toFixed(2)}]`;
        console.log(`  ${client.padEnd(28)}${figures.padEnd(28)}${(median / ours).toFixed(1).padStart(8)}`);
      }
    }
  }
}

function run(client, name) {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), ['--client', client, name]);
    child.once('message', resolve);
    child.once('exit', (code) => code && reject(new Error(`${client} ended with exit code ${code}`)));
  });
}

async function measure(clientName, caseName) {
  const client = await CLIENTS[clientName]();
  const { metrics: metricCount, kind } = CASES[caseName];
  const sets = Array.from({ length: SERIES_PER_METRIC }, (_, i) => ({
    method: i % 2 === 0 ? 'GET' : 'POST',
    route: `/api/v1/things/${i >> 4}`,
    status: String(200 + (i & 15)),
  }));
  const metrics = Array.from({ length: metricCount }, (_, i) =>
    kind === 'counter'
      ? client.counter(`bench_${i}_total`, LABELS)
      : client.histogram(`bench_${i}_seconds`, LABELS),
  );
  let counted = 0;
  const countAll = () => {
    for (const metric of metrics) {
      if (kind === 'counter') for (const labels of sets) metric.inc(labels);
      else for (const [i, labels] of sets.entries()) metric.observe(labels, (i % 20) / 10);
      counted += sets.length;
    }
  };
  const scrapes = [];
  const pauses = [];
  for (let i = 0; i < SCRAPES + 2; i++) {
    countAll();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const watch = watchPauses();
    const from = performance.now();
    const answer = await client.scrape();
    const took = performance.now() - from;
    const pause = await watch.end();
    if (i === 0)
      check(
        String(answer),
        kind === 'counter' ? /^bench_\d+_total\{/ : /^bench_\d+_seconds_count\{/,
        counted,
      );
    if (i < 2) continue;
    scrapes.push(took);
    pauses.push(pause);
  }
  process.send({ scrapeMs: spread(scrapes).median, pauseMs: spread(pauses).median }, () => process.exit());
}

/** The longest time between two turns of the event loop. */
function watchPauses() {
  let longest = 0;
  let last = performance.now();
  let stop;
  const stopped = new Promise((resolve) => {
    stop = resolve;
  });
  let ending = false;
  const turn = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (ending) stop(longest);
    else setImmediate(turn);
  };
  setImmediate(turn);
  return {
    end: () => {
      ending = true;
      return stopped;
    },
  };
}

function check(text, samples, counted) {
  let sum = 0;
  for (const line of text.split('\n'))
    if (samples.test(line)) sum += Number(line.slice(line.lastIndexOf(' ')));
  if (sum !== counted) throw new Error(`counted ${counted}, exposed ${sum}`);
}
