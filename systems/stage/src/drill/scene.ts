/**
 * A system that runs for some drills: its own folder, database and Redis, its visitors, and a monitor that tells the
 * drill's receiver. `close` ends all of it, and leaves no process and no file behind.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DrillProcess, DrillStage, SystemDrills, Variables } from '@binnacle/system-parts/drill';
import { EmbeddedPostgres } from '@binnacle/system-parts/embedded-postgres';
import { RedisServer } from '@binnacle/system-parts/redis-server';
import { Processes } from '../processes.ts';
import type { System, Watched } from '../system.ts';
import { DrillMonitor } from './monitor.ts';
import { ProcessTree } from './process-tree.ts';
import { type NotifiedAlert, Receiver } from './receiver.ts';

/** How long a drill's `until` waits. */
const UNTIL_MS_MAX = 120_000;
const LOOK_EVERY_MS = 100;
/** What is kept of what the processes print, for when something fails. */
const LINES_KEPT = 30;
/** What a repeated action may have under way; more would be a flood that nobody asked for. */
const REPEATED_MAX = 500;
const FAILURE_CHARACTERS_MAX = 100;
/** A process of visitors by its module. */
const VISITORS = /visitors/;

/** What is to run. */
export interface SceneParts {
  readonly system: System;
  readonly watched: Watched;
  readonly drills: SystemDrills;
  readonly visitors: boolean;
  readonly environment: Variables;
  /** Shortened. */
  readonly rules: Watched['rules'];
  readonly onNotified: (alert: NotifiedAlert) => void;
  /** Told of every line that a process prints. */
  readonly onLine: (line: string) => void;
}

/** A running system with its monitor. */
export class Scene {
  readonly #closers: (() => Promise<void> | void)[] = [];
  readonly #tree = new ProcessTree(process.pid);
  readonly #lines: string[] = [];
  readonly #failed: Promise<never>;
  #fail: (error: Error) => void = () => {};
  #processes: Processes | undefined;
  #monitor: DrillMonitor | undefined;
  #stage: Omit<DrillStage, 'say' | 'repeat'> | undefined;

  private constructor() {
    this.#failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.#failed.catch(() => {});
  }

  /**
   * Starts it.
   * @throws Error when a part of it does not start; then none of it is left
   */
  static async open(parts: SceneParts): Promise<Scene> {
    const scene = new Scene();
    try {
      await scene.#open(parts);
      return scene;
    } catch (error) {
      await scene.close();
      throw new Error([(error as Error).message, ...scene.#lines].join('\n    '));
    }
  }

  get monitor(): DrillMonitor {
    return this.#monitor!;
  }

  /** Rejects when a process ends that nobody stopped; never resolves. */
  get failed(): Promise<never> {
    return this.#failed;
  }

  /** The last lines that processes printed. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** What one drill works with. */
  stageFor(load: Load, say: (text: string) => void): DrillStage {
    return { ...this.#stage!, say, repeat: (perSecond, action) => load.repeat(perSecond, action) };
  }

  /** Ends everything; never rejects. */
  async close(): Promise<void> {
    for (const closer of this.#closers.splice(0).reverse())
      await Promise.resolve(closer()).catch((error: Error) => {
        console.error(`while ending a drill: ${error.message}`);
      });
  }

  async #open(parts: SceneParts): Promise<void> {
    const { system, drills, watched } = parts;
    const home = fs.mkdtempSync(path.join(os.tmpdir(), 'binnacle-drill-'));
    this.#closers.push(() => fs.rmSync(home, { recursive: true, force: true, maxRetries: 5 }));
    // Where we are root, PostgreSQL runs as nobody, who has to get there.
    fs.chmodSync(home, 0o755);
    const database = drills.database === true ? await EmbeddedPostgres.start() : undefined;
    if (database !== undefined) this.#closers.push(() => database.stop());
    const redis = drills.redis === true ? await RedisServer.start() : undefined;
    if (redis !== undefined) this.#closers.push(() => redis.stop());
    const receiver = await Receiver.start(parts.onNotified);
    this.#closers.push(() => receiver.stop());

    const processes = this.#startProcesses(parts, database?.url, redis?.url);
    const folder = path.join(home, system.name);
    const { url, targets } = await system.start(processes, folder);
    if (!parts.visitors)
      for (const { module, child } of processes.running)
        if (VISITORS.test(module)) await processes.end(child);
    const monitor = await DrillMonitor.start({
      processes,
      folder: path.join(home, 'monitor'),
      watched,
      rules: parts.rules,
      targets,
      receiverUrl: receiver.url,
    });
    this.#monitor = monitor;
    const listening = processes.running[0]?.said ?? { url };
    this.#stage = {
      url,
      listening,
      targets,
      folder,
      databaseUrl: database?.url,
      redisUrl: redis?.url,
      processes: (commandLine) => this.#find(commandLine),
      until,
      scrape: (service, scraped) => monitor.scrape(service, scraped),
    };
  }

  #startProcesses(
    { drills, environment, onLine }: SceneParts,
    databaseUrl: string | undefined,
    redisUrl: string | undefined,
  ): Processes {
    const processes = new Processes(
      (title, how) => this.#fail(new Error(`${title} ended (${how}), which the drill did not do`)),
      {
        // Never the user's own: a drill breaks them.
        environment: {
          DATABASE_URL: databaseUrl,
          REDIS_URL: redisUrl,
          NODE_ENV: undefined,
          ...drills.environment,
          ...environment,
        },
        print: (line) => {
          this.#lines.push(line);
          if (this.#lines.length > LINES_KEPT) this.#lines.shift();
          onLine(line);
        },
      },
    );
    this.#processes = processes;
    this.#closers.push(async () => {
      const left = await this.#tree.find(/./);
      await this.#tree.release();
      await processes.stop();
      // Whose parents were killed, and who did not notice.
      for (const one of left) if (!isOurs(one)) await one.signal('SIGKILL');
    });
    return processes;
  }

  async #find(commandLine: RegExp): Promise<readonly DrillProcess[]> {
    const own = new Set(this.#processes?.running.filter(({ title }) => title === 'monitor').map(pidOf));
    const found = await this.#tree.find(commandLine);
    return found.filter(({ pid, parent }) => !own.has(pid) && !own.has(parent));
  }
}

/** What one drill repeats. */
export class Load {
  /** Actions that failed, by what they said. */
  readonly #failures = new Map<string, number>();
  readonly #stops = new Set<() => Promise<void>>();

  /** As {@link DrillStage.repeat}. */
  repeat(perSecond: number, action: () => Promise<unknown>): () => Promise<void> {
    if (!(perSecond > 0)) throw new RangeError(`perSecond is ${perSecond}; it must be more than 0`);
    const underWay = new Set<Promise<void>>();
    const timer = setInterval(() => {
      if (underWay.size >= REPEATED_MAX) return;
      const acting = action()
        .then(
          () => {},
          (error: Error) => this.#failed(error),
        )
        .finally(() => underWay.delete(acting));
      underWay.add(acting);
    }, 1000 / perSecond);
    const stop = async (): Promise<void> => {
      clearInterval(timer);
      this.#stops.delete(stop);
      await Promise.race([Promise.all(underWay), sleep(UNTIL_MS_MAX, undefined, { ref: false })]);
    };
    this.#stops.add(stop);
    return stop;
  }

  /** What actions said when they failed, in a few words; empty when none did. */
  get failures(): string {
    return [...this.#failures].map(([said, times]) => `${times} times: ${said}`).join('; ');
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#stops].map((stop) => stop()));
  }

  #failed({ message }: Error): void {
    const said = message.slice(0, FAILURE_CHARACTERS_MAX);
    this.#failures.set(said, (this.#failures.get(said) ?? 0) + 1);
  }
}

async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const untilMs = Date.now() + UNTIL_MS_MAX;
  while (!(await holds())) {
    if (Date.now() > untilMs) throw new Error(`${what}: not within ${UNTIL_MS_MAX / 1000} s`);
    await sleep(LOOK_EVERY_MS);
  }
}

function pidOf({ child }: { readonly child: { readonly pid?: number | undefined } }): number | undefined {
  return child.pid;
}

/** Databases are ended by who started them. */
function isOurs({ commandLine }: DrillProcess): boolean {
  return /postgres|redis-server/.test(commandLine);
}
