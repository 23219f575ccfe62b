/** Heatmaps of before Grafana 9, whose settings stood on the panel itself. */
import { type JsonObject, type JsonValue, numberOf, objectOf } from './json.ts';
import type { Ledger } from './ledger.ts';
import { dropFields, optionsOf } from './panel-parts.ts';

/** What only the old panel had. Any of these on a heatmap without options tells one. */
const OLD = ['dataFormat', 'yAxis', 'cards', 'yBucketBound', 'hideZeroBuckets', 'heatmap'];

/** Whether a heatmap is one of before Grafana 9. */
export function isOldHeatmap(panel: JsonObject): boolean {
  return (
    panel.type === 'heatmap' &&
    Object.keys(objectOf(panel.options)).length === 0 &&
    OLD.some((key) => panel[key] !== undefined)
  );
}

/** Which end of a bucket its name is, in the words of today; the same as in Grafana's own migration. */
const LAYOUTS: ReadonlyMap<JsonValue | undefined, string> = new Map([
  ['upper', 'ge'],
  ['lower', 'le'],
  ['middle', 'unknown'],
]);

/** Puts the settings of an old heatmap into its options. */
export function fromOldHeatmap(panel: JsonObject, ledger: Ledger): void {
  const options = optionsOf(panel);
  const move = (from: JsonObject, key: string, to: JsonObject, toKey: string, value?: JsonValue) => {
    if (from[key] === undefined || from[key] === null) return;
    ledger.move(
      'older-panel',
      `${key} of a heatmap is ${toKey} of its options`,
      { in: from, key },
      { in: to, key: toKey },
      value,
    );
  };
  // Buckets came with the data, or were counted by the panel.
  const calculate = panel.dataFormat !== 'tsbuckets';
  if (panel.dataFormat === undefined) options.calculate = true;
  move(panel, 'dataFormat', options, 'calculate', calculate);
  if (calculate) calculation(panel, options, ledger);
  yAxis(panel, options, ledger);
  const layout = LAYOUTS.get(panel.yBucketBound);
  const rowsFrame: JsonObject = {};
  move(panel, 'yBucketBound', rowsFrame, 'layout', layout ?? 'auto');
  if (Object.keys(rowsFrame).length > 0) options.rowsFrame = rowsFrame;
  color(panel, options, ledger);
  const legend: JsonObject = {};
  move(objectOf(panel.legend), 'show', legend, 'show');
  if (Object.keys(legend).length > 0) options.legend = legend;
  const tooltip: JsonObject = {};
  const old = objectOf(panel.tooltip);
  move(old, 'show', tooltip, 'mode', old.show === false ? 'none' : 'single');
  move(old, 'showHistogram', tooltip, 'yHistogram');
  if (Object.keys(tooltip).length > 0) options.tooltip = tooltip;
  if (panel.hideZeroBuckets === true) move(panel, 'hideZeroBuckets', options, 'filterValues', { le: 1e-9 });
  move(objectOf(panel.cards), 'cardPadding', options, 'cellGap');
  move(objectOf(panel.cards), 'cardRound', options, 'cellRadius');
  const gone = ['legend', 'tooltip', 'cards', 'heatmap', 'hideZeroBuckets', 'highlightCards', 'xAxis'];
  dropFields(ledger, panel, [...gone, 'yAxis', 'color', 'reverseYBuckets', 'tooltipDecimals'], 'heatmap');
  dropFields(ledger, panel, ['xBucketNumber', 'xBucketSize', 'yBucketNumber', 'yBucketSize'], 'heatmap');
}

function calculation(panel: JsonObject, options: JsonObject, ledger: Ledger): void {
  const buckets: JsonObject = {};
  for (const axis of ['x', 'y']) {
    for (const [field, mode] of [
      [`${axis}BucketSize`, 'size'],
      [`${axis}BucketNumber`, 'count'],
    ] as const) {
      const value = numberOf(panel[field]);
      if (value === undefined || buckets[`${axis}Buckets`] !== undefined) continue;
      ledger.move(
        'older-panel',
        `${field} of a heatmap is a way to count`,
        { in: panel, key: field },
        { in: buckets, key: `${axis}Buckets` },
        { mode, value: String(value) },
      );
    }
  }
  const log = numberOf(objectOf(panel.yAxis).logBase);
  if (log !== undefined && log > 1)
    ledger.move(
      'older-panel',
      'a logarithmic axis of a heatmap is a way to count',
      { in: objectOf(panel.yAxis), key: 'logBase' },
      { in: buckets, key: 'yBuckets' },
      { mode: 'count', scale: { type: 'log', log } },
    );
  if (Object.keys(buckets).length > 0) options.calculation = buckets;
}

function yAxis(panel: JsonObject, options: JsonObject, ledger: Ledger): void {
  const old = objectOf(panel.yAxis);
  const axis: JsonObject = {};
  const move = (from: JsonObject, key: string, toKey: string, value: JsonValue | undefined) => {
    if (from[key] !== undefined && value !== undefined)
      ledger.move(
        'older-panel',
        `${key} of a heatmap is ${toKey} of its axis`,
        { in: from, key },
        { in: axis, key: toKey },
        value,
      );
  };
  move(old, 'show', 'axisPlacement', old.show === false ? 'hidden' : 'left');
  move(panel, 'reverseYBuckets', 'reverse', panel.reverseYBuckets);
  move(old, 'format', 'unit', old.format);
  for (const key of ['decimals', 'min', 'max'] as const) move(old, key, key, numberOf(old[key]));
  move(old, 'width', 'axisWidth', numberOf(old.width));
  if (Object.keys(axis).length > 0) options.yAxis = axis;
}

function color(panel: JsonObject, options: JsonObject, ledger: Ledger): void {
  const old = objectOf(panel.color);
  const made: JsonObject = { steps: 128 };
  const move = (key: string, toKey: string, value: JsonValue | undefined) => {
    if (old[key] !== undefined && value !== undefined)
      ledger.move(
        'older-panel',
        `${key} of a heatmap's colours is ${toKey}`,
        { in: old, key },
        { in: made, key: toKey },
        value,
      );
  };
  move('mode', 'mode', old.mode === 'opacity' ? 'opacity' : 'scheme');
  // `interpolateOranges` is the palette `Oranges`.
  move('colorScheme', 'scheme', String(old.colorScheme).replace(/^interpolate/, ''));
  move('colorScale', 'scale', old.colorScale === 'sqrt' ? 'exponential' : 'linear');
  move('exponent', 'exponent', numberOf(old.exponent));
  move('cardColor', 'fill', old.cardColor);
  move('min', 'min', numberOf(old.min));
  move('max', 'max', numberOf(old.max));
  if (Object.keys(old).length < Object.keys(objectOf(panel.color)).length || Object.keys(made).length > 1)
    options.color = made;
}
