/** The dashboards that a configuration brings by itself: one of each service that has watches. */
import { type Dashboard, dashboard, hashOf } from '../dashboard/dashboard.ts';
import type { Service } from './config.ts';
import type { Findings } from './findings.ts';

/** What Grafana allows. */
const UID_CHARACTERS_MAX = 40;
/** Of a name that is too long, so that a dash and the hash of the whole fit behind it. */
const UID_STEM_CHARACTERS = 32;

/**
 * The dashboard of a service: the rows of all its watches, in their order. Undefined where it has none.
 * @param config the configuration's name, which keeps apart services of the same name in one Grafana
 * @param refresh how often there is something new to see
 */
export function serviceDashboard(
  findings: Findings,
  config: string,
  { name, watches }: Service,
  refresh: string,
): Dashboard | undefined {
  const rows = watches.flatMap((watch) => watch.rows);
  if (rows.length === 0) return undefined;
  try {
    return dashboard({
      title: name,
      uid: dashboardUid(`${config}-${name}`),
      description: `${watches.map((watch) => watch.name).join(', ')} of ${name}.`,
      tags: [config],
      refresh,
      rows,
    });
  } catch (error) {
    findings.addError(`service ${JSON.stringify(name)}: the dashboard of its watches`, error);
    return undefined;
  }
}

/** A uid of at most 40 characters; of a longer name the beginning and a hash. */
export function dashboardUid(name: string): string {
  if (name.length <= UID_CHARACTERS_MAX) return name;
  return `${name.slice(0, UID_STEM_CHARACTERS)}-${hashOf(name).toString(36).padStart(7, '0')}`;
}
