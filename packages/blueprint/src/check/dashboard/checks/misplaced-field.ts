/** Fields where Grafana does not look for them. */
import type { DashboardCheck } from '../dashboard-check.ts';
import { subjectAt } from '../dashboard-subject.ts';

/** Reports what was probably meant and has no effect, and values that Grafana cannot use. */
export const misplacedField: DashboardCheck = {
  name: 'misplaced-field',
  inspect(dashboard, report) {
    for (const { code, from, to, message } of dashboard.notes) {
      if (code !== 'misplaced' && code !== 'invalid') continue;
      report(subjectAt(to, dashboard), dashboard.locate(from), {
        severity: 'warning',
        message: message.replace(' stands in ', ' belongs in '),
        reason:
          code === 'misplaced'
            ? 'Grafana does not look here, so that it has no effect'
            : 'Grafana cannot use the value, and takes its own',
        remedy: code === 'misplaced' ? 'move it there.' : 'correct it.',
      });
    }
  },
};
