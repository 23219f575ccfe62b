/**
 * The part of Google Cloud Storage's JSON protocol that its client uses for whole objects:
 *
 *     POST   /upload/storage/v1/b/BUCKET/o?uploadType=multipart&name=NAME   200 and the object's description
 *     GET    /storage/v1/b/BUCKET/o/NAME?alt=media                          200 and the bytes
 *     GET    /storage/v1/b/BUCKET/o/NAME                                    200 and the object's description
 *     DELETE /storage/v1/b/BUCKET/o/NAME                                    204
 *     404 where there is no object
 *
 * A multipart upload has two parts, a description in JSON and the bytes:
 *
 *     --BOUNDARY\r\n headers \r\n\r\n {"contentType":"video/mp4"} \r\n--BOUNDARY\r\n headers \r\n\r\n BYTES \r\n--BOUNDARY--
 *
 * Source: Google Cloud Storage JSON API, "Objects: insert", "Objects: get", "Objects: delete", "Uploads and downloads".
 */
import type { ServerResponse } from 'node:http';
import { Transform, type TransformCallback } from 'node:stream';
import { decoded, type Exchange, type Protocol, send, sendObject } from './exchange.ts';
import type { ObjectFacts, ObjectPlace } from './objects.ts';

const UPLOAD_PATH = /^\/upload\/storage\/v1\/b\/([^/]+)\/o$/;
const OBJECT_PATH = /^\/storage\/v1\/b\/([^/]+)\/o\/([^/]+)$/;
const BOUNDARY = /multipart\/related;.*boundary="?([^";]+)"?/i;
/** All that stands before the bytes. */
const HEAD_BYTES_MAX = 100_000;
const JSON_TYPE = { 'content-type': 'application/json; charset=UTF-8' };

/** Google Cloud Storage. */
export const gcsProtocol: Protocol = {
  scheme: 'Bearer ',

  async answer(exchange) {
    const { request, response, objects, url } = exchange;
    const upload = UPLOAD_PATH.exec(url.pathname);
    if (request.method === 'POST' && upload !== null) return receive(exchange, decoded(upload[1]));
    const [, bucket, name] = OBJECT_PATH.exec(url.pathname) ?? [];
    if (bucket === undefined)
      return this.refuse(response, 400, 'invalid', 'the path is none of those that are spoken here');
    const place: ObjectPlace = { provider: 'gcs', bucket: decoded(bucket), name: decoded(name) };
    const facts = await objects.find(place);
    if (facts === undefined) return this.refuse(response, 404, 'notFound', `No such object: ${place.name}`);
    switch (request.method) {
      case 'GET': {
        if (url.searchParams.get('alt') !== 'media')
          return send(response, 200, JSON_TYPE, JSON.stringify(describe(place, facts)));
        return sendObject(exchange, place, facts, { 'x-goog-hash': `md5=${facts.md5}` });
      }
      case 'DELETE':
        await objects.remove(place);
        return send(response, 204);
      default:
        return this.refuse(response, 405, 'methodNotAllowed', 'only POST, GET and DELETE are spoken here');
    }
  },

  refuse(response: ServerResponse, status: number, code: string, message: string) {
    const errors = [{ reason: code, message }];
    send(response, status, JSON_TYPE, JSON.stringify({ error: { code: status, message, errors } }));
  },
};

async function receive({ request, response, objects, url }: Exchange, bucket: string): Promise<void> {
  const [, boundary] = BOUNDARY.exec(request.headers['content-type'] ?? '') ?? [];
  const name = url.searchParams.get('name');
  if (url.searchParams.get('uploadType') !== 'multipart' || boundary === undefined || !name)
    return gcsProtocol.refuse(response, 400, 'invalid', 'only multipart uploads with a name are spoken here');
  const place: ObjectPlace = { provider: 'gcs', bucket, name };
  const parts = new SecondPart(boundary);
  const content = request.compose(parts);
  const mediaType = await parts.mediaType(content);
  const facts = await objects.put(place, mediaType, content);
  send(response, 200, JSON_TYPE, JSON.stringify(describe(place, facts)));
}

function describe({ bucket, name }: ObjectPlace, { bytes, mediaType, md5, createdAt }: ObjectFacts): object {
  const at = createdAt.toISOString();
  return {
    kind: 'storage#object',
    id: `${bucket}/${name}/1`,
    bucket,
    name,
    generation: '1',
    metageneration: '1',
    size: String(bytes),
    contentType: mediaType,
    md5Hash: md5,
    timeCreated: at,
    updated: at,
  };
}

/** Lets the bytes of the second part through, and keeps what the first one says. */
class SecondPart extends Transform {
  readonly #boundary: Buffer;
  readonly #end: Buffer;
  /** What has come and may still belong to a boundary. */
  #held: Buffer = Buffer.alloc(0);
  #description: { readonly contentType?: unknown } | undefined;
  #complete = false;

  constructor(boundary: string) {
    super();
    this.#boundary = Buffer.from(`--${boundary}\r\n`);
    this.#end = Buffer.from(`\r\n--${boundary}--`);
  }

  /** Resolves when the first part has come. */
  async mediaType(readable: NodeJS.ReadableStream): Promise<string> {
    if (this.#description === undefined)
      await new Promise<void>((resolve, reject) => {
        this.once('described', resolve);
        readable.once('error', reject);
      });
    const type = this.#description?.contentType;
    return typeof type === 'string' ? type : 'application/octet-stream';
  }

  override _transform(part: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#held = this.#held.length === 0 ? part : Buffer.concat([this.#held, part]);
    try {
      if (this.#description !== undefined || this.#readHead()) this.#letThrough();
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  override _flush(done: TransformCallback): void {
    done(this.#complete ? null : new Error('the upload broke off before its last boundary'));
  }

  /** Whether both headers and the description are there. */
  #readHead(): boolean {
    const text = this.#held.subarray(0, HEAD_BYTES_MAX).toString('latin1');
    const boundary = this.#boundary.toString('latin1');
    const [begin, second] = [text.indexOf('\r\n\r\n'), text.lastIndexOf(boundary)];
    const bytes = second > begin ? text.indexOf('\r\n\r\n', second) : -1;
    if (begin < 0 || bytes < 0) {
      if (this.#held.length >= HEAD_BYTES_MAX) throw new Error('the upload begins with no two parts');
      return false;
    }
    const json = this.#held.subarray(begin + 4, second - 2).toString();
    this.#description = JSON.parse(json) as { readonly contentType?: unknown };
    this.#held = this.#held.subarray(bytes + 4);
    this.emit('described');
    return true;
  }

  /** Keeps back as much as may be the beginning of the last boundary. */
  #letThrough(): void {
    if (this.#complete) return;
    const end = this.#held.indexOf(this.#end);
    this.#complete = end >= 0;
    const until = end >= 0 ? end : Math.max(0, this.#held.length - this.#end.length);
    this.push(this.#held.subarray(0, until));
    this.#held = this.#held.subarray(until);
  }
}
