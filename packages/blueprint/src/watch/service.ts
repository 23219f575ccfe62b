/**
 * A service: whether it answers, and which version of it; and the errors that it counts itself.
 *
 * It asks for `up`, which the monitor writes of every target, so that it holds of services that count nothing. A target
 * that does not answer and one that nobody knows any more are two things: of the second there is no series, and only
 * `absent` sees it.
 */
import { absent, type Duration, gt, lt, max, topk } from '@binnacle/promql/builder';
import { type StatPanel, stat } from '../dashboard/stat.ts';
import { assembleWatch, subjectOf, type WatchAlert } from './assembly.ts';
import { asked, LINES_MAX, limit, lines } from './panels.ts';
import { Scope } from './scope.ts';
import type { Watch, WatchOptions } from './watch.ts';
import {
  type CounterLike,
  type InfoLike,
  labelOf,
  type WatchedMetric,
  watchedMetric,
} from './watched-metric.ts';

/** The metrics of a service as a whole. */
export interface ServiceInstrument {
  /** Says what runs. */
  readonly info?: InfoLike;
  /** Errors of any kind. */
  readonly errors?: CounterLike;
}

/** The alerts of {@link serviceWatch}. */
export type ServiceAlert = 'ServiceDown' | 'ServiceAbsent' | 'ServiceErrors';

/** What {@link serviceWatch} may be told. */
export interface ServiceWatchOptions extends WatchOptions<ServiceAlert> {
  /** How many errors there may be per second. Default 1. */
  readonly errorsPerSecondMax?: number;
  /** Over how long they are taken. Default `5m`. */
  readonly window?: Duration;
}

/** What the monitor writes of every target. */
const UP = { type: 'gauge', name: 'up', labels: {} } as const;

/** Watches whether a service is there: `serviceWatch({ info: appInfo }, { where: { job: 'web' } })`. */
export function serviceWatch(instrument: ServiceInstrument, options: ServiceWatchOptions = {}): Watch {
  const scope = new Scope(options.where);
  const subject = subjectOf('Service', options);
  const up = watchedMetric('serviceWatch: up', UP, ['gauge']);
  const info = watchedMetric('serviceWatch: info', instrument.info, ['info', 'gauge']);
  const errors = watchedMetric('serviceWatch: errors', instrument.errors, ['counter']);
  const { errorsPerSecondMax = 1, window = '5m' } = options;
  return assembleWatch('Service', options, {
    rows: [
      {
        panels: [
          upPanel(scope, up),
          info && infoPanel(scope, info),
          errors && errorPanel(scope, errors, errorsPerSecondMax),
        ],
      },
    ],
    alerts: {
      ServiceDown: {
        expr: lt(scope.series(up), 1),
        for: '2m',
        severity: 'critical',
        summary: `${subject}: it does not answer`,
        description: ({ label, text }) =>
          text`${label('instance')} of ${label('job')} cannot be scraped. See whether it runs, what its log says at the end, and whether the monitor can reach it.`,
      },
      ServiceAbsent: gone(scope, up, subject),
      ServiceErrors: errors && {
        expr: gt(scope.events(errors, 'rate', window), errorsPerSecondMax),
        for: '5m',
        severity: 'warning',
        summary: `${subject}: many errors`,
        description: ({ value, text }) =>
          text`${value.humanize} errors per second within ${window}; at most ${errorsPerSecondMax} are expected. See which kind it is.`,
      },
    },
  });
}

/** Without equalities there would always be some target, and nothing could be missing. */
function gone(scope: Scope, up: WatchedMetric, subject: string): WatchAlert | undefined {
  if (Object.keys(scope.where).length === 0) return undefined;
  return {
    expr: absent(scope.series(up)),
    for: '5m',
    severity: 'critical',
    summary: `${subject}: nobody knows it any more`,
    description:
      'There is no target for it at all. See whether its scrape job is still configured, and whether discovery finds it.',
  };
}

function upPanel(scope: Scope, up: WatchedMetric): StatPanel {
  return stat({
    title: 'Up',
    description: 'Whether each instance answers the monitor. Down: it does not run, or cannot be reached.',
    queries: [asked(() => scope.series(up), '{{instance}}')],
    unit: 'short',
    graph: 'none',
    colorMode: 'background',
    mappings: { 1: { text: 'up', color: 'green' }, 0: { text: 'down', color: 'red' } },
    noValue: 'no target',
  });
}

function infoPanel(scope: Scope, info: WatchedMetric): StatPanel {
  const labels = Object.keys(info.labels);
  return stat({
    title: 'What runs',
    description: 'What instances say of themselves. Several at once during a rollout only.',
    queries: [
      asked(() => max(scope.series(info)).by(...labels), labels.map((name) => `{{${name}}}`).join(' ')),
    ],
    unit: 'short',
    graph: 'none',
    textMode: 'name',
    colorMode: 'none',
  });
}

function errorPanel(scope: Scope, errors: WatchedMetric, errorsPerSecondMax: number) {
  const by = labelOf('serviceWatch: errors', errors, undefined, ['error_code', 'error_type', 'code', 'type']);
  return lines(
    {
      title: 'Errors',
      description: `Errors per second${by === undefined ? '' : `, the ${LINES_MAX} most frequent kinds`}. Good: none. The log says where they come from.`,
    },
    {
      queries: [
        asked(
          (window) => topk(LINES_MAX, scope.events(errors, 'rate', window, { by })),
          by === undefined ? 'errors' : `{{${by}}}`,
        ),
      ],
      unit: 'ops',
      colors: { errors: 'red' },
      ...limit(errorsPerSecondMax),
    },
  );
}
