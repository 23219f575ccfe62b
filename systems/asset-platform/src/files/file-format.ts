/**
 * What a file is, told by its first bytes and never by its name or by what the client says.
 *
 * Formats are known by the marks that their specifications put at a fixed place, mostly the first one. Some are
 * containers, which say a few bytes further what they hold. What has no mark is text where it is valid UTF-8 without
 * control characters, else it is something other.
 */
import type { FILE_TYPES } from '../metrics/files.ts';

/** How much of the beginning of a file has to be known. */
export const HEAD_BYTES = 4_096;

/** What a file can be; also the value of the label. */
export type FileType = (typeof FILE_TYPES)[number];

/** A format. */
export interface FileFormat {
  readonly type: FileType;
  /** `png`; also the usual extension. */
  readonly format: string;
  readonly mediaType: string;
}

interface Mark {
  readonly at: number;
  readonly bytes: Buffer;
  readonly format: FileFormat;
}

function format(type: FileType, name: string, mediaType: string): FileFormat {
  return { type, format: name, mediaType };
}

const WEBP = format('image', 'webp', 'image/webp');
const AVIF = format('image', 'avif', 'image/avif');
const HEIC = format('image', 'heic', 'image/heic');
const SVG = format('image', 'svg', 'image/svg+xml');
const MP4 = format('video', 'mp4', 'video/mp4');
const MOV = format('video', 'mov', 'video/quicktime');
const WEBM = format('video', 'webm', 'video/webm');
const MKV = format('video', 'mkv', 'video/matroska');
const AVI = format('video', 'avi', 'video/x-msvideo');
const OGV = format('video', 'ogv', 'video/ogg');
const WAV = format('audio', 'wav', 'audio/wav');
const MP3 = format('audio', 'mp3', 'audio/mpeg');
const AAC = format('audio', 'aac', 'audio/aac');
const OGG = format('audio', 'ogg', 'audio/ogg');
const M4A = format('audio', 'm4a', 'audio/mp4');
const ZIP = format('other', 'zip', 'application/zip');
const JSON_TEXT = format('document', 'json', 'application/json');
const HTML = format('document', 'html', 'text/html');
const TEXT = format('document', 'txt', 'text/plain; charset=utf-8');
const OTHER = format('other', 'bin', 'application/octet-stream');

const MARKS: readonly Mark[] = [
  mark('\x89PNG\r\n\x1a\n', format('image', 'png', 'image/png')),
  mark('\xff\xd8\xff', format('image', 'jpeg', 'image/jpeg')),
  mark('GIF87a', format('image', 'gif', 'image/gif')),
  mark('GIF89a', format('image', 'gif', 'image/gif')),
  mark('II*\0', format('image', 'tiff', 'image/tiff')),
  mark('MM\0*', format('image', 'tiff', 'image/tiff')),
  mark('8BPS', format('image', 'psd', 'image/vnd.adobe.photoshop')),
  mark('\0\0\x01\xba', format('video', 'mpg', 'video/mpeg')),
  mark('FLV\x01', format('video', 'flv', 'video/x-flv')),
  mark('fLaC', format('audio', 'flac', 'audio/flac')),
  mark('ID3', MP3),
  mark('MThd', format('audio', 'mid', 'audio/midi')),
  mark('%PDF-', format('document', 'pdf', 'application/pdf')),
  mark('{\\rtf', format('document', 'rtf', 'application/rtf')),
  mark('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', format('document', 'doc', 'application/x-ole-storage')),
  mark('\x1f\x8b\x08', format('other', 'gz', 'application/gzip')),
];

function mark(latin1: string, known: FileFormat): Mark {
  return { at: 0, bytes: Buffer.from(latin1, 'latin1'), format: known };
}

/** What a file is whose first {@link HEAD_BYTES} bytes, or all of them if it has fewer, are these. */
export function formatOf(head: Buffer): FileFormat {
  for (const { at, bytes, format: known } of MARKS)
    if (head.subarray(at, at + bytes.length).equals(bytes)) return known;
  const text = (from: number, length: number): string => head.toString('latin1', from, from + length);
  if (text(0, 4) === 'RIFF') return riff(text(8, 4));
  if (text(4, 4) === 'ftyp') return isoMedia(text(8, 4));
  if (text(0, 4) === '\x1a\x45\xdf\xa3') return text(0, 64).includes('webm') ? WEBM : MKV;
  if (text(0, 4) === 'OggS') return text(0, 64).includes('theora') ? OGV : OGG;
  if (text(0, 4) === 'PK\x03\x04') return zip(text(30, HEAD_BYTES));
  if (text(0, 2) === 'BM' && head.length > 26 && head.readUInt32LE(14) <= 124)
    return format('image', 'bmp', 'image/bmp');
  if (head[0] === 0xff && head.length > 3) {
    // Frames of audio begin with eleven or twelve ones; the layer that follows is 0 in AAC.
    if ((head[1]! & 0xf6) === 0xf0) return AAC;
    if ((head[1]! & 0xe0) === 0xe0 && (head[1]! & 0x06) !== 0 && (head[2]! & 0xf0) !== 0xf0) return MP3;
  }
  return plain(head);
}

function riff(holds: string): FileFormat {
  return holds === 'WEBP' ? WEBP : holds === 'WAVE' ? WAV : holds === 'AVI ' ? AVI : OTHER;
}

/** A container of ISO 14496-12 by its major brand. */
function isoMedia(brand: string): FileFormat {
  if (brand === 'avif' || brand === 'avis') return AVIF;
  if (/^(?:hei[cxms]|hev[cx]|mif1|msf1)$/.test(brand)) return HEIC;
  if (/^M4[AB] $/.test(brand)) return M4A;
  return brand === 'qt  ' ? MOV : MP4;
}

/** An archive by the names of its first files. */
function zip(names: string): FileFormat {
  const office = (name: string, holds: string): FileFormat =>
    format('document', name, `application/vnd.openxmlformats-officedocument.${holds}`);
  if (names.startsWith('mimetypeapplication/vnd.oasis.opendocument.'))
    return format('document', 'odt', 'application/vnd.oasis.opendocument.text');
  if (names.startsWith('mimetypeapplication/epub+zip'))
    return format('document', 'epub', 'application/epub+zip');
  if (names.includes('word/')) return office('docx', 'wordprocessingml.document');
  if (names.includes('xl/')) return office('xlsx', 'spreadsheetml.sheet');
  if (names.includes('ppt/')) return office('pptx', 'presentationml.presentation');
  return ZIP;
}

function plain(head: Buffer): FileFormat {
  let text: string;
  try {
    // A character may be cut where the head ends; then more of the file follows.
    text = new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: head.length >= HEAD_BYTES });
  } catch {
    return OTHER;
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what tells that it is no text.
  if (/[\x00-\x08\x0e-\x1a\x1c-\x1f]/.test(text)) return OTHER;
  const start = text.trimStart();
  if (/^(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]*?-->\s*)*(?:<!DOCTYPE svg[^>]*>\s*)?<svg[\s>]/i.test(start))
    return SVG;
  if (/^<(?:!doctype html|html)[\s>]/i.test(start)) return HTML;
  return /^[[{]\s*["[{\]}]/.test(start) ? JSON_TEXT : TEXT;
}
