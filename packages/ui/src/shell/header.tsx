/** The top of every page: where one can go, and one line of truth. */
import type { JSX } from 'preact';
import type { Theme } from '../chart/palette.ts';
import { Mark, Moon, Sun } from './icons.tsx';
import { carried, hrefOf, type Page, type Route } from './route.ts';
import type { Status } from './status.ts';

const PAGES: readonly { readonly page: Page; readonly title: string }[] = [
  { page: 'dashboards', title: 'Dashboards' },
  { page: 'explore', title: 'Explore' },
  { page: 'alerts', title: 'Alerts' },
  { page: 'targets', title: 'Targets' },
];

/** Draws the header. */
export function Header({
  route,
  status,
  theme,
  onTheme,
}: {
  readonly route: Route;
  readonly status: Status;
  readonly theme: Theme;
  onTheme(): void;
}): JSX.Element {
  const current = route.page === 'dashboard' ? 'dashboards' : route.page;
  return (
    <header class="top">
      <a class="brand" href={hrefOf('dashboards')} aria-label="Binnacle">
        <Mark />
        <span>Binnacle</span>
      </a>
      <nav aria-label="Pages">
        {PAGES.map(({ page, title }) => (
          <a
            key={page}
            class="nav-link"
            href={hrefOf(page, '', carried(route))}
            {...(page === current && { 'aria-current': 'page' })}
          >
            {title}
          </a>
        ))}
      </nav>
      <Truth status={status} />
      <button
        type="button"
        class="quiet"
        onClick={onTheme}
        title={`Switch to ${theme === 'dark' ? 'light' : 'dark'}`}
        aria-label={`Switch to ${theme === 'dark' ? 'light' : 'dark'}`}
      >
        {theme === 'dark' ? <Sun /> : <Moon />}
      </button>
    </header>
  );
}

/** `3 of 3 targets up · no alerts firing`. */
function Truth({ status }: { readonly status: Status }): JSX.Element {
  const { targets, alerts, error } = status;
  if (error !== undefined)
    return (
      <div class="truth" role="status">
        <span class="bad" title={error}>
          <i class="dot" />
          {targets === undefined ? error : 'No contact with the monitor'}
        </span>
      </div>
    );
  if (targets === undefined) return <div class="truth" role="status" />;
  const up = targets.filter((target) => target.health === 'up').length;
  // A watchdog fires all the time, so that its silence is noticed; it is bad news for nobody.
  const firing = alerts.filter(
    ({ state, labels }) => state === 'firing' && labels.severity !== 'none',
  ).length;
  const pending = alerts.filter((alert) => alert.state === 'pending').length;
  const health = targets.length === 0 || up < targets.length ? 'bad' : 'good';
  return (
    <div class="truth" role="status">
      <a href={hrefOf('targets')} class={health}>
        <i class="dot" />
        {up} of {targets.length} {targets.length === 1 ? 'target' : 'targets'} up
      </a>
      <a href={hrefOf('alerts')} class={firing > 0 ? 'bad' : pending > 0 ? 'warn' : 'good'}>
        <i class="dot" />
        {firing === 0 ? 'no alerts' : `${firing} ${firing === 1 ? 'alert' : 'alerts'}`} firing
        {pending > 0 && `, ${pending} pending`}
      </a>
    </div>
  );
}
