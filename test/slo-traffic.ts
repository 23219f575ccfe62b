/**
 * Traffic in simulation: counters that grow in phases, as a unit test of rules writes them, and the rules of an objective
 * evaluated over them by the monitor's own evaluator.
 */
import { renderRuleFile, type Slo } from '@binnacle/blueprint';
import { Engine, parseSeriesDescription } from '@binnacle/promql';
import { RESTORE_TIMING } from '../packages/monitor/dist/rules/restore-alerts.js';
import { parseRuleFile } from '../packages/monitor/dist/rules/rule-file.js';
import { RuleGroup } from '../packages/monitor/dist/rules/rule-group.js';
import { engineRuleQuery } from '../packages/monitor/dist/rules/rule-query.js';
import { UnitTestStorage } from '../packages/monitor/dist/rules/unit-test-storage.js';

export const S = 1000;
export const MIN = 60 * S;
export const HOUR = 60 * MIN;
export const DAY = 24 * HOUR;

/** A stretch of time in which as many events come and as many of them are bad. */
export interface Phase {
  readonly forMs: number;
  readonly perMinute: number;
  /** From 0 to 1. */
  readonly bad: number;
}

/** A series of a unit test, in its notation. */
export interface InputSeries {
  readonly series: string;
  readonly values: string;
}

/** The counters of phases, one sample per scrape. */
export function countersOf(phases: readonly Phase[], scrapeMs: number): InputSeries[] {
  const counter = (outcome: string, share: (bad: number) => number): InputSeries => {
    let value = 0;
    const values = phases.map(({ forMs, perMinute, bad }) => {
      const step = (perMinute * share(bad) * scrapeMs) / MIN;
      const scrapes = forMs / scrapeMs;
      const text = `${value}+${step}x${scrapes - 1}`;
      value += step * scrapes;
      return text;
    });
    return { series: `requests_total{outcome="${outcome}"}`, values: `${values.join(' ')} ${value}` };
  };
  return [counter('ok', (bad) => 1 - bad), counter('failed', (bad) => bad)];
}

/** How a simulation runs. */
export interface Timing {
  readonly scrapeMs: number;
  /** The global interval of rules; groups that have a longer one keep it. */
  readonly evaluationMs: number;
}

/** The rules of an objective over traffic. Time begins at 0. */
export class SloRun {
  readonly #storage: UnitTestStorage;
  readonly #engine = new Engine();
  readonly #groups: readonly RuleGroup[];
  readonly #timing: Timing;

  /** @param only which groups are evaluated; all of them where it is left out */
  constructor(slo: Slo, input: readonly InputSeries[], timing: Timing, only: RegExp = /./) {
    const series = input.map(({ series, values }) => parseSeriesDescription(`${series} ${values}`));
    const storage = new UnitTestStorage(series, 0, timing.scrapeMs);
    this.#storage = storage;
    this.#timing = timing;
    const { groups } = parseRuleFile('slo.yml', renderRuleFile(slo.groups));
    this.#groups = groups
      .filter(({ name }) => only.test(name))
      .map(
        (group) =>
          new RuleGroup(
            group,
            'slo.yml',
            { defaultIntervalMs: timing.evaluationMs, restores: false },
            {
              query: engineRuleQuery(this.#engine, storage),
              storage,
              sink: () => {},
              externalLabels: {},
              externalUrl: 'http://localhost:9700',
              resendDelayMs: 0,
              queryOffsetMs: 0,
              restore: RESTORE_TIMING,
              now: () => 0,
            },
          ),
      );
  }

  /** Evaluates all groups at one time and then, each at its interval, up to another; tells at each evaluation which severities fire. */
  async *between(
    fromMs: number,
    toMs: number,
  ): AsyncGenerator<{ timeMs: number; firing: readonly string[] }> {
    const { signal } = new AbortController();
    for (let timeMs = fromMs; timeMs <= toMs; timeMs += this.#timing.evaluationMs) {
      this.#storage.advance(timeMs);
      for (const group of this.#groups) {
        const everyMs = Math.max(group.intervalMs, this.#timing.evaluationMs);
        if ((timeMs - fromMs) % everyMs !== 0) continue;
        await group.evaluate(timeMs, signal);
        const [failure] = group.failures();
        if (failure !== undefined) throw new Error(`${failure.rule} at ${timeMs}: ${failure.message}`);
      }
      yield { timeMs, firing: this.alerts().map(({ severity }) => severity) };
    }
  }

  /** Evaluates from one time to another. */
  async run(fromMs: number, toMs: number): Promise<void> {
    for await (const _ of this.between(fromMs, toMs));
  }

  /** The alerts that fire now. */
  alerts(): { severity: string; value: number; annotations: Readonly<Record<string, string>> }[] {
    return this.#groups
      .flatMap((group) =>
        group.config.rules.filter(({ type }) => type === 'alerting').map(({ name }) => ({ group, name })),
      )
      .flatMap(({ group, name }) => group.activeAlerts(name))
      .filter(({ state }) => state === 'firing')
      .map(({ labels, value, annotations }) => ({
        severity: labels.get('severity') ?? '',
        value,
        annotations,
      }));
  }

  /** The one value of a query; undefined where there is none. */
  async ask(expr: string, timeMs: number): Promise<number | undefined> {
    const { value } = await this.#engine.instant(this.#storage, expr, timeMs);
    if (value.type !== 'vector') throw new Error(`${expr} is no vector`);
    if (value.samples.length > 1) throw new Error(`${expr} has ${value.samples.length} series`);
    return value.samples[0]?.value;
  }
}
