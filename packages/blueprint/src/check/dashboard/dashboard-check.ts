/** What a check of dashboards is: one kind of mistake, looked for in one dashboard at a time. */
import type { CheckFinding } from '../check.ts';
import type { Place } from '../problem.ts';
import type { DashboardSubject } from './dashboard-subject.ts';

/** Takes a mistake: whose it is, as `panel "Overview / Requests"`, and where. */
export type DashboardReport = (subject: string, place: Place, finding: CheckFinding) => void;

/** One kind of mistake. A file of its own in `checks/`, a table of tests and a page in `docs/checks`, all of its name. */
export interface DashboardCheck {
  readonly name: string;
  /** Whether nothing is found without a catalog. */
  readonly needsCatalog?: boolean;
  /** Looks at one dashboard. */
  inspect(dashboard: DashboardSubject, report: DashboardReport): void;
}
