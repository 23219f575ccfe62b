/**
 * The part of Amazon S3's protocol that its client uses for whole objects, with the bucket in the path:
 *
 *     PUT    /BUCKET/NAME   200, the MD5 as `ETag`
 *     GET    /BUCKET/NAME   200 and the bytes, or 404 `NoSuchKey`
 *     DELETE /BUCKET/NAME   204, whether there was one or not
 *
 * The client sends streams in signed chunks with a checksum behind them ("aws-chunked"), which are unpacked here:
 *
 *     8000;chunk-signature=...\r\n  0x8000 bytes  \r\n  ...  0\r\n  x-amz-checksum-crc32:AAAAAA==\r\n\r\n
 *
 * Source: Amazon S3 API Reference, "PutObject", "GetObject", "DeleteObject" and "Signature Calculations for the
 * Authorization Header: Transferring Payload in Multiple Chunks".
 */
import type { ServerResponse } from 'node:http';
import { Transform, type TransformCallback } from 'node:stream';
import { crc32 } from 'node:zlib';
import { decoded, type Exchange, type Protocol, send, sendObject } from './exchange.ts';
import type { ObjectPlace } from './objects.ts';

/** A line between chunks that is longer is none. */
const LINE_BYTES_MAX = 1_000;
const CHECKSUM = /^x-amz-checksum-crc32:(\S+)$/i;

/** Amazon S3. */
export const s3Protocol: Protocol = {
  scheme: 'AWS4-HMAC-SHA256 ',

  async answer(exchange) {
    const { request, response, objects } = exchange;
    const place = placeOf(exchange);
    if (place === undefined) return this.refuse(response, 400, 'InvalidURI', 'the path must be /BUCKET/NAME');
    switch (request.method) {
      case 'PUT': {
        const chunked = /aws-chunked/.test(request.headers['content-encoding'] ?? '');
        const content = chunked ? request.compose(new Unchunked()) : request;
        const mediaType = request.headers['content-type'] ?? 'application/octet-stream';
        const { md5 } = await objects.put(place, mediaType, content);
        return send(response, 200, { etag: etagOf(md5) });
      }
      case 'GET': {
        const facts = await objects.find(place);
        if (facts === undefined) return this.refuse(response, 404, 'NoSuchKey', 'there is no such object');
        const headers = { etag: etagOf(facts.md5), 'last-modified': facts.createdAt.toUTCString() };
        return sendObject(exchange, place, facts, headers);
      }
      case 'DELETE':
        await objects.remove(place);
        return send(response, 204);
      default:
        return this.refuse(response, 405, 'MethodNotAllowed', 'only PUT, GET and DELETE are spoken here');
    }
  },

  refuse(response: ServerResponse, status: number, code: string, message: string) {
    const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
    send(response, status, { 'content-type': 'application/xml' }, body);
  },
};

function placeOf({ url }: Exchange): ObjectPlace | undefined {
  const [, bucket, ...name] = url.pathname.split('/');
  if (!bucket || name.join('/') === '') return undefined;
  return { provider: 's3', bucket: decoded(bucket), name: decoded(name.join('/')) };
}

function etagOf(md5: string): string {
  return `"${Buffer.from(md5, 'base64').toString('hex')}"`;
}

/** Takes the chunks apart, and compares the checksum behind them with that of the bytes. */
class Unchunked extends Transform {
  #buffered: Buffer = Buffer.alloc(0);
  /** Bytes of the chunk that are still to come; its end, `\r\n`, included. */
  #left = 0;
  #inTrailers = false;
  #checksum = 0;
  #complete = false;

  override _transform(part: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#buffered = this.#buffered.length === 0 ? part : Buffer.concat([this.#buffered, part]);
    try {
      while (this.#left > 0 ? this.#takeBytes() : this.#takeLine());
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  override _flush(done: TransformCallback): void {
    done(this.#complete ? null : new Error('the chunks broke off'));
  }

  #takeBytes(): boolean {
    const taken = this.#buffered.subarray(0, this.#left);
    if (taken.length === 0) return false;
    const content = taken.subarray(0, Math.max(0, Math.min(taken.length, this.#left - 2)));
    this.#checksum = crc32(content, this.#checksum);
    this.push(content);
    this.#left -= taken.length;
    this.#buffered = this.#buffered.subarray(taken.length);
    return true;
  }

  #takeLine(): boolean {
    const end = this.#buffered.indexOf('\r\n');
    if (end < 0) {
      if (this.#buffered.length > LINE_BYTES_MAX) throw new Error('a chunk begins without its length');
      return false;
    }
    const line = this.#buffered.subarray(0, end).toString('latin1');
    this.#buffered = this.#buffered.subarray(end + 2);
    if (this.#inTrailers) this.#readTrailer(line);
    else {
      const bytes = Number.parseInt(line, 16);
      if (!(bytes >= 0)) throw new Error(`a chunk begins with ${JSON.stringify(line.slice(0, 20))}`);
      if (bytes === 0) this.#inTrailers = true;
      else this.#left = bytes + 2;
    }
    return true;
  }

  #readTrailer(line: string): void {
    if (line === '') this.#complete = true;
    const [, told] = CHECKSUM.exec(line) ?? [];
    if (told === undefined) return;
    const actual = Buffer.alloc(4);
    actual.writeUInt32BE(this.#checksum);
    if (actual.toString('base64') !== told) throw new Error('the checksum is not that of the bytes');
  }
}
