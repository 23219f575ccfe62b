// What parsing a query takes: node parsing.mjs [processes, default 5]; microseconds, median of processes, each warmed.
// There is no other parser of the whole language in JavaScript to compare with; the editor's grammar
// (@prometheus-io/lezer-promql) gives a syntax tree without types, checks or messages.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parse } from '../packages/promql/dist/index.js';
import { spread } from './clients.mjs';

const QUERIES = {
  'a rate': 'sum by (l) (rate(http_requests_total{status=~"5.."}[5m]))',
  'a quantile':
    'histogram_quantile(0.95, sum by (le, endpoint) (rate(request_duration_seconds_bucket{job="web"}[5m])))',
  'a share': 'sum(rate(uploads_total{status="failed"}[5m])) / sum(rate(uploads_total[5m])) * 100 > 5',
  'a burn rate':
    '(sum(rate(http_requests_total{job="api",code=~"5.."}[1h])) / sum(rate(http_requests_total{job="api"}[1h])) > (14.4 * 0.001) and sum(rate(http_requests_total{job="api",code=~"5.."}[5m])) / sum(rate(http_requests_total{job="api"}[5m])) > (14.4 * 0.001)) or (sum(rate(http_requests_total{job="api",code=~"5.."}[6h])) > 6)',
};
const ROUNDS = 20_000;

if (process.argv[2] === '--one') {
  const text = QUERIES[process.argv[3]];
  for (let i = 0; i < ROUNDS; i++) parse(text);
  const from = performance.now();
  for (let i = 0; i < ROUNDS; i++) parse(text);
  process.send(((performance.now() - from) / ROUNDS) * 1000, () => process.exit());
} else {
  for (const name of Object.keys(QUERIES)) {
    const times = [];
    for (let i = 0; i < Number(process.argv[2] ?? 5); i++)
      times.push(
        await new Promise((resolve) => {
          fork(fileURLToPath(import.meta.url), ['--one', name]).once('message', resolve);
        }),
      );
    const { median, min, max } = spread(times);
    console.log(
      `${name.padEnd(14)}${String(QUERIES[name].length).padStart(4)} characters   ${median.toFixed(1)} [${min.toFixed(1)}, ${max.toFixed(1)}] µs`,
    );
  }
}
