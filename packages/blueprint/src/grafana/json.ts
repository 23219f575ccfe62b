/**
 * Grafana's dashboard JSON, the part that we write: the classic model, schema version 39, which Grafana 10.3 to
 * 13 load. A test holds these types against Grafana's own.
 *
 * What a dashboard carries along in `rest` is laid over it and may go beyond these types.
 */
import type { JsonValue } from '../dashboard/json.ts';
import type { GrafanaPanelOptions } from './json-options.ts';

/** A place on the grid: 24 columns, rows of 30 px. */
export interface GridPos {
  readonly h: number;
  readonly w: number;
  readonly x: number;
  readonly y: number;
}

/** Which data source answers; the uid is usually a reference to the dashboard's variable. */
export interface GrafanaDatasource {
  readonly type: 'prometheus';
  readonly uid: string;
}

/** One Prometheus query. */
export interface GrafanaTarget {
  readonly refId: string;
  readonly datasource: GrafanaDatasource;
  readonly editorMode: 'code';
  readonly expr: string;
  readonly legendFormat: string;
  readonly range: boolean;
  readonly instant: boolean;
  readonly format?: 'table' | 'heatmap';
  readonly hide?: boolean;
  readonly interval?: string;
  readonly exemplar?: boolean;
}

/** Steps of colours; the first has no value. */
export interface GrafanaThresholds {
  readonly mode: 'absolute' | 'percentage';
  readonly steps: readonly { readonly color: string; readonly value: number | null }[];
}

/** What shows in place of a value. */
export interface GrafanaMappingResult {
  readonly text?: string;
  readonly color?: string;
  readonly index: number;
}

/** Texts in place of values. */
export type GrafanaMapping =
  | { readonly type: 'value'; readonly options: Readonly<Record<string, GrafanaMappingResult>> }
  | {
      readonly type: 'range';
      readonly options: {
        readonly from: number | null;
        readonly to: number | null;
        readonly result: GrafanaMappingResult;
      };
    }
  | {
      readonly type: 'regex';
      readonly options: { readonly pattern: string; readonly result: GrafanaMappingResult };
    }
  | {
      readonly type: 'special';
      readonly options: {
        readonly match: 'null' | 'nan' | 'null+nan' | 'empty' | 'true' | 'false';
        readonly result: GrafanaMappingResult;
      };
    };

/** Leads on from a panel's heading or from a value. */
export interface GrafanaLink {
  readonly title: string;
  readonly url: string;
  readonly targetBlank: boolean;
}

/** How the values of a panel look; `custom` is the kind's own. */
export interface GrafanaFieldConfig {
  readonly color: { readonly mode: 'palette-classic' | 'thresholds' };
  readonly decimals?: number;
  readonly links?: readonly GrafanaLink[];
  readonly mappings: readonly GrafanaMapping[];
  readonly max?: number;
  readonly min?: number;
  readonly noValue?: string;
  readonly thresholds: GrafanaThresholds;
  readonly unit: string;
}

/** What differs for some of the series. */
export interface GrafanaOverride {
  readonly matcher: { readonly id: string; readonly options?: JsonValue };
  readonly properties: readonly { readonly id: string; readonly value: JsonValue }[];
}

/** A step between a query's answer and what is shown. */
export interface GrafanaTransformation {
  readonly id: string;
  readonly options: JsonValue;
}

interface GrafanaPanelCommon {
  readonly id: number;
  readonly title: string;
  readonly description: string;
  readonly gridPos: GridPos;
  readonly links?: readonly GrafanaLink[];
  readonly repeat?: string;
  readonly repeatDirection?: 'h' | 'v';
  readonly maxPerRow?: number;
  readonly transparent?: boolean;
}

/** What a panel that asks something has. */
interface GrafanaAsking {
  readonly datasource: GrafanaDatasource;
  readonly targets: readonly GrafanaTarget[];
  readonly transformations?: readonly GrafanaTransformation[];
}

/** A panel with values, by its type: options and style are the kind's own. */
type GrafanaValuePanel = {
  readonly [Type in Exclude<keyof GrafanaPanelOptions, 'text'>]: GrafanaPanelCommon &
    GrafanaAsking & {
      readonly type: Type;
      readonly options: GrafanaPanelOptions[Type]['options'];
      readonly fieldConfig: {
        readonly defaults: GrafanaFieldConfig & { readonly custom?: GrafanaPanelOptions[Type]['custom'] };
        readonly overrides: readonly GrafanaOverride[];
      };
    };
}[Exclude<keyof GrafanaPanelOptions, 'text'>];

/** A text. */
type GrafanaTextPanel = GrafanaPanelCommon & {
  readonly type: 'text';
  readonly options: GrafanaPanelOptions['text']['options'];
};

/** A panel, by its type. One of another type has `GrafanaOtherPanel`'s shape. */
export type GrafanaPanel = GrafanaValuePanel | GrafanaTextPanel;

/** A heading. A closed one holds its panels, an open one has them behind it. */
export interface GrafanaRow {
  readonly id: number;
  readonly type: 'row';
  readonly title: string;
  readonly collapsed: boolean;
  readonly gridPos: GridPos;
  readonly panels: readonly GrafanaPanel[];
  readonly repeat?: string;
}

/** One choice; several where several can be chosen. */
export interface GrafanaOption {
  readonly selected?: boolean;
  readonly text: string | readonly string[];
  readonly value: string | readonly string[];
}

interface GrafanaVariableCommon {
  readonly name: string;
  readonly label: string;
  readonly description?: string;
  /** Nothing hidden, the label, all of it. */
  readonly hide: 0 | 1 | 2;
}

interface GrafanaChoice extends GrafanaVariableCommon {
  readonly current: GrafanaOption | Readonly<Record<never, never>>;
  readonly includeAll: boolean;
  readonly allValue?: string;
  readonly multi: boolean;
}

/** What the reader of the dashboard chooses. */
export type GrafanaVariable =
  | (GrafanaChoice & {
      readonly type: 'datasource';
      readonly query: string;
      readonly regex: string;
      readonly options: readonly [];
      readonly refresh: 1;
    })
  | (GrafanaChoice & {
      readonly type: 'query';
      readonly datasource: GrafanaDatasource;
      readonly definition: string;
      readonly query: { readonly query: string; readonly refId: 'StandardVariableQuery' };
      readonly regex: string;
      readonly options: readonly [];
      readonly refresh: 0 | 1 | 2;
      readonly sort: 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;
    })
  | (GrafanaChoice & {
      readonly type: 'custom';
      readonly query: string;
      readonly options: readonly GrafanaOption[];
    })
  | (GrafanaVariableCommon & {
      readonly type: 'interval';
      readonly query: string;
      readonly current: GrafanaOption;
      readonly options: readonly GrafanaOption[];
      readonly refresh: 2;
      readonly auto: boolean;
      readonly auto_count?: number;
      readonly auto_min?: string;
    })
  | (GrafanaVariableCommon & {
      readonly type: 'textbox' | 'constant';
      readonly query: string;
      readonly current: GrafanaOption;
      readonly options: readonly GrafanaOption[];
    });

/** Marks on the time axis. */
export interface GrafanaAnnotation {
  readonly name: string;
  readonly datasource: GrafanaDatasource;
  readonly enable: boolean;
  readonly hide: boolean;
  readonly iconColor: string;
  readonly expr: string;
  readonly step: string;
  readonly titleFormat: string;
  readonly textFormat: string;
  readonly tagKeys: string;
}

/** A link at the top of the dashboard. */
export interface GrafanaDashboardLink {
  readonly type: 'link' | 'dashboards';
  readonly title: string;
  readonly tooltip: string;
  readonly icon: 'external link';
  readonly url: string;
  readonly tags: readonly string[];
  readonly asDropdown: boolean;
  readonly targetBlank: boolean;
  readonly keepTime: boolean;
  readonly includeVars: boolean;
}

/** A whole dashboard. */
export interface GrafanaDashboard {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly timezone: string;
  readonly editable: false;
  /** The pointer in other charts: not, as a line, with values. */
  readonly graphTooltip: 0 | 1 | 2;
  readonly schemaVersion: 39;
  readonly version: 1;
  readonly refresh: string;
  readonly time: { readonly from: string; readonly to: string };
  readonly timepicker: Readonly<Record<never, never>>;
  readonly links: readonly GrafanaDashboardLink[];
  readonly annotations: { readonly list: readonly GrafanaAnnotation[] };
  readonly templating: { readonly list: readonly GrafanaVariable[] };
  readonly panels: readonly (GrafanaPanel | GrafanaRow)[];
}
