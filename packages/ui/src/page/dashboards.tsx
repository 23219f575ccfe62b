/** The list of dashboards. When there is exactly one it is opened. */
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { listDashboards } from '../api/grafana.ts';
import { hrefOf } from '../shell/route.ts';
import { navigate } from '../shell/use-route.ts';
import { useAnswer } from './use-answer.ts';

/** Draws the list. */
export function DashboardsPage(): JSX.Element {
  const { value: list, error } = useAnswer(listDashboards, 'list', 10_000);
  const only = list?.length === 1 ? list[0] : undefined;
  useEffect(() => {
    if (only !== undefined) navigate(hrefOf('dashboard', only.uid), { replace: true });
  }, [only?.uid]);
  if (list === undefined)
    return <main>{error !== undefined && <div class="page-note bad">{error}</div>}</main>;
  if (list.length === 0)
    return (
      <main>
        <div class="page-note">
          <b>No dashboards yet</b>
          <p>
            Define one with @binnacle/blueprint, or put Grafana's JSON into the dashboard folder of the
            monitor.
          </p>
        </div>
      </main>
    );
  return (
    <main>
      <h1>Dashboards</h1>
      <ul class="cards">
        {list.map(({ uid, title, tags }) => (
          <li key={uid}>
            <a class="card" href={hrefOf('dashboard', uid)}>
              <b>{title}</b>
              <span class="tags">
                {(tags ?? []).map((tag) => (
                  <i key={tag}>{tag}</i>
                ))}
              </span>
            </a>
          </li>
        ))}
      </ul>
    </main>
  );
}
