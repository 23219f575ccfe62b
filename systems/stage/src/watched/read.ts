/**
 * Reads what is watched of a system, in a thread of its own.
 *
 * It is made of the definitions of the system's metrics, and definitions are made in the registry of whoever imports
 * them. Systems that never run in one process may have different metrics of one name; in one registry that is an error.
 * A thread has its own, and hands over what came of it: texts and numbers.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { System, Watched } from '../system.ts';

/** @throws Error when the module cannot be imported */
export async function readWatched({ watched }: System): Promise<Watched> {
  const thread = new Worker(new URL('./thread.js', import.meta.url), { workerData: watched.href });
  const [found] = (await once(thread, 'message')) as [Watched];
  return found;
}
