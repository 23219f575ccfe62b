/** Annotations: queries whose series mark moments and stretches of time in the charts of a dashboard. */
import { type JsonObject, number, object, objects, text } from './json.ts';

/** One annotation of a dashboard. */
export interface AnnotationModel {
  readonly name: string;
  readonly expr: string;
  readonly color: string;
  /** Whether its marks are shown at first. */
  readonly enabled: boolean;
  /** Whether it has no switch at the top. */
  readonly hidden: boolean;
  /** How often it is asked; empty for as often as a chart. */
  readonly step: string;
  /** `{{label}}` is the value of a label in both. */
  readonly titleFormat: string;
  readonly textFormat: string;
  /** Labels that are shown as tags. */
  readonly tagKeys: readonly string[];
  /** Whether the value of a series is the moment, in Unix milliseconds. */
  readonly valueIsTime: boolean;
  /** Whether a panel, by its id, shows the marks. */
  appliesTo(panelId: number): boolean;
}

/** Reads annotations; those that Grafana keeps itself, and those without a query of PromQL, are left out. */
export function readAnnotations(list: unknown): AnnotationModel[] {
  return objects(list).flatMap((json) => {
    const expr = text(json.expr) ?? text(object(json.target).expr) ?? '';
    const source = object(json.datasource).type;
    const isForeign = typeof source === 'string' && !/prometheus/.test(source);
    if (number(json.builtIn) === 1 || expr.trim() === '' || isForeign) return [];
    return {
      name: text(json.name) || 'Annotation',
      expr,
      color: text(json.iconColor) ?? 'blue',
      enabled: json.enable !== false,
      hidden: json.hide === true,
      step: text(json.step) ?? '',
      titleFormat: text(json.titleFormat) || '{{alertname}}',
      textFormat: text(json.textFormat) || '{{instance}}',
      tagKeys: (text(json.tagKeys) || 'alertname')
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== ''),
      valueIsTime: json.useValueForTime === true || json.useValueForTime === 'on',
      appliesTo: panelFilter(object(json.filter)),
    };
  });
}

function panelFilter({ ids, exclude }: JsonObject): (panelId: number) => boolean {
  const named = Array.isArray(ids) ? ids.flatMap((id) => number(id) ?? []) : [];
  if (named.length === 0 && exclude !== false) return () => true;
  return (panelId) => named.includes(panelId) !== (exclude === true);
}
