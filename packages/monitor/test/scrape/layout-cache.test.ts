import { ExpositionError, parseSeriesText, parseText } from '@binnacle/metrics/exposition';
import type { Labels } from '@binnacle/metrics/model';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LayoutCache, type ParsedBody } from '../../dist/scrape/layout-cache.js';

/** What the body says by the parser alone. */
function parsed(body: Uint8Array) {
  const samples: [string, number, number][] = [];
  parseText(body, {
    sample: (_, start, end, value, timestampMs) => {
      const labels = parseSeriesText(Buffer.from(body).toString('utf8', start, end));
      samples.push([labels.toString(), value, timestampMs]);
    },
  });
  return samples;
}

function samplesOf({ series, values, timestamps }: ParsedBody): [string, number, number][] {
  expect(values.length).toBe(series.length);
  return series.map((labels, i) => [labels.toString(), values[i]!, timestamps?.[i] ?? Number.NaN]);
}

const same = (labels: Labels) => labels;

const line = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.constantFrom('a', 'b{x="1"}', 'b{x="2"}', 'c{x="ü",y="\\"}"}', 'long_name_of_a_metric'),
  },
  { weight: 1, arbitrary: fc.constantFrom('# HELP a text', '# TYPE a counter', '# any', '', '  ') },
);
const number = fc.oneof(
  fc.integer().map(String),
  fc
    .double()
    .map((n) => (Number.isNaN(n) ? 'NaN' : Number.isFinite(n) ? String(n) : n > 0 ? '+Inf' : '-Inf')),
  fc.constantFrom(
    '0',
    '-0',
    '1.50',
    '123456789012345',
    '1234567890123456',
    '0.1',
    '1e3',
    '.5',
    '5.',
    '00012',
  ),
);
const layout = fc.record({
  lines: fc.array(fc.record({ line, gap: fc.constantFrom(' ', ' ', ' ', '  ', '\t') }), { maxLength: 12 }),
  newline: fc.constantFrom('\n', '\n', '\n', '\r\n'),
  last: fc.boolean(),
  time: fc.constantFrom('', '', '', ' 1700000000000'),
});

/** Bodies of a few layouts in turn, with values that change. */
const bodies = fc.array(layout, { minLength: 1, maxLength: 3 }).chain((layouts) =>
  fc.array(
    fc
      .record({ of: fc.nat(layouts.length - 1), values: fc.array(number, { minLength: 12, maxLength: 12 }) })
      .map(({ of, values }) => {
        const { lines, newline, last, time } = layouts[of]!;
        const text = lines
          .map(({ line, gap }, i) =>
            line.startsWith('#') || line.trim() === '' ? line : `${line}${gap}${values[i]}${time}`,
          )
          .join(newline);
        return Buffer.from(last ? text + newline : text);
      }),
    { minLength: 1, maxLength: 8 },
  ),
);

test('every body reads as the parser reads it, whatever came before', () => {
  fc.assert(
    fc.property(bodies, (bodies) => {
      const cache = new LayoutCache(same);
      const memory = new Uint8Array(2000);
      for (const body of bodies) {
        // The memory of the last body is written over, as a target does.
        memory.fill(0);
        memory.set(body);
        const view = memory.subarray(0, body.length);
        expect(samplesOf(cache.read(view))).toEqual(parsed(body));
      }
    }),
    { numRuns: 2000 },
  );
});

test('any change of any byte is noticed', () => {
  const body = Buffer.from('# HELP a One.\n# TYPE a counter\na{x="1"} 12\na{x="2"} 3.5\nb 7\n# end\n');
  for (let at = 0; at < body.length; at++) {
    for (const byte of [0x30, 0x41, 0x0a, 0x20, 0x22, 0x7d]) {
      const changed = Buffer.from(body);
      changed[at] = byte;
      const cache = new LayoutCache(same);
      cache.read(body);
      const read = (of: () => unknown) => {
        try {
          return of();
        } catch (error) {
          expect(error).toBeInstanceOf(ExpositionError);
          return String(error);
        }
      };
      expect(read(() => samplesOf(cache.read(changed)))).toEqual(read(() => parsed(changed)));
      // A body that could not be read leaves the cache as it was.
      expect(samplesOf(cache.read(body))).toEqual(parsed(body));
    }
  }
});

test('series are the same objects as long as the lines are the same, and are asked for once', () => {
  let asked = 0;
  const cache = new LayoutCache((labels) => {
    asked++;
    return labels;
  });
  const first = cache.read(Buffer.from('a 1\nb 2\n')).series;
  expect(cache.read(Buffer.from('a 100\nb 2.5\n')).series).toBe(first);
  const grown = cache.read(Buffer.from('a 1\nb 2\nc 3\n')).series;
  expect(grown).not.toBe(first);
  expect(grown[1]).toBe(first[1]);
  expect(asked).toBe(3);
});

test('metadata is that of the last comments', () => {
  const cache = new LayoutCache(same);
  const text = '# HELP a_total How many.\n# TYPE a_total counter\na_total 1\n# TYPE b whatever\nb 2\n';
  const { metadata } = cache.read(Buffer.from(text));
  expect(Object.fromEntries(metadata)).toEqual({
    a_total: { type: 'counter', help: 'How many.', unit: '' },
    b: { type: 'unknown', help: '', unit: '' },
  });
  expect(cache.read(Buffer.from(text.replace('total 1', 'total 2'))).metadata).toBe(metadata);
  expect(cache.read(Buffer.from(text.replace('How', 'So'))).metadata.get('a_total')?.help).toBe('So many.');
});
