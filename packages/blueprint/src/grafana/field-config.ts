/** How the values of a panel look, in Grafana's words: thresholds, mappings, overrides. */
import type { Mapping, Override, OverrideMatch } from '../dashboard/field.ts';
import type { JsonValue } from '../dashboard/json.ts';
import type { UrlLink } from '../dashboard/link.ts';
import type { PanelCommon } from '../dashboard/panel.ts';
import type {
  GrafanaFieldConfig,
  GrafanaLink,
  GrafanaMapping,
  GrafanaMappingResult,
  GrafanaOverride,
  GrafanaThresholds,
} from './json.ts';
import { withRest } from './rest.ts';

/** What the kind of panel decides. */
export interface FieldUsual {
  /** How series get their colours. */
  readonly color: 'palette-classic' | 'thresholds';
  /** The colour below all thresholds. */
  readonly base: 'green' | 'text';
}

/** How the values of a panel look if no override says otherwise. */
export function fieldConfigOf(panel: PanelCommon, { color, base }: FieldUsual): GrafanaFieldConfig {
  const { decimals, max, min, noValue, unit, valueLinks } = panel;
  return {
    color: { mode: color },
    ...(decimals !== undefined && { decimals }),
    ...(valueLinks !== undefined && { links: valueLinks.map(linkOf) }),
    mappings: mappingsOf(panel.mappings ?? []),
    ...(max !== undefined && { max }),
    ...(min !== undefined && { min }),
    ...(noValue !== undefined && { noValue }),
    thresholds: thresholdsOf(panel, base),
    unit,
  };
}

/** A link from a panel's heading or from a value. */
export function linkOf({ title, url, newTab, rest }: UrlLink): GrafanaLink {
  return withRest({ title, url, targetBlank: newTab }, rest);
}

function thresholdsOf(panel: PanelCommon, base: string): GrafanaThresholds {
  const steps: readonly { readonly color: string; readonly value?: number }[] = panel.thresholds ?? [
    { color: base },
  ];
  return {
    mode: panel.thresholdsInPercent ? 'percentage' : 'absolute',
    steps: steps.map(({ color, value }) => ({ color, value: value ?? null })),
  };
}

/** Neighbours that map one value each stand together, as Grafana has them. */
function mappingsOf(mappings: readonly Mapping[]): GrafanaMapping[] {
  const out: GrafanaMapping[] = [];
  let values: Record<string, GrafanaMappingResult> | undefined;
  mappings.forEach((mapping, index) => {
    const { text, color } = mapping;
    const result = { ...(text !== undefined && { text }), ...(color !== undefined && { color }), index };
    if ('value' in mapping) {
      if (values === undefined) {
        values = {};
        out.push({ type: 'value', options: values });
      }
      values[String(mapping.value)] = result;
      return;
    }
    values = undefined;
    if ('pattern' in mapping) out.push({ type: 'regex', options: { pattern: mapping.pattern, result } });
    else if ('special' in mapping) out.push({ type: 'special', options: { match: mapping.special, result } });
    else out.push({ type: 'range', options: { from: mapping.from ?? null, to: mapping.to ?? null, result } });
  });
  return out;
}

/** What differs for some of the series: colours by name, then what is said explicitly. */
export function overridesOf(panel: PanelCommon): GrafanaOverride[] {
  const colors = Object.entries(panel.colors ?? {}).map(([name, color]) => ({ match: { name }, color }));
  return [...colors, ...(panel.overrides ?? [])].map(overrideOf);
}

/** One override. */
export function overrideOf(override: Override): GrafanaOverride {
  const { displayName, unit, color, min, max, decimals, axis, hidden, dashed, lineWidth, fill } = override;
  const said = propertiesOf({
    displayName,
    unit,
    color: color && { mode: 'fixed', fixedColor: color },
    min,
    max,
    decimals,
    'custom.axisPlacement': axis,
    'custom.hideFrom': hidden ? { legend: true, tooltip: true, viz: true } : undefined,
    'custom.lineStyle': dashed ? { fill: 'dash', dash: [10, 10] } : undefined,
    'custom.lineWidth': lineWidth,
    'custom.fillOpacity': fill,
  });
  return { matcher: matcherOf(override.match), properties: [...said, ...(override.properties ?? [])] };
}

/** The properties of an override, by Grafana's ids; those that are undefined are not said. */
export function propertiesOf(
  values: Readonly<Record<string, JsonValue | undefined>>,
): GrafanaOverride['properties'] {
  return Object.entries(values).flatMap(([id, value]) => (value === undefined ? [] : [{ id, value }]));
}

function matcherOf(match: OverrideMatch): GrafanaOverride['matcher'] {
  if ('name' in match) return { id: 'byName', options: match.name };
  if ('pattern' in match) return { id: 'byRegexp', options: match.pattern };
  if ('query' in match) return { id: 'byFrameRefID', options: match.query };
  if ('kind' in match) return { id: 'byType', options: match.kind };
  return { id: match.matcher, ...(match.options !== undefined && { options: match.options }) };
}
