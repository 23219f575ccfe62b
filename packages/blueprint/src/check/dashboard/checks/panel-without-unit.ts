/** Panels that show numbers of something and do not say of what. */
import type { DashboardCheck } from '../dashboard-check.ts';
import { panelSubject } from '../dashboard-subject.ts';

/** Kinds whose values are read as numbers. */
const SHOW_NUMBERS: ReadonlySet<string> = new Set([
  'timeseries',
  'stat',
  'gauge',
  'bargauge',
  'barchart',
  'piechart',
  'trend',
  'xychart',
  'histogram',
]);

/** Reports panels without a unit, neither for all of them nor in an override. */
export const panelWithoutUnit: DashboardCheck = {
  name: 'panel-without-unit',
  inspect({ inventory, place }, report) {
    for (const panel of inventory.panels) {
      if (panel.unit !== undefined && panel.unit !== '') continue;
      if (!SHOW_NUMBERS.has(panel.type) || panel.queries.length === 0) continue;
      const overrides = panel.json.fieldConfig?.overrides ?? [];
      if (overrides.some(({ properties }) => properties.some(({ id }) => id === 'unit'))) continue;
      // Where values are shown as words, nobody reads the number.
      const { mappings } = panel.json.fieldConfig?.defaults ?? {};
      if (Array.isArray(mappings) && mappings.length > 0) continue;
      report(panelSubject(panel), place(panel.pointer), {
        severity: 'info',
        message: 'it has no unit',
        reason: '1500 may be seconds, bytes or requests, and Grafana shows it as it is',
        remedy: 'set one: s, bytes, percentunit, reqps; short for a number of things.',
      });
    }
  },
};
