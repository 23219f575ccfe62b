/** A state timeline: for each series a line of stretches in which its value is one state. */
import type { JSX } from 'preact';
import { inkOn, type Theme } from '../chart/palette.ts';
import { type FieldConfig, fieldOf } from '../dashboard/field-config.ts';
import type { PanelData } from '../dashboard/load-panel.ts';
import type { StateTimelinePanel } from '../dashboard/panel-model.ts';
import { stretchesOf } from '../dashboard/states.ts';
import { moment } from '../time/range.ts';
import type { DrawContext } from './draw-context.ts';
import { partsText, shownValue } from './reading.ts';
import { seriesName } from './series-name.ts';

/** More lines than these are not shown; no one reads them. */
const LINES_MOST = 40;
/** A stretch narrower than this share of the line has no room for its text. */
const TEXT_LEAST = 0.06;
const TICKS = 5;

/** Draws a state timeline panel. */
export function StateTimelineView({
  panel,
  data,
  draw,
}: {
  readonly panel: StateTimelinePanel;
  readonly data: PanelData;
  readonly draw: DrawContext;
}): JSX.Element {
  const { grid, window } = data;
  const span = (window.toMs - window.fromMs) / 1000;
  const at = (seconds: number): number =>
    Math.min(100, Math.max(0, (100 * (seconds - window.fromMs / 1000)) / span));
  const lines = data.series.flatMap((series, i) => {
    const field = fieldOf(panel, series);
    if (field.hidden.chart) return [];
    const stretches = stretchesOf(series.column, (a, b) => sameState(a, b, field), panel.merge);
    const name = seriesName(series, field, draw.links.choices);
    return [{ key: `${i} ${name}`, name, field, stretches }];
  });
  return (
    <div class="states" style={{ '--fill': panel.rowHeight }}>
      {lines.slice(0, LINES_MOST).map(({ key, name, field, stretches }) => (
        <div class="state-line" key={key}>
          <span class="state-name" title={name}>
            {name}
          </span>
          <span class="state-track">
            {stretches.map(({ from, to, value }) => {
              const start = grid.start + from * grid.step;
              const end = grid.start + (to + 1) * grid.step;
              const { text, color } = stateOf(value, field, draw.theme);
              const width = at(end) - at(start);
              return (
                width > 0 && (
                  <i
                    key={from}
                    style={{
                      left: `${at(start)}%`,
                      width: `${width}%`,
                      background: color,
                      color: inkOn(color),
                    }}
                    title={`${name}: ${text}\n${moment(start * 1000)} – ${moment(Math.min(end * 1000, window.toMs))}`}
                  >
                    {panel.showValue && width > 100 * TEXT_LEAST && text}
                  </i>
                )
              );
            })}
          </span>
        </div>
      ))}
      {lines.length > LINES_MOST && (
        <div class="state-line">
          <span />
          <span class="muted">and {lines.length - LINES_MOST} more lines</span>
        </div>
      )}
      <div class="state-line state-axis" aria-hidden="true">
        <span class="state-name" />
        <span class="state-track">
          {Array.from({ length: TICKS }, (_, i) => {
            const share = (i + 0.5) / TICKS;
            return (
              <span key={share} style={{ left: `${100 * share}%` }}>
                {moment(window.fromMs + share * span * 1000).slice(0, 5)}
              </span>
            );
          })}
        </span>
      </div>
    </div>
  );
}

function stateOf(value: number, field: FieldConfig, theme: Theme): { text: string; color: string } {
  const { shown, color } = shownValue(value, field, theme);
  return { text: partsText(shown), color };
}

/** Values that read the same and have one colour are one state. */
function sameState(a: number, b: number, field: FieldConfig): boolean {
  if (a === b) return true;
  const [left, right] = [stateOf(a, field, 'dark'), stateOf(b, field, 'dark')];
  return left.text === right.text && left.color === right.color;
}
