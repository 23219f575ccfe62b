/** A reference system as the stage needs it. */
import type { Dashboard, RuleGroup, ServiceSpec } from '@binnacle/blueprint';
import type { Processes } from './processes.ts';

export interface System {
  /** The value of the label `system` of all its targets. */
  readonly name: string;
  readonly dashboards: readonly Dashboard[];
  /** Bound to its targets, because other systems have metrics of the same names. */
  readonly rules: readonly RuleGroup[];
  /**
   * Starts the system and its visitors; its services are scraped where they say.
   * @param folder where it may keep its files
   */
  start(processes: Processes, folder: string): Promise<readonly ServiceSpec[]>;
}
