/** One dashboard: its controls, and its rows of panels on the grid. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { loadDashboard } from '../api/grafana.ts';
import type { Theme } from '../chart/palette.ts';
import { fillText } from '../dashboard/macros.ts';
import { type DashboardModel, readDashboard } from '../dashboard/model.ts';
import { placed } from '../dashboard/repeat.ts';
import { useModule } from '../panel/use-module.ts';
import { useClock } from '../shell/clock.ts';
import { hrefOf, type Route } from '../shell/route.ts';
import { type Status, scrapeIntervalMs } from '../shell/status.ts';
import { TimeControls } from '../shell/time-controls.tsx';
import { showRange, showWindow, viewOf } from '../shell/view.ts';
import { resolveRange, zoomOut } from '../time/range.ts';
import { useVariables } from '../variable/use-variables.ts';
import { SectionView, type SharedProps } from './section.tsx';
import { useAnnotations } from './use-annotations.ts';
import { useAnswer } from './use-answer.ts';

interface DashboardPageProps {
  readonly route: Route;
  readonly status: Status;
  readonly theme: Theme;
}

/** Loads a dashboard and draws it. */
export function DashboardPage({ route, status, theme }: DashboardPageProps): JSX.Element {
  const { value, error } = useAnswer(
    async (signal) => readWhole(await loadDashboard(route.uid, signal)),
    route.uid,
  );
  if (value === undefined)
    return <main>{error !== undefined && <div class="page-note bad">{error}</div>}</main>;
  return <DashboardView key={route.uid} model={value} route={route} status={status} theme={theme} />;
}

/** Reads a dashboard; old kinds of panels are made those of today, where there are any. */
async function readWhole(json: unknown): Promise<DashboardModel> {
  const model = readDashboard(json);
  const panels = model.sections.flatMap((section) => section.panels);
  if (!panels.some((panel) => panel.kind === 'unknown' && /^(?:graph|singlestat)$/.test(panel.type)))
    return model;
  const { renewed } = await import('../dashboard/old-panels.ts');
  return readDashboard(renewed(json));
}

const loadBars = () => import('./bars.ts');

function DashboardView({
  model,
  route,
  status,
  theme,
}: DashboardPageProps & { readonly model: DashboardModel }): JSX.Element {
  const view = viewOf(route, { range: model.time, refresh: model.refresh });
  const clock = useClock(view.refreshMs);
  const resolved = useVariables(model.variables, route.variables, view.range, clock.nowMs);
  // What is the same again is the same object, so that nothing is laid out or asked anew for it.
  const choices = useMemo(() => resolved.choices, [JSON.stringify(resolved.choices)]);
  // Nothing is asked before the choices and the scrape interval are known, unless the server does not tell it.
  const scrapeMs =
    !resolved.complete || (status.targets === undefined && status.error === undefined)
      ? undefined
      : scrapeIntervalMs(status.targets);
  const context = { range: view.range, nowMs: clock.nowMs, scrapeMs, choices };
  const [off, setOff] = useState<ReadonlySet<number>>(
    () => new Set(model.annotations.flatMap(({ enabled }, i) => (enabled ? [] : [i]))),
  );
  const annotated = useAnnotations(model.annotations, off, context);
  const sections = useMemo(() => placed(model.sections, choices), [model, choices]);
  const bars = useModule(
    loadBars,
    [model.variables, model.annotations, model.links].some(({ length }) => length > 0),
  );
  const title = fillText(model.title, choices);
  useEffect(() => {
    document.title = `${title} · Binnacle`;
  }, [title]);
  const links = { range: view.range, window: resolveRange(view.range, clock.nowMs), choices };
  const shared: SharedProps = {
    context,
    draw: {
      theme,
      links,
      syncKey: model.sharedCrosshair ? model.uid : '',
      onZoom: showWindow,
      onZoomOut: () => showRange(zoomOut(view.range, Date.now())),
    },
    annotated,
    targets: status.targets,
    exploreHref: (expr) =>
      hrefOf('explore', '', { expr, from: view.range.from, to: view.range.to, refresh: view.refresh }),
  };
  const switchAnnotation = (place: number): void => {
    const next = new Set(off);
    if (!next.delete(place)) next.add(place);
    setOff(next);
  };
  return (
    <main class="dashboard">
      <div class="bar">
        <h1 title={model.description}>{title}</h1>
        {bars !== undefined && (
          <>
            <bars.VariableBar variables={model.variables} resolved={resolved} />
            <bars.AnnotationBar annotated={annotated} theme={theme} onSwitch={switchAnnotation} />
          </>
        )}
        <span class="grow" />
        {bars !== undefined && <bars.LinkBar links={model.links} uid={model.uid} context={links} />}
        <TimeControls view={view} onRefresh={clock.refresh} />
      </div>
      {sections.map((section) => (
        <SectionView key={section.key} section={section} shared={shared} />
      ))}
      {sections.length === 0 && (
        <div class="page-note">
          <b>This dashboard has no panels.</b>
          {model.isSecondModel && (
            <p>
              It is written in the second model of Grafana. Export it as “classic” or “V1 resource”, which
              this page reads.
            </p>
          )}
        </div>
      )}
    </main>
  );
}
