/**
 * The part of Azure Blob Storage's protocol that its client uses for whole block blobs, with the account in the path
 * (here the first part of it, `/azure`):
 *
 *     PUT    /CONTAINER/NAME, x-ms-blob-type: BlockBlob   201, the MD5 as `Content-MD5`
 *     GET    /CONTAINER/NAME                              200 and the bytes, or 404 `BlobNotFound`
 *     DELETE /CONTAINER/NAME                              202, or 404 `BlobNotFound`
 *
 * Source: Azure Blob Storage REST API, "Put Blob", "Get Blob", "Delete Blob".
 */
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { decoded, type Exchange, type Protocol, send, sendObject } from './exchange.ts';
import type { ObjectFacts, ObjectPlace } from './objects.ts';

const VERSION = '2025-01-05';

/** Azure Blob Storage. */
export const azureProtocol: Protocol = {
  scheme: 'SharedKey ',

  async answer(exchange) {
    const { request, response, objects } = exchange;
    const place = placeOf(exchange);
    if (place === undefined)
      return this.refuse(response, 400, 'InvalidUri', 'the path must be /CONTAINER/NAME');
    const notFound = (): void => this.refuse(response, 404, 'BlobNotFound', 'there is no such blob');
    switch (request.method) {
      case 'PUT': {
        if (request.headers['x-ms-blob-type'] !== 'BlockBlob' || exchange.url.searchParams.has('comp'))
          return this.refuse(response, 400, 'InvalidHeaderValue', 'only whole block blobs are spoken here');
        const type = request.headers['x-ms-blob-content-type'] ?? request.headers['content-type'];
        const facts = await objects.put(place, String(type ?? 'application/octet-stream'), request);
        return send(response, 201, headersOf(facts));
      }
      case 'GET': {
        const facts = await objects.find(place);
        if (facts === undefined) return notFound();
        return sendObject(exchange, place, facts, {
          ...headersOf(facts),
          'x-ms-blob-type': 'BlockBlob',
          'accept-ranges': 'bytes',
        });
      }
      case 'DELETE':
        if (!(await objects.remove(place))) return notFound();
        return send(response, 202, commonHeaders());
      default:
        return this.refuse(response, 405, 'UnsupportedHttpVerb', 'only PUT, GET and DELETE are spoken here');
    }
  },

  refuse(response: ServerResponse, status: number, code: string, message: string) {
    const body = `<?xml version="1.0" encoding="utf-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
    const headers = { ...commonHeaders(), 'content-type': 'application/xml', 'x-ms-error-code': code };
    send(response, status, headers, body);
  },
};

function placeOf({ url }: Exchange): ObjectPlace | undefined {
  const [, container, ...name] = url.pathname.split('/');
  if (!container || name.join('/') === '') return undefined;
  return { provider: 'azure', bucket: decoded(container), name: decoded(name.join('/')) };
}

function commonHeaders(): Record<string, string> {
  return { 'x-ms-version': VERSION, 'x-ms-request-id': randomUUID() };
}

function headersOf({ md5, createdAt }: ObjectFacts): Record<string, string> {
  return {
    ...commonHeaders(),
    etag: `"${Buffer.from(md5, 'base64').toString('hex')}"`,
    'content-md5': md5,
    'last-modified': createdAt.toUTCString(),
  };
}
