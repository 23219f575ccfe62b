/** The names of the series below or beside a chart, with figures where asked. */
import type { JSX } from 'preact';
import type { ChartSeries } from '../chart/chart.tsx';
import type { Legend } from '../dashboard/panel-model.ts';
import { calcTitle, reduce } from '../format/reduce.ts';
import { format } from '../format/units.ts';

interface LegendProps {
  readonly series: readonly ChartSeries[];
  readonly legend: Legend;
  readonly hidden: ReadonlySet<string>;
  onPick(name: string, one: boolean): void;
  onPoint(name: string | undefined): void;
}

/** Draws a legend as a list or as a table. */
export function LegendView(props: LegendProps): JSX.Element {
  return props.legend.mode === 'table' ? <LegendTable {...props} /> : <LegendList {...props} />;
}

function LegendList({ series, legend, hidden, onPick, onPoint }: LegendProps): JSX.Element {
  return (
    <div class="legend legend-list">
      {series.map(({ name, color, column, unit, decimals }, i) => (
        <LegendName
          key={`${i} ${name}`}
          name={name}
          color={color}
          off={hidden.has(name)}
          onPick={onPick}
          onPoint={onPoint}
        >
          {legend.calcs.map((calc) => (
            <span class="legend-calc" key={calc}>
              {calcTitle(calc)}: {figure(reduce(column, calc), unit, decimals)}
            </span>
          ))}
        </LegendName>
      ))}
    </div>
  );
}

function LegendTable({ series, legend, hidden, onPick, onPoint }: LegendProps): JSX.Element {
  return (
    <div class="legend legend-table">
      <table>
        <thead>
          <tr>
            <th>Name</th>
            {legend.calcs.map((calc) => (
              <th class="num" key={calc}>
                {calcTitle(calc)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {series.map(({ name, color, column, unit, decimals }, i) => (
            <tr key={`${i} ${name}`}>
              <td>
                <LegendName
                  name={name}
                  color={color}
                  off={hidden.has(name)}
                  onPick={onPick}
                  onPoint={onPoint}
                />
              </td>
              {legend.calcs.map((calc) => (
                <td class="num" key={calc}>
                  {figure(reduce(column, calc), unit, decimals)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function LegendName({
  name,
  color,
  off,
  onPick,
  onPoint,
  children,
}: {
  readonly name: string;
  readonly color: string;
  readonly off: boolean;
  readonly children?: JSX.Element[];
} & Pick<LegendProps, 'onPick' | 'onPoint'>): JSX.Element {
  return (
    <button
      type="button"
      class={off ? 'legend-name off' : 'legend-name'}
      title={`${name}\nClick: this one alone. Ctrl-click: hide or show.`}
      aria-pressed={!off}
      onClick={(event) => onPick(name, event.ctrlKey || event.metaKey)}
      onMouseEnter={() => onPoint(name)}
      onMouseLeave={() => onPoint(undefined)}
    >
      <i class="swatch" style={{ background: color }} />
      <span>{name}</span>
      {children}
    </button>
  );
}

function figure(value: number | null, unit: string, decimals: number | undefined): string {
  return value === null ? '–' : format(value, unit, decimals);
}
