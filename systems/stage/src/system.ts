/** A reference system as the stage needs it. */
import type { Dashboard } from '@binnacle/blueprint';
import type { Processes } from './processes.ts';

/** Where the monitor scrapes. */
export interface Target {
  readonly job: string;
  /** `host:port`. */
  readonly address: string;
}

export interface System {
  /** The value of the label `system` of all its targets. */
  readonly name: string;
  readonly dashboards: readonly Dashboard[];
  /** Absolute path of its rule file. */
  readonly ruleFile: string;
  /**
   * Starts the system and its visitors.
   * @param folder where it may keep its files
   */
  start(processes: Processes, folder: string): Promise<readonly Target[]>;
}
