/** A histogram: how often which value occurred within the shown time. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { namedColor, seriesColor, withAlpha } from '../chart/palette.ts';
import { fieldOf } from '../dashboard/field-config.ts';
import type { PanelData } from '../dashboard/load-panel.ts';
import type { HistogramPanel } from '../dashboard/panel-model.ts';
import { type Bin, binsOf, binWidth } from '../dashboard/value-bins.ts';
import { format } from '../format/units.ts';
import type { DrawContext } from './draw-context.ts';
import { seriesName } from './series-name.ts';

/** More series than these cannot be told apart. */
const SERIES_MOST = 8;
/** So many bounds are written below. */
const LABELS_MOST = 4;

/** Draws a histogram panel. */
export function HistogramView({
  panel,
  data,
  draw,
}: {
  readonly panel: HistogramPanel;
  readonly data: PanelData;
  readonly draw: DrawContext;
}): JSX.Element {
  const { unit, decimals } = panel.field;
  const groups = useMemo(() => groupsOf(panel, data, draw), [panel, data, draw.theme]);
  const most = Math.max(1, ...groups.flatMap(({ bins }) => bins.map(({ count }) => count)));
  const all = groups.flatMap(({ bins }) => bins);
  const least = Math.min(...all.map(({ from }) => from));
  const last = Math.max(...all.map(({ to }) => to));
  const at = (value: number): number => (100 * (value - least)) / (last - least || 1);
  const width = all[0] === undefined ? 1 : all[0].to - all[0].from;
  const every = Math.ceil((last - least) / width / LABELS_MOST);
  const bounds = Array.from({ length: LABELS_MOST }, (_, i) => least + i * every * width).filter(
    (bound) => bound < last,
  );
  return (
    <div class="histogram">
      <div
        class="histogram-bars"
        role="img"
        aria-label={`${panel.title}: ${all.reduce((sum, { count }) => sum + count, 0)} values from ${format(least, unit, decimals)} to ${format(last, unit, decimals)}`}
      >
        {groups.map(({ name, bins, color }) =>
          bins.map(({ from, to, count }) => (
            <i
              key={`${name} ${from}`}
              title={`${groups.length > 1 ? `${name}, ` : ''}${format(from, unit, decimals)} – ${format(to, unit, decimals)}: ${count}`}
              style={{
                left: `${at(from)}%`,
                width: `${Math.max(0.4, at(to) - at(from) - 0.3)}%`,
                height: `${(100 * count) / most}%`,
                background: withAlpha(color, groups.length > 1 ? 0.5 : 0.85),
              }}
            />
          )),
        )}
        <span class="histogram-most">{most}</span>
      </div>
      <div class="histogram-axis">
        {bounds.map((bound) => (
          <span key={bound} style={{ left: `${at(bound)}%` }}>
            {format(bound, unit, decimals)}
          </span>
        ))}
      </div>
      {groups.length > 1 && (
        <div class="legend legend-list">
          {groups.map(({ name, color }) => (
            <span class="legend-name" key={name}>
              <i class="swatch" style={{ background: color }} />
              <span>{name}</span>
            </span>
          ))}
        </div>
      )}
    </div>
  );
}

interface Group {
  readonly name: string;
  readonly color: string;
  readonly bins: readonly Bin[];
}

/** The bins of all series have the same bounds, so that they can be compared. */
function groupsOf(panel: HistogramPanel, data: PanelData, { theme, links }: DrawContext): Group[] {
  const { unit } = panel.field;
  const columns = data.series.flatMap((series, i) => {
    const field = fieldOf(panel, series);
    if (field.hidden.chart) return [];
    return {
      name: seriesName(series, field, links.choices),
      color: field.fixedColor === undefined ? seriesColor(i, theme) : namedColor(field.fixedColor, theme),
      values: series.column.filter((value): value is number => value !== null && Number.isFinite(value)),
    };
  });
  const values = columns.flatMap((one) => one.values);
  const size = binWidth(values, unit, { size: panel.bucketSize, count: panel.bucketCount });
  const combined = { name: panel.title, color: seriesColor(0, theme), values };
  const groups = panel.combine ? [combined] : columns.slice(0, SERIES_MOST);
  return groups.map(({ name, color, values: own }) => ({ name, color, bins: binsOf(own, unit, { size }) }));
}
