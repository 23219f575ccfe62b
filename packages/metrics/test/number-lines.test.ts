/** Lines that are kept with their numbers: whatever the numbers were before, what is written is what they are now. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ScalarFamily } from '../dist/exposition/families.js';
import { writeOpenMetrics } from '../dist/exposition/openmetrics.js';
import { writeText } from '../dist/exposition/text.js';
import { formatValue } from '../dist/model/value.js';

const number = fc.oneof(
  fc.nat({ max: 12 }),
  fc.nat({ max: 2_000 }),
  fc.constantFrom(0, -0, 9, 10, 99, 100, 2 ** 31 - 1, 2 ** 31, -1, Number.NaN, 1 / 3, 1e300),
  fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.5, 1.25, 1e-7, 1e21),
  fc.double(),
);

/** What of a family is written one time after the other; series only come. */
const programs = fc.array(
  fc.record({ more: fc.nat({ max: 90 }), set: fc.array(fc.tuple(fc.nat(), number), { maxLength: 40 }) }),
  { minLength: 2, maxLength: 6 },
);

for (const column of [true, false]) {
  test(`what is written again has the numbers of now, values in ${column ? 'a column' : 'the series'}`, () => {
    fc.assert(
      fc.property(programs, (program) => {
        const series: { labelValues: string[]; value: number }[] = [];
        const plain: ScalarFamily = {
          name: 'x',
          type: 'gauge',
          help: '',
          unit: '',
          labelNames: ['i'],
          series,
        };
        const values = { get: () => series.map(({ value }) => value) };
        const family = column ? Object.defineProperty(plain, 'values', values) : plain;
        for (const { more, set } of program) {
          for (let i = 0; i < more; i++) series.push({ labelValues: [`${series.length}`], value: 0 });
          for (const [at, value] of set) if (series.length > 0) series[at % series.length]!.value = value;
          const lines = series.map(
            ({ labelValues, value }) => `x{i="${labelValues[0]}"} ${formatValue(value)}\n`,
          );
          expect([...writeText([family])].join('')).toBe(`# TYPE x gauge\n${lines.join('')}`);
          expect([...writeOpenMetrics([family])].join('')).toBe(`# TYPE x gauge\n${lines.join('')}# EOF\n`);
        }
      }),
    );
  });
}

test('a writer that is overtaken by one with more series goes on with those that it began with', () => {
  const series = Array.from({ length: 10 }, (_, i) => ({ labelValues: [`${i}`], value: i }));
  const family: ScalarFamily = { name: 'x', type: 'gauge', help: '', unit: '', labelNames: ['i'], series };
  const filler: ScalarFamily = {
    ...family,
    name: 'filler',
    series: Array.from({ length: 10_000 }, (_, i) => ({ labelValues: [`${i}`], value: i })),
  };
  const before = [...writeText([family])].join('');
  const slow = writeText([filler, family]);
  slow.next();
  series.push({ labelValues: ['10'], value: 10 });
  expect([...writeText([family])].join('')).toBe(`${before}x{i="10"} 10\n`);
  series[0]!.value = 1000;
  series.pop();
  expect([...slow].join('')).toContain('x{i="0"} 1000\nx{i="1"} 1\n');
  series.push({ labelValues: ['10'], value: 11 });
  expect([...writeText([family])].join('')).toBe(`${before.replace('"} 0', '"} 1000')}x{i="10"} 11\n`);
});
