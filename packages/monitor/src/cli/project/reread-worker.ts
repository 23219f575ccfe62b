/**
 * The thread in which a project is loaded again: of JavaScript modules Node keeps one copy for the life of a thread, so
 * that only a new one sees what has changed. What the project's modules start ends with it.
 *
 * Started by up-options.ts only.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { loadProject } from './load-project.ts';
import { ProjectError } from './project-error.ts';
import { type RereadAnswer, type RereadTask, renderProject } from './up-options.ts';

const { path, dir, environment } = workerData as RereadTask;
const answer = (message: RereadAnswer): void => parentPort?.postMessage(message);
try {
  answer({ project: await renderProject(await loadProject(path), dir, environment) });
} catch (error) {
  const isKnown = error instanceof ProjectError;
  answer({ problem: isKnown ? error.message : String((error as Error)?.stack ?? error), isKnown });
}
process.exit();
