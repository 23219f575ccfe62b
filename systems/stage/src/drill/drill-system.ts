/** Drills some alerts of one system: run by run, and in each, batch by batch. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AlertRule } from '@binnacle/blueprint';
import { parse, walk } from '@binnacle/promql';
import type { Drill, SystemDrills } from '@binnacle/system-parts/drill';
import type { System, Watched } from '../system.ts';
import { type Batch, batchesOf, type Episode, type Run, runsOf } from './batches.ts';
import { Awaited, type Report, runEpisode } from './episode.ts';
import { alertRules, EVALUATION_MS, SCRAPE_MS } from './monitor.ts';
import { Scene, type SceneParts } from './scene.ts';
import { type AlertShortening, shortenRules } from './shorten.ts';
import type { DrillResult } from './table.ts';

/** By what times are divided where a drill says nothing else: five minutes are five seconds. */
export const FACTOR = 60;
/** How often a system is started that does not start. */
const STARTS_MAX = 2;
/** What a drill may take beyond the times of its rule. */
const SLACK_MS = 180_000;
/** How long nothing may be pending before anything is done, so that what follows follows from it. */
const QUIET_MS = 3_000;
const QUIET_MS_MAX = 180_000;
const LOOK_EVERY_MS = 250;

/** What is drilled. */
export interface SystemToDrill {
  readonly system: System;
  readonly watched: Watched;
  readonly drills: SystemDrills;
  /** By their names: all of the system, or some. */
  readonly chosen: Readonly<Record<string, Drill>>;
}

/** Who is told. */
export interface DrillOptions {
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
  /** Whether what the system's processes print is shown. */
  readonly verbose: boolean;
}

/** Drills; gives what came of each alert. */
export async function drillSystem(todo: SystemToDrill, options: DrillOptions): Promise<DrillResult[]> {
  const results: DrillResult[] = [];
  const here: Record<string, Drill> = {};
  for (const [alert, drill] of Object.entries(todo.chosen)) {
    const why = drill.notHere?.();
    if (why === undefined) here[alert] = drill;
    else results.push({ system: todo.system.name, alert, cause: drill.cause, outcome: 'not here', why });
  }
  for (const run of runsOf(batchesOf(here))) results.push(...(await runBatches(todo, run, options)));
  return results;
}

/** Runs batches in one run of the system; after one that failed, the system is started anew. */
async function runBatches(todo: SystemToDrill, run: Run, options: DrillOptions): Promise<DrillResult[]> {
  const { system, watched, drills, chosen } = todo;
  const { signal, print, verbose } = options;
  const results: DrillResult[] = [];
  const shortening = Object.fromEntries(
    Object.entries(chosen).map(([name, drill]) => [name, shorteningOf(drill)]),
  );
  const rules = shortenRules(watched.rules, { ...TIMES, alerts: shortening });
  const stage: Stage = { awaited: [], lingering: [], rules, startedMs: performance.now(), todo, options };
  try {
    for (const batch of run.batches) {
      signal.throwIfAborted();
      stage.scene ??= await open(
        {
          system,
          watched,
          drills,
          visitors: run.visitors,
          environment: run.environment,
          rules,
          onNotified: (alert) => {
            for (const one of stage.awaited) one.hear(alert);
          },
          onLine: verbose ? print : () => {},
        },
        options,
      );
      const ended = await runBatch(stage, batch);
      results.push(...ended);
      if (!ended.some(({ outcome }) => outcome === 'failed')) continue;
      results.push(...(await settle(stage)));
      await stage.scene?.close();
      stage.scene = undefined;
    }
    results.push(...(await settle(stage)));
    return results;
  } finally {
    await stage.scene?.close();
  }
}

/** Starts a system; a second time where it does not start, for instance since somebody else took a port. */
async function open(parts: SceneParts, { signal, print }: DrillOptions): Promise<Scene | undefined> {
  for (let i = 0; i < STARTS_MAX; i++) {
    signal.throwIfAborted();
    try {
      return await Scene.open(parts);
    } catch (error) {
      print(`  ${parts.system.name} did not start: ${(error as Error).message}`);
    }
  }
  return undefined;
}

/** A run as far as it has come. */
interface Stage {
  readonly todo: SystemToDrill;
  readonly options: DrillOptions;
  readonly startedMs: number;
  /** Shortened. */
  readonly rules: Watched['rules'];
  scene?: Scene | undefined;
  /** What is waited for in the batch that runs, and what lingers. */
  awaited: readonly Awaited[];
  /** Of batches before, what is not resolved yet. */
  readonly lingering: Lingering[];
}

interface Lingering {
  readonly awaited: readonly Awaited[];
  readonly results: Promise<DrillResult[]>;
}

/** Waits for what lingers. */
async function settle({ lingering }: Stage): Promise<DrillResult[]> {
  return (await Promise.all(lingering.splice(0).map(({ results }) => results))).flat();
}

async function runBatch(stage: Stage, batch: Batch): Promise<DrillResult[]> {
  const { todo, options, rules, scene } = stage;
  const { system, watched } = todo;
  const { signal, print } = options;
  const all = batch.episodes.flatMap(({ drills }) => [...drills]);
  const report: Report = (alert, word, text = '') => {
    const seconds = ((performance.now() - stage.startedMs) / 1000).toFixed(1).padStart(6);
    print(`${seconds} s  ${system.name}  ${alert}  ${word}${text === '' ? '' : `: ${text}`}`);
  };
  const awaited = new Map(
    all.map(([name, drill]) => [
      name,
      new Awaited(name, drill, timingOf(alertRules(rules, name), drill), report),
    ]),
  );
  stage.awaited = [...awaited.values(), ...stage.lingering.flatMap((one) => one.awaited)];
  try {
    if (scene === undefined) throw new Error('the system did not start');
    for (const [name, drill] of all) announce(name, drill, watched, rules, report);
    await quiet(scene, [...awaited.values()], signal);
    const ended = await Promise.all(
      batch.episodes.map((episode) => {
        const own = [...episode.drills.keys()].map((name) => awaited.get(name)!);
        return runOrLinger(stage, scene, episode, own, report);
      }),
    );
    return ended.flat();
  } catch (error) {
    signal.throwIfAborted();
    const why = (error as Error).message;
    print([`  ${system.name}: ${why}`, ...(scene?.lines ?? [])].join('\n    '));
    return all.map(([alert, { cause }]) => ({
      system: system.name,
      alert,
      cause,
      outcome: 'failed',
      why,
    }));
  }
}

/** Gives what came of an episode, or nothing where that lingers. */
async function runOrLinger(
  { todo: { system }, options: { signal }, lingering }: Stage,
  scene: Scene,
  episode: Episode,
  awaited: readonly Awaited[],
  report: Report,
): Promise<DrillResult[]> {
  let onRemedied = (): void => {};
  const remedied = new Promise<void>((resolve) => {
    onRemedied = resolve;
  });
  const results = runEpisode(episode, awaited, scene, { system: system.name, report, signal, onRemedied });
  if (!awaited.every(({ drill }) => drill.lingers)) return results;
  await remedied;
  lingering.push({ awaited, results });
  return [];
}

const TIMES = { factor: FACTOR, scrapeMs: SCRAPE_MS, evaluationMs: EVALUATION_MS } as const;

function shorteningOf({ factor, threshold }: Drill): AlertShortening {
  return { ...(factor !== undefined && { factor }), ...(threshold !== undefined && { threshold }) };
}

/** Says how the rule differs from that of production. */
function announce(
  name: string,
  drill: Drill,
  watched: Watched,
  shortened: Watched['rules'],
  report: Report,
): void {
  const [before] = alertRules(watched.rules, name);
  const [after] = alertRules(shortened, name);
  if (before === undefined || after === undefined) return;
  const { factor = FACTOR, threshold } = drill;
  const wait = before.forMs === 0 ? 'at once' : `for ${text(before.forMs)} is for ${text(after.forMs)}`;
  report(name, 'rule', `times are ${factor} times shorter: ${wait}`);
  if (threshold !== undefined)
    report(name, 'rule', `${threshold.from} is ${threshold.to} here: ${threshold.because}`);
}

function text(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000} s` : `${ms} ms`;
}

/** How long a rule needs, once its cause is there or has gone. */
function timingOf(
  rules: readonly AlertRule[],
  { secondsMax }: Drill,
): { readonly waits: boolean; readonly msMax: number } {
  const needs = rules.map((rule) => rule.forMs + rule.keepFiringForMs + longestRange(rule.expr));
  return {
    waits: rules.some(({ forMs }) => forMs > 0),
    msMax: secondsMax === undefined ? Math.max(0, ...needs) + SLACK_MS : secondsMax * 1000,
  };
}

function longestRange(expr: string): number {
  let longest = 0;
  walk(parse(expr), (node) => {
    if (node.type === 'matrixSelector' || node.type === 'subquery') longest = Math.max(longest, node.rangeMs);
    if (node.type === 'vectorSelector') longest = Math.max(longest, node.offsetMs);
  });
  return longest;
}

/** Waits until everything is scraped and nothing that is drilled is pending, for a while. */
async function quiet(scene: Scene, awaited: readonly Awaited[], signal: AbortSignal): Promise<void> {
  const untilMs = performance.now() + QUIET_MS_MAX;
  let sinceMs = performance.now();
  while (performance.now() - sinceMs < QUIET_MS) {
    const active = (await scene.monitor.alerts()).filter(({ labels }) =>
      awaited.some((one) => one.means(labels)),
    );
    const scraped = await scene.monitor.allScraped();
    if (active.length > 0 || !scraped) sinceMs = performance.now();
    if (performance.now() > untilMs) {
      const names = [...new Set(active.map(({ labels }) => labels.alertname))].join(', ');
      throw new Error(
        scraped ? `${names} would not rest before anything was done` : 'not everything could be scraped',
      );
    }
    await Promise.race([sleep(LOOK_EVERY_MS, undefined, { signal }), scene.failed]);
  }
}
