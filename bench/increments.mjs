// What an increment costs, beside the peers: node increments.mjs [processes, default 5]
//
// Each client runs in processes of its own, in turn. Within a process every method is first used with several shapes
// and label counts, because an engine that has seen only one folds it away as no service would; then each case is the
// median of nine samples. What was counted is compared before any time is printed. The last column is a multiple of
// `f64[i] += 1`, rotating over 64 slots, in the same process.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { CLIENTS, LABEL_SETS, LABELS, spread } from './clients.mjs';

const SAMPLES = 9;
const SAMPLE_MS = 60;
const WARM_UP_MS = 250;

if (process.argv[2] === '--client') await measure(process.argv[3]);
else await compare(Number(process.argv[2] ?? 5));

async function compare(processes) {
  const results = new Map();
  for (let i = 0; i < processes; i++) {
    for (const client of Object.keys(CLIENTS)) {
      for (const [name, ns] of Object.entries(await run(client))) {
        const key = `${name}\t${client}`;
        results.set(key, [...(results.get(key) ?? []), ns]);
      }
    }
  }
  const baseline = spread(results.get('f64[i] += 1\tbinnacle')).median;
  const cases = [...new Set([...results.keys()].map((key) => key.split('\t')[0]))];
  console.log(
    `ns per operation: median [least, greatest] of ${processes} processes, × bare f64[i] += 1, × binnacle`,
  );
  for (const name of cases) {
    console.log(`\n${name}`);
    const ours = spread(results.get(`${name}\tbinnacle`)).median;
    for (const client of Object.keys(CLIENTS)) {
      const all = results.get(`${name}\t${client}`);
      if (all === undefined) continue;
      const { median, min, max } = spread(all);
      const figures = `${median.toFixed(2)} [${min.toFixed(2)}, ${max.toFixed(2)}]`;
      console.log(
        `  ${client.padEnd(28)}${figures.padEnd(28)}${(median / baseline).toFixed(1).padStart(8)}${(median / ours).toFixed(1).padStart(8)}`,
      );
    }
  }
}

function run(client) {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), ['--client', client]);
    child.once('message', resolve);
    child.once('exit', (code) => code && reject(new Error(`${client} ended with exit code ${code}`)));
  });
}

async function measure(name) {
  const client = await CLIENTS[name]();
  pollute(client);
  const cases = {};
  const slots = new Float64Array(64);
  cases['f64[i] += 1'] = time((n) => {
    for (let i = 0; i < n; i++) slots[i & 63] += 1;
  }).ns;

  const plain = client.counter('plain_total');
  const counted = { plain: 0, labelled: 0, bound: 0, observed: 0, boundObserved: 0 };
  if (client.bind !== undefined) {
    cases['counter.inc()'] = time((n) => {
      for (let i = 0; i < n; i++) plain.inc();
      counted.plain += n;
    }).ns;
  }
  const labelled = client.counter('labelled_total', LABELS);
  cases['counter.inc({ three labels })'] = time((n) => {
    for (let i = 0; i < n; i++) labelled.inc(LABEL_SETS[i & 63]);
    counted.labelled += n;
  }).ns;
  const histogram = client.histogram('labelled_seconds', LABELS);
  cases['histogram.observe({ three labels }, v)'] = time((n) => {
    for (let i = 0; i < n; i++) histogram.observe(LABEL_SETS[i & 63], (i & 1023) / 200);
    counted.observed += n;
  }).ns;
  if (client.bind !== undefined) {
    const boundCounter = client.counter('bound_total', LABELS);
    const bound = LABEL_SETS.map((labels) => client.bind(boundCounter, labels));
    cases['bound counter.inc()'] = time((n) => {
      for (let i = 0; i < n; i++) bound[i & 63].inc();
      counted.bound += n;
    }).ns;
    const boundHistogram = client.bind(client.histogram('bound_seconds', LABELS), LABEL_SETS[0]);
    cases['bound histogram.observe(v)'] = time((n) => {
      for (let i = 0; i < n; i++) boundHistogram.observe((i & 1023) / 200);
      counted.boundObserved += n;
    }).ns;
  }
  await checkCounts(client, counted);
  process.send(cases, () => process.exit());
}

/** Uses every method in several shapes. */
function pollute(client) {
  const none = client.counter('pollute_none_total');
  const one = client.counter('pollute_one_total', ['a']);
  const two = client.counter('pollute_two_total', ['a', 'b']);
  const histograms = [
    client.histogram('pollute_seconds'),
    client.histogram('pollute_labelled_seconds', ['a']),
  ];
  for (let i = 0; i < 20_000; i++) {
    if (client.bind !== undefined) {
      none.inc();
      none.inc(2);
      histograms[0].observe(i);
      client.bind(one, { a: 'x' }).inc(1.5);
    }
    one.inc({ a: `v${i % 10}` });
    two.inc({ a: `v${i % 7}`, b: 'y' }, i);
    histograms[1].observe({ a: `v${i % 5}` }, i / 1000);
  }
}

/** Nanoseconds of one operation; `body` does it so many times. */
function time(body) {
  let n = 1000;
  const warmUntil = performance.now() + WARM_UP_MS;
  while (performance.now() < warmUntil) body(n);
  const start = performance.now();
  body(n);
  n = Math.max(1000, Math.round((SAMPLE_MS / Math.max(1e-3, performance.now() - start)) * n));
  const samples = [];
  for (let i = 0; i < SAMPLES; i++) {
    const from = process.hrtime.bigint();
    body(n);
    samples.push(Number(process.hrtime.bigint() - from) / n);
  }
  return { ns: spread(samples).median };
}

async function checkCounts(client, counted) {
  if (client.scrape === undefined) {
    const { resourceMetrics } = await client.collect();
    const metrics = resourceMetrics.scopeMetrics[0].metrics;
    const sum = (name, of) =>
      metrics
        .find(({ descriptor }) => descriptor.name === name)
        .dataPoints.reduce((total, point) => total + of(point.value), 0);
    expect(
      'labelled',
      sum('labelled_total', (value) => value),
      counted.labelled,
    );
    expect(
      'observed',
      sum('labelled_seconds', ({ count }) => count),
      counted.observed,
    );
    return;
  }
  const text = String(await client.scrape());
  const sum = (name) =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' '))), 0);
  expect('plain', sum('plain_total'), counted.plain);
  expect('labelled', sum('labelled_total'), counted.labelled);
  expect('bound', sum('bound_total'), counted.bound);
  expect('observed', sum('labelled_seconds_count'), counted.observed);
  expect('bound observed', sum('bound_seconds_count'), counted.boundObserved);
}

function expect(what, found, wanted) {
  if (found !== wanted) throw new Error(`${what}: counted ${wanted}, exposed ${found}`);
}
