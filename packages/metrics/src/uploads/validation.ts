/**
 * Whether a file may be uploaded, by its name, its size and its first bytes.
 *
 * What a file is can be told by its first bytes for the types in {@link MAGIC}; for others the type that the client
 * declares is all there is.
 */

/** Why {@link validateUpload} refuses a file. */
export const UPLOAD_REASONS = [
  'file_too_large',
  'empty_file',
  'invalid_extension',
  'invalid_content_type',
] as const;

/** One of {@link UPLOAD_REASONS}. */
export type UploadReason = (typeof UPLOAD_REASONS)[number];

/** How many bytes of the beginning {@link contentTypeOf} looks at. */
export const HEAD_BYTES = 12;

/** What is known of a file; what is left out is not checked. */
export interface UploadedFile {
  readonly filename?: string;
  readonly bytes?: number;
  /** As the client declares it: `image/png`, with or without parameters. */
  readonly contentType?: string;
  /** The beginning of the file, {@link HEAD_BYTES} or more. */
  readonly head?: Uint8Array;
}

/** What is allowed; what is left out is. */
export interface UploadRules {
  /** The size that is still accepted. */
  readonly bytesMax?: number;
  /** Whether a file may be empty. Default false. */
  readonly mayBeEmpty?: boolean;
  /** With the dot, in any case: `['.gcode', '.g']`. */
  readonly extensions?: readonly string[];
  /** `['image/png', 'application/pdf']`. */
  readonly contentTypes?: readonly string[];
}

/** Why a file is refused by the rules; undefined where it is not. */
export function validateUpload(file: UploadedFile, rules: UploadRules): UploadReason | undefined {
  const { filename, bytes } = file;
  const { bytesMax = Number.POSITIVE_INFINITY, mayBeEmpty = false, extensions, contentTypes } = rules;
  if (filename !== undefined && extensions !== undefined && !hasExtension(filename, extensions))
    return 'invalid_extension';
  if (bytes !== undefined && bytes > bytesMax) return 'file_too_large';
  if (bytes === 0 && !mayBeEmpty) return 'empty_file';
  if (contentTypes === undefined || (file.head === undefined && file.contentType === undefined))
    return undefined;
  const type = typeOf(file);
  return type !== undefined && contentTypes.includes(type) ? undefined : 'invalid_content_type';
}

function hasExtension(filename: string, extensions: readonly string[]): boolean {
  const small = filename.toLowerCase();
  return extensions.some((extension) => small.endsWith(extension.toLowerCase()));
}

/** What the first bytes say, or else what the client declares, where the first bytes would not say it. */
function typeOf({ head, contentType }: UploadedFile): string | undefined {
  const declared = contentType?.replace(/;.*/s, '').trim().toLowerCase();
  if (head === undefined) return declared;
  const found = contentTypeOf(head);
  if (found !== undefined) return found;
  return declared !== undefined && MAGIC.some(([type]) => type === declared) ? undefined : declared;
}

/** How files begin: bytes in hexadecimal digits, at a position. */
const MAGIC: readonly (readonly [type: string, bytes: string, at?: number])[] = [
  ['image/png', '89504e470d0a1a0a'],
  ['image/jpeg', 'ffd8ff'],
  ['image/gif', '474946383761'],
  ['image/gif', '474946383961'],
  ['image/webp', '57454250', 8],
  ['audio/wav', '57415645', 8],
  ['application/pdf', '255044462d'],
  ['application/zip', '504b0304'],
  ['application/zip', '504b0506'],
  ['application/gzip', '1f8b08'],
  ['video/mp4', '66747970', 4],
  ['video/webm', '1a45dfa3'],
  ['audio/mpeg', '494433'],
  ['audio/ogg', '4f676753'],
  ['audio/flac', '664c6143'],
];

/** The type that the first bytes of a file tell; undefined where they tell none. */
export function contentTypeOf(head: Uint8Array): string | undefined {
  const digits = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, HEAD_BYTES)).toString('hex');
  return MAGIC.find(([, bytes, at = 0]) => digits.startsWith(bytes, at * 2))?.[0];
}
