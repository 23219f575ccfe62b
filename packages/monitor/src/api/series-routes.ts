/** `/api/v1/labels`, `label/NAME/values` and `series`: what is stored, without values. */
import type { LabelQueryable } from '@binnacle/promql';
import { ApiError, labelsText, success, successText } from './envelope.ts';
import { limitParameter, selectorsParameter, TIME_MS_MAX, TIME_MS_MIN, timeParameter } from './parameters.ts';
import type { ApiResponse, Route } from './route.ts';

/** The routes that look into the index. */
export function seriesRoutes(storage: LabelQueryable): Route[] {
  const both = ['GET', 'POST'] as const;
  return [
    {
      methods: both,
      path: '/api/v1/labels',
      async handle({ parameters }) {
        const { selectors, startMs, endMs, limit } = readParameters(parameters);
        return limited(await storage.labelNames(selectors, startMs, endMs), limit);
      },
    },
    {
      methods: ['GET'],
      path: '/api/v1/label/:name/values',
      async handle({ parameters, captures }) {
        const { selectors, startMs, endMs, limit } = readParameters(parameters);
        const name = labelName(captures.name ?? '');
        return limited(await storage.labelValues(name, selectors, startMs, endMs), limit);
      },
    },
    {
      methods: both,
      path: '/api/v1/series',
      async handle({ parameters }) {
        const { selectors, startMs, endMs, limit } = readParameters(parameters);
        if (selectors.length === 0) throw new ApiError('bad_data', 'no match[] parameter provided');
        const sets = await storage.labelSets(selectors, startMs, endMs);
        const shown = limit === undefined ? sets : sets.slice(0, limit);
        return successText(['[', shown.map(labelsText).join(','), ']'], cutNotice(sets.length, limit));
      },
    },
  ];
}

function readParameters(parameters: URLSearchParams) {
  return {
    selectors: selectorsParameter(parameters),
    startMs: timeParameter(parameters, 'start', TIME_MS_MIN),
    endMs: timeParameter(parameters, 'end', TIME_MS_MAX),
    limit: limitParameter(parameters),
  };
}

function limited(items: readonly string[], limit: number | undefined): ApiResponse {
  return success(limit === undefined ? items : items.slice(0, limit), cutNotice(items.length, limit));
}

function cutNotice(count: number, limit: number | undefined): { readonly warnings: readonly string[] } {
  return { warnings: limit !== undefined && count > limit ? ['results truncated due to limit'] : [] };
}

/** `U__a_2e_b` stands for the label `a.b`, which a path could not hold in Prometheus 2. */
function labelName(text: string): string {
  if (text === '') throw new ApiError('bad_data', 'invalid label name: ""');
  if (!text.startsWith('U__')) return text;
  return text
    .slice(3)
    .replace(/__|_([0-9a-fA-F]{1,6})_/g, (whole, hex: string | undefined) =>
      hex === undefined ? '_' : (codePoint(hex) ?? whole),
    );
}

function codePoint(hex: string): string | undefined {
  const code = Number.parseInt(hex, 16);
  return code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
}
