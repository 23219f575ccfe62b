/** What transcribes: programs that are given a WAV file and say what is spoken in it, and when. */

/** Something that was said. */
export interface Spoken {
  /** From the beginning of the file. */
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly text: string;
}

/** What an engine made of a file. */
export interface Transcription {
  /** In the order in which it was said. */
  readonly spoken: readonly Spoken[];
  /** How long its model took until it was ready; undefined where the engine does not tell. */
  readonly loadSeconds: number | undefined;
}

/** A program with its model. */
export interface Engine {
  /** `ggml-base.en`. */
  readonly model: string;
  /** The program. */
  readonly backend: string;
  /**
   * Transcribes a WAV file of the pipeline's format.
   * @throws VideoFailed where the program fails, and the reason of the signal
   */
  transcribe(file: string, signal: AbortSignal): Promise<Transcription>;
}
