/**
 * Grafana's dashboard JSON as the page understands it.
 *
 * The reader is tolerant: whatever is missing or of the wrong kind gets Grafana's default. It reads the classic
 * model, with or without the `spec` wrapping of the resource API and the `dashboard` wrapping of exports, open and
 * closed rows.
 */
import { type AnnotationModel, readAnnotations } from './annotations.ts';
import { isObject, type JsonObject, number, object, objects, text, texts } from './json.ts';
import { type DashboardLink, readDashboardLinks } from './links.ts';
import { type PanelModel, readPanel } from './panel-model.ts';
import { readVariables, type VariableModel } from './variables.ts';

/** A heading with its panels; the panels before the first heading have an empty title. */
export interface Section {
  readonly title: string;
  readonly collapsed: boolean;
  /** Whether it is a row of the dashboard, and not what stands before the first one. */
  readonly isRow: boolean;
  /** The variable that it stands once for each value of. */
  readonly repeat: string | undefined;
  readonly panels: readonly PanelModel[];
}

/** A dashboard. */
export interface DashboardModel {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  /** Empty for never. */
  readonly refresh: string;
  readonly time: { readonly from: string; readonly to: string };
  readonly variables: readonly VariableModel[];
  readonly annotations: readonly AnnotationModel[];
  readonly links: readonly DashboardLink[];
  readonly sections: readonly Section[];
  /** Whether hovering one chart shows the moment in all. */
  readonly sharedCrosshair: boolean;
  /** Whether it is of Grafana's second model, which is not read. */
  readonly isSecondModel: boolean;
}

/** Reads a dashboard. Never throws: an empty or foreign object is an empty dashboard. */
export function readDashboard(json: unknown): DashboardModel {
  const outer = object(json);
  const inner = isObject(outer.dashboard) ? outer.dashboard : outer;
  const source = isObject(inner.spec) ? inner.spec : inner;
  const time = object(source.time);
  return {
    uid: text(source.uid) ?? text(object(inner.metadata).name) ?? '',
    title: text(source.title) || 'Untitled',
    description: text(source.description) ?? '',
    tags: texts(source.tags),
    refresh: text(source.refresh) ?? '',
    time: { from: text(time.from) ?? 'now-1h', to: text(time.to) ?? 'now' },
    variables: readVariables(object(source.templating).list),
    annotations: readAnnotations(object(source.annotations).list),
    links: readDashboardLinks(source.links),
    sections: readSections(objects(source.panels)),
    sharedCrosshair: (number(source.graphTooltip) ?? 0) > 0,
    isSecondModel: isObject(source.elements) && isObject(source.layout),
  };
}

/** An open row is followed by its panels; a closed one holds them. */
function readSections(list: readonly JsonObject[]): Section[] {
  const sections: (Omit<Section, 'panels'> & { readonly panels: PanelModel[] })[] = [];
  for (const json of list) {
    if (json.type === 'row') {
      sections.push({
        title: text(json.title) ?? '',
        collapsed: json.collapsed === true,
        isRow: true,
        repeat: text(json.repeat) || undefined,
        panels: objects(json.panels).map(readPanel),
      });
      continue;
    }
    // What follows a closed row belongs to the dashboard again; in practice that is a row of its own.
    if (sections.length === 0)
      sections.push({ title: '', collapsed: false, isRow: false, repeat: undefined, panels: [] });
    sections.at(-1)!.panels.push(readPanel(json));
  }
  return sections;
}
