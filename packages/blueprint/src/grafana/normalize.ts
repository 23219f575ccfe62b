/**
 * Any dashboard JSON of Grafana in the one form that the rest of this package reads: the classic model as
 * Grafana 11 has it after its own migrations.
 *
 * 1. The dashboard is taken out of what surrounds it; one of the V2 model is laid out as a classic one.
 * 2. What stands around the panels is completed, placeholders of a shared dashboard become variables.
 * 3. Old rows are laid onto the grid; each panel becomes one of today, with its queries, looks and options in
 *    the places where Grafana reads them.
 * 4. Whatever has no id, no place or no name is given one.
 *
 * Each step writes down what it changed. What no step knows stays where it was, under the name that it had.
 */
import type { ClassicDashboard } from './reading/classic.ts';
import { referDatasource } from './reading/datasource.ts';
import { unwrap } from './reading/envelope.ts';
import { completeFrame, completeVersion } from './reading/frame.ts';
import { fillInputs } from './reading/inputs.ts';
import { type JsonObject, objectOf, objectsOf, textOf } from './reading/json.ts';
import { Ledger } from './reading/ledger.ts';
import type { Note } from './reading/note.ts';
import { completePanel } from './reading/panels.ts';
import { completeGrid, completeIds, gatherPanels, innerPanels } from './reading/rows.ts';

/** A dashboard in the form of today, and the way back to what was read. */
export interface NormalizedDashboard {
  readonly dashboard: ClassicDashboard;
  /** Every change, in the order of the steps. */
  readonly notes: readonly Note[];
  /**
   * The JSON pointer into what was read for one into the dashboard: of the thing itself or, where it was not
   * there, of the nearest thing around it that was.
   */
  readonly source: (pointer: string) => string;
}

/**
 * Reads any dashboard JSON.
 * @throws DashboardFormatError where it is none that Grafana could load
 */
export function normalizeDashboard(json: unknown): NormalizedDashboard {
  const ledger = new Ledger(json);
  const dashboard = unwrap(ledger);
  completeFrame(dashboard, ledger);
  fillInputs(dashboard, ledger);
  gatherPanels(dashboard, ledger);
  const variables = objectsOf(objectOf(dashboard.templating).list);
  const plugins = new Map(
    variables
      .filter(({ type }) => type === 'datasource')
      .map(({ name, query }) => [textOf(name) ?? '', textOf(query) ?? '']),
  );
  for (const asking of [...variables, ...objectsOf(objectOf(dashboard.annotations).list)])
    referDatasource(asking, plugins, ledger);
  const panels = objectsOf(dashboard.panels);
  for (const panel of panels) {
    completePanel(panel, plugins, ledger);
    for (const inner of innerPanels(panel)) completePanel(inner, plugins, ledger);
  }
  completeGrid(panels, ledger);
  completeIds(panels, ledger);
  completeVersion(dashboard, ledger);
  return { dashboard: completed(dashboard), ...ledger.close(dashboard) };
}

/** The steps above have given a dashboard everything that its type says. */
function completed(dashboard: JsonObject): ClassicDashboard {
  return dashboard as ClassicDashboard;
}
