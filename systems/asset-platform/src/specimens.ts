/** What visitors upload: images, sounds, videos, documents, and what only looks like one; made, not stored. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import type { FileType } from './files/file-format.ts';

/** A file to upload, and what it is. */
export interface Specimen {
  readonly name: string;
  readonly content: Buffer;
  readonly fileType: FileType;
  readonly format: string;
  /** What it can be converted to. */
  readonly targets: readonly string[];
}

const WAV_HEADER_BYTES = 44;
const IMAGE_TARGETS = ['webp', 'jpeg', 'png'];
const AUDIO_TARGETS = ['mp3', 'flac', 'ogg'];

/** Specimens by what they are; those that take ffmpeg are only there where it is. */
export interface Specimens {
  readonly images: readonly Specimen[];
  readonly documents: readonly Specimen[];
  readonly sounds: readonly Specimen[];
  readonly videos: readonly Specimen[];
  readonly broken: Specimen;
}

/** Makes all specimens. */
export async function makeSpecimens(): Promise<Specimens> {
  const images = await Promise.all([
    image('photo.jpg', 'jpeg', 640, 480),
    image('drawing.png', 'png', 320, 320),
    image('banner.webp', 'webp', 800, 200),
    image('tiny.png', 'png', 16, 16),
  ]);
  const png = images[1]!.content;
  const clip = video();
  return {
    images,
    documents: [
      document('manual.pdf', 'pdf', Buffer.from(`%PDF-1.4\n${'1 0 obj\nendobj\n'.repeat(200)}%%EOF\n`)),
      document('notes.txt', 'txt', Buffer.from('The quick brown fox jumps over the lazy dog.\n'.repeat(100))),
      document('data.json', 'json', Buffer.from(JSON.stringify({ rows: [1, 2, 3], unit: 'm' }))),
    ],
    sounds: [sound('tone.wav', 440, 2), sound('beep.wav', 880, 0.5)],
    videos: clip === undefined ? [] : [clip],
    // Begins as an image does, and ends in the middle of it.
    broken: {
      name: 'broken.png',
      content: png.subarray(0, Math.floor(png.length / 3)),
      fileType: 'image',
      format: 'png',
      targets: IMAGE_TARGETS,
    },
  };
}

async function image(
  name: string,
  format: 'jpeg' | 'png' | 'webp',
  width: number,
  height: number,
): Promise<Specimen> {
  const pixels = Buffer.alloc(width * height * 3);
  for (let i = 0; i < pixels.length; i++) pixels[i] = ((i * 2654435761) >>> 16) & (i % 3 === 0 ? 0xff : 0x3f);
  const content = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .toFormat(format)
    .toBuffer();
  return {
    name,
    content,
    fileType: 'image',
    format,
    targets: IMAGE_TARGETS.filter((target) => target !== format),
  };
}

function document(name: string, format: string, content: Buffer): Specimen {
  return { name, content, fileType: 'document', format, targets: [] };
}

/** A sine as 16 bit PCM. */
function sound(name: string, hertz: number, seconds: number): Specimen {
  const rate = 22_050;
  const samples = Math.floor(rate * seconds);
  const content = Buffer.alloc(WAV_HEADER_BYTES + samples * 2);
  content.write('RIFF', 0, 'latin1');
  content.writeUInt32LE(content.length - 8, 4);
  content.write('WAVEfmt ', 8, 'latin1');
  content.writeUInt32LE(16, 16);
  content.writeUInt16LE(1, 20);
  content.writeUInt16LE(1, 22);
  content.writeUInt32LE(rate, 24);
  content.writeUInt32LE(rate * 2, 28);
  content.writeUInt16LE(2, 32);
  content.writeUInt16LE(16, 34);
  content.write('data', 36, 'latin1');
  content.writeUInt32LE(samples * 2, 40);
  for (let i = 0; i < samples; i++)
    content.writeInt16LE(
      Math.round(20_000 * Math.sin((2 * Math.PI * hertz * i) / rate)),
      WAV_HEADER_BYTES + i * 2,
    );
  return { name, content, fileType: 'audio', format: 'wav', targets: AUDIO_TARGETS };
}

/** A short video, where ffmpeg is there to make it. */
function video(): Specimen | undefined {
  const folder = mkdtempSync(path.join(tmpdir(), 'asset-platform-specimen-'));
  try {
    const file = path.join(folder, 'clip.mp4');
    const { status } = spawnSync(process.env.FFMPEG_PATH || 'ffmpeg', [
      ...['-nostdin', '-loglevel', 'error', '-f', 'lavfi', '-i', 'testsrc=duration=2:size=320x240:rate=15'],
      ...['-f', 'lavfi', '-i', 'sine=frequency=330:duration=2', '-pix_fmt', 'yuv420p', '-shortest', file],
    ]);
    if (status !== 0) return undefined;
    const content = readFileSync(file);
    return { name: 'clip.mp4', content, fileType: 'video', format: 'mp4', targets: ['webm', 'mp3'] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
