/** Dashboards from files that can be changed by hand. */
import type { DashboardCheck } from '../dashboard-check.ts';

/** Reports `editable: true`. */
export const editableDashboard: DashboardCheck = {
  name: 'editable-dashboard',
  inspect({ dashboard, subject, place }, report) {
    if (dashboard.editable !== true) return;
    report(subject, place('/editable'), {
      severity: 'info',
      message: 'it can be edited in Grafana',
      reason: 'what somebody changes there is not in the repository, and gone with the next start',
      remedy: 'set editable to false.',
    });
  },
};
