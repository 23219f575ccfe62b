/**
 * The classic dashboard model as it is after normalizing: what every reader may rely on, and beside it anything
 * else that the file had, under the names that the file gave it.
 *
 * Intersections and not `extends`: a member that may be missing fits an index of values only where the compiler holds
 * `exactOptionalPropertyTypes`, and who compiles against this package need not.
 */
import type { JsonObject, JsonValue } from './json.ts';

/** A place on the grid of 24 columns. */
export type ClassicGridPos = JsonObject & {
  h: number;
  w: number;
  x: number;
  y: number;
};

/** Which data source answers. Both are there or it is the default one, which is no object at all. */
export type ClassicDatasource = JsonObject & {
  type?: string;
  /** A uid, or a reference to a variable such as `${datasource}`. */
  uid?: string;
};

/** One query of a panel, in the language of its data source. */
export type ClassicTarget = JsonObject & {
  refId: string;
  datasource?: ClassicDatasource | null;
};

/** One exception of a panel's looks. */
export type ClassicOverride = JsonObject & {
  matcher: { id: string; options?: JsonValue } & JsonObject;
  properties: ({ id: string; value?: JsonValue } & JsonObject)[];
};

/** A panel, or a row when its type is `row`. */
export type ClassicPanel = JsonObject & {
  /** Unique in its dashboard. */
  id: number;
  type: string;
  title: string;
  gridPos: ClassicGridPos;
  datasource?: ClassicDatasource | null;
  targets?: ClassicTarget[];
  fieldConfig?: { defaults: JsonObject; overrides: ClassicOverride[] } & JsonObject;
  options?: JsonObject;
  transformations?: ({ id: string; options?: JsonValue } & JsonObject)[];
  /** Of a row that is closed: what is in it. Of an open one: empty. */
  panels?: ClassicPanel[];
  collapsed?: boolean;
};

/** What the reader of the dashboard chooses. */
export type ClassicVariable = JsonObject & {
  name: string;
  type: string;
  datasource?: ClassicDatasource | null;
  /** A text, or an object that has a text `query` in it. */
  query?: string | JsonObject;
};

/** Marks over the graphs. */
export type ClassicAnnotation = JsonObject & {
  name: string;
  datasource?: ClassicDatasource | null;
};

/** A whole dashboard. */
export type ClassicDashboard = JsonObject & {
  title: string;
  schemaVersion: number;
  panels: ClassicPanel[];
  templating: { list: ClassicVariable[] } & JsonObject;
  annotations: { list: ClassicAnnotation[] } & JsonObject;
};
