/**
 * Runs all rule groups, each in its own loop, so that a slow group holds up no other.
 *
 * Evaluations of a group are aligned to its interval with an offset that depends only on its name: groups are
 * spread over the interval, and a restart goes on in the same rhythm. When an evaluation takes longer than the
 * interval, those that fell due meanwhile are left out and counted.
 */
import type { Clock } from '../clock.ts';
import type { RuleFile } from './rule-file.ts';
import { type RuleContext, RuleGroup } from './rule-group.ts';
import type { RuleGroupStatus } from './rule-status.ts';

/** Options of {@link RuleManager}. */
export interface RuleManagerOptions extends Omit<RuleContext, 'now'> {
  /** For groups without an interval of their own. */
  readonly evaluationIntervalMs: number;
  readonly clock: Clock;
}

/** All rule groups of a monitor. */
export class RuleManager {
  readonly #groups: readonly RuleGroup[];
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  readonly #timers = new Map<RuleGroup, () => void>();
  readonly #running = new Set<Promise<void>>();

  constructor(files: readonly RuleFile[], options: RuleManagerOptions) {
    const { clock, evaluationIntervalMs, ...shared } = options;
    this.#clock = clock;
    const context: RuleContext = { ...shared, now: () => clock.now() };
    this.#groups = files.flatMap((file) =>
      file.groups.map((group) => new RuleGroup(group, file.path, evaluationIntervalMs, context)),
    );
  }

  /** Starts the loops; the first evaluation of a group comes within its interval. */
  start(): void {
    for (const group of this.#groups) {
      this.#schedule(group, nextDueMs(group, this.#clock.now()));
    }
  }

  /** Stops the loops and waits for evaluations under way, whose queries are cancelled. */
  async stop(): Promise<void> {
    this.#stop.abort();
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    await Promise.all(this.#running);
  }

  /** Every group's state, in the order of files and groups. */
  status(): RuleGroupStatus[] {
    return this.#groups.map((group) => group.status());
  }

  #schedule(group: RuleGroup, dueMs: number): void {
    if (this.#stop.signal.aborted) return;
    const cancel = this.#clock.after(dueMs - this.#clock.now(), () => {
      const now = this.#clock.now();
      if (now < dueMs) {
        // Early by a little is the timer; by more, the clock was set back, and the old time may be far away.
        this.#schedule(group, Math.min(dueMs, nextDueMs(group, now)));
        return;
      }
      const missed = Math.floor((now - dueMs) / group.intervalMs);
      if (missed > 0) group.countMissed(missed);
      const timeMs = dueMs + missed * group.intervalMs;
      const run = group.evaluate(timeMs, this.#stop.signal).finally(() => {
        this.#running.delete(run);
        this.#schedule(group, timeMs + group.intervalMs);
      });
      this.#running.add(run);
    });
    this.#timers.set(group, cancel);
  }
}

/** The group's first evaluation after a time. */
function nextDueMs(group: RuleGroup, nowMs: number): number {
  const sinceLast = (nowMs - groupOffsetMs(group)) % group.intervalMs;
  return nowMs - sinceLast + group.intervalMs;
}

/** Where in its interval a group is evaluated: FNV-1a of its file and name. */
function groupOffsetMs(group: RuleGroup): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(`${group.file}\0${group.config.name}`)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash % group.intervalMs;
}
