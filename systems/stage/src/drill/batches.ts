/**
 * Which drills run at the same time, in one run of the system.
 *
 * Drills of one cause (the same `begin`) are one episode. An episode joins the first batch in which nobody breaks what
 * it breaks or needs, needs what it breaks, wants a variable to be something else, or visitors where it wants none.
 * Batches that want the same variables and visitors follow each other in one run of the system.
 */
import type { Drill, Variables } from '@binnacle/system-parts/drill';

/** A word in {@link Drill.breaks} that is everybody's: such a drill runs alone. */
export const EVERYTHING = '*';
/** More at one time would only wait for each other. */
const EPISODES_MAX = 4;

/** A cause, and the alerts that it is for. */
export interface Episode {
  /** By the alerts' names. */
  readonly drills: ReadonlyMap<string, Drill>;
}

/** What runs at one time. */
export interface Batch {
  readonly episodes: readonly Episode[];
  readonly visitors: boolean;
  readonly environment: Variables;
}

/** Packs drills into batches, in their order. */
export function batchesOf(drills: Readonly<Record<string, Drill>>): Batch[] {
  const byCause = new Map<Drill['begin'], Map<string, Drill>>();
  for (const [name, drill] of Object.entries(drills)) {
    const same = byCause.get(drill.begin) ?? new Map<string, Drill>();
    byCause.set(drill.begin, same.set(name, drill));
  }
  const batches: Batch[] = [];
  for (const own of byCause.values()) {
    const one = batchOf({ drills: own });
    const at = batches.findIndex((batch) => goTogether(batch, one));
    if (at < 0) batches.push(one);
    else {
      const found = batches[at]!;
      batches[at] = {
        episodes: [...found.episodes, ...one.episodes],
        visitors: found.visitors,
        environment: { ...found.environment, ...one.environment },
      };
    }
  }
  return batches;
}

/** Batches that follow each other in one run of a system, and with what it is started. */
export interface Run {
  readonly batches: readonly Batch[];
  readonly visitors: boolean;
  readonly environment: Variables;
}

/** Puts batches into runs, in their order. */
export function runsOf(batches: readonly Batch[]): Run[] {
  const runs: Run[] = [];
  for (const batch of batches) {
    const at = runs.findIndex((run) => run.visitors === batch.visitors && agree(run, batch));
    const found = runs[at] ?? { batches: [], visitors: batch.visitors, environment: {} };
    const run = {
      ...found,
      batches: [...found.batches, batch],
      environment: { ...found.environment, ...batch.environment },
    };
    if (at < 0) runs.push(run);
    else runs[at] = run;
  }
  return runs;
}

/** Whether no variable is one thing for one, and another for the other. */
function agree(a: { readonly environment: Variables }, b: { readonly environment: Variables }): boolean {
  return Object.entries(b.environment).every(([name, value]) => (a.environment[name] ?? value) === value);
}

function batchOf(episode: Episode): Batch {
  const drills = [...episode.drills.values()];
  return {
    episodes: [episode],
    visitors: drills.every(({ visitors = true }) => visitors),
    environment: Object.assign({}, ...drills.map(({ environment = {} }) => environment)),
  };
}

function goTogether(a: Batch, b: Batch): boolean {
  if (a.visitors !== b.visitors || a.episodes.length + b.episodes.length > EPISODES_MAX) return false;
  return agree(a, b) && !disturbs(a, b) && !disturbs(b, a);
}

/** Whether something in `a` breaks what something in `b` breaks or needs. */
function disturbs(a: Batch, b: Batch): boolean {
  const broken = wordsOf(a, ({ breaks }) => breaks);
  const wanted = wordsOf(b, ({ breaks, needs = [] }) => [...breaks, ...needs]);
  return broken.has(EVERYTHING) || [...wanted].some((word) => broken.has(word));
}

function wordsOf({ episodes }: Batch, words: (drill: Drill) => readonly string[]): Set<string> {
  return new Set(episodes.flatMap(({ drills }) => [...drills.values()].flatMap(words)));
}
