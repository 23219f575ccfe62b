/** What is asked of a video site, whichever way it is asked. */

/** What a site says of a video. */
export interface VideoInfo {
  readonly title: string;
  readonly mediaType: string;
  /** Undefined where the site does not say. */
  readonly bytes: number | undefined;
}

/** A video on this machine. */
export interface FetchedVideo {
  readonly path: string;
  readonly bytes: number;
}

/** A way to get at videos. All that goes wrong is a `DownloadError`, or the reason of the signal. */
export interface VideoSource {
  info(url: URL, signal: AbortSignal): Promise<VideoInfo>;
  /** Writes a video into a folder, which is the caller's and empty. */
  download(url: URL, folder: string, signal: AbortSignal): Promise<FetchedVideo>;
}

/** What is fetched at most. */
export interface VideoLimits {
  readonly bytesMax: number;
  /** How long one call may take. */
  readonly callMsMax: number;
}
