/** What instruments return that measure or report until they are told to end. */

/** Something that is measured or reported until it is stopped. */
export interface Reporting {
  /** Ends it; what was counted stays. A second time does nothing. */
  stop(): void;
  /** The same, at the end of the block of `using`. */
  [Symbol.dispose](): void;
}

/** A reporting that is ended by `end`, which is called once. */
export function reporting(end: () => void): Reporting {
  let isStopped = false;
  const stop = (): void => {
    if (isStopped) return;
    isStopped = true;
    end();
  };
  return { stop, [Symbol.dispose]: stop };
}

/**
 * Begins to measure an instance that nobody measures yet; one that is measured goes on as it is, and its reporting is
 * returned.
 * @param mark where the instance has its reporting; a registered symbol, so that copies of this package see it
 * @param begin returns what ends the measuring
 */
export function measuredOnce(instance: object, mark: symbol, begin: () => () => void): Reporting {
  const before = (instance as { readonly [mark: symbol]: Reporting | undefined })[mark];
  if (before !== undefined) return before;
  const end = begin();
  const measuring = reporting(() => {
    Reflect.deleteProperty(instance, mark);
    end();
  });
  Object.defineProperty(instance, mark, { value: measuring, configurable: true });
  return measuring;
}
