/** Explore: one PromQL query, its course as a chart, its present values as a table. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { metadata, parseValue, queryInstant, type ResultSeries } from '../api/prometheus.ts';
import type { Theme } from '../chart/palette.ts';
import { seriesText } from '../dashboard/legend.ts';
import { fillIn } from '../dashboard/macros.ts';
import { readDashboard } from '../dashboard/model.ts';
import type { TimeseriesPanel } from '../dashboard/panel-model.ts';
import { useSize } from '../dashboard/use-box.ts';
import { usePanelData } from '../dashboard/use-panel-data.ts';
import { NoData } from '../panel/panel.tsx';
import { TimeseriesView } from '../panel/timeseries.tsx';
import { useClock } from '../shell/clock.ts';
import { hrefOf, type Route } from '../shell/route.ts';
import { useShortcut } from '../shell/shortcut.ts';
import { type Status, scrapeIntervalMs } from '../shell/status.ts';
import { TimeControls } from '../shell/time-controls.tsx';
import { setParams } from '../shell/use-route.ts';
import { showRange, showWindow, viewOf } from '../shell/view.ts';
import { resolveRange, zoomOut } from '../time/range.ts';
import { useAnswer } from './use-answer.ts';
import '../style/lists.css';

/** Rows and metrics beyond these are counted, not shown. */
const ROWS_MOST = 200;
const METRICS_MOST = 300;

/** Draws Explore. Enter runs the query, Shift and Enter begin a new line. */
export function ExplorePage({
  route,
  status,
  theme,
}: {
  readonly route: Route;
  readonly status: Status;
  readonly theme: Theme;
}): JSX.Element {
  const expr = route.params.expr ?? '';
  const [text, setText] = useState(expr);
  const input = useRef<HTMLTextAreaElement>(null);
  useEffect(() => setText(expr), [expr]);
  useEffect(() => input.current?.focus(), []);
  useShortcut('/', () => input.current?.focus());
  const view = viewOf(route, { range: { from: 'now-1h', to: 'now' }, refresh: '' });
  const clock = useClock(view.refreshMs);
  const run = (query: string): void => {
    if (query.trim() === expr) clock.refresh();
    else setParams({ expr: query.trim() });
  };
  return (
    <main class="explore">
      <div class="bar">
        <h1>Explore</h1>
        <span class="grow" />
        <TimeControls view={view} onRefresh={clock.refresh} />
      </div>
      <form
        class="query"
        onSubmit={(event) => {
          event.preventDefault();
          run(text);
        }}
      >
        <textarea
          ref={input}
          class="mono"
          rows={Math.min(8, text.split('\n').length)}
          value={text}
          spellcheck={false}
          autocapitalize="off"
          autocomplete="off"
          aria-label="PromQL query"
          placeholder="A PromQL query, such as rate(http_requests_total[5m])"
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
              event.preventDefault();
              run(text);
            } else if (event.key === 'Escape') event.currentTarget.blur();
          }}
        />
        <button type="submit" class="primary">
          Run
        </button>
      </form>
      {expr === '' ? (
        <MetricList />
      ) : (
        <Result expr={expr} route={route} status={status} theme={theme} nowMs={clock.nowMs} />
      )}
    </main>
  );
}

function Result({
  expr,
  route,
  status,
  theme,
  nowMs,
}: {
  readonly expr: string;
  readonly route: Route;
  readonly status: Status;
  readonly theme: Theme;
  readonly nowMs: number;
}): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const { width } = useSize(box);
  const view = viewOf(route, { range: { from: 'now-1h', to: 'now' }, refresh: '' });
  const panel = useMemo(() => chartOf(expr), [expr]);
  const scrapeMs =
    status.targets === undefined && status.error === undefined ? undefined : scrapeIntervalMs(status.targets);
  const context = { range: view.range, nowMs, scrapeMs, choices: {} };
  const { data, error } = usePanelData(panel.targets, context, width, true);
  return (
    <>
      {error !== undefined && <QueryError message={error} expr={expr} />}
      <div ref={box} />
      <section class="panel explore-chart" hidden={error !== undefined && data === undefined}>
        <div class="panel-body">
          {data !== undefined &&
            (data.series.length === 0 ? (
              error === undefined && <NoData data={data} targets={status.targets} />
            ) : (
              <TimeseriesView
                panel={panel}
                data={data}
                draw={{
                  theme,
                  syncKey: '',
                  marks: undefined,
                  links: { range: view.range, window: data.window, choices: {} },
                  onZoom: showWindow,
                  onZoomOut: () => showRange(zoomOut(view.range, Date.now())),
                }}
              />
            ))}
        </div>
      </section>
      {error === undefined && scrapeMs !== undefined && (
        <Table expr={expr} route={route} nowMs={nowMs} scrapeMs={scrapeMs} />
      )}
    </>
  );
}

/** Draws a query as any timeseries panel without settings. */
function chartOf(expr: string): TimeseriesPanel {
  const [section] = readDashboard({
    panels: [
      {
        type: 'timeseries',
        targets: [{ refId: 'A', expr }],
        options: { tooltip: { mode: 'multi', sort: 'desc' }, legend: { showLegend: true } },
        fieldConfig: { defaults: { custom: { lineWidth: 1.5, fillOpacity: 0 } } },
      },
    ],
  }).sections;
  return section!.panels[0] as TimeseriesPanel;
}

/** What the server says of a query, with a caret where it names a place. */
function QueryError({ message, expr }: { readonly message: string; readonly expr: string }): JSX.Element {
  const place = /(\d+):(\d+): parse error: (.*)/s.exec(message);
  const line = place === null ? undefined : expr.split('\n')[Number(place[1]) - 1];
  return (
    <div class="query-error" role="alert">
      {line !== undefined && (
        <pre class="mono">
          {line}
          {'\n'}
          {' '.repeat(Math.max(0, Number(place![2]) - 1))}^
        </pre>
      )}
      {place === null ? message : place[3]}
    </div>
  );
}

function Table({
  expr,
  route,
  nowMs,
  scrapeMs,
}: {
  readonly expr: string;
  readonly route: Route;
  readonly nowMs: number;
  readonly scrapeMs: number;
}): JSX.Element | null {
  const view = viewOf(route, { range: { from: 'now-1h', to: 'now' }, refresh: '' });
  const { fromMs, toMs } = resolveRange(view.range, nowMs);
  const asked = fillIn(expr, { intervalMs: scrapeMs, scrapeMs, rangeMs: toMs - fromMs });
  const [last, setLast] = useState<readonly ResultSeries[] | undefined>(undefined);
  const { value } = useAnswer((signal) => queryInstant(asked, toMs / 1000, signal), `${asked}@${toMs}`);
  useEffect(() => {
    if (value !== undefined) setLast(value.series);
  }, [value]);
  if (last === undefined || last.length === 0) return null;
  const rows = last
    .map((series) => ({
      text: seriesText(series.metric) || asked,
      value: parseValue(series.value?.[1] ?? 'NaN'),
    }))
    .sort((a, b) => b.value - a.value);
  return (
    <section class="values">
      <h2>
        Values
        <small>
          {rows.length} {rows.length === 1 ? 'series' : 'series'} at the end of the range
        </small>
      </h2>
      <table>
        <tbody>
          {rows.slice(0, ROWS_MOST).map((row) => (
            <tr key={row.text}>
              <td class="mono">{row.text}</td>
              <td class="num">{String(row.value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > ROWS_MOST && <p class="muted">and {rows.length - ROWS_MOST} more</p>}
    </section>
  );
}

/** What can be asked: every metric with its type and meaning. */
function MetricList(): JSX.Element {
  const [filter, setFilter] = useState('');
  const { value, error } = useAnswer(metadata, 'metadata', 15_000);
  if (value === undefined) return <div class="page-note">{error ?? ''}</div>;
  const all = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  const found = all.filter(([name, [first]]) =>
    `${name} ${first?.help ?? ''}`.toLowerCase().includes(filter.toLowerCase()),
  );
  if (all.length === 0)
    return (
      <div class="page-note">
        <b>No metrics yet</b>
        <p>As soon as a target has been scraped, its metrics are listed here.</p>
      </div>
    );
  return (
    <section class="metrics">
      <h2>
        Metrics
        <input
          type="search"
          class="control"
          placeholder={`Search ${all.length} metrics`}
          aria-label="Search metrics"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
      </h2>
      <table>
        <tbody>
          {found.slice(0, METRICS_MOST).map(([name, [first]]) => (
            <tr key={name}>
              <td class="mono">
                <a href={hrefOf('explore', '', { expr: queryFor(name, first?.type ?? '') })}>{name}</a>
              </td>
              <td class="muted type">{first?.type}</td>
              <td class="muted">{first?.help}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {found.length === 0 && <p class="muted">No metric has “{filter}” in its name or help.</p>}
      {found.length > METRICS_MOST && <p class="muted">and {found.length - METRICS_MOST} more</p>}
    </section>
  );
}

/** The first question that one has about a metric of a type. */
function queryFor(name: string, type: string): string {
  switch (type) {
    case 'counter':
      return `rate(${name}[$__rate_interval])`;
    case 'histogram':
      return `histogram_quantile(0.95, sum by (le) (rate(${name}_bucket[$__rate_interval])))`;
    default:
      return name;
  }
}
