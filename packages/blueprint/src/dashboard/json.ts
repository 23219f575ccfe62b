/** JSON as it passes through: what the model has no words for, and is rendered as it came. */

/** Any JSON value. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/**
 * Grafana's JSON that the model has no words for.
 *
 * It is laid over what is rendered: objects are merged, everything else takes the place of what stands there. So an
 * author can say anything that Grafana understands, and a reader of existing JSON keeps here what differs from the
 * rendering of what it did understand; what it puts here, it takes out of the model's hands.
 */
export interface WithRest {
  readonly rest?: JsonObject;
}

/** Whether a value is an object of JSON and no list. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
