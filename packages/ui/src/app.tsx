/** The page: the header, and below it what the address asks for. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Theme } from './chart/palette.ts';
import type { AlertsPage } from './page/alerts.tsx';
import { DashboardPage } from './page/dashboard.tsx';
import { DashboardsPage } from './page/dashboards.tsx';
import { ExplorePage } from './page/explore.tsx';
import { TargetsPage } from './page/targets.tsx';
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
      return <DashboardsPage />;
    case 'dashboard':
      return <DashboardPage route={route} status={status} theme={theme} />;
    case 'targets':
      return <TargetsPage status={status} />;
    case 'alerts':
      return <AlertsWhenLoaded route={route} />;
    case 'explore':
      return <ExplorePage route={route} status={status} theme={theme} />;
  }
}

/** The page of alerts, which comes by itself: dashboards do without what it needs. */
function AlertsWhenLoaded({ route }: { readonly route: Route }): JSX.Element {
  const [loaded, setLoaded] = useState<{ readonly Page?: typeof AlertsPage; readonly error?: string }>({});
  useEffect(() => {
    import('./page/alerts.tsx').then(
      ({ AlertsPage: Page }) => setLoaded({ Page }),
      () => setLoaded({ error: 'This page could not be loaded. Is the monitor running?' }),
    );
  }, []);
  const { Page, error } = loaded;
  if (Page !== undefined) return <Page route={route} />;
  return <main>{error !== undefined && <div class="page-note bad">{error}</div>}</main>;
}
