/**
 * Videos that lie at an address as they are, over plain HTTP. What a site answers says what is wrong:
 *
 *     404, 410           VIDEO_NOT_FOUND
 *     401, 402, 403, 451 VIDEO_UNAVAILABLE: private, paid for, or not for this country
 *     other 4xx          VIDEO_UNAVAILABLE
 *     5xx, no answer, an answer that breaks off     DOWNLOAD_FAILED
 *     an answer that takes too long                 DOWNLOAD_TIMEOUT
 */
import { createWriteStream } from 'node:fs';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DownloadError, TransferError, VideoError } from '../errors.ts';
import { checkHost, lookupPublic } from './addresses.ts';
import type { FetchedVideo, VideoInfo, VideoLimits, VideoSource } from './video.ts';

const REDIRECTS_MAX = 5;
const TITLE_CHARACTERS_MAX = 200;
const GONE = new Set([404, 410]);

/** Plain HTTP. */
export class HttpSource implements VideoSource {
  readonly #limits: VideoLimits;
  readonly #allowPrivate: boolean;

  /** @param allowPrivate whether hosts of this machine and its network are asked */
  constructor(limits: VideoLimits, allowPrivate: boolean) {
    this.#limits = limits;
    this.#allowPrivate = allowPrivate;
  }

  info(url: URL, signal: AbortSignal): Promise<VideoInfo> {
    return this.#inTime(signal, async (within) => {
      const response = await this.#ask('HEAD', url, within);
      response.resume();
      return this.#read(url, response);
    });
  }

  download(url: URL, folder: string, signal: AbortSignal): Promise<FetchedVideo> {
    return this.#inTime(signal, async (within) => {
      const response = await this.#ask('GET', url, within);
      const target = path.join(folder, 'video');
      let bytes = 0;
      const { bytesMax } = this.#limits;
      try {
        this.#read(url, response);
        await pipeline(
          response,
          async function* (parts: AsyncIterable<Buffer>) {
            for await (const part of parts) {
              bytes += part.length;
              if (bytes > bytesMax) throw tooLarge(bytesMax);
              yield part;
            }
          },
          createWriteStream(target),
          { signal: within },
        );
      } finally {
        response.destroy();
      }
      if (bytes === 0) throw new VideoError('VIDEO_UNSUPPORTED', 'the video is empty');
      return { path: target, bytes };
    });
  }

  /** Follows where the site leads; gives an answer of 200. */
  async #ask(method: 'HEAD' | 'GET', url: URL, signal: AbortSignal): Promise<IncomingMessage> {
    let at = url;
    for (let i = 0; i <= REDIRECTS_MAX; i++) {
      const response = await this.#send(method, at, signal);
      const { statusCode: status = 0, headers } = response;
      if (status === 200) return response;
      response.destroy();
      if (status < 300 || status >= 400 || headers.location === undefined) throw refusal(status);
      if (!URL.canParse(headers.location, at.href))
        throw new TransferError('DOWNLOAD_FAILED', 'the site leads to an address that is none');
      at = new URL(headers.location, at);
    }
    throw new VideoError('VIDEO_UNAVAILABLE', `the site leads on more than ${REDIRECTS_MAX} times`);
  }

  #send(method: string, url: URL, signal: AbortSignal): Promise<IncomingMessage> {
    if (!/^https?:$/.test(url.protocol))
      throw new VideoError('INVALID_URL', `${url.protocol} is not spoken; only http and https are`);
    if (!this.#allowPrivate) checkHost(url);
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    return new Promise((resolve, reject) => {
      const outgoing = send(url, {
        method,
        signal,
        agent: false,
        headers: { accept: 'video/*', 'user-agent': 'shorts-downloader/1.0' },
        ...(!this.#allowPrivate && { lookup: lookupPublic }),
      });
      outgoing.once('response', resolve).once('error', reject).end();
    });
  }

  #read(url: URL, { headers }: IncomingMessage): VideoInfo {
    const mediaType = (headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
    if (!mediaType.startsWith('video/'))
      throw new VideoError('VIDEO_UNSUPPORTED', `there is ${mediaType || 'something'} and no video`);
    const length = headers['content-length'];
    const bytes = length === undefined ? undefined : Number(length);
    if (bytes !== undefined && bytes > this.#limits.bytesMax) throw tooLarge(this.#limits.bytesMax);
    return { title: titleOf(url), mediaType, bytes };
  }

  /** Puts what happens on the way into the words of this system. */
  async #inTime<Result>(signal: AbortSignal, run: (within: AbortSignal) => Promise<Result>): Promise<Result> {
    const { callMsMax } = this.#limits;
    const late = AbortSignal.timeout(callMsMax);
    try {
      return await run(AbortSignal.any([signal, late]));
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof DownloadError) throw error;
      if (late.aborted)
        throw new TransferError('DOWNLOAD_TIMEOUT', `the site took longer than ${callMsMax / 1000} s`);
      const { message } = error as Error;
      throw new TransferError('DOWNLOAD_FAILED', `the site did not answer to the end: ${message}`, {
        cause: error,
      });
    }
  }
}

function refusal(status: number): DownloadError {
  if (GONE.has(status))
    return new VideoError('VIDEO_NOT_FOUND', `the site answers ${status}: there is no such video`);
  if (status >= 400 && status < 500)
    return new VideoError('VIDEO_UNAVAILABLE', `the site answers ${status}: the video is not for us`);
  return new TransferError('DOWNLOAD_FAILED', `the site answers ${status}`);
}

function tooLarge(bytesMax: number): VideoError {
  return new VideoError('VIDEO_TOO_LARGE', `the video is larger than ${bytesMax} bytes`);
}

/** The last part of the path. */
function titleOf(url: URL): string {
  const name = path.posix.basename(url.pathname) || url.hostname;
  try {
    return decodeURIComponent(name).slice(0, TITLE_CHARACTERS_MAX);
  } catch {
    return name.slice(0, TITLE_CHARACTERS_MAX);
  }
}
