/**
 * How a system says by what its alerts are drilled: `src/drills.ts` of the system exports `drills`, a
 * {@link SystemDrills}. `docs/drills.md` tells how to write them; `npm run drill` runs them.
 *
 * A drill brings about the real cause of an alert on the running system, and ends it. It never touches a metric, a
 * rule or the monitor's data: what the alert sees is what the system itself has counted.
 */

/** What a system brings. */
export interface SystemDrills {
  /** By the alert's name: each alert of the system is here or in {@link exceptions}. */
  readonly alerts: Readonly<Record<string, Drill>>;
  /** Alerts whose cause cannot be brought about safely on somebody's machine, each with the reason in a sentence. */
  readonly exceptions?: Readonly<Record<string, string>>;
  /** Whether it needs a database: it is given one of its own as `DATABASE_URL`, never the user's. */
  readonly database?: boolean;
  /** Whether it uses Redis: it is given one of its own as `REDIS_URL` where there is a `redis-server`. */
  readonly redis?: boolean;
  /** Variables that all of its drills start it with. */
  readonly environment?: Variables;
}

/** Variables of the environment. */
export type Variables = Readonly<Record<string, string>>;

/** One alert's drill. Drills that have the same `begin` have one cause: it is begun once for all of them. */
export interface Drill {
  /** What is done, as one sentence: `Both workers hang, while files go on coming.` */
  readonly cause: string;
  /** What is done to end it, as one sentence: `The workers go on.` */
  readonly remedy: string;
  /** Labels of the alert that is meant, where several services or parts have one of this name. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Words for what of the system it breaks: `database`, `jobs`; `*` for all of it, so that it runs alone. */
  readonly breaks: readonly string[];
  /**
   * Words for what must work meanwhile. Drills run at the same time where none breaks what the other breaks or needs.
   */
  readonly needs?: readonly string[];
  /** Variables that the system is started with for this drill. */
  readonly environment?: Variables;
  /** Whether the stage's visitors are there meanwhile. Default: yes. */
  readonly visitors?: boolean;
  /** How many times shorter the times of this alert are, where the usual number does not suit it. */
  readonly factor?: number;
  /** A threshold that is itself a time, or an amount that takes hours, and what stands for it. */
  readonly threshold?: ThresholdChange;
  /** How long it may take until it fires, and until it is resolved. Default: what the rule needs, and three minutes. */
  readonly secondsMax?: number;
  /** Whether others may begin as soon as its cause has ended: it takes long to be resolved, and disturbs nobody. */
  readonly lingers?: boolean;
  /** Why it cannot be drilled on this machine; undefined where it can. */
  readonly notHere?: () => string | undefined;
  /** Brings the cause about, and resolves when it is there. What it gives ends the cause. */
  begin(stage: DrillStage): Promise<EndOfCause> | EndOfCause;
}

/** Ends what a drill has begun; called once, whatever came of it. */
export type EndOfCause = () => Promise<void> | void;

/** A number in an alert's expression that is another one for the drill. */
export interface ThresholdChange {
  /** The number as the expression has it; it must be there exactly once. */
  readonly from: number;
  readonly to: number;
  /** Why that is allowed: `A day of growth is looked at within half a minute.` */
  readonly because: string;
}

/** What a drill works with: the system as it runs. */
export interface DrillStage {
  /** Where people reach the system: `http://127.0.0.1:8000`. */
  readonly url: string;
  /** What the system's process said when it listened, as it is. */
  readonly listening: Readonly<Record<string, unknown>>;
  /** Where its services are scraped, each as `host:port`, by their words. */
  readonly targets: Readonly<Record<string, string>>;
  /** The folder that the system was given for its files. */
  readonly folder: string;
  /** Its database; undefined where it has none. */
  readonly databaseUrl: string | undefined;
  /** Its Redis; undefined where it has none. */
  readonly redisUrl: string | undefined;
  /** Processes that the drill has started, and theirs, whose command line matches: workers, a database, visitors. */
  processes(commandLine: RegExp): Promise<readonly DrillProcess[]>;
  /**
   * Does something at a rate until it is stopped, or the drill ends: when its alerts are resolved. What fails is counted and goes on: things fail in
   * drills.
   * @returns stops it, and resolves when what was under way is over
   */
  repeat(perSecond: number, action: () => Promise<unknown>): () => Promise<void>;
  /** Waits until something holds. @throws Error that names it when it does not within two minutes */
  until(what: string, holds: () => Promise<boolean> | boolean): Promise<void>;
  /**
   * Sets up the monitor anew without a service, or starts it once more with it. Needs `breaks: ['*']`. A monitor that
   * was started again holds on to what fired for four minutes.
   */
  scrape(service: string, scraped: boolean): Promise<void>;
  /** Prints a line: what was done, where one sentence did not say all. */
  say(text: string): void;
}

/** A process that the drill has started, or that one of those has. */
export interface DrillProcess {
  readonly pid: number;
  readonly parent: number;
  readonly commandLine: string;
  /** Sends a signal; false when it has ended. What was stopped goes on when the drill ends. */
  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL' | 'SIGTERM'): Promise<boolean>;
}
