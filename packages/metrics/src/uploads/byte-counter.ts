/** Counting the bytes of a stream on their way, up to a limit. */
import { Transform, type TransformCallback } from 'node:stream';

/** What a stream may hold. */
export interface ByteLimit {
  /** More than this ends the stream with an error. Default: no limit. */
  readonly bytesMax?: number;
  /** Makes the error. Default: an `Error` that names the limit. */
  readonly tooLarge?: (bytesMax: number) => Error;
}

/** Passes bytes on and counts them: `pipeline(file, counter, createWriteStream(path))`. */
export class ByteCounter extends Transform {
  /** What came so far. */
  bytes = 0;
  readonly #bytesMax: number;
  readonly #tooLarge: (bytesMax: number) => Error;

  constructor({ bytesMax = Number.POSITIVE_INFINITY, tooLarge = defaultError }: ByteLimit = {}) {
    super();
    this.#bytesMax = bytesMax;
    this.#tooLarge = tooLarge;
  }

  override _transform(chunk: Uint8Array, _encoding: string, done: TransformCallback): void {
    this.bytes += chunk.length;
    if (this.bytes > this.#bytesMax) done(this.#tooLarge(this.#bytesMax));
    else done(null, chunk);
  }
}

function defaultError(bytesMax: number): Error {
  return new Error(`the file is larger than ${bytesMax} bytes, the most that is accepted`);
}
