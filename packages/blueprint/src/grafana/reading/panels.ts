/** One panel in the form of today. */
import { referDatasource } from './datasource.ts';
import { kindOf } from './envelope.ts';
import { fromGraph } from './graph.ts';
import { fromOldHeatmap, isOldHeatmap } from './heatmap.ts';
import { isObject, type JsonObject, textOf } from './json.ts';
import type { Ledger } from './ledger.ts';
import { moveMisplaced } from './misplaced.ts';
import { renewFieldConfig, renewOptions, renewTransformations } from './older-options.ts';
import { fromOldTable, fromPiePlugin, isOldTable } from './pie-and-table.ts';
import { fromSinglestat } from './singlestat.ts';
import { completeTargets } from './targets.ts';

/** Gives a panel its type, title, queries, looks and options of today. */
export function completePanel(panel: JsonObject, plugins: ReadonlyMap<string, string>, ledger: Ledger): void {
  completeNames(panel, ledger);
  referDatasource(panel, plugins, ledger);
  for (const part of ['options', 'fieldConfig']) {
    const value = panel[part];
    if (value !== undefined && !isObject(value))
      ledger.drop('invalid', `${part} is ${kindOf(value)}`, panel, part);
  }
  completeTargets(panel, plugins, ledger);
  renewTransformations(panel, ledger);
  if (panel.type === 'graph') fromGraph(panel, ledger);
  else if (panel.type === 'singlestat') fromSinglestat(panel, ledger);
  else if (panel.type === 'grafana-piechart-panel') fromPiePlugin(panel, ledger);
  else if (isOldTable(panel)) fromOldTable(panel, ledger);
  else if (isOldHeatmap(panel)) fromOldHeatmap(panel, ledger);
  renewOptions(panel, ledger);
  moveMisplaced(panel, ledger);
  renewFieldConfig(panel, ledger);
}

function completeNames(panel: JsonObject, ledger: Ledger): void {
  const type = textOf(panel.type);
  if (type === undefined || type === '') {
    const became = isObject(panel.libraryPanel)
      ? 'library-panel-ref'
      : typeof panel.content === 'string'
        ? 'text'
        : 'timeseries';
    ledger.put('missing', 'a panel has a type', panel, 'type', became);
  }
  const { title } = panel;
  if (typeof title === 'string') return;
  const became = typeof title === 'number' ? String(title) : '';
  ledger.put(title === undefined ? 'missing' : 'invalid', 'a title is a text', panel, 'title', became);
}
