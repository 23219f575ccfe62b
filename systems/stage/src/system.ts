/** A reference system as the stage needs it. */
import type { Dashboard, RuleGroup, ServiceSpec } from '@binnacle/blueprint';
import type { Processes } from './processes.ts';

/** What the monitor is told of a system. */
export interface Watched {
  readonly dashboards: readonly Dashboard[];
  /** Bound to its targets, because other systems have metrics of the same names. */
  readonly rules: readonly RuleGroup[];
  /** By a word for each, wherever they are scraped. */
  readonly services: Readonly<Record<string, Omit<ServiceSpec, 'targets'>>>;
}

/** A system that runs. */
export interface Started {
  /** Where people find it. */
  readonly url: string;
  /** Where its services are scraped, each as `host:port` by its word in {@link Watched.services}. */
  readonly targets: Readonly<Record<string, string>>;
}

/** A system with its visitors. */
export interface System {
  /** The value of the label `system` of all its targets. */
  readonly name: string;
  /** The module that exports its {@link Watched} as `watched`; read by `readWatched`, never imported here. */
  readonly watched: URL;
  /** The module that exports its `SystemDrills` as `drills`: `@binnacle/bricklayers/drills`. */
  readonly drills?: string;
  /**
   * Starts the system and its visitors.
   * @param processes its own: when one of them ends before all are up, the system is left out
   * @param folder where it may keep its files
   */
  start(processes: Processes, folder: string): Promise<Started>;
}
