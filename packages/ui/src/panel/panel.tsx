/** A panel: its frame, and what its data calls for inside. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Target } from '../api/prometheus.ts';
import type { PanelData } from '../dashboard/load-panel.ts';
import type { PanelModel } from '../dashboard/model.ts';
import { useSize, useVisible } from '../dashboard/use-box.ts';
import { type PanelContext, usePanelData } from '../dashboard/use-panel-data.ts';
import { Info, Lens, Warning } from '../shell/icons.tsx';
import { GaugeView } from './gauge.tsx';
import { StatView } from './stat.tsx';
import { type DrawContext, TimeseriesView } from './timeseries.tsx';
import { useModule } from './use-module.ts';

/** Everything that a panel takes from its dashboard. */
export interface PanelProps {
  readonly panel: PanelModel;
  readonly context: PanelContext;
  readonly draw: DrawContext;
  readonly targets: readonly Target[] | undefined;
  /** The address of Explore with a query. */
  exploreHref(expr: string): string;
}

/** Draws a panel and keeps its data fresh while it can be seen. */
export function Panel({ panel, context, draw, targets, exploreHref }: PanelProps): JSX.Element {
  const frame = useRef<HTMLElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const { width } = useSize(body);
  const visible = useVisible(frame);
  const state = usePanelData(panel.targets, context, width, visible);
  const { data, error, loading } = state;
  const asked = data?.asked[0] ?? panel.targets[0]?.expr;
  return (
    <section class={`panel panel-${panel.kind}`} ref={frame} aria-label={panel.title} aria-busy={loading}>
      <header class="panel-head">
        <h3 title={panel.title}>{panel.title}</h3>
        {panel.description !== '' && (
          <button
            type="button"
            class="hint"
            aria-label={`About ${panel.title}: ${panel.description}`}
            data-hint={panel.description}
          >
            <Info />
          </button>
        )}
        <span class="grow" />
        {asked !== undefined && (
          <a
            class="panel-link"
            href={exploreHref(asked)}
            title="Open the query in Explore"
            aria-label={`Explore ${panel.title}`}
          >
            <Lens />
          </a>
        )}
        {error !== undefined && (
          <button type="button" class="hint bad" aria-label={error} data-hint={error}>
            <Warning />
          </button>
        )}
        {error === undefined && data !== undefined && data.warnings.length > 0 && (
          <button
            type="button"
            class="hint warn"
            aria-label={data.warnings.join('\n')}
            data-hint={data.warnings.join('\n')}
          >
            <Warning />
          </button>
        )}
      </header>
      <div class="panel-body" ref={body}>
        <PanelBody panel={panel} data={data} error={error} draw={draw} targets={targets} />
      </div>
    </section>
  );
}

const loadMore = () => import('./more.tsx');
const loadText = () => import('./text.tsx');

function PanelBody({
  panel,
  data,
  error,
  draw,
  targets,
}: Pick<PanelProps, 'panel' | 'draw' | 'targets'> & {
  readonly data: PanelData | undefined;
  readonly error: string | undefined;
}): JSX.Element | null {
  const isText = panel.kind === 'text';
  const isMore = !isText && !['timeseries', 'stat', 'gauge', 'unknown'].includes(panel.kind);
  const text = useModule(loadText, isText);
  const more = useModule(loadMore, isMore);
  if (panel.kind === 'text') return text === undefined ? null : <text.TextView panel={panel} />;
  if (panel.kind === 'unknown')
    return (
      <div class="panel-note">
        <p>
          {panel.type === '' ? (
            'This panel has no type.'
          ) : (
            <>
              Panels of type <code>{panel.type}</code> are not drawn.
            </>
          )}
        </p>
      </div>
    );
  if (data === undefined) {
    if (error !== undefined) return <div class="panel-note bad">{error}</div>;
    return panel.targets.length === 0 ? <div class="panel-note">This panel asks nothing.</div> : null;
  }
  if (data.series.length === 0) return <NoData data={data} targets={targets} instead={panel.field.noValue} />;
  switch (panel.kind) {
    case 'timeseries':
      return <TimeseriesView panel={panel} data={data} draw={draw} />;
    case 'stat':
      return <StatView panel={panel} data={data} theme={draw.theme} />;
    case 'gauge':
      return <GaugeView panel={panel} data={data} theme={draw.theme} />;
    default:
      return more === undefined ? null : <more.MoreView panel={panel} data={data} draw={draw} />;
  }
}

/** Says that there is nothing, and why; asks again when the question changed. */
export function NoData({
  data,
  targets,
  instead,
}: {
  readonly data: PanelData;
  readonly targets: readonly Target[] | undefined;
  readonly instead?: string | undefined;
}): JSX.Element {
  const [reason, setReason] = useState('');
  const health = targets?.map((target) => `${target.health} ${target.lastError}`).join();
  const asked = data.asked.join('\n');
  useEffect(() => {
    if (targets === undefined) return;
    const abort = new AbortController();
    import('../dashboard/diagnose.ts')
      .then(({ diagnose }) => diagnose(data, targets, abort.signal))
      .then(setReason, () => undefined);
    return () => abort.abort();
  }, [asked, health, data.onlyNaN]);
  return (
    <div class="panel-note">
      <b>{instead ?? 'No data'}</b>
      {reason !== '' && <p>{reason}</p>}
    </div>
  );
}
