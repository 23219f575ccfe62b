import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type SliceModel, slice } from '../dist/gcode/slicer.js';
import { Bricklayer, type BrickOptions, GcodeError, LINE_BYTES_MAX } from '../dist/gcode/transform.js';
import { type Move, print } from './printer.ts';

const DEFAULTS: BrickOptions = { startAtLayer: 3, extrusionMultiplier: 1.05 };

function lay(text: string, options: Partial<BrickOptions> = {}, chunkBytes = 65_536): string {
  const bricklayer = new Bricklayer({ ...DEFAULTS, ...options });
  let out = '';
  for (let at = 0; at < text.length; at += chunkBytes)
    out += bricklayer.push(text.slice(at, at + chunkBytes));
  return out + bricklayer.end();
}

const model = fc.record({
  shape: fc.constantFrom<SliceModel['shape']>('cylinder', 'box'),
  dialect: fc.constantFrom<SliceModel['dialect']>('cura', 'prusa', 'orca'),
  extrusion: fc.constantFrom<SliceModel['extrusion']>('absolute', 'relative'),
  size: fc.integer({ min: 8, max: 40 }),
  layerHeight: fc.constantFrom(0.1, 0.16, 0.2, 0.28),
  walls: fc.integer({ min: 1, max: 7 }),
  infillSpacing: fc.constantFrom(0, 4),
  segments: fc.integer({ min: 3, max: 16 }),
  eol: fc.constantFrom<SliceModel['eol']>('\n', '\r\n'),
});
const options = fc.record({
  startAtLayer: fc.integer({ min: 1, max: 8 }),
  extrusionMultiplier: fc.constantFrom(1, 1.01, 1.05, 1.1, 1.2),
});

describe('the transform, for every body that the slicer makes,', () => {
  test('raises every second inner loop by half a layer, feeds it more, and prints all else as before', () => {
    fc.assert(
      fc.property(model, options, fc.integer({ min: 1, max: 12 }), (model, options, layers) => {
        const before = print([...slice(layers, model)].join(''));
        const after = print(lay([...slice(layers, model)].join(''), options));
        const loops = new Map<number, number>();
        let raised = 0;
        const expected = before.moves.map((move, i): Move => {
          if (!move.inner) return move;
          const last = before.moves[i - 1];
          if (!last?.inner || last.loop !== move.loop)
            loops.set(move.layer, (loops.get(move.layer) ?? 0) + 1);
          if (loops.get(move.layer)! % 2 === 1 || move.layer < options.startAtLayer) return move;
          raised++;
          return {
            ...move,
            z: move.z + (model.layerHeight ?? 0) / 2,
            feed: move.feed * options.extrusionMultiplier,
          };
        });
        expect(after.moves).toHaveLength(expected.length);
        after.moves.forEach((move, i) => {
          const wanted = expected[i]!;
          expect([move.x, move.y, move.layer, move.inner]).toEqual([
            wanted.x,
            wanted.y,
            wanted.layer,
            wanted.inner,
          ]);
          expect(move.z).toBeCloseTo(wanted.z, 3);
          expect(Math.abs(move.feed - wanted.feed)).toBeLessThan(2.1e-5);
        });
        expect(after.travels).toEqual(before.travels);
        expect(after.z).toBeCloseTo(before.z, 6);
        expect(after.e).toBeCloseTo(before.e, 4);
        expect(raised > 0).toBe(model.walls >= 3 && layers >= options.startAtLayer);
      }),
      { numRuns: 150 },
    );
  });

  test('changes no line outside of raised loops, whatever the pieces it gets', () => {
    fc.assert(
      fc.property(model, options, fc.integer({ min: 1, max: 5000 }), (model, options, chunkBytes) => {
        const text = [...slice(6, model)].join('');
        const out = lay(text, options, chunkBytes);
        expect(out).toBe(lay(text, options));
        // Taking out the inserted lines and the raised loops' own moves leaves a subsequence of the input.
        const input = text.split('\n');
        let at = 0;
        let raised = false;
        for (const line of out.split('\n')) {
          if (/^G1 Z[\d.]+\r?$/.test(line)) {
            raised = !raised;
            continue;
          }
          if (raised || line === input[at]) {
            at++;
            continue;
          }
          expect(line).toMatch(/^G92 E[\d.]+\r?$/);
        }
        expect(at).toBe(input.length);
        expect(raised).toBe(false);
      }),
      { numRuns: 100 },
    );
  });

  test('is the identity where there are no inner walls', () => {
    fc.assert(
      fc.property(model, options, (model, options) => {
        const text = [...slice(6, { ...model, walls: 1 })].join('');
        expect(lay(text, options)).toBe(text);
      }),
      { numRuns: 50 },
    );
  });
});

const LOOPS = [
  ';LAYER_CHANGE',
  ';HEIGHT:0.2',
  'G1 Z0.2',
  ';TYPE:Inner wall',
  'G0 X0 Y0',
  'G1 X1 Y0 E1',
  'G0 X5 Y0',
  'G1 X6 Y0 E2 ; E9 in a comment',
  ';WIDTH:0.45',
  'M204 S800',
  'G1 F900',
  'G1 X6 Y6 E3',
  'G0 X0 Y0',
  'G1 X1 Y1 E4',
];

describe('the transform', () => {
  test('multiplies absolute positions in the loop only, and tells the printer where it stands', () => {
    const out = lay(LOOPS.join('\n'), { startAtLayer: 1, extrusionMultiplier: 1.1 }).split('\n');
    expect(out).toEqual([
      ...LOOPS.slice(0, 7),
      'G1 Z0.3',
      'G1 X6 Y0 E2.1 ; E9 in a comment',
      ';WIDTH:0.45',
      'M204 S800',
      'G1 F900',
      'G1 X6 Y6 E3.2',
      'G1 Z0.2',
      'G92 E3',
      'G0 X0 Y0',
      'G1 X1 Y1 E4',
    ]);
  });

  test('leaves loops in relative coordinates alone, and follows Z through them', () => {
    const relative = LOOPS.toSpliced(3, 0, 'G91', 'G1 Z0.1');
    expect(lay(relative.join('\n'), { startAtLayer: 1 })).toBe(relative.join('\n'));
    const back = [...relative, 'G90', 'G0 X0 Y0', 'G1 X1 Y1 E5'];
    const out = lay(back.join('\n'), { startAtLayer: 1 }).split('\n');
    expect(out.slice(back.length - 1)).toEqual(['G1 Z0.4', 'G1 X1 Y1 E5.05', 'G1 Z0.3', 'G92 E5', '']);
  });

  test('follows G92 in the middle of a raised loop', () => {
    const lines = LOOPS.toSpliced(11, 1, 'G92 E0', 'G1 X6 Y6 E1').slice(0, 13);
    const out = lay(lines.join('\n'), { startAtLayer: 1, extrusionMultiplier: 1.1 }).split('\n');
    expect(out.slice(-5)).toEqual(['G92 E0', 'G1 X6 Y6 E1.1', 'G1 Z0.2', 'G92 E1', '']);
  });

  test('tells E when a file turns from relative to absolute', () => {
    const lines = ['M83', ...LOOPS.slice(0, 8), 'M82', 'G1 X9 Y9 E3.5'];
    const out = lay(lines.join('\n'), { startAtLayer: 1, extrusionMultiplier: 1.2 }).split('\n');
    expect(out.slice(-6)).toEqual([
      'G1 Z0.3',
      'G1 X6 Y0 E2.4 ; E9 in a comment',
      'G1 Z0.2',
      'G92 E3',
      'M82',
      'G1 X9 Y9 E3.5',
    ]);
  });

  test.each([
    ['its comment', [';HEIGHT:0.3', 'G1 Z1']],
    ['the distance to the layer below', ['G1 Z0.5']],
  ])('takes the height of a layer from %s', (_, lines) => {
    const text = [
      ';LAYER:0',
      'G1 Z0.2',
      'G1 X1 Y1 E1',
      ';LAYER:1',
      ...lines,
      ';TYPE:WALL-INNER',
      'G0 X0 Y0',
      'G1 X1 Y0 E2',
      'G0 X0 Y0',
      'G1 X1 Y0 E3',
    ].join('\n');
    const z = lines.includes('G1 Z1') ? 1 : 0.5;
    expect(lay(text, { startAtLayer: 2 })).toContain(`G1 Z${Number((z + 0.15).toFixed(3))}\n`);
  });

  test.each([
    ['without spaces and in lower case', 'g1x6y6e3', 'g1x6y6e3.2'],
    ['with a leading point', 'G1 X.6 Y6 E3 F.5', 'G1 X.6 Y6 E3.2 F.5'],
    ['with comments around', 'G1 (E7) X6 Y6 E3 (E8) ; E9', 'G1 (E7) X6 Y6 E3.2 (E8) ; E9'],
    ['of an arc', 'G2 X6 Y6 I3 J3 E3', 'G2 X6 Y6 I3 J3 E3.2'],
  ])('reads words %s', (_, line, raised) => {
    // The loop before it ended at E1, from where the multiplier counts.
    const lines = [...LOOPS.slice(0, 7), line].join('\n');
    const out = lay(lines, { startAtLayer: 1, extrusionMultiplier: 1.1 }).split('\n');
    expect(out.slice(7)).toEqual(['G1 Z0.3', raised, 'G1 Z0.2', 'G92 E3', '']);
  });

  test('passes bytes that are not ASCII', () => {
    const text = Buffer.from(';LAYER:0\n; Düse 0,4 mm – schön\n').toString('latin1');
    expect(lay(text)).toBe(text);
  });

  test.each([
    ['NO_LAYERS', 'a shopping list\nmilk\nbread\n'],
    ['NO_LAYERS', ''],
    ['NO_LAYERS', 'G28\nG1 X1 Y1 E1\n'],
    ['BINARY_DATA', 'GCDE\x01\0\0\0'],
    ['LINE_TOO_LONG', `;LAYER:0\n${'x'.repeat(LINE_BYTES_MAX + 1)}`],
    ['LINE_TOO_LONG', `;LAYER:0\n${'x'.repeat(LINE_BYTES_MAX + 1)}\n`],
  ])('ends with %s on what is not G-code', (code, text) => {
    const run = (): string => lay(text, {}, 100_000);
    expect(run).toThrow(GcodeError);
    expect(run).toThrow(expect.objectContaining({ code }));
  });
});

describe('memory', () => {
  const megabytes = process.env.BINNACLE_SOAK === '1' ? 200 : 30;

  test(`of a child process stays small while ${megabytes} MB go through`, async () => {
    const dir = await mkdtemp(join(tmpdir(), 'bricklayers-transform-'));
    try {
      const program = join(dir, 'transform.mjs');
      const dist = new URL('../dist/gcode/', import.meta.url);
      await writeFile(
        program,
        `import { createReadStream, createWriteStream } from 'node:fs';
        import { Readable } from 'node:stream';
        import { pipeline } from 'node:stream/promises';
        import { sliceToBytes } from '${dist}slicer.js';
        import { BrickStream } from '${dist}transform.js';
        const input = process.argv[2] + '/in.gcode';
        await pipeline(Readable.from(sliceToBytes(${megabytes} * 1e6)), createWriteStream(input));
        let most = 0;
        const timer = setInterval(() => { most = Math.max(most, process.memoryUsage.rss()); }, 5);
        const before = process.memoryUsage.rss();
        const bricks = new BrickStream({ startAtLayer: 3, extrusionMultiplier: 1.05 });
        await pipeline(createReadStream(input), bricks, createWriteStream(process.argv[2] + '/out.gcode'));
        clearInterval(timer);
        console.log(JSON.stringify({ grown: Math.max(most, process.memoryUsage.rss()) - before, ...bricks.report }));`,
      );
      // A heap that could not hold the file: were it kept, the child would die.
      const { stdout } = await promisify(execFile)(process.execPath, [
        '--max-old-space-size=24',
        program,
        dir,
      ]);
      const result = JSON.parse(stdout) as { grown: number; raisedLoops: number };
      expect(result.raisedLoops).toBeGreaterThan(megabytes);
      expect(result.grown).toBeLessThan(60e6);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }, 120_000);
});
