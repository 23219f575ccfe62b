/** A histogram: how often which value occurred within the shown time. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { seriesColor, type Theme, withAlpha } from '../chart/palette.ts';
import type { PanelData } from '../dashboard/load-panel.ts';
import type { HistogramPanel } from '../dashboard/model.ts';
import { type Bin, binSize, binsOf } from '../dashboard/value-bins.ts';
import { format } from '../format/units.ts';

/** More series than these cannot be told apart. */
const SERIES_MOST = 8;
/** So many bounds are written below. */
const LABELS_MOST = 6;

/** Draws a histogram panel. */
export function HistogramView({
  panel,
  data,
  theme,
}: {
  readonly panel: HistogramPanel;
  readonly data: PanelData;
  readonly theme: Theme;
}): JSX.Element {
  const { unit, decimals } = panel.field;
  const groups = useMemo(() => groupsOf(panel, data), [panel, data]);
  const most = Math.max(1, ...groups.flatMap(({ bins }) => bins.map(({ count }) => count)));
  const all = groups.flatMap(({ bins }) => bins);
  const least = Math.min(...all.map(({ from }) => from));
  const last = Math.max(...all.map(({ to }) => to));
  const at = (value: number): number => (100 * (value - least)) / (last - least || 1);
  const every = Math.ceil((groups[0]?.bins.length ?? 1) / LABELS_MOST);
  const bounds = (groups[0]?.bins ?? []).filter((_, i) => i % every === 0).map(({ from }) => from);
  return (
    <div class="histogram">
      <div class="histogram-bars">
        {groups.map(({ name, bins }, g) =>
          bins.map(({ from, to, count }) => (
            <i
              key={`${name} ${from}`}
              title={`${groups.length > 1 ? `${name}, ` : ''}${format(from, unit, decimals)} – ${format(to, unit, decimals)}: ${count}`}
              style={{
                left: `${at(from)}%`,
                width: `${Math.max(0.4, at(to) - at(from) - 0.3)}%`,
                height: `${(100 * count) / most}%`,
                background: withAlpha(seriesColor(g, theme), groups.length > 1 ? 0.5 : 0.85),
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
          {groups.map(({ name }, g) => (
            <span class="legend-name" key={name}>
              <i class="swatch" style={{ background: seriesColor(g, theme) }} />
              <span>{name}</span>
            </span>
          ))}
        </div>
      )}
    </div>
  );
}

/** The bins of all series have the same bounds, so that they can be compared. */
function groupsOf(panel: HistogramPanel, data: PanelData): { name: string; bins: Bin[] }[] {
  const { unit } = panel.field;
  const columns = data.series.map(({ name, column }) => ({
    name,
    values: column.filter((value): value is number => value !== null && Number.isFinite(value)),
  }));
  const values = columns.flatMap((one) => one.values);
  const least = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const most = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const size = panel.bucketSize ?? binSize(least, most, panel.bucketCount ?? 24, unit);
  const groups = panel.combine ? [{ name: panel.title, values }] : columns.slice(0, SERIES_MOST);
  return groups.map(({ name, values: own }) => ({ name, bins: binsOf(own, unit, { size }) }));
}
