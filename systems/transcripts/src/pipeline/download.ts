/**
 * Downloads over HTTP, with a limit of size and one of time.
 *
 * Whoever may create jobs may have this machine fetch from every address that it reaches; in production it stands in a
 * network of its own, or behind a proxy that decides.
 *
 * An answer of 5xx or 429, and a connection that fails or breaks off, is the other side's trouble: {@link Unavailable},
 * and another attempt is worth it. Every other answer is final.
 */
import { createWriteStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { Unavailable, VideoFailed } from './failure.ts';

const TOO_MANY_REQUESTS = 429;

/** What to download, and how much of it at most. */
export interface Download {
  /** What it is called in messages. */
  readonly what: 'media' | 'list';
  readonly url: string;
  readonly bytesMax: number;
  readonly msMax: number;
  readonly signal: AbortSignal;
}

/**
 * Downloads into a file; gives its size.
 * @throws VideoFailed, Unavailable, or the reason of the signal
 */
export async function downloadTo(file: string, download: Download): Promise<number> {
  const { signal, done } = limited(download);
  try {
    const body = await open(download, signal);
    let bytes = 0;
    const count = new Transform({
      transform(chunk: Buffer, _encoding, next) {
        bytes += chunk.length;
        if (bytes > download.bytesMax) next(tooLarge(download));
        else next(null, chunk);
      },
    });
    await pipeline(body, count, createWriteStream(file), { signal });
    if (bytes === 0) throw new VideoFailed(`the ${download.what} is empty`);
    return bytes;
  } catch (error) {
    throw reasonOf(error, download);
  } finally {
    done();
  }
}

/**
 * Downloads a text.
 * @throws VideoFailed, Unavailable, or the reason of the signal
 */
export async function downloadText(download: Download): Promise<string> {
  const { signal, done } = limited(download);
  try {
    const parts: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of (await open(download, signal)) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > download.bytesMax) throw tooLarge(download);
      parts.push(chunk);
    }
    return Buffer.concat(parts).toString();
  } catch (error) {
    throw reasonOf(error, download);
  } finally {
    done();
  }
}

/** Takes longer than it may. */
class TooSlow extends Error {}

function limited({ msMax, signal }: Download): { signal: AbortSignal; done(): void } {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new TooSlow()), msMax);
  return { signal: AbortSignal.any([signal, late.signal]), done: () => clearTimeout(timer) };
}

async function open(download: Download, signal: AbortSignal): Promise<Readable> {
  const response = await fetch(download.url, { signal, redirect: 'follow' });
  const { status, body } = response;
  if (!response.ok || body === null) {
    await body?.cancel();
    const message = `the ${download.what} cannot be fetched: its server answers ${status}`;
    throw status >= 500 || status === TOO_MANY_REQUESTS ? new Unavailable(message) : new VideoFailed(message);
  }
  if (Number(response.headers.get('content-length')) > download.bytesMax) {
    await body.cancel();
    throw tooLarge(download);
  }
  // The two types of streams differ in name only.
  return Readable.fromWeb(body as ReadableStream, { signal });
}

function reasonOf(error: unknown, { what, msMax, signal }: Download): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof VideoFailed || error instanceof Unavailable) return error;
  if (error instanceof TooSlow || (error as Error).cause instanceof TooSlow || isAbort(error))
    return new VideoFailed(`the ${what} did not arrive within ${msMax / 1000} s`);
  const { message, cause } = error as Error;
  return new Unavailable(
    `the ${what} cannot be fetched: ${cause instanceof Error ? cause.message || message : message}`,
  );
}

/** Only the limit of time aborts what the caller did not. */
function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

function tooLarge({ what, bytesMax }: Download): VideoFailed {
  return new VideoFailed(`the ${what} is larger than ${bytesMax} bytes`);
}
