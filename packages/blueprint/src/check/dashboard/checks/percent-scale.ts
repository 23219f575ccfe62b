/** Shares of 1 that are shown as percent, and the other way round. */
import { numberOf, objectOf, objectsOf } from '../../../grafana/reading/json.ts';
import type { DashboardCheck } from '../dashboard-check.ts';
import { panelSubject, shownQueries } from '../dashboard-subject.ts';
import { factorOf, hasLargeNumber, isDivision } from '../expression-shape.ts';
import { hasUnitOverride, keepsValues } from '../panel-shape.ts';

/** Shares above this are none: percentages, up to 100. */
const SHARE_MAX = 2;

/** The one step of thresholds that nobody has set. */
const DEFAULT_THRESHOLD = 80;

/** Compares `percent` and `percentunit` with the expressions, the maximum and the thresholds of a panel. */
export const percentScale: DashboardCheck = {
  name: 'percent-scale',
  inspect(dashboard, report) {
    for (const panel of dashboard.inventory.panels) {
      const { unit } = panel;
      if ((unit !== 'percent' && unit !== 'percentunit') || hasUnitOverride(panel) || !keepsValues(panel))
        continue;
      const wanted = unit === 'percent' ? '0 to 100' : '0 to 1';
      const other = unit === 'percent' ? 'percentunit' : 'percent';
      const at = `${panel.pointer}/fieldConfig/defaults`;
      const found = (pointer: string, message: string): void =>
        report(panelSubject(panel), dashboard.place(pointer), {
          severity: 'warning',
          message,
          reason: `${unit} shows ${wanted}: the numbers are wrong by a factor of 100`,
          remedy: `use ${other}, or bring values, limits and thresholds to ${wanted}.`,
        });
      const wrong = shownQueries(dashboard, panel).find(({ expression: { tree } }) => {
        if (tree === undefined) return false;
        return unit === 'percent' ? isDivision(tree) && !hasLargeNumber(tree) : factorOf(tree) === 100;
      });
      if (wrong !== undefined) {
        found(
          `${at}/unit`,
          unit === 'percent'
            ? 'the values are shares of 1, and are shown as percent'
            : 'the values are multiplied by 100, and are shown as shares of 1',
        );
        continue;
      }
      const defaults = panel.json.fieldConfig?.defaults ?? {};
      const max = numberOf(defaults.max);
      const steps = objectsOf(objectOf(defaults.thresholds).steps).flatMap(
        ({ value }) => numberOf(value) ?? [],
      );
      const isRelative = objectOf(defaults.thresholds).mode === 'percentage';
      // Grafana writes these into every panel whose author sets none.
      const isDefault = steps.length === 1 && steps[0] === DEFAULT_THRESHOLD;
      const limits = [
        ...(max === undefined ? [] : [max]),
        ...(isRelative || isDefault ? [] : steps.filter((value) => value > 0)),
      ];
      if (limits.length === 0) continue;
      const most = Math.max(...limits);
      if (unit === 'percent' ? most <= 1 : most > SHARE_MAX)
        found(
          max === most ? `${at}/max` : `${at}/thresholds`,
          `the ${max === most ? 'maximum' : 'highest threshold'} is ${most}, and the unit is ${unit}`,
        );
    }
  },
};
