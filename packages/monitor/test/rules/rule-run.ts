/** Rules over storage in memory and a clock that the test moves: what they send, when, and what they write. */
import { Labels } from '@binnacle/metrics/model';
import { Engine, MemoryStorage } from '@binnacle/promql';
import type { AlertStateStore } from '../../dist/rules/alert-state.js';
import { parseRuleFile, type RuleFile } from '../../dist/rules/rule-file.js';
import type { OutgoingAlert } from '../../dist/rules/rule-group.js';
import { RuleManager, type RuleManagerOptions } from '../../dist/rules/rule-manager.js';
import { engineRuleQuery } from '../../dist/rules/rule-query.js';
import type { AppendResult, Sample } from '../../dist/storage.js';
import { ManualClock } from '../manual-clock.ts';

export const S = 1000;
export const MIN = 60 * S;
export const START_MS = 1_700_000_000_000;
/** The interval of groups that have none. */
export const INTERVAL_MS = 30 * S;

/** Memory that takes batches, and fails them on demand. */
export class BatchStorage extends MemoryStorage {
  failure: Error | undefined;

  async appendBatch(timestampMs: number, samples: readonly Sample[]): Promise<AppendResult> {
    if (this.failure !== undefined) throw this.failure;
    let outOfOrder = 0;
    for (const { labels, value, stale } of samples) {
      try {
        this.append(labels, timestampMs, stale === true ? 'stale' : value);
      } catch {
        outOfOrder++;
      }
    }
    return { appended: samples.length - outOfOrder, outOfOrder };
  }
}

/** An alert that was sent; times are seconds since {@link RuleRun.zeroMs}. */
export interface Sent {
  readonly at: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly startsAt: number;
  readonly endsAt: number;
  readonly annotations: Readonly<Record<string, string>>;
}

/** One run of the monitor's rules; a restart is another run over the same storage and clock. */
export class RuleRun {
  readonly storage: BatchStorage;
  readonly clock: ManualClock;
  readonly manager: RuleManager;
  readonly sent: Sent[] = [];
  /** What times are told from. */
  zeroMs: number;
  readonly #engine = new Engine();

  constructor(
    rules: string,
    from: { readonly storage: BatchStorage; readonly clock: ManualClock; readonly zeroMs?: number } = {
      storage: new BatchStorage(),
      clock: new ManualClock(START_MS),
    },
    options: Partial<RuleManagerOptions> & { readonly state?: AlertStateStore } = {},
  ) {
    this.storage = from.storage;
    this.clock = from.clock;
    this.zeroMs = from.zeroMs ?? START_MS;
    const { storage } = this;
    this.manager = new RuleManager([ruleFile(rules)], {
      query: engineRuleQuery(this.#engine, storage),
      storage: {
        select: (requests, signal) => storage.select(requests, signal),
        append: (_, timestampMs, samples) => storage.appendBatch(timestampMs, samples),
      },
      sink: (alerts) => this.#note(alerts),
      externalLabels: {},
      externalUrl: 'http://localhost:9700',
      evaluationIntervalMs: INTERVAL_MS,
      resendDelayMs: MIN,
      queryOffsetMs: 0,
      restore: { graceMs: 10 * MIN, outageToleranceMs: 60 * MIN },
      clock: this.clock,
      ...options,
    });
  }

  /** Seconds since zero. */
  get now(): number {
    return (this.clock.now() - this.zeroMs) / S;
  }

  get lastEvaluationMs(): number {
    return this.manager.status()[0]!.lastEvaluationMs;
  }

  /** Moves to just behind the next evaluation. */
  async evaluate(): Promise<void> {
    const last = this.lastEvaluationMs;
    if (last > 0) await this.clock.moveTo(Math.max(last + INTERVAL_MS, this.clock.now()));
    while (this.lastEvaluationMs === last) await this.clock.moveTo(this.clock.now() + S / 2);
  }

  /** Sets the series `up{job="x"}`, or ends it; to be seen by the next evaluation. */
  set(
    value: number | 'stale',
    labels: Readonly<Record<string, string>> = { __name__: 'up', job: 'x' },
  ): void {
    this.storage.append(Labels.of(labels), this.clock.now() + 1, value);
  }

  /** `pending`, `firing`, or `-` when there is no alert. */
  get state(): string {
    return this.manager.status()[0]!.rules[0]!.alerts[0]?.state ?? '-';
  }

  /** The result of a query now, one text a series. */
  async ask(text: string, timeMs = this.clock.now()): Promise<string[]> {
    const { value } = await this.#engine.instant(this.storage, text, timeMs);
    if (value.type !== 'vector') throw new Error('no vector');
    return value.samples.map((sample) => `${sample.labels} ${sample.value}`).sort();
  }

  #note(alerts: readonly OutgoingAlert[]): void {
    const since = (timeMs: number): number => (timeMs - this.zeroMs) / S;
    for (const { labels, startsAtMs, endsAtMs, annotations } of alerts)
      this.sent.push({
        at: this.now,
        labels: labels.toObject(),
        startsAt: since(startsAtMs),
        endsAt: since(endsAtMs),
        annotations,
      });
  }
}

/** Reads rules. */
export function ruleFile(text: string, path = '/etc/rules.yml'): RuleFile {
  return parseRuleFile(path, text);
}

/** A store in a variable; it holds what was saved, and nothing is shared with the run that saved it. */
export function memoryState(): AlertStateStore & { saves: number } {
  let saved: Parameters<AlertStateStore['save']>[0] | undefined;
  return {
    saves: 0,
    load: () => Promise.resolve(saved),
    save(alerts) {
      saved = alerts;
      this.saves++;
      return Promise.resolve();
    },
  };
}
