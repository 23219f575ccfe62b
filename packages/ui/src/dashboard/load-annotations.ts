/**
 * From the answers of annotations to marks.
 *
 * Where a series has a value that is not 0, something is marked: one moment, or, where the moments follow each other
 * step by step, the stretch from the first to the last.
 */
import { ownServer, type PrometheusApi, parseValue, type ResultSeries } from '../api/prometheus.ts';
import type { Mark } from '../chart/mark.ts';
import { parseDuration } from '../format/duration.ts';
import { gridOf, stepOf, type Window } from '../time/range.ts';
import type { AnnotationModel } from './annotations.ts';
import type { Choices } from './choices.ts';
import type { LabelMap } from './legend.ts';
import { fillIn } from './macros.ts';

/** More marks of one annotation than these hide what they are to explain. */
export const MARKS_MOST = 500;
/** An annotation is asked about as often as a chart of this width would. */
const WIDTH_PX = 1000;
/** A server does not answer with more steps. */
const STEPS_MOST = 10_000;

/** Asks one annotation. */
export async function loadAnnotation(
  annotation: AnnotationModel,
  { window, scrapeMs, choices }: { window: Window; scrapeMs: number; choices: Choices },
  signal: AbortSignal,
  api: PrometheusApi = ownServer,
): Promise<readonly Mark[]> {
  const rangeMs = window.toMs - window.fromMs;
  const asked = parseDuration(annotation.step) ?? stepOf(window, WIDTH_PX, scrapeMs);
  const intervalMs = Math.max(1000, asked, Math.ceil(rangeMs / STEPS_MOST / 1000) * 1000);
  const context = { intervalMs, scrapeMs, rangeMs, toMs: window.toMs };
  const { series } = await api.queryRange(
    fillIn(annotation.expr, context, choices),
    gridOf(window, intervalMs),
    signal,
  );
  return series
    .flatMap((one) => marksOf(annotation, one, intervalMs))
    .filter(({ fromMs, toMs }) => toMs >= window.fromMs && fromMs <= window.toMs)
    .sort((a, b) => a.fromMs - b.fromMs)
    .slice(-MARKS_MOST);
}

function marksOf(annotation: AnnotationModel, { metric, values = [] }: ResultSeries, stepMs: number): Mark[] {
  const { color, titleFormat, textFormat, tagKeys, valueIsTime, name } = annotation;
  const said = {
    color,
    title: filled(titleFormat, metric).trim() || name,
    text: filled(textFormat, metric).trim(),
    tags: tagKeys.flatMap((key) => (Object.hasOwn(metric, key) ? [metric[key]!] : [])),
  };
  const moments = new Set<number>();
  for (const [time, text] of values) {
    const value = parseValue(text);
    if (value === 0 || Number.isNaN(value)) continue;
    moments.add(valueIsTime ? Math.floor(value) : time * 1000);
  }
  const marks: Mark[] = [];
  for (const atMs of [...moments].sort((a, b) => a - b)) {
    const last = marks.at(-1);
    // A little more than a step, since moments are fractions of seconds.
    if (!valueIsTime && last !== undefined && atMs - last.toMs <= stepMs * 1.001)
      marks[marks.length - 1] = { ...last, toMs: atMs };
    else marks.push({ ...said, fromMs: atMs, toMs: atMs });
  }
  return marks;
}

function filled(format: string, labels: LabelMap): string {
  return format.replace(/\{\{\s*([^{}]+?)\s*\}\}/g, (_, name: string) =>
    Object.hasOwn(labels, name) ? labels[name]! : '',
  );
}
