import { describe, expect, test } from 'vitest';
import { type SliceModel, slice, sliceToBytes } from '../dist/gcode/slicer.js';

function count(text: string, line: string): number {
  return text.split(/\r?\n/).filter((each) => each === line).length;
}

describe('the slicer writes', () => {
  test.each([
    ['cura', ';LAYER:2', ';TYPE:WALL-INNER', ';TYPE:WALL-OUTER', ';TYPE:FILL'],
    ['prusa', ';LAYER_CHANGE', ';TYPE:Perimeter', ';TYPE:External perimeter', ';TYPE:Internal infill'],
    ['orca', ';LAYER_CHANGE', ';TYPE:Inner wall', ';TYPE:Outer wall', ';TYPE:Sparse infill'],
  ] as const)('the comments of %s', (dialect, layer, inner, outer, infill) => {
    const text = [...slice(5, { dialect })].join('');
    expect(count(text, layer)).toBe(dialect === 'cura' ? 1 : 5);
    for (const comment of [inner, outer, infill]) expect(count(text, comment)).toBe(5);
  });

  test('absolute and relative extrusion that feed the same filament', () => {
    const feed = (extrusion: SliceModel['extrusion']): number => {
      let total = 0;
      let e = 0;
      for (const line of [...slice(120, { extrusion })].join('').split('\n')) {
        const value = Number(/^G.* ?E(-?[\d.]+)/.exec(line)?.[1] ?? Number.NaN);
        if (Number.isNaN(value)) continue;
        if (line.startsWith('G92')) e = value;
        else if (extrusion === 'relative') total += value;
        else {
          total += value - e;
          e = value;
        }
      }
      return total;
    };
    const absolute = feed('absolute');
    expect(absolute).toBeGreaterThan(100);
    expect(feed('relative')).toBeCloseTo(absolute, 1);
  });

  test('a box by its four corners', () => {
    const text = [...slice(1, { shape: 'box', size: 20, walls: 1, infillSpacing: 0 })].join('');
    expect(text.split('\n').filter((line) => /^G1 X.* E/.test(line))).toHaveLength(4);
  });

  test.each([
    [20_000, '\n'],
    [20_001, '\r\n'],
    [123_457, '\r\n'],
    [300_000, '\n'],
  ] as const)('exactly %i bytes when asked to', (bytes, eol) => {
    for (let more = 0; more < 90; more++) {
      let written = 0;
      for (const part of sliceToBytes(bytes + more, { eol, segments: 12 }))
        written += Buffer.byteLength(part);
      expect(written).toBe(bytes + more);
    }
  });

  test('no body that has no room for a layer', () => {
    const bytes = (size: number): number => [...sliceToBytes(size)].join('').length;
    expect(() => bytes(100)).toThrow(RangeError);
    const least = Number(/give (\d+)/.exec(String(catching(() => bytes(100))))?.[1]);
    expect(bytes(least)).toBe(least);
    expect(() => bytes(least - 1)).toThrow(RangeError);
  });
});

function catching(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}
