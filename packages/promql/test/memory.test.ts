import { isStaleAt, Labels, wordsOf } from '@binnacle/metrics/model';
import { describe, expect, test } from 'vitest';
import {
  MemoryStorage,
  ParseError,
  parseLabels,
  parseSeriesDescription,
  type SelectRequest,
} from '../dist/index.js';
import { loaded } from './script.ts';

const hints = { stepMs: 0, rangeMs: 0, func: '' };

/** A request for a series by name. */
function named(value: string, startMs: number, endMs: number): SelectRequest {
  return { matchers: [{ name: '__name__', op: '=', value }], startMs, endMs, hints };
}

describe('storage in memory', () => {
  test('hands out the samples after the start up to the end, markers included', async () => {
    const storage = loaded(1000, 'x{a="1"} 1 2 stale 4', 'x{a="2"} _ _ _ _ 5', 'y 1');
    const [x, none] = await storage.select([named('x', 0, 3000), named('x', 5000, 9000)]);
    expect(x!.series.map(({ labels }) => String(labels))).toEqual(['x{a="1"}']);
    const { timestamps, values } = x!.series[0]!;
    expect([...timestamps]).toEqual([1000, 2000, 3000]);
    expect([values[0], values[2]]).toEqual([2, 4]);
    expect(isStaleAt(wordsOf(values), 1)).toBe(true);
    expect(none!.series).toEqual([]);
  });

  test("hands out arrays that are the reader's own", async () => {
    const storage = loaded(1000, 'x 1 2');
    const [first] = await storage.select([named('x', -1, 5000)]);
    first!.series[0]!.values[0] = 99;
    const [second] = await storage.select([named('x', -1, 5000)]);
    expect([...second!.series[0]!.values]).toEqual([1, 2]);
  });

  test('matches patterns as a whole, an absent label as the empty one', async () => {
    const storage = loaded(1000, 'x{a="one"} 1', 'x{a="two"} 1', 'x 1');
    const found = async (op: '=~' | '!~' | '!=', value: string): Promise<string[]> => {
      const [result] = await storage.select([
        { matchers: [{ name: 'a', op, value }], startMs: -1, endMs: 0, hints },
      ]);
      return result!.series.map(({ labels }) => labels.get('a'));
    };
    expect(await found('=~', 'o|two')).toEqual(['two']);
    expect(await found('!~', 'o.*')).toEqual(['two', '']);
    expect(await found('!=', '')).toEqual(['one', 'two']);
    await expect(found('=~', '(')).rejects.toThrow('missing closing )');
  });

  test('replaces a sample of the same time and refuses an earlier one', async () => {
    const storage = new MemoryStorage();
    const labels = Labels.of({ __name__: 'x' });
    storage.append(labels, 1000, 'stale');
    storage.append(labels, 1000, 7);
    expect(() => storage.append(labels, 999, 1)).toThrow('out of order sample for x: 999 comes after 1000');
    const [result] = await storage.select([named('x', 0, 1000)]);
    expect([...result!.series[0]!.values]).toEqual([7]);
    storage.clear();
    expect(await storage.labelSets([], 0, 5000)).toEqual([]);
  });

  test('knows its labels', async () => {
    const storage = loaded(1000, 'x{a="1",b="2"} 1', 'y{a="3"} _ _ 1');
    const x = [{ name: '__name__', op: '=' as const, value: 'x' }];
    expect(await storage.labelNames([], 0, 5000)).toEqual(['__name__', 'a', 'b']);
    expect(await storage.labelNames([], 0, 1000)).toEqual(['__name__', 'a', 'b']);
    expect(await storage.labelValues('a', [], 0, 1000)).toEqual(['1']);
    expect(await storage.labelValues('a', [], 2000, 2000)).toEqual(['3']);
    expect(await storage.labelValues('a', [x], 0, 5000)).toEqual(['1']);
    expect((await storage.labelSets([], 0, 5000)).map(String)).toEqual(['x{a="1", b="2"}', 'y{a="3"}']);
  });
});

describe('a series description', () => {
  test.each([
    ['x 1 2 -3.5', [1, 2, -3.5]],
    ['x{a="b c"} 1+2x3', [1, 3, 5, 7]],
    ['x 10-2x2 _ stale', [10, 8, 6, undefined, 'stale']],
    ['x 4x2 _x3 NaN', [4, 4, 4, undefined, undefined, undefined, Number.NaN]],
    ['x -Inf 1e3 stalex1', [Number.NEGATIVE_INFINITY, 1000, 'stale', 'stale']],
    ['{__name__="x"}', []],
  ])('%s', (text, values) => {
    const description = parseSeriesDescription(text);
    expect(description.labels.metricName).toBe('x');
    expect(description.values).toEqual(values);
  });

  test('says what it does not understand', () => {
    expect(() => parseSeriesDescription('x 1 bogus')).toThrow(ParseError);
    expect(() => parseSeriesDescription('x 1 bogus')).toThrow(
      '1:5: parse error: unexpected "bogus" in series values',
    );
    expect(() => parseLabels('x{a!="b"}')).toThrow('expected "="');
    expect(parseLabels('{}')).toBe(Labels.EMPTY);
  });
});
