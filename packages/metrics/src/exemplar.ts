/**
 * Exemplars: one observation that stands for many, with what leads to it, mostly the id of a trace.
 *
 * They are given with a count or an observation, or taken from the active OpenTelemetry span of a metric that is
 * defined with `spanExemplars`. OpenTelemetry's API keeps what is installed under a registered symbol, so that
 * nothing has to be imported, and where there is none nothing happens.
 *
 * Source: https://prometheus.io/docs/specs/om/open_metrics_spec/#exemplars
 */
import type { Checked } from './definition.ts';
import type { Child } from './registry.ts';
import { encodeExemplarLabels, exemplarTimeMs, writeExemplar } from './store/exemplar-slots.ts';

/** What may be said about one count or observation. */
export interface CountOptions {
  /**
   * What leads to it: `{ trace_id: '...' }`. Names and values have at most {@link EXEMPLAR_CHARACTERS_MAX}
   * characters together.
   */
  readonly exemplar?: Readonly<Record<string, string>> | undefined;
}

/** The most characters of names and values together; OpenMetrics allows no more. */
export const EXEMPLAR_CHARACTERS_MAX = 128;

/** How long an exemplar from a span stands at least, so that a busy loop does not spend its time on them. */
export const SPAN_EXEMPLAR_INTERVAL_MS = 100;

/** Notes an exemplar of a child's series, in the given bucket (0 for counters): the one given, or the active span. */
export function noteExemplar(
  child: Child,
  { registry, shape }: Checked,
  bucket: number,
  value: number,
  options: CountOptions | undefined,
): void {
  const nowMs = Date.now();
  let labels = options?.exemplar;
  if (labels === undefined) {
    const known = child.parts?.get(keyOf(bucket));
    if (known !== undefined && nowMs - exemplarTimeMs(known) < SPAN_EXEMPLAR_INTERVAL_MS) return;
    labels = activeSpan();
    if (labels === undefined) return;
  }
  const encoded = isExemplar(labels) ? encodeExemplarLabels(labels) : undefined;
  if (encoded === undefined) {
    const limit = `its names and values must be texts of at most ${EXEMPLAR_CHARACTERS_MAX} characters together`;
    registry.drop(shape.name, 'exemplar', `an exemplar was left out: ${limit}`);
    return;
  }
  writeExemplar(
    registry.part(child, shape, keyOf(bucket), { kind: 'exemplar', bucket }),
    encoded,
    value,
    nowMs,
  );
}

/** Keys of a child's parts: exemplars have the negative ones. */
function keyOf(bucket: number): number {
  return -1 - bucket;
}

function isExemplar(labels: unknown): labels is Readonly<Record<string, string>> {
  if (typeof labels !== 'object' || labels === null) return false;
  let characters = 0;
  for (const [name, value] of Object.entries(labels)) {
    if (typeof value !== 'string' || name === '') return false;
    characters += [...name].length + [...value].length;
  }
  return characters <= EXEMPLAR_CHARACTERS_MAX;
}

/** The part of OpenTelemetry's API, version 1, that is needed here. */
interface OpenTelemetryApi {
  readonly context?: { active(): { getValue(key: symbol): unknown } };
}

const OPEN_TELEMETRY = Symbol.for('opentelemetry.js.api.1');
const SPAN_KEY = Symbol.for('OpenTelemetry Context Key SPAN');
const SAMPLED = 1;

/** The ids of the active span; undefined where there is none, or where nobody keeps its trace. */
function activeSpan(): Readonly<Record<string, string>> | undefined {
  const api = (globalThis as { [OPEN_TELEMETRY]?: OpenTelemetryApi })[OPEN_TELEMETRY];
  if (api?.context === undefined) return undefined;
  try {
    const span = api.context.active().getValue(SPAN_KEY) as
      | { spanContext(): { traceId: string; spanId: string; traceFlags: number } }
      | undefined;
    if (span === undefined) return undefined;
    const { traceId, spanId, traceFlags } = span.spanContext();
    return (traceFlags & SAMPLED) === 0 ? undefined : { trace_id: traceId, span_id: spanId };
  } catch {
    return undefined; // whatever is installed there, it must not hurt who counts
  }
}
