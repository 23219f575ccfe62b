/** A row of a dashboard: its heading, and its panels on the grid while it is open. */
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { PlacedPanel, PlacedSection } from '../dashboard/repeat.ts';
import type { DrawContext } from '../panel/draw-context.ts';
import { Panel, type PanelProps } from '../panel/panel.tsx';
import { useModule } from '../panel/use-module.ts';
import { Chevron } from '../shell/icons.tsx';
import type { Annotated } from './use-annotations.ts';

/** What all panels of a dashboard share. */
export interface SharedProps extends Omit<PanelProps, 'panel' | 'draw'> {
  readonly draw: Omit<DrawContext, 'marks'>;
  readonly annotated: readonly Annotated[];
}

/** Draws a section. */
export function SectionView({
  section,
  shared,
}: {
  readonly section: PlacedSection;
  readonly shared: SharedProps;
}): JSX.Element {
  const [open, setOpen] = useState(!section.collapsed);
  const { title, panels } = section;
  const count = panels.length === 1 ? '1 panel' : `${panels.length} panels`;
  return (
    <section class="row">
      {(title !== '' || section.collapsed) && (
        <h2>
          <button type="button" class="row-toggle" aria-expanded={open} onClick={() => setOpen(!open)}>
            <Chevron />
            {title || 'Row'}
            {!open && <small class="row-count">{count}</small>}
          </button>
        </h2>
      )}
      {open && (
        <div class="grid">
          {panels.map((placed) => {
            const { kind, gridPos } = placed.panel;
            const place = {
              '--x': gridPos.x + 1,
              '--y': gridPos.y + 1,
              '--w': gridPos.w,
              '--h': gridPos.h,
              '--phone-h': phoneHeight(placed.panel),
            };
            return (
              <div
                key={placed.key}
                class={gridPos.w <= 8 && (kind === 'stat' || kind === 'gauge') ? 'cell small' : 'cell'}
                style={place}
              >
                <PanelInPlace placed={placed} shared={shared} />
              </div>
            );
          })}
        </div>
      )}
    </section>
  );
}

/** Rows on a narrow screen: what is drawn over time needs some, and none should fill it. */
function phoneHeight({ kind, gridPos }: PlacedPanel['panel']): number {
  const least = kind === 'timeseries' || kind === 'heatmap' || kind === 'piechart' ? 8 : 4;
  return Math.min(12, Math.max(least, gridPos.h));
}

const loadMarks = () => import('../chart/marks.ts');

/** A panel with the choices of its copy, and the marks of the annotations that apply to it. */
function PanelInPlace({
  placed: { panel, choices },
  shared,
}: {
  readonly placed: PlacedPanel;
  readonly shared: SharedProps;
}): JSX.Element {
  const { annotated, context, draw, ...rest } = shared;
  const found = annotated.flatMap(({ annotation, marks: own }) =>
    annotation.appliesTo(panel.id) ? own : [],
  );
  const drawing = useModule(loadMarks, found.length > 0);
  const marks = useMemo(
    () => (drawing === undefined || found.length === 0 ? undefined : new drawing.Marks(found)),
    [annotated, drawing, panel.id],
  );
  return (
    <Panel
      {...rest}
      panel={panel}
      context={{ ...context, choices }}
      draw={{ ...draw, marks, links: { ...draw.links, choices } }}
    />
  );
}
