/** Garbage collections of this thread, as they happen. */
import perfHooks from 'node:perf_hooks';

/** What V8 collects: all of the heap, the young part, a step of marking, or weak references. */
export type GcKind = 'major' | 'minor' | 'incremental' | 'weakcb';

/** Every {@link GcKind}. */
export const GC_KINDS: readonly GcKind[] = ['major', 'minor', 'incremental', 'weakcb'];

/** By V8's own numbers; 2 is the other collector of the young part, for which Node.js has no name. */
const KIND_OF: Readonly<Record<number, GcKind>> = {
  1: 'minor',
  2: 'minor',
  4: 'major',
  8: 'incremental',
  16: 'weakcb',
};

/** A collection as Node.js tells of it. */
interface GcEntry {
  /** Milliseconds. */
  readonly duration: number;
  readonly detail?: { readonly kind?: number } | undefined;
}

/** Watches collections. Made by {@link watchGarbageCollection}. */
export interface GcWatch {
  /**
   * Waits until what has happened so far was handed over, which takes a turn of the event loop: Node.js tells of
   * collections in the turn after them.
   */
  flush(): Promise<void>;
  stop(): void;
}

/**
 * Calls `collected` for each garbage collection of this thread; undefined where the runtime does not tell of them.
 * Nothing of it keeps the process running.
 */
export function watchGarbageCollection(
  collected: (kind: GcKind, seconds: number) => void,
): GcWatch | undefined {
  const { PerformanceObserver } = perfHooks;
  const { supportedEntryTypes } = (PerformanceObserver ?? {}) as { supportedEntryTypes?: readonly string[] };
  if (supportedEntryTypes?.includes('gc') !== true) return undefined;
  // Several collections may come at once.
  const tell = (entries: readonly GcEntry[]) => {
    for (const { detail, duration } of entries) {
      const kind = KIND_OF[detail?.kind ?? 0];
      if (kind !== undefined) collected(kind, duration / 1000);
    }
  };
  const observer = new PerformanceObserver((list) => tell(list.getEntries()));
  observer.observe({ entryTypes: ['gc'] });
  return {
    flush: () =>
      new Promise((resolve) => {
        setImmediate(() => {
          tell(observer.takeRecords());
          resolve();
        });
      }),
    stop: () => observer.disconnect(),
  };
}
