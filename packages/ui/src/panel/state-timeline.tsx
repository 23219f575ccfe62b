/** A state timeline: for each series a line of stretches in which its value is one state. */
import type { JSX } from 'preact';
import { namedColor, type Theme } from '../chart/palette.ts';
import { type FieldConfig, thresholdColor } from '../dashboard/field-config.ts';
import type { PanelData } from '../dashboard/load-panel.ts';
import type { StateTimelinePanel } from '../dashboard/model.ts';
import { stretchesOf } from '../dashboard/states.ts';
import { format } from '../format/units.ts';
import { moment } from '../time/range.ts';

/** More lines than these are not shown; no one reads them. */
const LINES_MOST = 40;
/** A stretch narrower than this share of the line has no room for its text. */
const TEXT_LEAST = 0.06;
const TICKS = 5;

/** Draws a state timeline panel. */
export function StateTimelineView({
  panel,
  data,
  theme,
}: {
  readonly panel: StateTimelinePanel;
  readonly data: PanelData;
  readonly theme: Theme;
}): JSX.Element {
  const { grid, window } = data;
  const span = (window.toMs - window.fromMs) / 1000;
  const at = (seconds: number): number =>
    Math.min(100, Math.max(0, (100 * (seconds - window.fromMs / 1000)) / span));
  return (
    <div class="states" style={{ '--fill': panel.rowHeight }}>
      {data.series.slice(0, LINES_MOST).map((series) => (
        <div class="state-line" key={`${series.refId} ${series.name}`}>
          <span class="state-name" title={series.name}>
            {series.name}
          </span>
          <span class="state-track">
            {stretchesOf(series.column, (a, b) => sameState(a, b, panel.field), panel.merge).map(
              ({ from, to, value }) => {
                const start = grid.start + from * grid.step;
                const end = grid.start + (to + 1) * grid.step;
                const { text, color } = stateOf(value, panel.field, theme);
                const width = at(end) - at(start);
                return (
                  width > 0 && (
                    <i
                      key={from}
                      style={{ left: `${at(start)}%`, width: `${width}%`, background: color }}
                      title={`${series.name}: ${text}\n${moment(start * 1000)} – ${moment(Math.min(end * 1000, window.toMs))}`}
                    >
                      {panel.showValue && width > 100 * TEXT_LEAST && text}
                    </i>
                  )
                );
              },
            )}
          </span>
        </div>
      ))}
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
  const mapping = field.mappings.find((one) => one.matches(value));
  const named = mapping?.color ?? thresholdColor(field, value, field.min ?? 0, field.max ?? 100) ?? 'text';
  return {
    text: mapping?.text ?? format(value, field.unit, field.decimals),
    color: namedColor(named, theme),
  };
}

/** Values that read the same and have one colour are one state. */
function sameState(a: number, b: number, field: FieldConfig): boolean {
  if (a === b) return true;
  const [left, right] = [stateOf(a, field, 'dark'), stateOf(b, field, 'dark')];
  return left.text === right.text && left.color === right.color;
}
