/** Listening to `diagnostics_channel`, where an exception of a listener would end the process. */

/** Where a channel is listened to. */
export interface Subscription {
  readonly channel: string;
  readonly listener: (message: unknown) => void;
}

/**
 * A listener that cannot throw: messages are those of a library, whose next version may have others.
 * @param listen is given messages as `M` describes them, and nothing else where all goes well
 */
export function guarded<M>(channel: string, listen: (message: M) => void): Subscription {
  return {
    channel,
    listener: (message) => {
      try {
        listen(message as M);
      } catch {
        // The request goes on and is not counted.
      }
    },
  };
}
