/** One dashboard: its controls, and its rows of panels on the grid. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { loadDashboard } from '../api/grafana.ts';
import { labelValues } from '../api/prometheus.ts';
import type { Theme } from '../chart/palette.ts';
import type { Chosen } from '../dashboard/macros.ts';
import { type DashboardModel, readDashboard, type Section } from '../dashboard/model.ts';
import { ALL, choose, type VariableModel } from '../dashboard/variables.ts';
import { Panel, type PanelProps } from '../panel/panel.tsx';
import { useClock } from '../shell/clock.ts';
import { Chevron } from '../shell/icons.tsx';
import { hrefOf, type Route } from '../shell/route.ts';
import { type Status, scrapeIntervalMs } from '../shell/status.ts';
import { TimeControls } from '../shell/time-controls.tsx';
import { setParams } from '../shell/use-route.ts';
import { showRange, showWindow, viewOf } from '../shell/view.ts';
import { zoomOut } from '../time/range.ts';
import { useAnswer } from './use-answer.ts';

interface DashboardPageProps {
  readonly route: Route;
  readonly status: Status;
  readonly theme: Theme;
}

/** Loads a dashboard and draws it. */
export function DashboardPage({ route, status, theme }: DashboardPageProps): JSX.Element {
  const { value, error } = useAnswer(
    async (signal) => readDashboard(await loadDashboard(route.uid, signal)),
    route.uid,
  );
  useEffect(() => {
    if (value !== undefined) document.title = `${value.title} · Binnacle`;
  }, [value]);
  if (value === undefined)
    return <main>{error !== undefined && <div class="page-note bad">{error}</div>}</main>;
  return <DashboardView key={route.uid} model={value} route={route} status={status} theme={theme} />;
}

function DashboardView({
  model,
  route,
  status,
  theme,
}: DashboardPageProps & { readonly model: DashboardModel }): JSX.Element {
  const view = viewOf(route, { range: model.time, refresh: model.refresh });
  const clock = useClock(view.refreshMs);
  const { values, complete } = useVariableValues(model.variables);
  const choices = useMemo(() => {
    const chosen: Record<string, Chosen> = {};
    for (const variable of model.variables)
      chosen[variable.name] = choose(
        variable,
        route.params[`var-${variable.name}`],
        values[variable.name] ?? [],
      );
    return chosen;
  }, [model, values, route]);
  // Nothing is asked before the choices and the scrape interval are known, unless the server does not tell it.
  const scrapeMs =
    !complete || (status.targets === undefined && status.error === undefined)
      ? undefined
      : scrapeIntervalMs(status.targets);
  const shared: Omit<PanelProps, 'panel'> = {
    context: { range: view.range, nowMs: clock.nowMs, scrapeMs, choices },
    draw: {
      theme,
      syncKey: model.sharedCrosshair ? model.uid : '',
      onZoom: showWindow,
      onZoomOut: () => showRange(zoomOut(view.range, Date.now())),
    },
    targets: status.targets,
    exploreHref: (expr) =>
      hrefOf('explore', '', { expr, from: view.range.from, to: view.range.to, refresh: view.refresh }),
  };
  return (
    <main class="dashboard">
      <div class="bar">
        <h1 title={model.description}>{model.title}</h1>
        {model.variables
          .filter((variable) => !variable.hidden)
          .map((variable) => (
            <VariableSelect
              key={variable.name}
              variable={variable}
              values={values[variable.name] ?? []}
              chosen={choices[variable.name]!}
            />
          ))}
        <span class="grow" />
        <TimeControls view={view} onRefresh={clock.refresh} />
      </div>
      {model.sections.map((section, i) => (
        <SectionView key={`${i} ${section.title}`} section={section} shared={shared} />
      ))}
      {model.sections.length === 0 && (
        <div class="page-note">
          <b>This dashboard has no panels.</b>
        </div>
      )}
    </main>
  );
}

function SectionView({
  section,
  shared,
}: {
  readonly section: Section;
  readonly shared: Omit<PanelProps, 'panel'>;
}): JSX.Element {
  const [open, setOpen] = useState(!section.collapsed);
  const top = Math.min(...section.panels.map((panel) => panel.gridPos.y));
  const inOrder = [...section.panels].sort((a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x);
  return (
    <section class="row">
      {section.title !== '' && (
        <h2>
          <button type="button" class="row-toggle" aria-expanded={open} onClick={() => setOpen(!open)}>
            <Chevron />
            {section.title}
            {!open && <small class="row-count">{section.panels.length} panels</small>}
          </button>
        </h2>
      )}
      {open && (
        <div class="grid">
          {inOrder.map((panel, i) => {
            const { x, y, w, h } = panel.gridPos;
            const place = { '--x': x + 1, '--y': y - top + 1, '--w': w, '--h': h };
            return (
              <div
                key={`${panel.id} ${i}`}
                class={w <= 8 && panel.kind !== 'timeseries' ? 'cell small' : 'cell'}
                style={place}
              >
                <Panel panel={panel} {...shared} />
              </div>
            );
          })}
        </div>
      )}
    </section>
  );
}

function VariableSelect({
  variable,
  values,
  chosen,
}: {
  readonly variable: VariableModel;
  readonly values: readonly string[];
  readonly chosen: Chosen;
}): JSX.Element {
  const single = chosen.pattern === undefined && chosen.values.length === 1 ? chosen.values[0]! : ALL;
  return (
    <label class="variable">
      {variable.label}
      <select
        class="control"
        value={single}
        onChange={(event) => setParams({ [`var-${variable.name}`]: event.currentTarget.value })}
      >
        {variable.all && <option value={ALL}>All</option>}
        {values.map((value) => (
          <option key={value}>{value}</option>
        ))}
      </select>
    </label>
  );
}

interface VariableValues {
  readonly values: Readonly<Record<string, readonly string[]>>;
  /** Whether all that is asked for has been answered. */
  readonly complete: boolean;
}

/** The values of every variable; those that are asked for come later. */
function useVariableValues(variables: readonly VariableModel[]): VariableValues {
  const [asked, setAsked] = useState<Readonly<Record<string, readonly string[]>>>({});
  useEffect(() => {
    const abort = new AbortController();
    for (const { name, query } of variables) {
      if (query === undefined) continue;
      const take = (values: readonly string[]): void => {
        if (!abort.signal.aborted) setAsked((before) => ({ ...before, [name]: values }));
      };
      // Without its values a variable offers All alone; the panels tell what is wrong with the server.
      labelValues(query.label, query.selector, abort.signal).then(take, () => take([]));
    }
    return () => abort.abort();
  }, [variables]);
  return useMemo(() => {
    const values: Record<string, readonly string[]> = {};
    for (const { name, options, query } of variables)
      values[name] = query === undefined ? options : (asked[name] ?? []);
    const complete = variables.every(({ name, query }) => query === undefined || asked[name] !== undefined);
    return { values, complete };
  }, [variables, asked]);
}
