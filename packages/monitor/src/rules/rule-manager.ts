/**
 * Runs all rule groups, each in its own loop, so that a slow group holds up no other.
 *
 * Evaluations of a group are aligned to its interval with an offset that depends only on its name: groups are
 * spread over the interval, and a restart goes on in the same rhythm. When an evaluation takes longer than the
 * interval, those that fell due meanwhile are left out and counted.
 *
 * A change of the configuration leaves a group that is the same alone; one that has changed goes on with the alerts and
 * series of its rules of the same name and labels. The series of a group that is gone end as of now, but only after
 * two intervals: by then a rule that was only moved writes them again, and they have not ended. When the monitor
 * stops, nothing ends: the next start goes on.
 */
import type { Clock } from '../clock.ts';
import { AlertKeeper } from './alert-keeper.ts';
import type { AlertStateStore } from './alert-state.ts';
import type { RuleFile, RuleGroupConfig } from './rule-file.ts';
import { type RuleContext, RuleGroup } from './rule-group.ts';
import type { RuleGroupStatus } from './rule-status.ts';

/** After how many intervals the series of a group that is gone end. */
const INTERVALS_UNTIL_STALE = 2;

/** What a configuration says of all groups. */
export interface RuleSettings extends Pick<RuleContext, 'externalLabels' | 'queryOffsetMs'> {
  /** For groups without an interval of their own. */
  readonly evaluationIntervalMs: number;
}

/** Options of {@link RuleManager}. */
export interface RuleManagerOptions extends Omit<RuleContext, 'now'>, RuleSettings {
  readonly clock: Clock;
  /** Where alerts are kept over a restart; without it they are restored as far as Prometheus does. */
  readonly state?: AlertStateStore;
  /** Told in words when the state cannot be read or written. */
  readonly onProblem?: (message: string) => void;
}

interface Loop {
  readonly group: RuleGroup;
  cancelTimer: () => void;
  /** Settles when the evaluation under way has ended. */
  running: Promise<void>;
  ended: boolean;
}

/** All rule groups of a monitor. */
export class RuleManager {
  readonly #options: RuleManagerOptions;
  #context: RuleContext;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  readonly #keeper: AlertKeeper | undefined;
  /** By file and name. */
  #loops: ReadonlyMap<string, Loop>;
  readonly #endings = new Set<() => void>();
  #started = false;

  constructor(files: readonly RuleFile[], options: RuleManagerOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#context = { ...options, now: () => options.clock.now() };
    const groups = groupsOf(files).map(
      ([key, file, config]) => [key, this.#group(file, config, true)] as const,
    );
    this.#loops = new Map(groups.map(([key, group]) => [key, newLoop(group)]));
    if (options.state !== undefined)
      this.#keeper = new AlertKeeper(options.state, this.#clock, () => this.#groups(), options.onProblem);
  }

  /**
   * Brings back what alerts were before the restart. To be called before {@link start}, where there is a state; whoever
   * hears of alerts may then be started, and hears of those that go on when the loops start.
   */
  async load(): Promise<void> {
    const saved = await this.#keeper?.load();
    if (saved === undefined) return;
    for (const group of this.#groups()) group.bringBack(saved, this.#clock.now());
  }

  /** Starts the loops; the first evaluation of a group comes within its interval. */
  start(): void {
    this.#started = true;
    const now = this.#clock.now();
    for (const loop of this.#loops.values()) {
      loop.group.sendBroughtBack(now);
      this.#schedule(loop, nextDueMs(loop.group, now));
    }
  }

  /** Goes on with other rule files. Resolves when the groups that changed or went have ended their evaluations. */
  async update(files: readonly RuleFile[], settings: RuleSettings): Promise<void> {
    if (this.#stop.signal.aborted) return;
    const { evaluationIntervalMs } = settings;
    const isSameForAll = isSameContext(this.#context, settings);
    if (!isSameForAll) this.#context = { ...this.#context, ...settings };
    const before = this.#loops;
    const after = new Map<string, Loop>();
    const ended: Promise<void>[] = [];
    for (const [key, file, config] of groupsOf(files)) {
      const old = before.get(key);
      const isSame =
        isSameForAll &&
        old !== undefined &&
        isSameGroup(old.group.config, config) &&
        old.group.intervalMs === (config.intervalMs ?? evaluationIntervalMs);
      if (isSame) {
        after.set(key, old);
        continue;
      }
      const loop = newLoop(this.#group(file, config, false, evaluationIntervalMs));
      after.set(key, loop);
      ended.push(this.#begin(loop, old));
    }
    for (const [key, loop] of before) if (!after.has(key)) ended.push(this.#endForGood(loop));
    this.#loops = after;
    await Promise.all(ended);
  }

  /** Stops the loops and waits for evaluations under way, whose queries are cancelled. */
  async stop(): Promise<void> {
    this.#stop.abort();
    for (const cancel of this.#endings) cancel();
    this.#endings.clear();
    await Promise.all([...this.#loops.values()].map(endLoop));
    if (this.#started) await this.#keeper?.stop();
  }

  /** Every group's state, in the order of files and groups. */
  status(): RuleGroupStatus[] {
    return this.#groups().map((group) => group.status());
  }

  #groups(): RuleGroup[] {
    return [...this.#loops.values()].map(({ group }) => group);
  }

  #group(
    file: string,
    config: RuleGroupConfig,
    restores: boolean,
    defaultIntervalMs = this.#options.evaluationIntervalMs,
  ): RuleGroup {
    return new RuleGroup(config, file, { defaultIntervalMs, restores }, this.#context);
  }

  /** Starts a loop where another of its name, if there was one, has ended. */
  async #begin(loop: Loop, old: Loop | undefined): Promise<void> {
    if (old !== undefined) {
      await endLoop(old);
      loop.group.carryOver(old.group);
    }
    if (this.#started) this.#schedule(loop, nextDueMs(loop.group, this.#clock.now()));
  }

  async #endForGood(loop: Loop): Promise<void> {
    await endLoop(loop);
    const goneAtMs = this.#clock.now();
    const cancel = this.#clock.after(INTERVALS_UNTIL_STALE * loop.group.intervalMs, () => {
      this.#endings.delete(cancel);
      void loop.group.endSeries(goneAtMs);
    });
    this.#endings.add(cancel);
  }

  #schedule(loop: Loop, dueMs: number): void {
    if (this.#stop.signal.aborted || loop.ended) return;
    const { group } = loop;
    loop.cancelTimer = this.#clock.after(dueMs - this.#clock.now(), () => {
      const now = this.#clock.now();
      if (now < dueMs) {
        // Early by a little is the timer; by more, the clock was set back, and the old time may be far away.
        this.#schedule(loop, Math.min(dueMs, nextDueMs(group, now)));
        return;
      }
      const missed = Math.floor((now - dueMs) / group.intervalMs);
      if (missed > 0) group.countMissed(missed);
      const timeMs = dueMs + missed * group.intervalMs;
      loop.running = group.evaluate(timeMs, this.#stop.signal).finally(() => {
        this.#keeper?.noteEvaluation();
        this.#schedule(loop, timeMs + group.intervalMs);
      });
    });
  }
}

function newLoop(group: RuleGroup): Loop {
  return { group, cancelTimer: () => {}, running: Promise.resolve(), ended: false };
}

async function endLoop(loop: Loop): Promise<void> {
  loop.ended = true;
  loop.cancelTimer();
  loop.group.stop();
  await loop.running;
}

/** All groups with their keys. */
function groupsOf(files: readonly RuleFile[]): [key: string, file: string, config: RuleGroupConfig][] {
  return files.flatMap(({ path, groups }) =>
    groups.map((group): [string, string, RuleGroupConfig] => [`${path};${group.name}`, path, group]),
  );
}

/** Whether two configurations of a group mean the same; trees follow from the text. */
function isSameGroup(a: RuleGroupConfig, b: RuleGroupConfig): boolean {
  const text = (group: RuleGroupConfig): string =>
    JSON.stringify({ ...group, rules: group.rules.map(({ tree: _, ...rule }) => rule) });
  return text(a) === text(b);
}

/** Whether groups would do the same with other settings; their intervals are compared group by group. */
function isSameContext(a: RuleContext, b: RuleSettings): boolean {
  const text = ({
    externalLabels,
    queryOffsetMs,
  }: Pick<RuleContext, keyof RuleContext & keyof RuleSettings>) =>
    JSON.stringify([queryOffsetMs, Object.entries(externalLabels).sort()]);
  return text(a) === text(b);
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
