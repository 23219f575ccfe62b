/** A pie: parts of a whole, and a legend that says how large each is. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { namedColor, seriesColor } from '../chart/palette.ts';
import type { Link } from '../dashboard/data-links.ts';
import type { PanelData } from '../dashboard/load-panel.ts';
import type { PiePanel } from '../dashboard/panel-model.ts';
import { format } from '../format/units.ts';
import type { DrawContext } from './draw-context.ts';
import { Linked } from './linked.tsx';
import { partsText, readingsOf } from './reading.ts';

/** Parts beyond these are shown as one. */
const PARTS_MOST = 12;
/** Radii in a box of 100. */
const OUTER = 47;
const INNER = 29;

interface Part {
  readonly name: string;
  readonly value: number;
  readonly color: string;
  /** The value in words. */
  readonly text: string;
  readonly links: readonly Link[];
}

/** Draws a pie panel. */
export function PieView({
  panel,
  data,
  draw,
}: {
  readonly panel: PiePanel;
  readonly data: PanelData;
  readonly draw: DrawContext;
}): JSX.Element {
  const [pointed, setPointed] = useState<string | undefined>(undefined);
  const parts = partsOf(panel, data, draw);
  const whole = parts.reduce((sum, { value }) => sum + value, 0);
  const { unit, decimals } = panel.field;
  const percent = (value: number): string => format(whole === 0 ? 0 : (100 * value) / whole, 'percent', 0);
  const shown = parts.find(({ name }) => name === pointed);
  const middle = shown === undefined ? format(whole, unit, decimals) : percent(shown.value);
  let done = 0;
  return (
    <div class={`pie legend-${panel.legend.mode === 'hidden' ? 'none' : panel.legend.placement}`}>
      <svg
        viewBox="0 0 100 100"
        role="img"
        aria-label={parts.map(({ name, value }) => `${name}: ${percent(value)}`).join(', ')}
      >
        {whole === 0 && <circle class="pie-empty" cx="50" cy="50" r={(OUTER + INNER) / 2} />}
        {parts.map(({ name, value, color, text }) => {
          const from = done;
          done += whole === 0 ? 0 : value / whole;
          return (
            value > 0 && (
              // biome-ignore lint/a11y/noStaticElementInteractions: pointing only marks; the legend says it all
              <path
                key={name}
                d={slice(from, done, OUTER, panel.donut ? INNER : 0)}
                fill={color}
                class={pointed === undefined || pointed === name ? 'pie-part' : 'pie-part back'}
                onMouseEnter={() => setPointed(name)}
                onMouseLeave={() => setPointed(undefined)}
              >
                <title>{`${name}: ${text} (${percent(value)})`}</title>
              </path>
            )
          );
        })}
        {panel.donut && (
          <text
            x="50"
            y="50"
            class="pie-middle"
            text-anchor="middle"
            dominant-baseline="central"
            style={{ fontSize: `${Math.min(13, (3.3 * INNER) / middle.length)}px` }}
          >
            {middle}
          </text>
        )}
      </svg>
      {panel.legend.mode !== 'hidden' && (
        <ul class="pie-legend">
          {parts.map(({ name, value, color, text, links }) => (
            <li
              key={name}
              class={pointed === name ? 'pointed' : ''}
              onMouseEnter={() => setPointed(name)}
              onMouseLeave={() => setPointed(undefined)}
            >
              <i class="swatch" style={{ background: color }} />
              <span title={name}>
                <Linked links={links}>{name}</Linked>
              </span>
              {panel.legend.values.includes('value') && <b>{text}</b>}
              {panel.legend.values.includes('percent') && <em>{percent(value)}</em>}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** The parts, in the order of the answer; the smallest of very many are one. Less than nothing is no part. */
function partsOf(panel: PiePanel, data: PanelData, draw: DrawContext): Part[] {
  const parts = readingsOf(data, panel, draw)
    .filter(({ value }) => value >= 0)
    .map(({ name, value, field, shown, links }, i): Part => {
      const { fixedColor } = field;
      const color =
        fixedColor === undefined ? seriesColor(i, draw.theme) : namedColor(fixedColor, draw.theme);
      return { name, value, color, text: partsText(shown), links };
    });
  if (parts.length <= PARTS_MOST) return parts;
  const bySize = parts.toSorted((a, b) => b.value - a.value);
  const rest = bySize.slice(PARTS_MOST - 1);
  const value = rest.reduce((sum, part) => sum + part.value, 0);
  return [
    ...bySize.slice(0, PARTS_MOST - 1),
    {
      name: `${rest.length} others`,
      value,
      color: namedColor('text', draw.theme),
      text: format(value, panel.field.unit, panel.field.decimals),
      links: [],
    },
  ];
}

/** The path of a slice between two shares of the whole, clockwise from the top. */
export function slice(from: number, to: number, outer: number, inner: number): string {
  // A full turn begins where it ends, and an arc between equal points is none.
  const end = Math.min(to, from + 0.99999);
  const point = (share: number, radius: number): string => {
    const angle = 2 * Math.PI * (share - 0.25);
    return `${(50 + radius * Math.cos(angle)).toFixed(3)} ${(50 + radius * Math.sin(angle)).toFixed(3)}`;
  };
  const large = end - from > 0.5 ? 1 : 0;
  const arc = `M${point(from, outer)}A${outer} ${outer} 0 ${large} 1 ${point(end, outer)}`;
  if (inner === 0) return `${arc}L50 50Z`;
  return `${arc}L${point(end, inner)}A${inner} ${inner} 0 ${large} 0 ${point(from, inner)}Z`;
}
