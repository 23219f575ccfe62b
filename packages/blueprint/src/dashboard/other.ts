/** A panel of a kind that has no words here, as Grafana's JSON. */
import type { JsonObject } from './json.ts';
import {
  checkQueries,
  type FrameSettings,
  frameCommon,
  type PanelFrame,
  type QuerySpec,
  queryOf,
} from './panel.ts';

/** What the author of any other panel writes. */
export interface OtherSpec extends FrameSettings {
  /** Grafana's name of the kind: `geomap`, `logs`, `nodeGraph`. */
  readonly kind: string;
  readonly title: string;
  /** What it asks Prometheus. */
  readonly queries?: readonly QuerySpec[];
  /** Everything else, in Grafana's JSON: `options`, `fieldConfig`. */
  readonly json?: JsonObject;
}

/** A panel of any kind. Its queries are seen by whoever checks them. */
export interface OtherPanel extends PanelFrame {
  readonly type: 'other';
  readonly kind: string;
  readonly json: JsonObject;
}

/** A panel of any kind of Grafana's: `other({ kind: 'geomap', title: 'Where', queries, json })`. */
export function other(spec: OtherSpec): OtherPanel {
  const { kind, title, queries = [], json = {} } = spec;
  checkQueries(`${kind} ${JSON.stringify(title)}`, queries);
  return {
    type: 'other',
    kind,
    ...frameCommon(kind, spec),
    queries: queries.map(queryOf),
    json,
  };
}
