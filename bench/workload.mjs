// The samples of the query benchmark, the same in every run: 10,000 counters and 1,000 classic histograms of twelve
// buckets, each with 261 points at 15 s: 65 minutes. The label `l` has a hundred values and is what queries group by.
// Counters grow by 0 to 20 a step; a histogram gets 0 to 30 observations, so that every value changes.

export const STEP_SECONDS = 15;
export const POINTS = 261;
const COUNTERS = 10_000;
const HISTOGRAMS = 1_000;
const BOUNDS = ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '10', '+Inf'];
/** How observations spread over the buckets. */
const WEIGHTS = [2, 4, 8, 16, 20, 18, 14, 9, 5, 2, 1, 1];
const WEIGHT = WEIGHTS.reduce((a, b) => a + b);

export const COUNTER = 'bench_http_requests_total';
export const HISTOGRAM = 'bench_request_duration_seconds';

function xorshift(seed) {
  let state = seed >>> 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** All series: `{ name, labels, values }`, grouped by name, values a point each. */
export function history() {
  const random = xorshift(42);
  const group = (i) => `l${String(i % 100).padStart(2, '0')}`;
  const target = { job: 'bench', instance: '127.0.0.1:9701' };
  const counters = [];
  for (let i = 0; i < COUNTERS; i++) {
    const labels = {
      service: `svc-${i % 10}`,
      route: `/api/v1/resource/${Math.floor(i / 20)}`,
      method: ['GET', 'POST', 'PUT', 'DELETE'][i % 4],
      status: ['200', '201', '400', '404', '500'][i % 5],
      l: group(i),
      id: String(i),
      ...target,
    };
    const values = new Float64Array(POINTS);
    let value = Math.floor(random() * 1e6);
    for (let p = 0; p < POINTS; p++) {
      value += Math.floor(random() * 21);
      values[p] = value;
    }
    counters.push({ name: COUNTER, labels, values });
  }
  const histograms = [];
  for (let i = 0; i < HISTOGRAMS; i++) {
    const labels = { service: `svc-${i % 10}`, route: `/api/v1/resource/${i}`, l: group(i), ...target };
    const buckets = BOUNDS.map(() => new Float64Array(POINTS));
    const sums = new Float64Array(POINTS);
    const counts = BOUNDS.map(() => 0);
    let sum = 0;
    for (let p = 0; p < POINTS; p++) {
      const observed = Math.floor(random() * 31);
      let seen = 0;
      for (let b = 0; b < BOUNDS.length; b++) {
        const last = b === BOUNDS.length - 1;
        seen = last
          ? Math.max(seen, observed)
          : Math.min(observed, seen + Math.floor((observed * WEIGHTS[b]) / WEIGHT + random()));
        counts[b] += seen;
        buckets[b][p] = counts[b];
      }
      sum = Math.round((sum + seen * 0.1 * random()) * 1e6) / 1e6;
      sums[p] = sum;
    }
    for (const [b, values] of buckets.entries())
      histograms.push({ name: `${HISTOGRAM}_bucket`, labels: { ...labels, le: BOUNDS[b] }, values });
    histograms.push({ name: `${HISTOGRAM}_sum`, labels, values: sums });
    histograms.push({ name: `${HISTOGRAM}_count`, labels, values: buckets.at(-1) });
  }
  return { counters, histograms };
}

/** `name{a="b"}` */
export function seriesText({ name, labels }) {
  return `${name}{${Object.entries(labels)
    .map(([key, value]) => `${key}="${value}"`)
    .join(',')}}`;
}
