/**
 * What Node.js says about one thread: its heap, what keeps its event loop busy, and the worker threads that it
 * has started. Each thread of a process reads its own.
 *
 * What a runtime does not have is `undefined`; nothing here throws.
 */
import v8 from 'node:v8';
import type { Worker } from 'node:worker_threads';
import { readNodeMemory } from './process-readings.ts';

/** The heap of a thread, and what it holds outside of it. */
export interface HeapReading {
  readonly totalBytes: number;
  readonly usedBytes: number;
  /** Memory of objects outside of the heap, such as buffers; not every runtime tells. */
  readonly externalBytes: number | undefined;
}

/** The heap of this thread. */
export function readHeap(): HeapReading | undefined {
  const usage: Partial<NodeJS.MemoryUsage> | undefined = readNodeMemory();
  if (usage?.heapTotal === undefined || usage.heapUsed === undefined) return undefined;
  return { totalBytes: usage.heapTotal, usedBytes: usage.heapUsed, externalBytes: usage.external };
}

/** A space of the heap. */
export interface HeapSpaceReading {
  /** Without the `_space` that V8 ends it in: `new`, `old`, `large_object`. */
  readonly space: string;
  readonly totalBytes: number;
  readonly usedBytes: number;
  readonly availableBytes: number;
}

/**
 * The spaces of this thread's heap.
 * @param engine another module than `node:v8`
 */
export function readHeapSpaces(
  engine: Pick<typeof v8, 'getHeapSpaceStatistics'> = v8,
): HeapSpaceReading[] | undefined {
  try {
    return engine.getHeapSpaceStatistics().map((space) => ({
      space: space.space_name.replace(/_space$/, ''),
      totalBytes: space.space_size,
      usedBytes: space.space_used_size,
      availableBytes: space.space_available_size,
    }));
  } catch {
    return undefined; // Bun has the function, which throws.
  }
}

/** What is active in an event loop. */
export interface ActiveReading {
  readonly total: number;
  /** How many of each type; the total counts also what has none. */
  readonly byType: ReadonlyMap<string, number>;
}

/** What Node.js has beside its documented functions. */
interface Undocumented {
  readonly _getActiveHandles?: () => readonly unknown[];
  readonly _getActiveRequests?: () => readonly unknown[];
}

/** What waits for events: sockets, servers, child processes, by the name of their class. */
export function readActiveHandles(): ActiveReading | undefined {
  return byClass((process as unknown as Undocumented)._getActiveHandles?.());
}

/** What is to be done once: writes, look-ups of names, by the name of their class. */
export function readActiveRequests(): ActiveReading | undefined {
  return byClass((process as unknown as Undocumented)._getActiveRequests?.());
}

/** What keeps the event loop alive, by the type that Node.js gives it: `Timeout`, `TCPSocketWrap`. */
export function readActiveResources(): ActiveReading | undefined {
  if (typeof process.getActiveResourcesInfo !== 'function') return undefined;
  const resources = process.getActiveResourcesInfo();
  const byType = new Map<string, number>();
  for (const type of resources) byType.set(type, (byType.get(type) ?? 0) + 1);
  return { total: resources.length, byType };
}

function byClass(active: readonly unknown[] | undefined): ActiveReading | undefined {
  if (active === undefined) return undefined;
  const byType = new Map<string, number>();
  for (const one of active) {
    const type = (one as { readonly constructor?: { readonly name?: unknown } } | null)?.constructor?.name;
    if (typeof type === 'string' && type !== '') byType.set(type, (byType.get(type) ?? 0) + 1);
  }
  return { total: active.length, byType };
}

/** Counts worker threads. Made by {@link watchWorkers}. */
export interface WorkerWatch {
  /** Those that this thread has started since, and that run. */
  readonly running: number;
  stop(): void;
}

/** Counts the worker threads that this thread starts from now on; those from before cannot be known. */
export function watchWorkers(): WorkerWatch {
  let running = 0;
  const started = (worker: Worker) => {
    running++;
    worker.once('exit', () => {
      running--;
    });
  };
  process.on('worker', started);
  return {
    get running() {
      return running;
    },
    stop: () => void process.off('worker', started),
  };
}
