/** The page: the header, and below it what the address asks for. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Theme } from './chart/palette.ts';
import { DashboardPage } from './page/dashboard.tsx';
import { Header } from './shell/header.tsx';
import { carried, hrefOf, type Route } from './shell/route.ts';
import { useShortcut } from './shell/shortcut.ts';
import { type Status, useStatus } from './shell/status.ts';
import { useTheme } from './shell/theme.ts';
import { navigate, useRoute } from './shell/use-route.ts';

/** Draws the whole page. */
export function App(): JSX.Element {
  const route = useRoute();
  const status = useStatus();
  const { theme, toggle } = useTheme();
  useShortcut('/', () => {
    if (route.page !== 'explore') navigate(hrefOf('explore', '', carried(route)));
  });
  // A dashboard puts its own title here when it has it.
  useEffect(() => {
    const name = route.page[0]!.toUpperCase() + route.page.slice(1);
    if (route.page !== 'dashboard') document.title = `${name} · Binnacle`;
  }, [route.page]);
  return (
    <>
      <Header route={route} status={status} theme={theme} onTheme={toggle} />
      <Current route={route} status={status} theme={theme} />
    </>
  );
}

function Current({
  route,
  status,
  theme,
}: {
  readonly route: Route;
  readonly status: Status;
  readonly theme: Theme;
}): JSX.Element {
  switch (route.page) {
    case 'dashboards':
      return <WhenLoaded key="list" load={loadList} page={({ DashboardsPage }) => <DashboardsPage />} />;
    case 'dashboard':
      return <DashboardPage route={route} status={status} theme={theme} />;
    case 'targets':
      return (
        <WhenLoaded
          key="targets"
          load={loadTargets}
          page={({ TargetsPage }) => <TargetsPage status={status} />}
        />
      );
    case 'alerts':
      return (
        <WhenLoaded key="alerts" load={loadAlerts} page={({ AlertsPage }) => <AlertsPage route={route} />} />
      );
    case 'explore':
      return (
        <WhenLoaded
          key="explore"
          load={loadExplore}
          page={({ ExplorePage }) => <ExplorePage route={route} status={status} theme={theme} />}
        />
      );
  }
}

const loadList = () => import('./page/dashboards.tsx');
const loadTargets = () => import('./page/targets.tsx');
const loadAlerts = () => import('./page/alerts.tsx');
const loadExplore = () => import('./page/explore.tsx');

/** A page that comes by itself: a dashboard does without what it needs. */
function WhenLoaded<T>({ load, page }: { load(): Promise<T>; page(module: T): JSX.Element }): JSX.Element {
  const [loaded, setLoaded] = useState<{ readonly module?: T; readonly error?: string }>({});
  useEffect(() => {
    load().then(
      (module) => setLoaded({ module }),
      () => setLoaded({ error: 'This page could not be loaded. Is the monitor running?' }),
    );
  }, []);
  const { module, error } = loaded;
  if (module !== undefined) return page(module);
  return <main>{error !== undefined && <div class="page-note bad">{error}</div>}</main>;
}
