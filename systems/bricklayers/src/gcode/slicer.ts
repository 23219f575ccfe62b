/**
 * A small slicer: G-code for a cylinder or a box, as the usual slicers would write it.
 *
 * Each layer is a string: its comment, inner walls, outer wall and infill, with retractions and travel moves in
 * between. Layers are made one at a time, so a body of any size can be streamed; nothing but the position of the
 * nozzle is kept from one layer to the next.
 *
 * The three dialects differ in what their comments say, which is all that a program reading G-code has to go by:
 *
 *            layer             inner wall               outer wall                  infill
 *   cura     ;LAYER:2          ;TYPE:WALL-INNER         ;TYPE:WALL-OUTER            ;TYPE:FILL
 *   prusa    ;LAYER_CHANGE     ;TYPE:Perimeter          ;TYPE:External perimeter    ;TYPE:Internal infill
 *   orca     ;LAYER_CHANGE     ;TYPE:Inner wall         ;TYPE:Outer wall            ;TYPE:Sparse infill
 *
 * The extruded length of a move is the volume of a bar `length x line width x layer height`, divided by the cross
 * section of the filament.
 */

/** Whose comments the G-code carries. */
export type Dialect = 'cura' | 'prusa' | 'orca';

/** What is sliced and how; lengths in millimetres. */
export interface SliceModel {
  readonly shape: 'cylinder' | 'box';
  readonly dialect: Dialect;
  /** Whether E words are positions (M82) or lengths (M83). */
  readonly extrusion: 'absolute' | 'relative';
  /** Diameter of the cylinder, or edge of the box. */
  readonly size: number;
  readonly layerHeight: number;
  readonly lineWidth: number;
  /** Walls in all: one outer, the others inner. At least 1. */
  readonly walls: number;
  /** Distance of infill lines; 0 for none. */
  readonly infillSpacing: number;
  /** Corners of the polygon that stands for a circle. */
  readonly segments: number;
  readonly eol: '\n' | '\r\n';
}

/** A small cylinder with three inner walls. */
export const DEFAULT_MODEL: SliceModel = {
  shape: 'cylinder',
  dialect: 'cura',
  extrusion: 'absolute',
  size: 30,
  layerHeight: 0.2,
  lineWidth: 0.4,
  walls: 4,
  infillSpacing: 3,
  segments: 48,
  eol: '\n',
};

const FILAMENT_AREA_MM2 = (Math.PI / 4) * 1.75 ** 2;
const CENTER_MM = 110;
const RETRACT_MM = 0.8;
const PADDING_LINE_BYTES = 80;

const COMMENTS: Readonly<Record<Dialect, { inner: string; outer: string; infill: string }>> = {
  cura: { inner: ';TYPE:WALL-INNER', outer: ';TYPE:WALL-OUTER', infill: ';TYPE:FILL' },
  prusa: { inner: ';TYPE:Perimeter', outer: ';TYPE:External perimeter', infill: ';TYPE:Internal infill' },
  orca: { inner: ';TYPE:Inner wall', outer: ';TYPE:Outer wall', infill: ';TYPE:Sparse infill' },
};

/** Slices `layers` layers: the start block, each layer, the end block. */
export function* slice(layers: number, model: Partial<SliceModel> = {}): Generator<string> {
  const nozzle = new Nozzle({ ...DEFAULT_MODEL, ...model });
  yield nozzle.start();
  for (let layer = 0; layer < layers; layer++) yield nozzle.layer(layer);
  yield nozzle.end();
}

/**
 * Slices as many layers as fit and pads with comments, so that exactly `bytes` bytes come out.
 * @throws RangeError when there is no room for a single layer
 */
export function* sliceToBytes(bytes: number, model: Partial<SliceModel> = {}): Generator<string> {
  const nozzle = new Nozzle({ ...DEFAULT_MODEL, ...model });
  const start = nozzle.start();
  // The end block has the same length whatever was printed before it.
  const endBytes = nozzle.end().length;
  let left = bytes - start.length - endBytes;
  let text = nozzle.layer(0);
  if (left < text.length)
    throw new RangeError(
      `a body of ${bytes} bytes has no room for a layer; give ${bytes - left + text.length}`,
    );
  yield start;
  for (let layer = 1; text.length <= left; layer++) {
    yield text;
    left -= text.length;
    text = nozzle.layer(layer);
  }
  yield nozzle.end();
  yield* padding(left, nozzle.model.eol);
}

/** Comment lines of exactly `bytes` bytes in all. */
function* padding(bytes: number, eol: string): Generator<string> {
  while (bytes > 0) {
    let take = Math.min(bytes, PADDING_LINE_BYTES);
    // What remains must hold at least a line end.
    if (bytes > take && bytes - take < eol.length) take -= eol.length;
    yield take < eol.length ? ';' : take === eol.length ? eol : `;${'.'.repeat(take - 1 - eol.length)}${eol}`;
    bytes -= take;
  }
}

/** The position of the nozzle and the lines that it has written since the last block was taken. */
class Nozzle {
  readonly model: SliceModel;
  #lines: string[] = [];
  #x = 0;
  #y = 0;
  #e = 0;
  #retracted = false;

  constructor(model: SliceModel) {
    if (!(model.walls >= 1)) throw new RangeError(`walls is ${model.walls}; a body needs at least one`);
    if (!(model.segments >= 3))
      throw new RangeError(`segments is ${model.segments}; a loop needs at least 3`);
    this.model = model;
  }

  start(): string {
    const { dialect, extrusion, layerHeight } = this.model;
    if (dialect === 'cura') this.#lines.push(';FLAVOR:Marlin', `;Layer height: ${layerHeight}`);
    this.#lines.push(`; sliced by bricklayers, in the manner of ${dialect}`);
    this.#lines.push('M140 S60', 'M104 S210', 'M190 S60', 'M109 S210', 'G21', 'G90');
    this.#lines.push(extrusion === 'absolute' ? 'M82 ; absolute extrusion' : 'M83 ; relative extrusion');
    this.#lines.push('G28 ; home', 'G92 E0', 'M107');
    return this.#take();
  }

  end(): string {
    this.#lines.push('M107', 'M104 S0', 'M140 S0', 'G28 X0 Y0', 'M84 ; end of print');
    return this.#take();
  }

  /** The layer with this index, the first being 0. */
  layer(index: number): string {
    const { dialect, layerHeight, lineWidth, size, walls, infillSpacing } = this.model;
    const z = trim((index + 1) * layerHeight, 3);
    const comments = COMMENTS[dialect];
    if (dialect === 'cura') this.#lines.push(`;LAYER:${index}`);
    else this.#lines.push(';LAYER_CHANGE', `;Z:${z}`, `;HEIGHT:${trim(layerHeight, 3)}`);
    // As absolute positions grow, slicers set them back; it also keeps every E word short.
    if (this.model.extrusion === 'absolute' && index > 0 && index % 50 === 0) {
      this.#lines.push('G92 E0');
      this.#e = 0;
    }
    this.#lines.push(`G1 Z${z} F7200`);
    const radius = size / 2 - lineWidth / 2;
    if (walls > 1) {
      this.#lines.push(comments.inner);
      for (let wall = walls - 1; wall >= 1; wall--) this.#loop(radius - wall * lineWidth);
    }
    this.#lines.push(comments.outer);
    this.#loop(radius);
    const inside = radius - walls * lineWidth;
    if (infillSpacing > 0 && inside > 0) {
      this.#lines.push(comments.infill);
      this.#infill(inside, infillSpacing, index % 2 === 1);
    }
    return this.#take();
  }

  /** A closed wall at `radius` from the centre line. */
  #loop(radius: number): void {
    if (radius <= 0) return;
    const corners: [number, number][] = [];
    if (this.model.shape === 'box') {
      corners.push([-radius, -radius], [radius, -radius], [radius, radius], [-radius, radius]);
    } else {
      const n = this.model.segments;
      for (let i = 0; i < n; i++) {
        const angle = (2 * Math.PI * i) / n;
        corners.push([radius * Math.cos(angle), radius * Math.sin(angle)]);
      }
    }
    this.#travel(corners[0]![0], corners[0]![1]);
    this.#lines.push('G1 F1800');
    for (const [x, y] of corners.slice(1)) this.#extrude(x, y);
    this.#extrude(corners[0]![0], corners[0]![1]);
  }

  /** Parallel lines over the inside, along x or along y. */
  #infill(radius: number, spacing: number, alongY: boolean): void {
    let forward = true;
    for (let across = -radius + spacing / 2; across < radius; across += spacing) {
      const reach = this.model.shape === 'box' ? radius : Math.sqrt(radius * radius - across * across);
      const from = forward ? -reach : reach;
      if (alongY) {
        this.#travel(across, from);
        this.#extrude(across, -from);
      } else {
        this.#travel(from, across);
        this.#extrude(-from, across);
      }
      forward = !forward;
    }
  }

  #travel(x: number, y: number): void {
    if (!this.#retracted) this.#filament(-RETRACT_MM, 2700);
    this.#lines.push(`G0 F9000 X${trim(x + CENTER_MM, 3)} Y${trim(y + CENTER_MM, 3)}`);
    this.#x = x;
    this.#y = y;
    this.#filament(RETRACT_MM, 2700);
  }

  /** Moves the filament alone: back before a travel move, forward after it. */
  #filament(length: number, feedrate: number): void {
    this.#lines.push(`G1 F${feedrate} E${this.#word(length)}`);
    this.#retracted = length < 0;
  }

  #extrude(x: number, y: number): void {
    const { layerHeight, lineWidth } = this.model;
    const length = Math.hypot(x - this.#x, y - this.#y);
    const e = this.#word((length * lineWidth * layerHeight) / FILAMENT_AREA_MM2);
    this.#lines.push(`G1 X${trim(x + CENTER_MM, 3)} Y${trim(y + CENTER_MM, 3)} E${e}`);
    this.#x = x;
    this.#y = y;
  }

  /** The value of an E word that feeds `length` of filament. */
  #word(length: number): string {
    if (this.model.extrusion === 'relative') return trim(length, 5);
    this.#e += length;
    return trim(this.#e, 5);
  }

  #take(): string {
    const { eol } = this.model;
    const text = this.#lines.join(eol) + eol;
    this.#lines = [];
    return text;
  }
}

/** At most `digits` decimals, without trailing zeros. */
function trim(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}
