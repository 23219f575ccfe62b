/**
 * Receiving one upload: a multipart body with one file and perhaps some parameters, streamed to disk.
 *
 * An upload that is refused is answered at once, without waiting for the rest of its body; what is still coming is
 * read and thrown away, so that a client that writes everything before it reads gets the answer too. However an
 * upload fails, its file is removed before the answer is written.
 */
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ByteCounter, validateUpload } from '@binnacle/metrics/uploads';
import type { FastifyRequest } from 'fastify';
import type { Refusal } from '../metrics.ts';
import { type JobParameters, partial } from './jobs.ts';

/** Extensions of G-code files, in lower case. */
export const EXTENSIONS: readonly string[] = ['.gcode', '.gco', '.g'];

const LAYER_MAX = 1_000_000;
const PARAMETER_DEFAULTS: JobParameters = { startAtLayer: 3, extrusionMultiplier: 1.05 };
/** Parts that are not the file; more are nobody's parameters. */
const FIELDS_MAX = 20;
const FIELD_BYTES_MAX = 1024;

/** The client's upload cannot be accepted. */
export class UploadRefused extends Error {
  override readonly name = 'UploadRefused';
  readonly statusCode: number;
  readonly reason: Refusal;

  constructor(statusCode: number, reason: Refusal, message: string) {
    super(message);
    this.statusCode = statusCode;
    this.reason = reason;
  }
}

/** The client went away in the middle of its upload. */
export class UploadAborted extends Error {
  override readonly name = 'UploadAborted';
  readonly statusCode = 400;
}

/** An upload that lies on disk. */
export interface ReceivedUpload {
  readonly filename: string;
  readonly bytes: number;
  readonly parameters: JobParameters;
}

/**
 * Receives the upload of a request to `path`.
 * @throws UploadRefused, UploadAborted, or what the disk says; the file is then gone
 */
export async function receiveUpload(
  request: FastifyRequest,
  path: string,
  bytesMax: number,
): Promise<ReceivedUpload> {
  try {
    return await receive(request, path, bytesMax);
  } catch (error) {
    await rm(partial(path), { force: true });
    // The body's parser has stopped reading; somebody has to, until the client has written everything.
    request.raw.unpipe();
    request.raw.resume();
    if (error instanceof UploadRefused) throw error;
    if (!request.raw.complete && request.raw.destroyed)
      throw new UploadAborted('the client closed the connection before the upload was complete');
    if (isSystemError(error)) throw error;
    throw new UploadRefused(
      400,
      'malformed_body',
      `the multipart body cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

async function receive(request: FastifyRequest, path: string, bytesMax: number): Promise<ReceivedUpload> {
  if (!request.isMultipart()) throw notMultipart(request);
  const fields: Record<string, unknown> = { ...(request.query as Record<string, unknown>) };
  parseParameters(fields);
  let filename: string | undefined;
  let bytes = 0;
  const limits = { fields: FIELDS_MAX, fieldSize: FIELD_BYTES_MAX, fileSize: Number.POSITIVE_INFINITY };
  for await (const part of request.parts({ limits })) {
    if (part.type === 'field') {
      fields[part.fieldname] = part.value;
      continue;
    }
    if (part.fieldname !== 'file')
      throw new UploadRefused(
        400,
        'missing_file',
        `the file is in the field ${JSON.stringify(part.fieldname)}; send it in the field "file"`,
      );
    if (filename !== undefined)
      throw new UploadRefused(400, 'several_files', 'there is more than one file; send one per upload');
    filename = part.filename;
    if (validateUpload({ filename }, { extensions: EXTENSIONS }) !== undefined)
      throw new UploadRefused(
        400,
        'invalid_extension',
        `${JSON.stringify(filename)} is not G-code by its name; the extension must be one of ${EXTENSIONS.join(', ')}`,
      );
    bytes = await save(part.file, partial(path), bytesMax);
  }
  if (filename === undefined)
    throw new UploadRefused(400, 'missing_file', 'there is no file; send it in the field "file"');
  if (bytes === 0) throw new UploadRefused(400, 'empty_file', `${JSON.stringify(filename)} is empty`);
  const parameters = parseParameters(fields);
  await rename(partial(path), path);
  return { filename, bytes, parameters };
}

/** Writes a file part to disk, returns its size. */
async function save(file: Readable, path: string, bytesMax: number): Promise<number> {
  const tooLarge = () =>
    new UploadRefused(
      413,
      'file_too_large',
      `the file is larger than ${bytesMax} bytes, the most that is accepted`,
    );
  const counter = new ByteCounter({ bytesMax, tooLarge });
  await pipeline(file, counter, createWriteStream(path, { flags: 'wx' }));
  return counter.bytes;
}

function notMultipart(request: FastifyRequest): UploadRefused {
  const type = request.headers['content-type'];
  return type === undefined
    ? new UploadRefused(400, 'missing_file', 'there is no body; send multipart/form-data with a field "file"')
    : new UploadRefused(
        415,
        'not_multipart',
        `the body is ${JSON.stringify(type)}; send multipart/form-data with a field "file"`,
      );
}

/**
 * Reads `start_at_layer` and `extrusion_multiplier` from fields; one that is not there has its default.
 * @throws UploadRefused that names the parameter, its value and what is allowed
 */
export function parseParameters(fields: Readonly<Record<string, unknown>>): JobParameters {
  const startAtLayer = parseNumber(fields, 'start_at_layer', PARAMETER_DEFAULTS.startAtLayer);
  if (!Number.isInteger(startAtLayer) || startAtLayer < 1 || startAtLayer > LAYER_MAX)
    throw badParameter(fields, 'start_at_layer', `a whole number from 1 to ${LAYER_MAX}`);
  const extrusionMultiplier = parseNumber(
    fields,
    'extrusion_multiplier',
    PARAMETER_DEFAULTS.extrusionMultiplier,
  );
  if (!(extrusionMultiplier >= 1 && extrusionMultiplier <= 1.2))
    throw badParameter(fields, 'extrusion_multiplier', 'a number from 1.0 to 1.2');
  return { startAtLayer, extrusionMultiplier };
}

function parseNumber(fields: Readonly<Record<string, unknown>>, name: string, fallback: number): number {
  const given = fields[name];
  if (given === undefined) return fallback;
  return typeof given === 'string' && given.trim() !== '' ? Number(given) : Number.NaN;
}

function badParameter(
  fields: Readonly<Record<string, unknown>>,
  name: string,
  allowed: string,
): UploadRefused {
  return new UploadRefused(
    400,
    'invalid_parameter',
    `${name} is ${JSON.stringify(fields[name])}; it must be ${allowed}`,
  );
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}
