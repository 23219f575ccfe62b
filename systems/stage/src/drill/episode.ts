/**
 * One cause, from its beginning to its end, and the alerts that it is for: each is to become pending, to fire, to be
 * told to the receiver, and, when the cause has ended, to be told there as resolved.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Drill } from '@binnacle/system-parts/drill';
import type { Episode } from './batches.ts';
import type { ActiveAlert } from './monitor.ts';
import type { NotifiedAlert } from './receiver.ts';
import { Load, type Scene } from './scene.ts';
import type { DrillResult } from './table.ts';

const LOOK_EVERY_MS = 200;
/** How long a cause may take to end. */
const END_MS_MAX = 180_000;

/** When what was seen; see {@link DrillResult}. */
interface Times {
  pendingSeconds?: number;
  firingSeconds?: number;
  notifiedSeconds?: number;
  resolvedSeconds?: number;
}

/** What is printed as it happens. */
export type Report = (alert: string, word: string, text?: string) => void;

/** An alert that is waited for. */
export class Awaited {
  readonly name: string;
  readonly drill: Drill;
  /** Whether it waits before it fires. */
  readonly waits: boolean;
  /** How long it may take until it fires, and until it is resolved. */
  readonly msMax: number;
  readonly #report: Report;
  #begunMs: number | undefined;
  #endedMs: number | undefined;
  readonly #times: Times = {};

  constructor(
    name: string,
    drill: Drill,
    timing: { readonly waits: boolean; readonly msMax: number },
    report: Report,
  ) {
    this.name = name;
    this.drill = drill;
    this.waits = timing.waits;
    this.msMax = timing.msMax;
    this.#report = report;
  }

  get times(): Readonly<Times> {
    return this.#times;
  }

  get isNotified(): boolean {
    return this.#times.notifiedSeconds !== undefined;
  }

  get isResolved(): boolean {
    return this.#times.resolvedSeconds !== undefined;
  }

  /** Whether an alert is the one that is meant. */
  means(labels: Readonly<Record<string, string>>): boolean {
    if (labels.alertname !== this.name) return false;
    return Object.entries(this.drill.labels ?? {}).every(([name, value]) => labels[name] === value);
  }

  begin(): void {
    this.#begunMs = performance.now();
  }

  end(): void {
    this.#endedMs = performance.now();
  }

  /** Looks at what is pending and firing now. */
  look(alerts: readonly ActiveAlert[]): void {
    if (this.#begunMs === undefined) return;
    const states = alerts.filter(({ labels }) => this.means(labels)).map(({ state }) => state);
    if (states.includes('pending') && this.#times.pendingSeconds === undefined && !this.isNotified) {
      this.#times.pendingSeconds = since(this.#begunMs);
      this.#report(this.name, 'pending');
    }
    if (states.includes('firing')) this.#fires(this.#begunMs);
  }

  #fires(begunMs: number): void {
    if (this.#times.firingSeconds !== undefined) return;
    this.#times.firingSeconds = since(begunMs);
    this.#report(this.name, 'firing');
  }

  /** Hears what the receiver was told. */
  hear({ status, labels, annotations }: NotifiedAlert): void {
    if (this.#begunMs === undefined || !this.means(labels)) return;
    if (status === 'firing' && !this.isNotified) {
      // We look now and then; the message may be faster.
      this.#fires(this.#begunMs);
      this.#times.notifiedSeconds = since(this.#begunMs);
      const { summary = '', description = '' } = annotations;
      this.#report(this.name, 'notified', `[${labels.severity}] ${summary}. ${description}`);
    }
    if (status === 'resolved' && this.#endedMs !== undefined && !this.isResolved) {
      this.#times.resolvedSeconds = since(this.#endedMs);
      this.#report(this.name, 'resolved', 'the receiver was told');
    }
  }

  /** What it did not do; undefined when it did all. */
  get missing(): string | undefined {
    const { pendingSeconds, firingSeconds } = this.#times;
    if (this.waits && pendingSeconds === undefined && firingSeconds === undefined)
      return 'it was never pending';
    if (firingSeconds === undefined) return 'it never fired';
    if (!this.isNotified) return 'the receiver was not told that it fires';
    if (!this.isResolved) return 'the receiver was not told that it is resolved';
    return undefined;
  }
}

/** With what an episode runs. */
export interface EpisodeOptions {
  readonly system: string;
  readonly report: Report;
  /** Ends it early; the cause is ended all the same. */
  readonly signal: AbortSignal;
  /** Called when its cause has ended, or never began. */
  readonly onRemedied: () => void;
}

/**
 * Runs an episode; gives what came of each of its alerts. Never rejects.
 */
export async function runEpisode(
  { drills }: Episode,
  awaited: readonly Awaited[],
  scene: Scene,
  { system, report, signal, onRemedied }: EpisodeOptions,
): Promise<DrillResult[]> {
  // An episode has one alert at least, and all of its drills have one cause.
  const { cause, remedy, begin } = [...drills.values()][0]!;
  const names = awaited.map(({ name }) => name).join(', ');
  const load = new Load();
  let trouble: string | undefined;
  try {
    report(names, 'cause', cause);
    for (const one of awaited) one.begin();
    const end = await begin(scene.stageFor(load, (text) => report(names, 'done', text)));
    try {
      await follow(awaited, (one) => one.isNotified, scene, signal);
    } finally {
      report(names, 'remedy', remedy);
      for (const one of awaited) one.end();
      await Promise.race([end(), tooLong('the cause did not end')]);
    }
    onRemedied();
    await follow(
      awaited.filter((one) => one.isNotified),
      (one) => one.isResolved,
      scene,
      signal,
    );
  } catch (error) {
    trouble = (error as Error).message;
  } finally {
    onRemedied();
    await load.stop();
  }
  return Promise.all(
    awaited.map(async (one): Promise<DrillResult> => {
      const why = trouble ?? one.missing;
      if (why !== undefined) report(one.name, 'failed', await explain(why, one, scene, load));
      return {
        system,
        alert: one.name,
        cause: one.drill.cause,
        outcome: why === undefined ? 'passed' : 'failed',
        ...(why !== undefined && { why }),
        ...one.times,
      };
    }),
  );
}

/** Looks until all are there, or the time of the slowest is up. */
async function follow(
  awaited: readonly Awaited[],
  isThere: (one: Awaited) => boolean,
  scene: Scene,
  signal: AbortSignal,
): Promise<void> {
  const untilMs = performance.now() + Math.max(0, ...awaited.map(({ msMax }) => msMax));
  while (!awaited.every(isThere) && performance.now() < untilMs) {
    // A monitor that is being started anew answers later.
    const alerts = await scene.monitor.alerts().catch(() => []);
    for (const one of awaited) one.look(alerts);
    await Promise.race([sleep(LOOK_EVERY_MS, undefined, { signal }), scene.failed]);
  }
}

async function explain(why: string, { name }: Awaited, scene: Scene, { failures }: Load): Promise<string> {
  const rule = await scene.monitor.explain(name).catch(() => '');
  return [why, rule, failures && `what was repeated failed ${failures}`, ...scene.lines.slice(-5)]
    .filter((line) => line !== '')
    .join('\n    ');
}

async function tooLong(what: string): Promise<never> {
  await sleep(END_MS_MAX, undefined, { ref: false });
  throw new Error(`${what} within ${END_MS_MAX / 1000} s`);
}

function since(ms: number): number {
  return (performance.now() - ms) / 1000;
}
