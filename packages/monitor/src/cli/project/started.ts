/**
 * What importing a module has started: servers, connections, timers.
 *
 * A configuration imports the modules that define metrics. Where such a module starts the service as well, the command
 * would answer on the service's port and never end. Node counts what keeps a process alive by kind; what is there after
 * the import and was not before was started by it.
 */

/** What Node calls the resources that a service starts, and what people call them. */
const KINDS: Readonly<Record<string, string>> = {
  TCPServerWrap: 'a server that listens',
  TCPSocketWrap: 'a connection',
  UDPWrap: 'a UDP socket',
  PipeWrap: 'a pipe',
  ProcessWrap: 'a child process',
  FSEventWrap: 'a watcher of files',
  StatWatcher: 'a watcher of files',
  MessagePort: 'a channel to a thread',
  Timeout: 'a timer',
};

/** How many of each kind are there. */
export type Resources = ReadonlyMap<string, number>;

/** What keeps this process alive now. */
export function activeResources(): Resources {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** What there is more of than before, in words. */
export function startedSince(before: Resources): string[] {
  const words = new Set<string>();
  for (const [kind, count] of activeResources()) {
    const word = KINDS[kind];
    if (word !== undefined && count > (before.get(kind) ?? 0)) words.add(word);
  }
  return [...words].sort();
}
