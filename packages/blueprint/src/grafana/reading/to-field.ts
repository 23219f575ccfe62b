/** How values look, from `fieldConfig` into the words of the model. What has no words there is left to `rest`. */
import type { Color } from '../../dashboard/color.ts';
import type { Calc, Mapping, Override, OverrideMatch, Threshold, ValueText } from '../../dashboard/field.ts';
import type { UrlLink } from '../../dashboard/link.ts';
import type { PanelCommon } from '../../dashboard/panel.ts';
import { linkOf, overrideOf } from '../field-config.ts';
import {
  isObject,
  type JsonObject,
  type JsonValue,
  listOf,
  objectOf,
  objectsOf,
  sameJson,
  textOf,
} from './json.ts';
import { overlayOf, withOverlay } from './overlay.ts';

/** What a panel with values says of how they look. */
export function fieldSettings(
  defaults: JsonObject,
  overrides: JsonValue | undefined,
): Omit<PanelCommon, 'title' | 'queries'> {
  const { min, max, decimals, noValue } = defaults;
  const thresholds = thresholdsOf(defaults.thresholds);
  const mappings = listOf(defaults.mappings).map(mappingsOf);
  const links = linksOf(defaults.links);
  const exceptions = objectsOf(overrides);
  return {
    unit: textOf(defaults.unit) ?? 'none',
    ...(typeof min === 'number' && { min }),
    ...(typeof max === 'number' && { max }),
    ...(typeof decimals === 'number' && { decimals }),
    ...(typeof noValue === 'string' && { noValue }),
    ...(thresholds !== undefined && { thresholds }),
    ...(objectOf(defaults.thresholds).mode === 'percentage' && { thresholdsInPercent: true }),
    ...(mappings.length > 0 &&
      mappings.every((mapping) => mapping !== undefined) && { mappings: mappings.flat() }),
    ...(links !== undefined && { valueLinks: links }),
    ...(exceptions.length > 0 && { overrides: exceptions.map(overrideFrom) }),
  };
}

/** The same text as a colour, if it is one. */
export function colorOf(value: JsonValue | undefined): Color | undefined {
  return typeof value === 'string' && COLOR.test(value) ? (value as Color) : undefined;
}

const COLOR =
  /^(?:#.*|rgba?\(.*\)|text|transparent|(?:(?:super-light|light|semi-dark|dark)-)?(?:green|yellow|orange|red|blue|purple))$/;

function thresholdsOf(value: JsonValue | undefined): readonly Threshold[] | undefined {
  const out: Threshold[] = [];
  for (const step of listOf(objectOf(value).steps)) {
    const { value: from, color: name } = objectOf(step);
    const color = colorOf(name);
    const first = out.length === 0;
    if (color === undefined || first !== (from === null || from === undefined)) return undefined;
    if (typeof from === 'number') out.push({ value: from, color });
    else if (first) out.push({ color });
    else return undefined;
  }
  return out.length === 0 ? undefined : out;
}

/** The mappings in one of Grafana's, which maps several values at once; undefined where one has no words. */
function mappingsOf(value: JsonValue): readonly Mapping[] | undefined {
  const { type, options: given } = objectOf(value);
  const options = objectOf(given);
  const result = shownOf(options.result);
  switch (type) {
    case 'value': {
      // Objects put keys that are whole numbers first; the order that the file means is in `index`.
      const entries = Object.entries(options)
        .map(([key, shown]) => ({ key, shown: shownOf(shown), index: objectOf(shown).index }))
        .sort((a, b) => Number(a.index ?? 0) - Number(b.index ?? 0));
      if (entries.length === 0 || entries.some(({ shown }) => shown === undefined)) return undefined;
      return entries.map(({ key, shown }) => ({ value: key, ...shown }));
    }
    case 'range': {
      const { from, to } = options;
      if (result === undefined) return undefined;
      return [
        {
          ...(typeof from === 'number' && { from }),
          ...(typeof to === 'number' && { to }),
          ...result,
        },
      ];
    }
    case 'regex':
      return result === undefined || typeof options.pattern !== 'string'
        ? undefined
        : [{ pattern: options.pattern, ...result }];
    case 'special': {
      const special = SPECIALS.find((name) => name === options.match);
      return result === undefined || special === undefined ? undefined : [{ special, ...result }];
    }
    default:
      return undefined;
  }
}

const SPECIALS = ['null', 'nan', 'null+nan', 'empty', 'true', 'false'] as const;

function shownOf(value: JsonValue | undefined): ValueText | undefined {
  if (!isObject(value)) return undefined;
  const color = colorOf(value.color);
  if (value.color !== undefined && color === undefined) return undefined;
  return {
    ...(typeof value.text === 'string' && { text: value.text }),
    ...(color !== undefined && { color }),
  };
}

/** The links of a panel or a value; undefined where one has no words, or there are none. */
export function linksOf(value: JsonValue | undefined): readonly UrlLink[] | undefined {
  if (!Array.isArray(value) || value.length === 0 || !value.every(isObject)) return undefined;
  return value.map((json) => {
    const { title, url, targetBlank } = json;
    const link: UrlLink = {
      type: 'url',
      title: textOf(title) ?? '',
      url: textOf(url) ?? '',
      tooltip: '',
      newTab: targetBlank === true,
      keepTime: true,
      keepVariables: true,
    };
    return withOverlay(link, overlayOf(linkOf(link), json));
  });
}

/** An exception in words where its rendering is the same, else property by property as Grafana has it. */
function overrideFrom(json: JsonObject): Override {
  const matcher = objectOf(json.matcher);
  const properties = objectsOf(json.properties);
  const match = matchOf(matcher);
  let words: Override = { match };
  let spoken = 0;
  for (const { id, value } of properties) {
    const word = wordFor(textOf(id) ?? '', value);
    if (word === undefined) break;
    words = { ...words, ...word };
    spoken++;
  }
  const raw = properties.map(({ id, value }) => ({ id: textOf(id) ?? '', value: value ?? null }));
  const said: Override = spoken === properties.length ? words : { ...words, properties: raw.slice(spoken) };
  // The model says its words in one order; another order, or one twice, keeps to Grafana's.
  const rendered = overrideOf(said).properties as unknown as JsonValue;
  return sameJson(rendered, raw) ? said : { match, properties: raw };
}

function matchOf({ id, options }: JsonObject): OverrideMatch {
  if (typeof options === 'string') {
    if (id === 'byName') return { name: options };
    if (id === 'byRegexp') return { pattern: options };
    if (id === 'byFrameRefID') return { query: options };
    const kind = KINDS.find((name) => name === options);
    if (id === 'byType' && kind !== undefined) return { kind };
  }
  return { matcher: textOf(id) ?? '', ...(options !== undefined && { options }) };
}

const KINDS = ['number', 'string', 'time', 'boolean'] as const;
const AXES = ['left', 'right', 'hidden'] as const;

function wordFor(id: string, value: JsonValue | undefined): Partial<Override> | undefined {
  const number = typeof value === 'number' ? value : undefined;
  const text = typeof value === 'string' ? value : undefined;
  switch (id) {
    case 'displayName':
      return text === undefined ? undefined : { displayName: text };
    case 'unit':
      return text === undefined ? undefined : { unit: text };
    case 'color': {
      const color = colorOf(objectOf(value).fixedColor);
      return color === undefined ? undefined : { color };
    }
    case 'min':
    case 'max':
    case 'decimals':
      return number === undefined ? undefined : { [id]: number };
    case 'custom.axisPlacement': {
      const axis = AXES.find((name) => name === value);
      return axis === undefined ? undefined : { axis };
    }
    case 'custom.hideFrom':
      return { hidden: true };
    case 'custom.lineStyle':
      return { dashed: true };
    case 'custom.lineWidth':
      return number === undefined ? undefined : { lineWidth: number };
    case 'custom.fillOpacity':
      return number === undefined ? undefined : { fill: number };
    default:
      return undefined;
  }
}

/** Reducers that the model knows. */
const CALCS: ReadonlySet<string> = new Set<Calc>([
  'lastNotNull',
  'last',
  'firstNotNull',
  'first',
  'mean',
  'min',
  'max',
  'sum',
  'count',
  'range',
  'diff',
  'delta',
  'variance',
  'stdDev',
  'distinctCount',
]);

/** The reducers of a list, if the model knows all of them. */
export function calcsOf(value: JsonValue | undefined): readonly Calc[] {
  const list = listOf(value);
  return list.every((name): name is Calc => typeof name === 'string' && CALCS.has(name)) ? list : [];
}
