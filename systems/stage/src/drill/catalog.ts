/** Which drills there are, and which of them are meant. */
import { nearest } from '@binnacle/promql';
import type { Drill, SystemDrills } from '@binnacle/system-parts/drill';
import type { System, Watched } from '../system.ts';
import { SYSTEMS } from '../systems.ts';
import { readWatched } from '../watched/read.ts';
import type { SystemToDrill } from './drill-system.ts';

/** There is no such system, or no such alert; the message says what there is. */
export class UnknownName extends Error {
  override readonly name = 'UnknownName';
}

/** What a system can be drilled for. */
export interface Drillable {
  readonly system: System;
  readonly watched: Watched;
  readonly drills: SystemDrills;
}

/** A system of the stage with its drills. */
export async function readDrillable(system: System): Promise<Drillable> {
  return { system, watched: await readWatched(system), drills: await readDrills(system) };
}

/** The drills of a system; none where it brings none. */
export async function readDrills({ drills }: System): Promise<SystemDrills> {
  if (drills === undefined) return { alerts: {} };
  const loaded = (await import(drills)) as { readonly drills: SystemDrills };
  return loaded.drills;
}

/** The names of the alerts of a system, each once. */
export function alertNames({ rules }: Watched): readonly string[] {
  const names = rules.flatMap((group) =>
    group.rules.flatMap((rule) => (rule.type === 'alert' ? [rule.name] : [])),
  );
  return [...new Set(names)].sort();
}

/**
 * The system of a name.
 * @throws UnknownName
 */
export function systemNamed(name: string): System {
  const found = SYSTEMS.find((system) => system.name === name);
  if (found !== undefined) return found;
  throw unknown(
    'system',
    name,
    SYSTEMS.map((system) => system.name),
  );
}

/**
 * Some alerts of a system, all where none is named.
 * @throws UnknownName, also for an alert that is an exception, with its reason
 */
export function choose(drillable: Drillable, alerts: readonly string[]): SystemToDrill {
  const { system, drills } = drillable;
  const chosen: Record<string, Drill> = {};
  for (const name of alerts.length > 0 ? alerts : Object.keys(drills.alerts)) {
    const drill = drills.alerts[name];
    if (drill === undefined) {
      const reason = drills.exceptions?.[name];
      if (reason !== undefined) throw new UnknownName(`${system.name} has no drill of ${name}: ${reason}`);
      throw unknown(`alert of ${system.name} with a drill`, name, Object.keys(drills.alerts));
    }
    chosen[name] = drill;
  }
  return { ...drillable, chosen };
}

function unknown(what: string, name: string, known: readonly string[]): UnknownName {
  const close = nearest(name, known);
  const hint = close === undefined ? '' : `; do you mean ${close}?`;
  return new UnknownName(
    `there is no ${what} called ${JSON.stringify(name)}${hint} There are: ${known.join(', ') || 'none'}`.replace(
      /([^?]) There are/,
      '$1. There are',
    ),
  );
}
