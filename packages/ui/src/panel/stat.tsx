/** A stat panel: one big number per series, its course behind it. */
import type { JSX } from 'preact';
import { inkOn, type Theme, withAlpha } from '../chart/palette.ts';
import type { PanelData } from '../dashboard/load-panel.ts';
import type { StatPanel } from '../dashboard/panel-model.ts';
import type { Values } from '../format/reduce.ts';
import type { DrawContext } from './draw-context.ts';
import { Linked } from './linked.tsx';
import { type Reading, readingsOf } from './reading.ts';

/** More numbers than this are not shown; no one reads them. */
const SHOWN_MOST = 24;

/** Draws a stat panel. */
export function StatView({
  panel,
  data,
  draw,
}: {
  readonly panel: StatPanel;
  readonly data: PanelData;
  readonly draw: DrawContext;
}): JSX.Element {
  const readings = readingsOf(data, panel, draw).slice(0, SHOWN_MOST);
  const named =
    panel.textMode === 'value_and_name' ||
    panel.textMode === 'name' ||
    (panel.textMode === 'auto' && readings.length > 1);
  return (
    <div class={readings.length > 1 ? 'stats many' : 'stats'}>
      {readings.map((reading, i) => (
        <Stat key={`${i} ${reading.name}`} panel={panel} reading={reading} named={named} theme={draw.theme} />
      ))}
    </div>
  );
}

function Stat({
  panel,
  reading,
  named,
  theme,
}: {
  readonly panel: StatPanel;
  readonly reading: Reading;
  readonly named: boolean;
  readonly theme: Theme;
}): JSX.Element {
  const { prefix, text, suffix } = reading.shown;
  const filled = panel.colorMode === 'background';
  const color = panel.colorMode === 'value' ? reading.color : undefined;
  const line = panel.graph && reading.series.column.filter((value) => value !== null).length > 1;
  return (
    <div
      class={filled ? 'stat filled' : 'stat'}
      title={named ? reading.name : undefined}
      style={{
        ...(filled && { background: reading.color, color: inkOn(reading.color) }),
        ...(color !== undefined && { color }),
      }}
    >
      {line && (
        <Sparkline
          values={reading.series.column}
          color={filled ? inkOn(reading.color) : lineColor(reading.color, theme)}
        />
      )}
      {panel.textMode !== 'name' && panel.textMode !== 'none' && (
        <div class="stat-value" style={{ '--length': prefix.length + text.length + suffix.length * 0.6 }}>
          <Linked links={reading.links}>
            {prefix !== '' && <small>{prefix}</small>}
            {text}
            {suffix !== '' && <small>{suffix}</small>}
          </Linked>
        </div>
      )}
      {named && (
        <div class={panel.textMode === 'name' ? 'stat-name alone' : 'stat-name'} title={reading.name}>
          {reading.name}
        </div>
      )}
    </div>
  );
}

/** A number in the colour of the text has a line in the colour of the first series. */
function lineColor(color: string, theme: Theme): string {
  const neutral = theme === 'dark' ? '#d7dce2' : '#1d242c';
  return color === neutral ? (theme === 'dark' ? '#5b9cf5' : '#2467d1') : color;
}

/** A line of values without axes, in a box of 100 by 30 that is stretched; gaps stay gaps. */
function Sparkline({ values, color }: { readonly values: Values; readonly color: string }): JSX.Element {
  const path = sparkPath(values, 100, 30);
  return (
    <svg class="sparkline" viewBox="0 0 100 30" preserveAspectRatio="none" aria-hidden="true">
      <path d={path.area} fill={withAlpha(color, 0.13)} />
      <path d={path.line} fill="none" stroke={color} stroke-width="1.5" vector-effect="non-scaling-stroke" />
    </svg>
  );
}

/** The paths of a line and of the area below it. */
export function sparkPath(values: Values, width: number, height: number): { line: string; area: string } {
  const held = values.filter((value): value is number => value !== null);
  const least = Math.min(...held);
  const span = Math.max(...held) - least;
  const x = (i: number): string => ((i / Math.max(1, values.length - 1)) * width).toFixed(2);
  // A line that never changes lies low, so that the number above it can be read.
  const y = (value: number): string =>
    (height - 2 - (span === 0 ? 0.2 : (value - least) / span) * (height - 4)).toFixed(2);
  let line = '';
  let area = '';
  let start = -1;
  values.forEach((value, i) => {
    if (value === null) {
      start = -1;
      return;
    }
    const point = `${x(i)} ${y(value)}`;
    line += `${start < 0 ? 'M' : 'L'}${point}`;
    area += start < 0 ? `M${x(i)} ${height}L${point}` : `L${point}`;
    if (start < 0) start = i;
    if (i + 1 === values.length || values[i + 1] === null) area += `L${x(i)} ${height}Z`;
  });
  return { line, area };
}
