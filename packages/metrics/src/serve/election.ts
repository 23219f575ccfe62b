/**
 * The election of the process that answers on the service's port.
 *
 *     1. every process tries to lock `answer.lock` in the directory, once a second
 *     2. who has the lock listens; when it dies the kernel frees lock and port, and a sibling has the lock next
 *
 * So a port that is taken while the lock is ours is taken by a stranger. Without a directory there is no lock, every
 * process tries to listen, and the port may as well be a sibling's. So it is where files cannot be locked: there the
 * port is the lock, which the kernel gives to one process and takes back when that dies.
 */
import fs from 'node:fs';
import type { MetricsDirectory } from '../store/directory.ts';
import { StoreError } from '../store/errors.ts';
import { ServeError } from './errors.ts';
import { type Listener, type ListenOptions, listen } from './listener.ts';
import { portHolder } from './port-holder.ts';
import type { Responder } from './responder.ts';
import type { PortTaken } from './settings.ts';
import { warn } from './warnings.ts';

/** How often a process that does not answer looks whether it should. */
export const ELECTION_INTERVAL_MS = 1_000;
/** Ports behind the one that is taken by a stranger that are tried in development. */
export const PORTS_TRIED_MAX = 20;

/** Where the elected process is to answer. */
export interface ElectionOptions extends ListenOptions {
  readonly portTaken: PortTaken;
}

export class Election {
  readonly #directory: MetricsDirectory | undefined;
  readonly #options: ElectionOptions;
  readonly #responder: Responder;
  #lockFd: number | undefined;
  #listener: Listener | undefined;
  #standing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(directory: MetricsDirectory | undefined, options: ElectionOptions, responder: Responder) {
    this.#directory = directory;
    this.#options = options;
    this.#responder = responder;
  }

  /**
   * Stands for election now, and every second from then on, whatever comes of it.
   * @throws ServeError `port_taken` where a stranger has the port and that is not to be lived with; also
   * `secret_unreadable` for TLS
   */
  async start(): Promise<void> {
    this.#timer = setInterval(() => void this.#standAgain(), ELECTION_INTERVAL_MS);
    this.#timer.unref();
    try {
      await this.#stand();
    } catch (error) {
      const isTaken = error instanceof ServeError && error.code === 'port_taken';
      if (error instanceof ServeError && (!isTaken || this.#options.portTaken === 'reject')) throw error;
      this.#complain(error);
    }
  }

  /** Where this process answers; undefined while another one does. */
  get address(): string | undefined {
    return this.#listener?.address;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#standing?.catch(() => {});
    await this.#listener?.close();
    this.#listener = undefined;
    if (this.#lockFd !== undefined) fs.closeSync(this.#lockFd);
    this.#lockFd = undefined;
  }

  async #standAgain(): Promise<void> {
    try {
      await this.#stand();
    } catch (error) {
      this.#complain(error);
    }
  }

  #complain(error: unknown): void {
    if (error instanceof ServeError) {
      warn(error);
      return;
    }
    const { host, port } = this.#options;
    const what = `cannot answer /metrics on ${host}:${port}: ${(error as Error).message}; it tries again every second`;
    warn(new StoreError('io', what, { cause: error }));
  }

  /** Answers from now on where it is elected. One try at a time. */
  #stand(): Promise<void> {
    if (this.#standing === undefined) {
      const attempt = this.#attempt();
      const over = () => {
        this.#standing = undefined;
      };
      this.#standing = attempt;
      attempt.then(over, over);
    }
    return this.#standing;
  }

  async #attempt(): Promise<void> {
    if (this.#stopped || this.#listener !== undefined || !this.#elected()) return;
    try {
      this.#listener = await listen(this.#responder, this.#options);
    } catch (error) {
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      if (isTaken && this.#isSiblings()) return;
      if (!isTaken || this.#lockFd === undefined) throw error;
      await this.#portIsTaken(error);
    }
  }

  async #portIsTaken(cause: unknown): Promise<void> {
    const { host, port, portTaken } = this.#options;
    const holder = await portHolder(port);
    const taken = `port ${port} on ${host}, where the metrics of service ${this.#directory!.service} were to be answered, is taken by ${holder ?? 'a program that is not of the service'}`;
    if (portTaken === 'next') {
      this.#listener = await this.#nextFree();
      if (this.#listener !== undefined) {
        const where = `${taken}; they are answered at ${this.#listener.address} instead`;
        warn({ code: 'port_taken', message: where });
        return;
      }
    }
    const tried = portTaken === 'next' ? `, and so are the ${PORTS_TRIED_MAX} behind it` : '';
    const advice = `stop it or name another port (option port, BINNACLE_METRICS_PORT); counting goes on, and the port is tried again every second`;
    throw new ServeError('port_taken', `${taken}${tried}; ${advice}`, { cause });
  }

  async #nextFree(): Promise<Listener | undefined> {
    const first = this.#options.port + 1;
    for (let port = first; port < Math.min(first + PORTS_TRIED_MAX, 65_536); port++) {
      try {
        return await listen(this.#responder, { ...this.#options, port });
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error;
      }
    }
    return undefined;
  }

  get #portDecides(): boolean {
    return this.#directory?.kind === 'written';
  }

  /** Whether a port that is taken may be a sibling's. */
  #isSiblings(): boolean {
    try {
      return this.#portDecides && this.#directory!.runningWriters().length > 1;
    } catch {
      return false;
    }
  }

  /** Whether this process holds the lock of the one that answers, or there is none. */
  #elected(): boolean {
    if (this.#lockFd !== undefined || this.#directory === undefined || this.#portDecides) return true;
    const fd = fs.openSync(this.#directory.file('answer.lock'), 'a', 0o600);
    if (this.#directory.native?.tryLock(fd, 'exclusive')) {
      this.#lockFd = fd;
      return true;
    }
    fs.closeSync(fd);
    return false;
  }
}
