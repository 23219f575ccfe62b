/** The thread of `read.ts`. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Watched } from '../system.ts';

const { watched } = (await import(workerData as string)) as { readonly watched: Watched };
// The metrics themselves are functions, and have done what they were for.
const services = Object.entries(watched.services).map(([word, { metrics: _, ...service }]) => [
  word,
  service,
]);
parentPort?.postMessage({ ...watched, services: Object.fromEntries(services) });
