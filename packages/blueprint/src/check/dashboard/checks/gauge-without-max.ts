/** Gauges that do not say how much there can be. */
import type { DashboardCheck } from '../dashboard-check.ts';
import { panelSubject } from '../dashboard-subject.ts';

/** Units that have their own ends. */
const BOUNDED: ReadonlySet<string> = new Set(['percent', 'percentunit', 'humidity']);

/** Reports gauges without a maximum. */
export const gaugeWithoutMax: DashboardCheck = {
  name: 'gauge-without-max',
  inspect({ inventory, place }, report) {
    for (const panel of inventory.panels) {
      if (panel.type !== 'gauge' || BOUNDED.has(panel.unit ?? '')) continue;
      const max = panel.json.fieldConfig?.defaults.max;
      if (max !== undefined && max !== null) continue;
      const overrides = panel.json.fieldConfig?.overrides ?? [];
      if (overrides.some(({ properties }) => properties.some(({ id }) => id === 'max'))) continue;
      report(panelSubject(panel), place(panel.pointer), {
        severity: 'warning',
        message: 'the gauge has no maximum',
        reason:
          'Grafana takes the largest value on screen, so that the needle is at its end at every moment of a single series',
        remedy: 'set max to what there can be, or use a stat where there is no limit.',
      });
    }
  },
};
