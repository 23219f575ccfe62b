/**
 * Saves the alerts of all groups: a moment after something has become of one, and now and then while there are any, so
 * that a start knows how long the monitor was down. Changes within the moment are one write, also in a storm.
 *
 * A kill within the moment loses what has just been told. The next run then tells it again with a start a little
 * later, and whoever hears alerts keeps the earlier one, because the two overlap.
 */
import type { Clock } from '../clock.ts';
import type { AlertStateStore, SavedAlerts } from './alert-state.ts';
import type { RuleGroup } from './rule-group.ts';

/** How long after a change the alerts are saved. */
export const SAVE_DELAY_MS = 1000;
/** How old what is saved may be while there are alerts. */
export const SAVE_INTERVAL_MS = 30_000;

/** Keeps alerts over a restart. */
export class AlertKeeper {
  readonly #store: AlertStateStore;
  readonly #clock: Clock;
  readonly #groups: () => readonly RuleGroup[];
  readonly #onProblem: (message: string) => void;
  #cancelTimer: (() => void) | undefined;
  #saving: Promise<void> = Promise.resolve();
  #savedTurns = 0;
  #savedAtMs = Number.NEGATIVE_INFINITY;
  #isFailing = false;

  constructor(
    store: AlertStateStore,
    clock: Clock,
    groups: () => readonly RuleGroup[],
    onProblem: (message: string) => void = () => {},
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#groups = groups;
    this.#onProblem = onProblem;
  }

  /** What the last run saved; undefined when there is nothing to go on from. */
  async load(): Promise<SavedAlerts | undefined> {
    try {
      return await this.#store.load();
    } catch (error) {
      this.#onProblem(`the alerts before the restart cannot be read: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** To be called after every evaluation of a group. */
  noteEvaluation(): void {
    if (this.#cancelTimer !== undefined) return;
    const hasTurned = this.#turns() !== this.#savedTurns;
    const isOld = this.#clock.now() - this.#savedAtMs >= SAVE_INTERVAL_MS;
    if (!hasTurned && !(isOld && this.#groups().some((group) => group.hasAlerts))) return;
    this.#cancelTimer = this.#clock.after(SAVE_DELAY_MS, () => {
      this.#cancelTimer = undefined;
      this.#saving = this.#saving.then(() => this.#save());
    });
  }

  /** Saves a last time. */
  async stop(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    await this.#saving;
    await this.#save();
  }

  async #save(): Promise<void> {
    const turns = this.#turns();
    const savedAtMs = this.#clock.now();
    try {
      const rules = new Map(this.#groups().flatMap((group) => group.alertsToSave()));
      await this.#store.save({ savedAtMs, rules });
      this.#savedTurns = turns;
      this.#savedAtMs = savedAtMs;
      this.#isFailing = false;
    } catch (error) {
      // Tried again after the next evaluation.
      if (!this.#isFailing) this.#onProblem(`alerts cannot be saved for a restart: ${messageOf(error)}`);
      this.#isFailing = true;
    }
  }

  /** A number that differs when something has become of an alert. */
  #turns(): number {
    return this.#groups().reduce((sum, group) => sum + group.turns, 0);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
