/** What can become what: images by sharp; sounds and videos by ffmpeg, where that is installed. */

/** Who converts. */
export type Converter = 'sharp' | 'ffmpeg';

/** Images that sharp's prebuilt library reads. */
const IMAGE_SOURCES: readonly string[] = ['png', 'jpeg', 'webp', 'avif', 'tiff', 'gif', 'svg'];
const IMAGE_TARGETS = ['png', 'jpeg', 'webp', 'avif', 'tiff', 'gif'] as const;

/** An image format that can be made. */
export type ImageTarget = (typeof IMAGE_TARGETS)[number];

/** What ffmpeg is told to make a format. */
const AUDIO_TARGETS: Readonly<Record<string, readonly string[]>> = {
  mp3: ['-vn', '-c:a', 'libmp3lame', '-b:a', '192k', '-f', 'mp3'],
  wav: ['-vn', '-c:a', 'pcm_s16le', '-f', 'wav'],
  ogg: ['-vn', '-c:a', 'libvorbis', '-f', 'ogg'],
  flac: ['-vn', '-c:a', 'flac', '-f', 'flac'],
  m4a: ['-vn', '-c:a', 'aac', '-movflags', '+faststart', '-f', 'ipod'],
};
/** The codecs want even numbers of pixels. */
const EVEN = ['-vf', 'scale=trunc(iw/2)*2:trunc(ih/2)*2', '-pix_fmt', 'yuv420p'];
const VIDEO_TARGETS: Readonly<Record<string, readonly string[]>> = {
  mp4: [
    ...EVEN,
    '-c:v',
    'libx264',
    '-preset',
    'veryfast',
    '-c:a',
    'aac',
    '-movflags',
    '+faststart',
    '-f',
    'mp4',
  ],
  webm: [
    ...EVEN,
    '-c:v',
    'libvpx-vp9',
    '-deadline',
    'realtime',
    '-cpu-used',
    '8',
    '-c:a',
    'libopus',
    '-f',
    'webm',
  ],
};

/** All formats that can be made. */
export const TARGETS: readonly string[] = [
  ...IMAGE_TARGETS,
  ...Object.keys(AUDIO_TARGETS),
  ...Object.keys(VIDEO_TARGETS),
];

/** Whether a format is an image that can be made. */
export function isImageTarget(format: string): format is ImageTarget {
  return (IMAGE_TARGETS as readonly string[]).includes(format);
}

/** What ffmpeg is told to make a format; undefined for what it does not make here. */
export function ffmpegOptions(target: string): readonly string[] | undefined {
  return AUDIO_TARGETS[target] ?? VIDEO_TARGETS[target];
}

/** Who makes a target of a source; undefined where nobody does. */
export function converterOf(fileType: string, source: string, target: string): Converter | undefined {
  if (fileType === 'image')
    return IMAGE_SOURCES.includes(source) && isImageTarget(target) ? 'sharp' : undefined;
  if (fileType === 'audio') return target in AUDIO_TARGETS ? 'ffmpeg' : undefined;
  if (fileType === 'video') return ffmpegOptions(target) === undefined ? undefined : 'ffmpeg';
  return undefined;
}
