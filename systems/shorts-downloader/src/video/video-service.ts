/**
 * Asks video sites: through yt-dlp where the address is that of a page that needs it, over plain HTTP otherwise. Each
 * call is counted and timed.
 */
import { VideoError } from '../errors.ts';
import { youtubeApi } from '../metrics.ts';
import type { FetchedVideo, VideoInfo, VideoSource } from './video.ts';

/** Sites whose videos lie behind pages, with all hosts below them. */
export const PAGE_SITES: readonly string[] = [
  'youtube.com',
  'youtu.be',
  'youtube-nocookie.com',
  'tiktok.com',
  'instagram.com',
  'vimeo.com',
];

const URL_CHARACTERS_MAX = 2_000;

/** Two ways to get at videos, and which is for what. */
export interface VideoServiceOptions {
  readonly http: VideoSource;
  /** Undefined where there is no yt-dlp. */
  readonly ytDlp: VideoSource | undefined;
  /** Default: {@link PAGE_SITES}. */
  readonly pageSites?: readonly string[];
}

/** Asks video sites. */
export class VideoService {
  readonly #options: VideoServiceOptions;

  constructor(options: VideoServiceOptions) {
    this.#options = options;
  }

  /** @throws DownloadError */
  getVideoInfo(text: string, signal: AbortSignal): Promise<VideoInfo> {
    return youtubeApi.run({ operation: 'get_video_info' }, async () => {
      const url = videoUrl(text);
      return this.#sourceOf(url).info(url, signal);
    });
  }

  /**
   * Writes a video into an empty folder.
   * @throws DownloadError
   */
  downloadVideo(text: string, folder: string, signal: AbortSignal): Promise<FetchedVideo> {
    return youtubeApi.run({ operation: 'download_video' }, async () => {
      const url = videoUrl(text);
      return this.#sourceOf(url).download(url, folder, signal);
    });
  }

  #sourceOf({ hostname }: URL): VideoSource {
    const { http, ytDlp, pageSites = PAGE_SITES } = this.#options;
    if (!pageSites.some((site) => hostname === site || hostname.endsWith(`.${site}`))) return http;
    if (ytDlp !== undefined) return ytDlp;
    throw new VideoError(
      'VIDEO_UNSUPPORTED',
      `videos of ${hostname} need yt-dlp, which is not installed here`,
    );
  }
}

/**
 * Reads the address of a video.
 * @throws VideoError where it is none
 */
export function videoUrl(text: string): URL {
  if (text.length > URL_CHARACTERS_MAX || !URL.canParse(text))
    throw new VideoError('INVALID_URL', 'the url must be the address of a video, http://... or https://...');
  const url = new URL(text);
  if (/^https?:$/.test(url.protocol) && url.hostname !== '') return url;
  throw new VideoError('INVALID_URL', 'the url must begin with http:// or https://');
}
