/** A gauge panel: an arc from min to max, filled up to the value, with the thresholds as an outer band. */
import type { JSX } from 'preact';
import { namedColor, type Theme } from '../chart/palette.ts';
import { shareOf } from '../dashboard/field-config.ts';
import type { PanelData } from '../dashboard/load-panel.ts';
import type { GaugePanel } from '../dashboard/panel-model.ts';
import type { DrawContext } from './draw-context.ts';
import { Linked } from './linked.tsx';
import { type Reading, readingsOf } from './reading.ts';

/** The arc spans 240 degrees, open at the bottom. */
const SWEEP = 240;
const SHOWN_MOST = 12;

/** Draws a gauge panel. */
export function GaugeView({
  panel,
  data,
  draw,
}: {
  readonly panel: GaugePanel;
  readonly data: PanelData;
  readonly draw: DrawContext;
}): JSX.Element {
  const readings = readingsOf(data, panel, draw).slice(0, SHOWN_MOST);
  return (
    <div class={readings.length > 1 ? 'gauges many' : 'gauges'}>
      {readings.map((reading, i) => (
        <Gauge
          key={`${i} ${reading.name}`}
          panel={panel}
          reading={reading}
          theme={draw.theme}
          named={readings.length > 1}
        />
      ))}
    </div>
  );
}

function Gauge({
  panel,
  reading,
  theme,
  named,
}: {
  readonly panel: GaugePanel;
  readonly reading: Reading;
  readonly theme: Theme;
  readonly named: boolean;
}): JSX.Element {
  const {
    unit,
    min = 0,
    max = unit === 'percentunit' ? 1 : 100,
    thresholds,
    thresholdsInPercent,
  } = reading.field;
  const { prefix, text, suffix } = reading.shown;
  const share = (value: number): number => shareOf(value, min, max);
  const at = (value: number): number =>
    thresholdsInPercent ? Math.min(1, Math.max(0, value / 100)) : share(value);
  return (
    <div class="gauge">
      <Linked links={reading.links}>
        <svg viewBox="0 0 120 94" role="img" aria-label={`${reading.name}: ${prefix}${text}${suffix}`}>
          <path class="gauge-track" d={arc(46, 0, 1)} />
          <path d={arc(46, 0, share(reading.value))} stroke={reading.color} stroke-width="11" fill="none" />
          {panel.markers &&
            thresholds.map((step, i) => {
              const from = Number.isFinite(step.value) ? at(step.value) : 0;
              const next = thresholds[i + 1];
              const to = next === undefined ? 1 : at(next.value);
              return (
                to > from && (
                  <path
                    key={step.value}
                    d={arc(55, from, to)}
                    stroke={namedColor(step.color, theme)}
                    stroke-width="2.5"
                    fill="none"
                  />
                )
              );
            })}
          <text
            x="60"
            y="69"
            text-anchor="middle"
            class="gauge-value"
            fill={reading.color}
            style={{ fontSize: `${valueSize(prefix + text + suffix)}px` }}
          >
            {prefix}
            {text}
            <tspan class="gauge-suffix">{suffix}</tspan>
          </text>
        </svg>
      </Linked>
      {named && <div class="stat-name">{reading.name}</div>}
    </div>
  );
}

/** What fits between the ends of the arc. */
function valueSize(text: string): number {
  return Math.min(23, 112 / Math.max(4, text.length));
}

/** The path of an arc around (60, 60), between two shares of the sweep. */
export function arc(radius: number, from: number, to: number): string {
  const point = (share: number): string => {
    const angle = ((150 + share * SWEEP) * Math.PI) / 180;
    return `${(60 + radius * Math.cos(angle)).toFixed(2)} ${(60 + radius * Math.sin(angle)).toFixed(2)}`;
  };
  const large = (to - from) * SWEEP > 180 ? 1 : 0;
  return `M${point(from)}A${radius} ${radius} 0 ${large} 1 ${point(Math.max(to, from + 0.001))}`;
}
