/** Random queries over a small random workload, for asking two engines the same. */
import fc from 'fast-check';

/** When the workload begins, in seconds. */
export const WORKLOAD_START = 1_700_000_000;
const SCRAPES = 120;
const SCRAPE_SECONDS = 15;
/** One scrape in twenty is lost. */
const LOST = 0.05;

const selector = fc.constantFrom(
  ...[
    'req_total',
    'req_total{job="a"}',
    'req_total{status=~"4..|5.."}',
    'req_total{job=~"a|b",status="200"}',
  ],
  ...['other_total', 'g', 'g{job!="b"}', 'limit', '{__name__=~"g|limit"}', 'nothing'],
  ...['h_bucket', 'h_bucket{job="a"}', 'h_sum', 'h_count'],
);
const counter = fc.constantFrom('req_total', 'req_total{job="b"}', 'other_total', 'h_count', 'h_bucket');
const duration = fc.constantFrom('1m', '90s', '5m', '2m30s', '7m');
const modifier = fc.constantFrom(
  ...[
    '',
    '',
    '',
    '',
    ' offset 1m',
    ' offset -30s',
    ` @ ${WORKLOAD_START + 900}`,
    ' @ start()',
    ' @ end() offset 2m',
  ],
);
const label = fc.constantFrom('job', 'status', 'instance', 'team', 'le', '__name__');
const matching = fc.constantFrom(
  ...['', 'on (job)', 'ignoring (status, instance)', 'on ()', 'ignoring (le)'],
  ...['on (job) group_left', 'on (job) group_right (team)', 'on (job) group_left (team)'],
);
const overTime = fc.constantFrom(
  ...['rate', 'increase', 'delta', 'idelta', 'irate', 'deriv', 'changes', 'resets', 'absent_over_time'],
  ...['avg_over_time', 'sum_over_time', 'min_over_time', 'max_over_time', 'count_over_time'],
  ...['stddev_over_time', 'stdvar_over_time', 'last_over_time', 'present_over_time'],
);
const ofNumber = fc.constantFrom(
  ...['abs', 'ceil', 'floor', 'exp', 'ln', 'sqrt', 'sgn', 'absent', 'timestamp', 'deg', 'cosh'],
);

/**
 * Queries that give an instant vector. Left out is what two engines may rightly answer differently: which of several
 * equal series `topk` takes, the last digits in the labels of `count_values`, the hour of a NaN.
 */
export const { vector: anyQuery } = fc.letrec<{ vector: string; matrix: string; scalar: string }>((tie) => ({
  scalar: fc.oneof(
    { maxDepth: 2 },
    fc.constantFrom('1', '2.5', '-3', '0', 'time()', 'NaN', 'Inf', 'pi()'),
    fc
      .tuple(tie('scalar'), fc.constantFrom('+', '-', '*', '/', '%', '^'), tie('scalar'))
      .map((parts) => `(${parts.join(' ')})`),
    tie('vector').map((inner) => `scalar(${inner})`),
  ),
  matrix: fc.oneof(
    { maxDepth: 3 },
    fc.tuple(selector, duration, modifier).map(([one, range, rest]) => `${one}[${range}]${rest}`),
    fc
      .tuple(tie('vector'), duration, fc.constantFrom('', '30s', '1m', '17s'), modifier)
      .map(([one, range, step, rest]) => `(${one})[${range}:${step}]${rest}`),
  ),
  vector: fc.oneof(
    { maxDepth: 4 },
    fc.tuple(selector, modifier).map((parts) => parts.join('')),
    fc
      .tuple(fc.constantFrom('rate', 'increase', 'irate'), counter, duration, modifier)
      .map(([func, one, range, rest]) => `${func}(${one}[${range}]${rest})`),
    fc.tuple(overTime, tie('matrix')).map(([func, inner]) => `${func}(${inner})`),
    fc
      .tuple(fc.constantFrom('0.5', '0.9', '2', '-1'), tie('matrix'))
      .map(([q, inner]) => `quantile_over_time(${q}, ${inner})`),
    fc.tuple(tie('matrix'), tie('scalar')).map((args) => `predict_linear(${args.join(', ')})`),
    fc.tuple(ofNumber, tie('vector')).map(([func, inner]) => `${func}(${inner})`),
    tie('vector').map((inner) => `-(${inner})`),
    tie('vector').map((inner) => `round(${inner}, 0.1)`),
    tie('vector').map((inner) => `clamp_max(${inner}, 20)`),
    tie('vector').map((inner) => `histogram_quantile(0.9, ${inner})`),
    fc
      .tuple(
        fc.constantFrom('sum', 'avg', 'min', 'max', 'count', 'group', 'stddev', 'stdvar'),
        fc.constantFrom('by', 'without'),
        fc.uniqueArray(label, { maxLength: 2 }),
        tie('vector'),
      )
      .map(([op, by, labels, inner]) => `${op} ${by} (${labels.join(', ')}) (${inner})`),
    fc
      .tuple(fc.constantFrom('0.5', '1'), tie('vector'))
      .map((args) => `quantile by (job) (${args.join(', ')})`),
    fc
      .tuple(
        tie('vector'),
        fc.constantFrom('+', '-', '*', '/', '%', '^', 'atan2', '== bool', '>', '<='),
        matching,
        tie('vector'),
      )
      .map(([a, op, how, b]) => `(${a}) ${op} ${how} (${b})`),
    fc
      .tuple(
        tie('vector'),
        fc.constantFrom('and', 'or', 'unless'),
        fc.constantFrom('', 'on (job)', 'ignoring (status)', 'on ()'),
        tie('vector'),
      )
      .map(([a, op, how, b]) => `(${a}) ${op} ${how} (${b})`),
    fc
      .tuple(tie('vector'), fc.constantFrom('+', '*', '/', '>', '== bool', '%'), tie('scalar'))
      .map(([a, op, b]) => `(${a}) ${op} ${b}`),
    fc
      .tuple(tie('scalar'), fc.constantFrom('-', '/', '<', '>= bool'), tie('vector'))
      .map(([a, op, b]) => `${a} ${op} (${b})`),
    tie('vector').map((inner) => `label_replace(${inner}, "job", "x-$1", "job", "(.)")`),
    tie('vector').map((inner) => `label_join(${inner}, "new", "/", "job", "status")`),
    tie('scalar').map((inner) => `vector(${inner})`),
  ),
}));

/** A workload with resets and gaps as OpenMetrics, always the same. */
export function workload(): string {
  let state = 7;
  const random = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
  const lines: string[] = [];
  const series = (name: string, labels: string, next: () => number, lost = LOST): void => {
    for (let i = 0; i < SCRAPES; i++) {
      const value = next();
      // Scrapes are never quite on time.
      if (random() >= lost)
        lines.push(`${name}{${labels}} ${value} ${WORKLOAD_START + i * SCRAPE_SECONDS + (i % 3) * 0.1}`);
    }
  };
  const growing = (most: number, resets: number): (() => number) => {
    let value = 0;
    return () => {
      if (random() < resets) value = 0;
      value += Math.floor(random() * most);
      return value;
    };
  };
  lines.push('# TYPE req counter');
  for (const job of ['a', 'b', 'c'])
    for (const status of ['200', '404', '500'])
      series(
        'req_total',
        `job="${job}",status="${status}",instance="${status === '200' ? 1 : 2}"`,
        growing(20, 0.01),
      );
  lines.push('# TYPE other counter');
  for (const job of ['a', 'b']) series('other_total', `job="${job}",team="t${job}"`, growing(5, 0));
  lines.push('# TYPE g gauge');
  for (const job of ['a', 'b', 'c']) {
    let value = 50;
    series('g', `job="${job}",instance="1"`, () => {
      value = Number((value + (random() - 0.5) * 10).toFixed(3));
      return value;
    });
  }
  lines.push('# TYPE limit gauge');
  for (const [i, job] of ['a', 'b', 'c'].entries())
    series('limit', `job="${job}",team="t${job}"`, () => 10 * (i + 1), 0);
  lines.push('# TYPE h histogram');
  for (const job of ['a', 'b']) {
    const steps = Array.from({ length: SCRAPES }, () => Math.floor(random() * 4) + 1);
    for (const [k, le] of ['0.1', '0.5', '1.0', '5.0', '+Inf'].entries()) {
      series(
        'h_bucket',
        `job="${job}",le="${le}"`,
        running(steps, (step) => Math.floor(step * (k + 1) * 1.5)),
        0,
      );
    }
    series(
      'h_sum',
      `job="${job}"`,
      running(steps, (step) => Number((step * 0.7).toFixed(3))),
      0,
    );
    series(
      'h_count',
      `job="${job}"`,
      running(steps, (step) => Math.floor(step * 7.5)),
      0,
    );
  }
  return `${lines.join('\n')}\n# EOF\n`;
}

/** The running sum of a function of each step. */
function running(steps: readonly number[], of: (step: number) => number): () => number {
  let sum = 0;
  let next = 0;
  return () => {
    sum += of(steps[next++]!);
    return sum;
  };
}
