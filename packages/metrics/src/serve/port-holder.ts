/**
 * Who listens on a port, as far as this process may see it.
 *
 * Linux tells in two steps: `/proc/net/tcp` has the sockets that listen with an inode each, and a descriptor of the
 * process that holds one is a link to `socket:[INODE]`. Descriptors of other users are not shown, and elsewhere
 * there is nothing of the kind: then nobody is named.
 */
import fs from 'node:fs/promises';

/** Processes that are looked at. */
const PROCESSES_MAX = 2_000;
const LISTENING = '0A';

/** `node (process 4711)`; undefined where it cannot be seen. */
export async function portHolder(port: number): Promise<string | undefined> {
  try {
    const links = new Set((await listeningInodes(port)).map((inode) => `socket:[${inode}]`));
    if (links.size === 0) return undefined;
    const pids = (await fs.readdir('/proc')).filter((name) => /^\d+$/.test(name)).slice(0, PROCESSES_MAX);
    for (const pid of pids) {
      if (!(await holdsOne(pid, links))) continue;
      const name = (await fs.readFile(`/proc/${pid}/comm`, 'utf8')).trim();
      return `${name} (process ${pid})`;
    }
  } catch {
    // Not Linux, or the process has gone meanwhile.
  }
  return undefined;
}

async function listeningInodes(port: number): Promise<string[]> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const inodes: string[] = [];
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const text = await fs.readFile(table, 'utf8').catch(() => '');
    for (const line of text.split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/);
      if (fields[1]?.endsWith(suffix) && fields[3] === LISTENING && fields[9] !== undefined)
        inodes.push(fields[9]);
    }
  }
  return inodes;
}

async function holdsOne(pid: string, links: ReadonlySet<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  for (const name of await fs.readdir(folder).catch(() => [])) {
    const link = await fs.readlink(`${folder}/${name}`).catch(() => '');
    if (links.has(link)) return true;
  }
  return false;
}
