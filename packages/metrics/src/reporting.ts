/** What instruments return that report until they are told to end. */

/** Something that is reported until it is stopped. */
export interface Reporting {
  /** Ends the reporting. */
  stop(): void;
  [Symbol.dispose](): void;
}
