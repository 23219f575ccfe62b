/**
 * Transcripts as files: SubRip (`.srt`), WebVTT (`.vtt`, https://www.w3.org/TR/webvtt1), JSON, and PDF.
 *
 * One that is empty, because nobody spoke, is a file without entries.
 */
import type { ExportFormat } from '../metrics/api.ts';
import type { Video } from './jobs.ts';
import type { Said } from './segments.ts';

/** A file of a transcript. */
export interface Exported {
  readonly mediaType: string;
  readonly content: string | Buffer;
}

const PAGE_MARGIN = 56;
const FONT_SIZE = 11;
/** The fonts that every PDF has know the characters of Windows-1252, and no others. */
const NOT_IN_FONT = /[^\n\x20-\x7e\xa0-\xff€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]/gu;

/** Makes a file of a transcript. */
export async function exported(format: ExportFormat, video: Video, said: readonly Said[]): Promise<Exported> {
  switch (format) {
    case 'srt':
      return { mediaType: 'application/x-subrip; charset=utf-8', content: srtOf(said) };
    case 'vtt':
      return { mediaType: 'text/vtt; charset=utf-8', content: vttOf(said) };
    case 'json':
      return { mediaType: 'application/json; charset=utf-8', content: jsonOf(video, said) };
    case 'pdf':
      return { mediaType: 'application/pdf', content: await pdfOf(video, said) };
  }
}

function srtOf(said: readonly Said[]): string {
  const entries = said.map(
    ({ startSeconds, endSeconds, speaker, text }, i) =>
      `${i + 1}\n${time(startSeconds, ',')} --> ${time(endSeconds, ',')}\nSpeaker ${speaker}: ${text}\n\n`,
  );
  return entries.join('');
}

function vttOf(said: readonly Said[]): string {
  const cues = said.map(
    ({ startSeconds, endSeconds, speaker, text }) =>
      `${time(startSeconds, '.')} --> ${time(endSeconds, '.')}\n<v Speaker ${speaker}>${escaped(text)}\n\n`,
  );
  return `WEBVTT\n\n${cues.join('')}`;
}

function jsonOf(video: Video, said: readonly Said[]): string {
  const segments = said.map(({ startSeconds, endSeconds, speaker, text }) => ({
    start: startSeconds,
    end: endSeconds,
    speaker,
    text,
  }));
  const { id, url, seconds, speakers, model } = video;
  return `${JSON.stringify({ video_id: id, url, duration_seconds: seconds, speakers, model, segments })}\n`;
}

async function pdfOf(video: Video, said: readonly Said[]): Promise<Buffer> {
  // Nobody else needs it, and it is large.
  const { default: PdfDocument } = await import('pdfkit');
  const pdf = new PdfDocument({ margin: PAGE_MARGIN, info: { Title: 'Transcript', Subject: video.url } });
  const parts: Buffer[] = [];
  pdf.on('data', (part: Buffer) => parts.push(part));
  const written = new Promise<void>((resolve, reject) => {
    pdf.once('end', resolve);
    pdf.once('error', reject);
  });
  pdf.font('Helvetica-Bold').fontSize(FONT_SIZE * 1.5);
  pdf.text('Transcript');
  pdf.font('Helvetica').fontSize(FONT_SIZE).fillColor('#666666');
  pdf.text(inFont(video.url)).moveDown();
  pdf.fillColor('black');
  if (said.length === 0) pdf.text('Nobody speaks in this recording.');
  for (const { startSeconds, speaker, text } of said) {
    pdf.font('Helvetica-Bold').text(`${time(startSeconds, '.')}  Speaker ${speaker}`);
    pdf.font('Helvetica').text(inFont(text)).moveDown(0.5);
  }
  pdf.end();
  await written;
  return Buffer.concat(parts);
}

/** `01:02:03,456`, or with a point as WebVTT has it. */
function time(seconds: number, point: ',' | '.'): string {
  const ms = Math.round(seconds * 1000);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const clock = `${two(ms / 3_600_000)}:${two((ms / 60_000) % 60)}:${two((ms / 1000) % 60)}`;
  return `${clock}${point}${String(ms % 1000).padStart(3, '0')}`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function inFont(text: string): string {
  return text.replace(NOT_IN_FONT, '?');
}
