/**
 * The process of a whole system: it starts the services, each a process of its own, and the servers that they need
 * and nobody named, tells its parent when all of them listen, and ends with everything that it has started.
 *
 * It ends on SIGTERM, SIGINT, when the process that started it with a channel goes away, and when a service ends.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { EmbeddedPostgresError } from './embedded-postgres.ts';
import type { Listening } from './service-group.ts';
import { SettingsError } from './settings.ts';

/** How long services may take to stop before they are killed; each gives its workers less. */
const STOP_MS_MAX = 15_000;

/** Something that a system has started in its own process, or that guards a process of its own. */
export interface Stoppable {
  stop(): Promise<void>;
}

/** A system that is being started. */
export interface SystemStart {
  /**
   * Starts a service and waits until it listens; never resolves where it ends before.
   * @param name for messages
   * @param module what the process runs
   * @param variables of its environment, beside our own
   */
  service(name: string, module: URL, variables: Readonly<Record<string, string>>): Promise<Listening>;
  /** Keeps a server until all services have ended, and then stops it. */
  keep<Server extends Stoppable>(server: Server): Server;
}

/**
 * Runs a system in this process.
 * @param name in front of what is printed
 * @param start starts it, and gives what is told to the parent
 */
export async function runSystem(
  name: string,
  start: (system: SystemStart) => Promise<Listening>,
): Promise<void> {
  const children: ChildProcess[] = [];
  const kept: Stoppable[] = [];
  let stopping = false;
  const stop = async (code: number): Promise<void> => {
    if (stopping) return;
    stopping = true;
    const running = children.filter((child) => child.exitCode === null && child.signalCode === null);
    const ended = running.map((child) => once(child, 'exit'));
    for (const child of running) child.kill('SIGTERM');
    const kill = setTimeout(() => {
      for (const child of running) child.kill('SIGKILL');
    }, STOP_MS_MAX);
    await Promise.all(ended);
    clearTimeout(kill);
    await Promise.all(kept.map((server) => server.stop()));
    process.exit(code);
  };
  for (const event of ['SIGTERM', 'SIGINT', 'disconnect']) process.on(event, () => void stop(0));
  try {
    const listening = await start({
      async service(service, module, variables) {
        const child = fork(fileURLToPath(module), [], {
          execArgv: [],
          env: { ...process.env, ...variables },
        });
        children.push(child);
        child.once('exit', (code, signal) => {
          if (stopping) return;
          console.error(`${name}: ${service} ended unexpectedly (${signal ?? `exit code ${code}`})`);
          void stop(1);
        });
        const [said] = (await once(child, 'message')) as [Listening];
        return said;
      },
      keep(server) {
        kept.push(server);
        return server;
      },
    });
    console.log(`${name}: open ${listening.url}`);
    process.send?.(listening);
  } catch (error) {
    const isExpected = error instanceof EmbeddedPostgresError || error instanceof SettingsError;
    const { message, stack } = error as Error;
    if (!stopping) console.error(`${name}: ${isExpected ? message : (stack ?? message)}`);
    await stop(1);
  }
}
