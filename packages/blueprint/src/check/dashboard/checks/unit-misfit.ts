/** Units that are not those of the numbers. */
import { type Unit, unitInWords } from '@binnacle/promql';
import type { InventoryPanel } from '../../../grafana/inventory.ts';
import { isObject } from '../../../grafana/reading/json.ts';
import type { DashboardCheck } from '../dashboard-check.ts';
import { panelSubject, shownQueries } from '../dashboard-subject.ts';
import { isDivision } from '../expression-shape.ts';
import { hasUnitOverride, keepsValues } from '../panel-shape.ts';
import { sameUnit, shownUnit, unitIdFor } from '../shown-unit.ts';

/** Units that say nothing of what a number is. */
const PLAIN: ReadonlySet<string> = new Set(['short', 'none', 'locale', 'sci']);

/** Compares the unit of a panel with that of its expressions, where the metrics tell it. */
export const unitMisfit: DashboardCheck = {
  name: 'unit-misfit',
  inspect(dashboard, report) {
    for (const panel of dashboard.inventory.panels) {
      const { id, pointer, isOfBuckets } = unitIn(panel);
      if (id === undefined || hasUnitOverride(panel) || !keepsValues(panel)) continue;
      const shown = shownUnit(id);
      if (shown === undefined && !PLAIN.has(id)) continue;
      for (const { expression } of shownQueries(dashboard, panel)) {
        const { tree } = expression;
        if (tree === undefined) continue;
        const facts = expression.facts(tree);
        const unit = isOfBuckets ? facts.observed : facts.unit;
        if (unit === undefined || (PLAIN.has(id) && isCounted(unit))) continue;
        const isNumber = sameUnit(unit, {});
        // A number of things may well be a percentage; whether of 1 or of 100 is a check of its own.
        if (isNumber && (!PLAIN.has(id) || !isDivision(tree))) {
          if (shown === undefined || sameUnit(shown.unit, {})) continue;
        }
        if (shown !== undefined && sameUnit(shown.unit, unit) && shown.factor === 1) continue;
        const better = isNumber ? 'percentunit' : unitIdFor(unit);
        const says = isNumber && isDivision(tree) ? 'a share' : unitInWords(unit);
        report(panelSubject(panel), dashboard.place(pointer), {
          severity: PLAIN.has(id) ? 'info' : 'warning',
          message: `the values are ${says}, and are shown as ${id}`,
          reason: PLAIN.has(id)
            ? 'a plain number does not say of what, and is not scaled to something that can be read'
            : 'the numbers on the axis are wrong by a factor, or of something else',
          remedy: better === undefined ? 'choose the unit of the values.' : `use ${better}.`,
        });
        break;
      }
    }
  },
};

/**
 * Where a panel says its unit. A heatmap that shows the buckets of a histogram has them on its axis; in its cells are
 * counts, whose unit goes where that of other panels is, or that of the axis where it has none of its own.
 */
function unitIn({ unit, json, pointer, type }: InventoryPanel): {
  readonly id: string | undefined;
  readonly pointer: string;
  readonly isOfBuckets: boolean;
} {
  const usual = `${pointer}/fieldConfig/defaults/unit`;
  if (type !== 'heatmap' || json.options?.calculate === true)
    return { id: unit, pointer: usual, isOfBuckets: false };
  const { yAxis } = json.options ?? {};
  const own = isObject(yAxis) ? yAxis.unit : undefined;
  if (typeof own === 'string')
    return { id: own, pointer: `${pointer}/options/yAxis/unit`, isOfBuckets: true };
  const id = unit !== undefined && PLAIN.has(unit) ? undefined : unit;
  return { id, pointer: usual, isOfBuckets: true };
}

/** Whether it is a number of things per something, for which most ids of rates are no more than a word. */
function isCounted(unit: Unit): boolean {
  const exponents = Object.values(unit);
  return exponents.length > 0 && exponents.every((exponent) => exponent < 0);
}
