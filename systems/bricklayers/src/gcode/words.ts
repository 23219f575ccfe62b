/**
 * Words of a line of G-code: letters with numbers behind them, as in `G1 X10.5 Y20 E1.2 ; a comment`. Spaces are
 * not needed, lower case is the same, and what stands in comments, after `;` or in parentheses, is not read.
 */

/** The words of a move that matter here; `NaN` for one that is not there. */
export interface Words {
  x: boolean;
  y: boolean;
  z: number;
  e: number;
  /** Where the value of the E word stands in the line. */
  eFrom: number;
  eTo: number;
}

// One object for all lines: files have millions of them, and it is read before the next line is parsed.
const parsed: Words = { x: false, y: false, z: Number.NaN, e: Number.NaN, eFrom: 0, eTo: 0 };

/** Reads the words of a move whose command begins at `at`; the result is overwritten by the next call. */
export function wordsOf(line: string, at: number): Words {
  parsed.x = false;
  parsed.y = false;
  parsed.z = Number.NaN;
  parsed.e = Number.NaN;
  // The first letter is the command's own.
  for (let i = at + 1; i < line.length; i++) {
    const letter = line.charCodeAt(i) | 32;
    if (letter === 59) break; // ;, which has the bit of 32 already
    if (letter === 40) {
      // (, likewise
      const end = line.indexOf(')', i);
      if (end < 0) break;
      i = end;
      continue;
    }
    if (letter < 97 || letter > 122) continue;
    const from = i + 1;
    while (isNumeric(line.charCodeAt(i + 1))) i++;
    switch (letter) {
      case 120: // x
        parsed.x = true;
        break;
      case 121: // y
        parsed.y = true;
        break;
      case 122: // z
        parsed.z = toNumber(line, from, i + 1);
        break;
      case 101: // e
        parsed.e = toNumber(line, from, i + 1);
        parsed.eFrom = from;
        parsed.eTo = i + 1;
        break;
    }
  }
  return parsed;
}

function toNumber(line: string, from: number, to: number): number {
  return from === to ? Number.NaN : Number(line.slice(from, to));
}

function isNumeric(code: number): boolean {
  return (code >= 48 && code <= 57) || code === 46 || code === 45 || code === 43;
}

/** The integer at a position, or -1 when there is none or more than an integer (`G38.2`). */
export function integerAt(line: string, at: number): number {
  let value = 0;
  let i = at;
  for (; i < line.length; i++) {
    const code = line.charCodeAt(i);
    if (code < 48 || code > 57) break;
    value = value * 10 + code - 48;
  }
  return i === at || line.charCodeAt(i) === 46 ? -1 : value;
}
