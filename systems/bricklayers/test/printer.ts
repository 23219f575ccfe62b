/** A printer that prints nothing: it follows G-code and notes each move that extrudes. */

/** A move that extruded: where it went, how much it fed, and in which part of the file it stood. */
export interface Move {
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly feed: number;
  readonly layer: number;
  readonly inner: boolean;
  /** Counts travel moves, so that two loops differ. */
  readonly loop: number;
}

/** What a file does to the printer. */
export interface Printed {
  readonly moves: readonly Move[];
  readonly travels: readonly string[];
  readonly z: number;
  readonly e: number;
}

/** Follows G-code. */
export function print(text: string): Printed {
  const moves: Move[] = [];
  const travels: string[] = [];
  let [x, y, z, e, layer, loop] = [0, 0, 0, 0, 0, 0];
  let [absolute, inner] = [true, false];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith(';LAYER:') || line === ';LAYER_CHANGE') layer++;
    if (line.startsWith(';TYPE:')) inner = /WALL-INNER|:Perimeter|:Inner wall/.test(line);
    const code = line.replace(/;.*/, '').trim();
    if (/^M82/.test(code)) absolute = true;
    if (/^M83/.test(code)) absolute = false;
    const word = (letter: string): number | undefined => {
      const match = new RegExp(`${letter}(-?[\\d.]+)`).exec(code);
      return match === null ? undefined : Number(match[1]);
    };
    if (/^G92/.test(code)) e = word('E') ?? e;
    if (!/^G[01] /.test(code)) continue;
    const feed = word('E') === undefined ? 0 : absolute ? word('E')! - e : word('E')!;
    if (absolute) e = word('E') ?? e;
    x = word('X') ?? x;
    y = word('Y') ?? y;
    z = word('Z') ?? z;
    const moved = word('X') !== undefined || word('Y') !== undefined;
    if (moved && feed > 0) moves.push({ x, y, z, feed, layer, inner, loop });
    if (moved && feed <= 0) {
      travels.push(`${x} ${y} ${z}`);
      loop++;
    }
  }
  return { moves, travels, z, e };
}
