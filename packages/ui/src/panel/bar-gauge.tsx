/** A bar gauge: a bar per series, or per bucket of a distribution. */
import type { JSX } from 'preact';
import { namedColor, type Theme, withAlpha } from '../chart/palette.ts';
import { bucketsOf } from '../dashboard/buckets.ts';
import { shareOf, thresholdColor } from '../dashboard/field-config.ts';
import type { PanelData } from '../dashboard/load-panel.ts';
import type { BarGaugePanel } from '../dashboard/panel-model.ts';
import { format } from '../format/units.ts';
import type { DrawContext } from './draw-context.ts';
import { Linked } from './linked.tsx';
import { partsText, type Reading, readingsOf } from './reading.ts';

/** More bars than this are not shown; no one reads them. */
const SHOWN_MOST = 64;
/** Lights of an lcd bar. */
const LIGHTS = 24;

interface BarGaugeProps {
  readonly panel: BarGaugePanel;
  readonly data: PanelData;
  readonly draw: DrawContext;
}

/** Draws a bar gauge. */
export function BarGaugeView({ panel, data, draw }: BarGaugeProps): JSX.Element {
  const readings = readingsOf(barsOf(panel, data), panel, draw).slice(0, SHOWN_MOST);
  const values = readings.map(({ value }) => value);
  // Bars are compared with each other: those without ends of their own share theirs.
  const least = Math.min(0, ...values);
  const most = Math.max(...values);
  return (
    <div class={`bars ${panel.vertical ? 'standing' : 'lying'} ${panel.display}`}>
      {readings.map((reading, i) => (
        <Bar
          key={`${i} ${reading.name}`}
          panel={panel}
          reading={reading}
          min={reading.field.min ?? least}
          max={reading.field.max ?? most}
          theme={draw.theme}
        />
      ))}
    </div>
  );
}

/** Buckets count those before them too; a bar shows its own. */
function barsOf(panel: BarGaugePanel, data: PanelData): PanelData {
  if (!panel.targets.some(({ format }) => format === 'heatmap')) return data;
  const series = bucketsOf(data.series).map(({ series: one, column, to }) => ({
    ...one,
    // Where the legend is nothing but the bound, it is written as a number is.
    name: one.name !== one.labels.le ? one.name : Number.isFinite(to) ? `≤ ${format(to, 'short')}` : 'above',
    column,
  }));
  return series.length === 0 ? data : { ...data, series };
}

function Bar({
  panel,
  reading,
  min,
  max,
  theme,
}: {
  readonly panel: BarGaugePanel;
  readonly reading: Reading;
  readonly min: number;
  readonly max: number;
  readonly theme: Theme;
}): JSX.Element {
  const { value, color, name } = reading;
  const share = shareOf(value, min, max);
  const text = partsText(reading.shown);
  return (
    <div class="bar-line" title={`${name}: ${text}`}>
      <span class="bar-name" title={name}>
        <Linked links={reading.links}>{name}</Linked>
      </span>
      <span class={panel.unfilled ? 'bar-track unfilled' : 'bar-track'}>
        {panel.display === 'lcd' ? (
          <Lights reading={reading} share={share} min={min} max={max} theme={theme} />
        ) : (
          <span
            class="bar-fill"
            style={{
              '--share': `${100 * share}%`,
              background: panel.display === 'gradient' ? gradient(color, panel.vertical) : color,
            }}
          />
        )}
      </span>
      {panel.valueMode !== 'hidden' && (
        <span class="bar-value" style={panel.valueMode === 'color' ? { color } : {}}>
          {text}
        </span>
      )}
    </div>
  );
}

function gradient(color: string, standing: boolean): string {
  return `linear-gradient(${standing ? 'to top' : 'to right'}, ${withAlpha(color, 0.45)}, ${color})`;
}

/** Small lights, each in the colour of the value that it stands for. */
function Lights({
  reading,
  share,
  min,
  max,
  theme,
}: {
  readonly reading: Reading;
  readonly share: number;
  readonly min: number;
  readonly max: number;
  readonly theme: Theme;
}): JSX.Element {
  return (
    <>
      {Array.from({ length: LIGHTS }, (_, i) => {
        const at = min + ((i + 0.5) / LIGHTS) * (max - min);
        const color = namedColor(thresholdColor(reading.field, at, min, max) ?? 'text', theme);
        const lit = (i + 0.5) / LIGHTS <= share;
        return <i key={at} class="bar-light" style={{ background: lit ? color : withAlpha(color, 0.16) }} />;
      })}
    </>
  );
}
