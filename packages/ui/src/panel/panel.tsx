/** A panel: its frame, and what its data calls for inside. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Target } from '../api/prometheus.ts';
import type { Choices } from '../dashboard/choices.ts';
import type { PanelData } from '../dashboard/load-panel.ts';
import { fillText } from '../dashboard/macros.ts';
import { mapped } from '../dashboard/mappings.ts';
import type { PanelModel } from '../dashboard/panel-model.ts';
import { useSize, useVisible } from '../dashboard/use-box.ts';
import { type PanelContext, usePanelData } from '../dashboard/use-panel-data.ts';
import { Info, Lens, Warning } from '../shell/icons.tsx';
import type { DrawContext } from './draw-context.ts';
import { DrawGuard } from './draw-guard.tsx';
import { TimeseriesView } from './timeseries.tsx';
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
export function Panel({ panel: defined, context, draw, targets, exploreHref }: PanelProps): JSX.Element {
  const panel = useMemo(() => worded(defined, context.choices), [defined, context.choices]);
  const frame = useRef<HTMLElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const { width } = useSize(body);
  const visible = useVisible(frame);
  const state = usePanelData(panel.targets, context, width, visible);
  const { data, error, loading } = state;
  const asked = data?.asked[0] ?? panel.targets[0]?.expr;
  const panelLinks = useModule(loadLinks, panel.links.length > 0);
  // Where a panel also asks what can be asked, what it does not show is said at its head.
  const words = useModule(loadWords, panel.foreign.length > 0);
  const untold = panel.foreign.map((query) => words?.notAsked(query) ?? '');
  const shownUntold = panel.targets.length > 0 ? untold : [];
  const warnings = [...shownUntold, ...(data?.warnings ?? [])].join('\n');
  return (
    <section
      class={`panel panel-${panel.kind}${panel.transparent ? ' transparent' : ''}`}
      ref={frame}
      aria-label={panel.title}
      aria-busy={loading}
    >
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
        {panelLinks !== undefined && (
          <panelLinks.PanelLinks title={panel.title} models={panel.links} context={draw.links} />
        )}
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
        {error === undefined && warnings !== '' && (
          <button type="button" class="hint warn" aria-label={warnings} data-hint={warnings}>
            <Warning />
          </button>
        )}
      </header>
      <div class="panel-body" ref={body}>
        <DrawGuard about={data ?? panel}>
          <PanelBody panel={panel} data={data} error={error} untold={untold} draw={draw} targets={targets} />
        </DrawGuard>
      </div>
    </section>
  );
}

/** A panel with the choices in its words. */
function worded(panel: PanelModel, choices: Choices): PanelModel {
  const title = fillText(panel.title, choices);
  const description = fillText(panel.description, choices);
  if (panel.kind === 'text')
    return { ...panel, title, description, content: fillText(panel.content, choices, 'csv') };
  return { ...panel, title, description };
}

const loadWords = () => import('../dashboard/foreign-words.ts');
const loadMore = () => import('./more.tsx');
const loadLinks = () => import('./panel-links.tsx');
const loadText = () => import('./text.tsx');

function PanelBody({
  panel,
  data,
  error,
  untold,
  draw,
  targets,
}: Pick<PanelProps, 'panel' | 'draw' | 'targets'> & {
  readonly data: PanelData | undefined;
  readonly error: string | undefined;
  /** What is said of the queries that cannot be asked. */
  readonly untold: readonly string[];
}): JSX.Element | null {
  const isText = panel.kind === 'text';
  const isMore = !['text', 'timeseries', 'unknown'].includes(panel.kind);
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
    if (panel.targets.length > 0) return null;
    if (panel.foreign.length === 0) return <div class="panel-note">This panel asks nothing.</div>;
    return (
      <div class="panel-note">
        <b>Nothing to ask here</b>
        {untold.map((sentence) => (
          <p key={sentence}>{sentence}</p>
        ))}
      </div>
    );
  }
  if (data.series.length === 0) {
    const { mappings, noValue } = panel.field;
    const instead = mapped(mappings, data.onlyNaN ? Number.NaN : null)?.text ?? noValue;
    return <NoData data={data} targets={targets} instead={instead} />;
  }
  if (panel.kind === 'timeseries') return <TimeseriesView panel={panel} data={data} draw={draw} />;
  return more === undefined ? null : <more.MoreView panel={panel} data={data} draw={draw} />;
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
