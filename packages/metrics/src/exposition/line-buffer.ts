/**
 * Output that is put together from prepared texts and from numbers.
 *
 * Lines of an exposition are short: copying one with `set` makes a view first, which costs twice the copy, and
 * copying it byte by byte more than three times. So texts are copied four bytes at a time, up to three too many,
 * over which the next piece is written; both sides have room for that. Digits are made here because nine of ten
 * values are integers, for which a string would be made only to be copied.
 */

/** Bytes after which a slice is handed over: a fraction of a millisecond's work, and few enough turns. */
const SLICE_BYTES = 128 * 1024;
/** Most expositions are far smaller. */
const FIRST_BYTES = 16 * 1024;
/** Bytes that may be copied beyond the end of a text. */
const SLACK_BYTES = 3;
/** The longest text of a number: a sign, 17 digits, a point, an exponent. */
const NUMBER_BYTES_MAX = 32;
const INT32_END = 2 ** 31;
const ZERO = 0x30;

const encoder = new TextEncoder();

/** Texts one behind the other: one array of bytes for all series takes far less memory than one for each. */
export class PreparedTexts {
  view = new DataView(new ArrayBuffer(256));
  #ends = new Uint32Array(16);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  start(index: number): number {
    return index === 0 ? 0 : this.#ends[index - 1]!;
  }

  end(index: number): number {
    return this.#ends[index]!;
  }

  /** Adds a text; returns its index. */
  add(text: string): number {
    const encoded = encoder.encode(text);
    const start = this.start(this.#count);
    const end = start + encoded.length;
    if (end + SLACK_BYTES > this.view.byteLength) this.view = grown(this.view, end + SLACK_BYTES);
    if (this.#count === this.#ends.length) {
      const ends = new Uint32Array(this.#count * 2);
      ends.set(this.#ends);
      this.#ends = ends;
    }
    bytesOf(this.view).set(encoded, start);
    this.#ends[this.#count] = end;
    return this.#count++;
  }
}

export class LineBuffer {
  #view = new DataView(new ArrayBuffer(FIRST_BYTES));
  #used = 0;

  /** Whether a slice is full and ought to be taken. */
  get isFull(): boolean {
    return this.#used >= SLICE_BYTES;
  }

  get isEmpty(): boolean {
    return this.#used === 0;
  }

  text(texts: PreparedTexts, index: number): void {
    const start = texts.start(index);
    const bytes = texts.end(index) - start;
    this.#reserve(bytes + SLACK_BYTES);
    copy(texts.view, start, this.#view, this.#used, bytes);
    this.#used += bytes;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#view.setUint8(this.#used++, value);
  }

  /** Writes a number; `format` gives the text, in ASCII, of what is no integer. */
  number(value: number, format: (value: number) => string): void {
    this.#reserve(NUMBER_BYTES_MAX);
    // -0 is no integer here: it is written with its sign.
    if (value < INT32_END && (value > 0 || Object.is(value, 0)) && (value | 0) === value) {
      this.#used = writeInteger(this.#view, this.#used, value | 0);
    } else this.#ascii(format(value));
  }

  /** Hands over what was written since the last time; the bytes are the caller's. */
  take(): Uint8Array {
    const slice = bytesOf(this.#view).subarray(0, this.#used);
    // Room for the line that makes a slice full.
    this.#view = new DataView(new ArrayBuffer(SLICE_BYTES + FIRST_BYTES));
    this.#used = 0;
    return slice;
  }

  #ascii(text: string): void {
    this.#reserve(text.length);
    for (let i = 0; i < text.length; i++) this.#view.setUint8(this.#used++, text.charCodeAt(i));
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes > this.#view.byteLength) this.#view = grown(this.#view, this.#used + bytes);
  }
}

/** Copies `bytes` bytes, and up to {@link SLACK_BYTES} more. */
function copy(from: DataView, start: number, to: DataView, at: number, bytes: number): void {
  for (let i = 0; i < bytes; i += 4) to.setUint32(at + i, from.getUint32(start + i));
}

/** Writes an integer from 0 on; returns where it ends. */
function writeInteger(view: DataView, start: number, value: number): number {
  let digits = 1;
  for (let bound = 10; digits < 10 && value >= bound; bound *= 10) digits++;
  const end = start + digits;
  let at = end;
  let rest = value;
  do {
    const next = (rest / 10) | 0;
    view.setUint8(--at, ZERO + rest - next * 10);
    rest = next;
  } while (rest > 0);
  return end;
}

function grown(view: DataView<ArrayBuffer>, bytesMin: number): DataView<ArrayBuffer> {
  const larger = new DataView(new ArrayBuffer(Math.max(view.byteLength * 2, bytesMin)));
  bytesOf(larger).set(bytesOf(view));
  return larger;
}

function bytesOf(view: DataView<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
