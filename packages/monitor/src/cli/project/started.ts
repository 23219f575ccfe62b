/**
 * What importing a module has started: servers, connections, timers.
 *
 * A configuration imports the modules that define metrics. Where such a module starts the service as well, the command
 * would answer on the service's port and never end. Node tells of each resource when it is made and when it goes; those
 * that are made in the asynchronous context of the import, and are there at its end, were started by it.
 */
import { AsyncLocalStorage, createHook } from 'node:async_hooks';
import { setImmediate } from 'node:timers/promises';

/** What Node calls the resources that a service starts, and what people call them. */
const KINDS: Readonly<Record<string, string>> = {
  TCPSERVERWRAP: 'a server that listens',
  PIPESERVERWRAP: 'a server that listens',
  TCPWRAP: 'a connection',
  PIPEWRAP: 'a pipe',
  UDPWRAP: 'a UDP socket',
  PROCESSWRAP: 'a child process',
  FSEVENTWRAP: 'a watcher of files',
  STATWATCHER: 'a watcher of files',
  WORKER: 'a thread',
  Timeout: 'a timer',
};

/** Does something, and says in words what it has started that keeps this process alive. */
export async function startedBy<T>(
  work: () => Promise<T>,
): Promise<{ readonly value: T; readonly started: readonly string[] }> {
  const context = new AsyncLocalStorage<true>();
  const alive = new Map<number, { readonly word: string; readonly resource: object }>();
  const hook = createHook({
    init(id, type, _trigger, resource: object) {
      const word = KINDS[type];
      if (word !== undefined && context.getStore() === true) alive.set(id, { word, resource });
    },
    destroy(id) {
      alive.delete(id);
    },
  });
  hook.enable();
  try {
    const value = await context.run(true, work);
    // A server listens in the next turn of the event loop, and what has gone is told of in another.
    await setImmediate();
    await setImmediate();
    const words = [...alive.values()].filter(({ resource }) => keepsAlive(resource)).map(({ word }) => word);
    return { value, started: [...new Set(words)].sort() };
  } finally {
    hook.disable();
  }
}

/** Whether a process waits for it: a timer may be told not to be waited for. */
function keepsAlive(resource: object): boolean {
  return 'hasRef' in resource && typeof resource.hasRef === 'function' ? resource.hasRef() === true : true;
}
