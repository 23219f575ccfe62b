/** Stacks of quantiles, which cannot be added up. */
import { objectOf } from '../../../grafana/reading/json.ts';
import type { DashboardCheck } from '../dashboard-check.ts';
import { panelSubject, shownQueries } from '../dashboard-subject.ts';
import { coreOf } from '../expression-shape.ts';

/** Reports stacked quantiles. */
export const stackedQuantiles: DashboardCheck = {
  name: 'stacked-quantiles',
  inspect(dashboard, report) {
    for (const panel of dashboard.inventory.panels) {
      const { mode } = objectOf(objectOf(panel.json.fieldConfig?.defaults.custom).stacking);
      if (mode !== 'normal' && mode !== 'percent') continue;
      for (const { expression } of shownQueries(dashboard, panel)) {
        if (expression.tree === undefined) continue;
        const core = coreOf(expression.tree);
        // Ratios and means may be parts of a whole: the share of each mode in the time of a processor.
        if (core.type !== 'call' || core.func !== 'histogram_quantile') continue;
        report(
          panelSubject(panel),
          dashboard.place(`${panel.pointer}/fieldConfig/defaults/custom/stacking/mode`),
          {
            severity: 'warning',
            message: 'quantiles are stacked',
            reason:
              'the height of the stack is their sum, which is nothing: p50 above p95 reads as a latency that nobody had',
            remedy: 'draw lines beside each other, and stack parts of a whole only.',
          },
        );
        break;
      }
    }
  },
};
