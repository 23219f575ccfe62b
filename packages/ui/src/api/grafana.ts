/** Grafana's way to list and hand out dashboards. */
import { fetchJson } from './prometheus.ts';

/** One dashboard of the list. */
export interface DashboardListing {
  readonly uid: string;
  readonly title: string;
  readonly tags?: readonly string[];
}

/** All dashboards, in the server's order. */
export async function listDashboards(signal: AbortSignal): Promise<readonly DashboardListing[]> {
  const list = await fetchJson('api/search?type=dash-db', signal);
  return Array.isArray(list) ? (list as DashboardListing[]) : [];
}

/** The JSON of one dashboard, as it is. */
export async function loadDashboard(uid: string, signal: AbortSignal): Promise<unknown> {
  const answer = await fetchJson(`api/dashboards/uid/${encodeURIComponent(uid)}`, signal);
  return (answer as { dashboard?: unknown }).dashboard;
}
