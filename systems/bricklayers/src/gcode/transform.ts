/**
 * Lays the bricks: every second inner wall loop of a layer is printed half a layer higher and a little thicker,
 * so that layers no longer meet in one plane and interlock.
 *
 * Line by line, in constant memory:
 *
 * 1. Comments tell layers (`;LAYER:3`, `;LAYER_CHANGE`) and what is being printed (`;TYPE:WALL-INNER`). Layers
 *    count from 1; Cura's own numbers start at 0, so its `;LAYER:2` is layer 3.
 * 2. A loop is a run of moves that extrude while they move in X or Y. A travel move, a retraction, a Z move, a new
 *    type or layer ends it; comments, feedrates and M codes do not. Loops count from 1 in each layer, over all its
 *    inner walls, and those with an even number are raised, from `startAtLayer` on.
 * 3. Before a raised loop stands a line `G1 Z<z + height/2>`, after it `G1 Z<z>`. Neither has an F word, because
 *    the feedrate is modal and belongs to the following lines.
 * 4. In a raised loop each E word is rewritten. With relative extrusion it is multiplied. With absolute extrusion
 *    it becomes `start + (e - start) * multiplier`, and after the loop `G92 E<e>` tells the printer the position
 *    that the file believes in. So no line outside of a raised loop ever changes, and no rounding adds up.
 *
 * The height of a layer is what its comment says (`;HEIGHT:0.2`), or its distance to the layer below, or what the
 * head of the file says (`;Layer height: 0.2`).
 *
 * Bytes that are not ASCII pass through as they are: text is read and written as Latin-1.
 */
import { Transform, type TransformCallback } from 'node:stream';
import { integerAt, wordsOf } from './words.ts';

/** How bricks are laid. */
export interface BrickOptions {
  /** The first layer that is touched; layers count from 1. */
  readonly startAtLayer: number;
  /** What the extrusion of raised loops is multiplied with. */
  readonly extrusionMultiplier: number;
}

/** What the transform saw and did. */
export interface BrickReport {
  readonly layers: number;
  readonly innerLoops: number;
  readonly raisedLoops: number;
}

/** The input is not G-code that bricks can be laid in. */
export class GcodeError extends Error {
  override readonly name = 'GcodeError';
  readonly code: 'BINARY_DATA' | 'LINE_TOO_LONG' | 'NO_LAYERS';

  constructor(code: GcodeError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** Longer lines are not G-code; the bound keeps memory constant whatever is fed in. */
export const LINE_BYTES_MAX = 65_536;

const INNER_WALLS: ReadonlySet<string> = new Set([
  'wall-inner',
  'perimeter',
  'internal perimeter',
  'inner perimeter',
  'inner wall',
]);

/** The transform of one file: `push` its text in pieces of any size, then `end`; both return output. */
export class Bricklayer {
  readonly #options: BrickOptions;
  /** The beginning of a line whose end has not come yet. */
  #rest = '';
  #lineNumber = 0;
  #eol = '\n';

  #layers = 0;
  #layer = 0;
  #innerLoops = 0;
  #raisedLoops = 0;

  #inner = false;
  /** Loops of inner walls in this layer so far. */
  #loop = 0;
  #state: 'between' | 'plain loop' | 'raised loop' = 'between';

  #absoluteE = true;
  #absoluteXyz = true;
  /** Where the file believes Z and E to be. Outside of raised loops the printer agrees. */
  #z = 0;
  #e = 0;
  /** Absolute E at which multiplying began; meaningful in a raised loop. */
  #baseE = 0;
  /** Whether the printer's E differs from `#e`, which matters only once positions are absolute. */
  #fedMore = false;

  /** What the head of the file says, and what this layer's comment says; 0 for nothing. */
  #headHeight = 0;
  #layerHeight = 0;
  /** Z of the first extrusion in this layer and in the one before; -1 before there was one. */
  #layerZ = -1;
  #belowZ = -1;

  constructor(options: BrickOptions) {
    this.#options = options;
  }

  get report(): BrickReport {
    return { layers: this.#layers, innerLoops: this.#innerLoops, raisedLoops: this.#raisedLoops };
  }

  /**
   * Takes a piece of the file, returns the output that it completes.
   * @throws GcodeError when the input cannot be G-code
   */
  push(text: string): string {
    if (text.includes('\0'))
      throw new GcodeError(
        'BINARY_DATA',
        `binary data near line ${this.#lineNumber + 1}: this is not text G-code; export it as plain .gcode`,
      );
    let out = '';
    let from = 0;
    let to = text.indexOf('\n');
    if (to >= 0 && this.#rest !== '') {
      out += this.#line(this.#rest + text.slice(0, to + 1));
      this.#rest = '';
      from = to + 1;
      to = text.indexOf('\n', from);
    }
    while (to >= 0) {
      out += this.#line(text.slice(from, to + 1));
      from = to + 1;
      to = text.indexOf('\n', from);
    }
    this.#rest += text.slice(from);
    if (this.#rest.length > LINE_BYTES_MAX)
      throw new GcodeError(
        'LINE_TOO_LONG',
        `line ${this.#lineNumber + 1} is longer than ${LINE_BYTES_MAX} bytes: this is not G-code`,
      );
    return out;
  }

  /**
   * Ends the file, returns the last output.
   * @throws GcodeError when the file had no layers
   */
  end(): string {
    let out = this.#rest === '' ? '' : this.#line(this.#rest);
    this.#rest = '';
    if (this.#layers === 0)
      throw new GcodeError(
        'NO_LAYERS',
        `no layers found in ${this.#lineNumber} lines: a layer begins with ";LAYER:0" (Cura) or ";LAYER_CHANGE" (PrusaSlicer, Orca)`,
      );
    if (this.#state === 'raised loop' && !out.endsWith('\n')) out += this.#eol;
    return out + this.#endLoop();
  }

  /** One line, with its end unless it is the last. */
  #line(line: string): string {
    this.#lineNumber++;
    if (line.length > LINE_BYTES_MAX)
      throw new GcodeError(
        'LINE_TOO_LONG',
        `line ${this.#lineNumber} is longer than ${LINE_BYTES_MAX} bytes: this is not G-code`,
      );
    if (line.endsWith('\n')) this.#eol = line.endsWith('\r\n') ? '\r\n' : '\n';
    let at = 0;
    while (line.charCodeAt(at) === 32 || line.charCodeAt(at) === 9) at++;
    switch (line.charCodeAt(at)) {
      case 59: // ;
        return this.#comment(line, at + 1) + line;
      case 71: // G
      case 103: // g
        return this.#gCode(line, at);
      case 77: // M
      case 109: // m
        return this.#mCode(line, at) + line;
      case 84: // T, another tool
      case 116:
        return this.#endLoop() + line;
      default:
        return line;
    }
  }

  /** Understands a comment; returns what must stand before it. */
  #comment(line: string, at: number): string {
    const text = line.slice(at).trim();
    const colon = text.indexOf(':');
    const key = (colon < 0 ? text : text.slice(0, colon)).toLowerCase();
    const value = colon < 0 ? '' : text.slice(colon + 1).trim();
    switch (key) {
      case 'layer': {
        const index = Number.parseInt(value, 10);
        return Number.isNaN(index) ? '' : this.#startLayer(index + 1);
      }
      case 'layer_change':
      case 'change_layer':
        return this.#startLayer(this.#layer + 1);
      case 'type':
      case 'feature': {
        const out = this.#endLoop();
        this.#inner = INNER_WALLS.has(value.toLowerCase());
        return out;
      }
      case 'height':
      case 'layer_height':
        // Later heights in a layer are those of single extrusions, such as bridges.
        if (this.#layerHeight === 0) this.#layerHeight = positive(value);
        return '';
      case 'layer height':
        if (this.#headHeight === 0) this.#headHeight = positive(value);
        return '';
      default:
        return '';
    }
  }

  #startLayer(layer: number): string {
    const out = this.#endLoop();
    this.#layers++;
    this.#layer = layer;
    this.#loop = 0;
    this.#inner = false;
    this.#layerHeight = 0;
    if (this.#layerZ >= 0) this.#belowZ = this.#layerZ;
    this.#layerZ = -1;
    return out;
  }

  /** Understands an M code; returns what must stand before it. */
  #mCode(line: string, at: number): string {
    const code = integerAt(line, at + 1);
    if (code !== 82 && code !== 83) return '';
    const absolute = code === 82;
    if (absolute === this.#absoluteE) return '';
    let out = this.#endLoop();
    this.#absoluteE = absolute;
    // Positions matter from here on, and relative raised loops have fed more than the file knows of.
    if (absolute && this.#fedMore) out += this.#tellE();
    return out;
  }

  #gCode(line: string, at: number): string {
    switch (integerAt(line, at + 1)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return this.#move(line, at);
      case 28:
        return this.#endLoop() + line;
      case 90:
        this.#absoluteXyz = true;
        return line;
      case 91: {
        const out = this.#endLoop();
        this.#absoluteXyz = false;
        return out + line;
      }
      case 92:
        return this.#setPosition(line, at);
      default:
        return line;
    }
  }

  #setPosition(line: string, at: number): string {
    const words = wordsOf(line, at);
    // Axes other than E end a loop; E alone may be set back in the middle of one.
    const out = words.x || words.y || !Number.isNaN(words.z) ? this.#endLoop() : '';
    if (!Number.isNaN(words.z)) this.#z = words.z;
    if (!Number.isNaN(words.e)) {
      this.#e = words.e;
      this.#baseE = words.e;
      this.#fedMore = false;
    }
    return out + line;
  }

  #move(line: string, at: number): string {
    const words = wordsOf(line, at);
    const hasE = !Number.isNaN(words.e);
    const hasZ = !Number.isNaN(words.z);
    const hasXy = words.x || words.y;
    if (!hasE && !hasZ && !hasXy) return line;

    const length = !hasE ? 0 : this.#absoluteE ? words.e - this.#e : words.e;
    const extrudes = hasXy && length > 0;
    let before = '';
    if (!extrudes || hasZ || !this.#inner) before = this.#endLoop();
    if (extrudes && this.#layerZ < 0 && this.#layers > 0)
      this.#layerZ = hasZ && this.#absoluteXyz ? words.z : this.#z;
    if (extrudes && !hasZ && this.#inner && this.#state === 'between') before += this.#startLoop();

    if (hasZ) this.#z = this.#absoluteXyz ? words.z : this.#z + words.z;
    if (hasE) this.#e = this.#absoluteE ? words.e : this.#e + words.e;
    if (this.#state !== 'raised loop' || !extrudes) return before + line;

    const multiplier = this.#options.extrusionMultiplier;
    const value = this.#absoluteE ? this.#baseE + (words.e - this.#baseE) * multiplier : words.e * multiplier;
    return before + line.slice(0, words.eFrom) + number(value, 5) + line.slice(words.eTo);
  }

  /** Begins a loop of an inner wall; returns what must stand before it. */
  #startLoop(): string {
    this.#loop++;
    this.#innerLoops++;
    const height = this.#height();
    if (
      this.#loop % 2 === 1 ||
      this.#layer < this.#options.startAtLayer ||
      height === 0 ||
      !this.#absoluteXyz // nobody prints walls in relative coordinates
    ) {
      this.#state = 'plain loop';
      return '';
    }
    this.#state = 'raised loop';
    this.#raisedLoops++;
    this.#baseE = this.#e;
    return `G1 Z${number(this.#z + height / 2, 3)}${this.#eol}`;
  }

  /** Ends a loop, if one is open; returns what must stand after it. */
  #endLoop(): string {
    const state = this.#state;
    this.#state = 'between';
    if (state !== 'raised loop') return '';
    const down = `G1 Z${number(this.#z, 5)}${this.#eol}`;
    if (this.#absoluteE) return down + this.#tellE();
    this.#fedMore = true;
    return down;
  }

  /** The line after which the printer believes the same position of E as the file. */
  #tellE(): string {
    this.#fedMore = false;
    return `G92 E${number(this.#e, 5)}${this.#eol}`;
  }

  #height(): number {
    if (this.#layerHeight > 0) return this.#layerHeight;
    if (this.#belowZ >= 0 && this.#layerZ > this.#belowZ) return this.#layerZ - this.#belowZ;
    return this.#headHeight;
  }
}

/** The transform as a stream of bytes, and what it did once it has ended. */
export class BrickStream extends Transform {
  readonly #bricklayer: Bricklayer;

  constructor(options: BrickOptions) {
    super();
    this.#bricklayer = new Bricklayer(options);
  }

  get report(): BrickReport {
    return this.#bricklayer.report;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#forward(() => this.#bricklayer.push(chunk.toString('latin1')), done);
  }

  override _flush(done: TransformCallback): void {
    this.#forward(() => this.#bricklayer.end(), done);
  }

  #forward(step: () => string, done: TransformCallback): void {
    let text: string;
    try {
      text = step();
    } catch (error) {
      done(error as Error);
      return;
    }
    done(null, Buffer.from(text, 'latin1'));
  }
}

function positive(text: string): number {
  const value = Number.parseFloat(text);
  return value > 0 ? value : 0;
}

/** At most `digits` decimals, without trailing zeros. */
function number(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}
