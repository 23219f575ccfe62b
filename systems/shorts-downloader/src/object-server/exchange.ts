/** What the protocols of the object server have in common: a request that was taken apart, and ways to answer it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { ObjectFacts, ObjectPlace, Objects } from './objects.ts';

/** One request to one protocol. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Without the provider in front: `/shorts/a.mp4`. */
  readonly url: URL;
  readonly objects: Objects;
}

/** A protocol: answers what its client asks. */
export interface Protocol {
  /** What the header `Authorization` begins with. Its signature is not verified. */
  readonly scheme: string;
  answer(exchange: Exchange): Promise<void>;
  /** Says in the protocol's own words that something went wrong. */
  refuse(response: ServerResponse, status: number, code: string, message: string): void;
}

/** A part of a path, decoded. */
export function decoded(part: string | undefined): string {
  return decodeURIComponent(part ?? '');
}

/** Sends headers, and a body where there is one. */
export function send(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body = '',
): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
}

/** Sends the bytes of an object. */
export async function sendObject(
  { response, objects }: Exchange,
  place: ObjectPlace,
  { bytes, mediaType }: ObjectFacts,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  response.writeHead(200, { ...headers, 'content-type': mediaType, 'content-length': bytes });
  await pipeline(objects.read(place), response);
}
