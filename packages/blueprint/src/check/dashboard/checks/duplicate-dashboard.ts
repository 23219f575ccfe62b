/** Dashboards that take each other's place. */
import type { JsonValue } from '../../../grafana/reading/json.ts';
import type { DashboardCheck } from '../dashboard-check.ts';
import type { DashboardSubject } from '../dashboard-subject.ts';

/** Reports uids, and titles in one folder, that an earlier dashboard has. */
export const duplicateDashboard: DashboardCheck = {
  name: 'duplicate-dashboard',
  inspect(dashboard, report) {
    const { subject, place, dashboard: json } = dashboard;
    const before = dashboard.all.slice(0, dashboard.all.indexOf(dashboard));
    const uid = given(json.uid);
    const sameUid = uid === undefined ? undefined : before.find((other) => other.dashboard.uid === uid);
    if (sameUid !== undefined) {
      report(subject, place('/uid'), {
        severity: 'error',
        message: `${sameUid.path} has the uid ${uid}, too`,
        reason: 'Grafana loads one of the two, and another one with the next start',
        remedy: 'give each a uid of its own.',
      });
      return;
    }
    const title = given(json.title);
    const sameTitle = before.find(
      (other) => other.dashboard.title === title && folderOf(other) === folderOf(dashboard),
    );
    if (title === undefined || sameTitle === undefined) return;
    report(subject, place('/title'), {
      severity: 'warning',
      message: `${sameTitle.path} has the title ${JSON.stringify(title)}, too`,
      reason: 'in one folder Grafana does not load two dashboards of the same title',
      remedy: 'give each a title that says what it answers.',
    });
  },
};

function given(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function folderOf({ path }: DashboardSubject): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}
