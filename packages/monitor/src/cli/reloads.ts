/** Reads a configuration again while the monitor runs: one time after the other, and told how the last one went. */

/** How the last reading of the configuration went. */
export interface ReloadStatus {
  readonly isSuccessful: boolean;
  /** When a configuration was last read that is in force. */
  readonly lastSuccessMs: number;
}

/** The reloads of a monitor. */
export class Reloads {
  readonly #reload: () => Promise<void>;
  readonly #now: () => number;
  #running: Promise<void> = Promise.resolve();
  #status: ReloadStatus;
  #isEnded = false;

  /** @param reload reads and changes; where it rejects, what was in force before still is */
  constructor(reload: () => Promise<void>, now: () => number) {
    this.#reload = reload;
    this.#now = now;
    this.#status = { isSuccessful: true, lastSuccessMs: now() };
  }

  get status(): ReloadStatus {
    return this.#status;
  }

  /** Reloads, after those that were asked for before. Rejects with what was wrong. */
  run(): Promise<void> {
    const turn = this.#running.then(() => this.#run());
    this.#running = turn.catch(() => {});
    return turn;
  }

  /** Begins no more; resolves when the one under way has ended. */
  async end(): Promise<void> {
    this.#isEnded = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    if (this.#isEnded) throw new Error('the monitor stops');
    try {
      await this.#reload();
      this.#status = { isSuccessful: true, lastSuccessMs: this.#now() };
    } catch (error) {
      this.#status = { ...this.#status, isSuccessful: false };
      throw error;
    }
  }
}
