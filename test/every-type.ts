/** Families of every type with all that the data model has, as programs from outside must find them in every format. */
import type { Exemplar, Family } from '@binnacle/metrics/exposition';
import type { NativeHistogram } from '@binnacle/metrics/model';

export const HOSTILE = [
  '"',
  '\\',
  '\n',
  '\\n',
  '}',
  ' # {} 1',
  '# EOF',
  '🧱',
  'é',
  '\u0000',
  'x'.repeat(500),
];

function native(parts: Partial<NativeHistogram>): NativeHistogram {
  return {
    schema: 0,
    count: 0,
    sum: 0,
    zeroThreshold: 2 ** -128,
    zeroCount: 0,
    positiveSpans: [],
    positiveCounts: new Float64Array(0),
    negativeSpans: [],
    negativeCounts: new Float64Array(0),
    customValues: new Float64Array(0),
    counterResetHint: 'unknown',
    ...parts,
  };
}

/** Of schema 0, with counts for (1, 2] and (2, 4], so that their bound is the quantile that lies between them. */
function oneToFour(low: number, high: number, parts: Partial<NativeHistogram> = {}): NativeHistogram {
  return native({
    count: low + high,
    sum: 1.5 * low + 3 * high,
    positiveSpans: [{ offset: 1, length: 2 }],
    positiveCounts: Float64Array.of(low, high),
    ...parts,
  });
}

/** @param nowMs when the exemplars were observed */
export function everyType(nowMs: number): readonly Family[] {
  const createdMs = nowMs - 60_000;
  const exemplar = (traceId: string, value: number): Exemplar => ({
    labels: [['trace_id', traceId]],
    value,
    timestampMs: nowMs,
  });
  const base = { unit: '', labelNames: [] };
  const seconds = { unit: 'seconds', labelNames: [] };
  return [
    {
      ...base,
      type: 'counter',
      name: 'events_total',
      help: 'Events\n"all" \\',
      labelNames: ['kind'],
      series: HOSTILE.map((kind, i) => ({
        labelValues: [kind],
        value: i + 0.5,
        createdMs,
        // Of 501 characters, the last one is left out; OpenMetrics leaves the one with U+0000 out, too.
        exemplar: exemplar(`${kind}!`, i),
      })),
    },
    {
      ...base,
      type: 'gauge',
      name: 'level',
      help: 'Levels',
      labelNames: ['of'],
      series: [NaN, Infinity, -Infinity, 1e-300, -0, 2 ** 53, 0.1 + 0.2, 1234.5].map((value, i) => ({
        labelValues: [`${i}`],
        value,
      })),
    },
    {
      ...base,
      type: 'info',
      name: 'build_info',
      help: 'Build',
      labelNames: ['version'],
      series: [{ labelValues: ['1.0'], value: 1 }],
    },
    {
      ...base,
      type: 'stateset',
      name: 'phase',
      help: 'What it does',
      labelNames: ['job_name', 'phase'],
      series: ['idle', 'busy'].flatMap((phase) =>
        ['a', 'b'].map((name) => ({
          labelValues: [name, phase],
          value: (name === 'a') === (phase === 'idle') ? 1 : 0,
        })),
      ),
    },
    {
      ...seconds,
      type: 'summary',
      name: 'wait_seconds',
      help: 'Waiting',
      quantiles: [0.5, 0.99, 1],
      series: [{ labelValues: [], sum: 12.5, count: 4, quantileValues: [0.25, 7, NaN], createdMs }],
    },
    {
      ...seconds,
      type: 'histogram',
      name: 'work_seconds',
      help: 'Work',
      labelNames: ['step'],
      bounds: [0.00001, 0.25, 1, 10, 1_000_000],
      series: [
        {
          labelValues: ['a'],
          counts: [1, 2, 0, 1, 0, 1],
          sum: 1e9 + 0.75,
          createdMs,
          exemplars: [
            undefined,
            exemplar('second', 0.2),
            undefined,
            undefined,
            undefined,
            exemplar('last', 1e9),
          ],
        },
        { labelValues: ['none'], counts: [0, 0, 0, 0, 0, 0], sum: 0, createdMs },
      ],
    },
    {
      ...seconds,
      type: 'histogram',
      name: 'both_seconds',
      help: 'Classic and native',
      bounds: [1, 2],
      series: [
        {
          labelValues: [],
          counts: [0, 10, 30],
          sum: 105,
          createdMs,
          exemplars: [undefined, exemplar('low', 1.5), exemplar('high', 3)],
          native: oneToFour(10, 30),
        },
      ],
    },
    {
      ...seconds,
      type: 'histogram',
      name: 'native_seconds',
      help: 'Native only',
      labelNames: ['of'],
      bounds: [],
      series: [
        {
          labelValues: ['integers'],
          counts: [20],
          sum: 45,
          createdMs,
          exemplars: [exemplar('only', 1.5)],
          native: oneToFour(10, 10),
        },
        { labelValues: ['floats'], counts: [1], sum: 2.25, createdMs, native: oneToFour(0.5, 0.5) },
        { labelValues: ['nothing'], counts: [0], sum: 0, createdMs, native: native({ zeroThreshold: 0 }) },
        {
          labelValues: ['both sides'],
          counts: [9],
          sum: -11.5,
          createdMs,
          native: oneToFour(1, 1, {
            count: 9,
            sum: -11.5,
            zeroThreshold: 0.5,
            zeroCount: 1,
            negativeSpans: [
              { offset: 1, length: 1 },
              { offset: 1, length: 1 },
            ],
            negativeCounts: Float64Array.of(4, 2),
          }),
        },
      ],
    },
    {
      ...base,
      type: 'histogram',
      name: 'queue_depths',
      help: 'Of all queues now',
      bounds: [],
      series: [
        { labelValues: [], counts: [4], sum: 9, native: oneToFour(2, 2, { counterResetHint: 'gauge' }) },
      ],
    },
  ];
}
