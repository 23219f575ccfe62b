/**
 * Dependencies: what a service calls elsewhere, whether it is there, how many calls fail and how long they take.
 *
 * They are causes for the service's users and symptoms for those who run it: one that is down wakes somebody.
 */
import { type Duration, lt, min } from '@binnacle/promql/builder';
import { type StatPanel, stat } from '../dashboard/stat.ts';
import type { TimeseriesPanel } from '../dashboard/timeseries.ts';
import { failing, slow, whichOf } from './alerts.ts';
import { assembleWatch, subjectOf } from './assembly.ts';
import { type OutcomeOptions, outcomesByLabel } from './outcomes.ts';
import {
  asked,
  busiest,
  endings,
  failureShare,
  failureShareBy,
  LINES_MAX,
  levels,
  lines,
  quantiles,
  slowest,
} from './panels.ts';
import { kept, Scope, type Series } from './scope.ts';
import type { Watch, WatchOptions } from './watch.ts';
import {
  type CounterLike,
  type GaugeLike,
  type HistogramLike,
  type LabelOf,
  labelOf,
  type WatchedMetric,
  watchedMetric,
} from './watched-metric.ts';

/** The metrics of what a service calls elsewhere. */
export interface DependenciesInstrument<
  U extends GaugeLike = GaugeLike,
  C extends CounterLike = CounterLike,
  D extends HistogramLike = HistogramLike,
> {
  /** 1 where a dependency is well, 0 where it is not. */
  readonly up?: U;
  /** Calls that ended, by how. */
  readonly calls?: C;
  /** How long calls took, in seconds. */
  readonly duration?: D;
  /** Calls that failed, by what went wrong. */
  readonly failures?: CounterLike;
  /** Calls that are under way. */
  readonly inFlight?: GaugeLike;
}

/** The alerts of {@link dependenciesWatch}. */
export type DependencyAlert = 'DependencyDown' | 'DependencyFailing' | 'DependencySlow';

/** What {@link dependenciesWatch} may be told. */
export interface DependenciesWatchOptions<Label extends string = string, StatusLabel extends string = string>
  extends WatchOptions<DependencyAlert>,
    OutcomeOptions<StatusLabel> {
  /** The label that tells dependencies or calls apart; `false` for none. Default: `dependency`, `operation` and the like. */
  readonly by?: Label | false;
  /** The share of calls that may fail. Default 0.1. */
  readonly failureShareMax?: number;
  /** How long a call may take, in seconds. Default: no alert, since only you know. */
  readonly secondsMax?: number;
  /** Which share of calls must be faster. Default 0.95. */
  readonly quantile?: number;
  /** Over how long these are taken. Default `10m`. */
  readonly window?: Duration;
  /** Below so many calls in the window nothing is said. Default 10. */
  readonly callsMin?: number;
}

const CALL_LABELS = ['dependency', 'target', 'host', 'service', 'operation', 'method'];
const KIND_LABELS = ['kind', 'error_type', 'reason', 'error', 'type'];

/** Watches dependencies: `dependenciesWatch({ up })`, `dependenciesWatch({ calls, duration }, { name: 'YouTube' })`. */
export function dependenciesWatch<
  const U extends GaugeLike = never,
  const C extends CounterLike = never,
  const D extends HistogramLike = never,
>(
  instrument: DependenciesInstrument<U, C, D>,
  options: DependenciesWatchOptions<NoInfer<LabelOf<U | C | D>>, NoInfer<LabelOf<C>>> = {},
): Watch {
  const scope = new Scope(options.where);
  const subject = subjectOf('Dependencies', options);
  const up = watchedMetric('dependenciesWatch: up', instrument.up, ['gauge']);
  const duration = watchedMetric('dependenciesWatch: duration', instrument.duration, ['histogram']);
  const failures = watchedMetric('dependenciesWatch: failures', instrument.failures, ['counter']);
  const inFlight = watchedMetric('dependenciesWatch: inFlight', instrument.inFlight, ['gauge']);
  const calls =
    instrument.calls && outcomesByLabel('dependenciesWatch: calls', scope, instrument.calls, options);
  const of = calls?.of ?? duration ?? up;
  const by = of && labelOf('dependenciesWatch', of, options.by, CALL_LABELS);
  const { failureShareMax = 0.1, secondsMax, quantile = 0.95, window = '10m', callsMin = 10 } = options;
  const about = { subject, things: 'calls', severity: 'warning', for: '10m', by } as const;
  const failed = {
    title: 'Share that fails',
    description:
      'Share of calls that failed. Good: near 0. One alone: look there. All: look at our own network.',
  };
  return assembleWatch('Dependencies', options, {
    rows: [
      {
        panels: [
          up && upPanel(scope, up),
          calls &&
            (busiest(scope, calls.of, by, {
              title: 'Calls',
              description: `Calls per second, the ${LINES_MAX} most frequent kinds.`,
            }) ??
              endings(calls, { title: 'Calls', description: 'Calls per second, by how they ended.' })),
          calls &&
            (failureShareBy(calls, by, failed, failureShareMax) ??
              failureShare(calls, failed, failureShareMax)),
          failures && failurePanel(scope, failures),
          duration &&
            (slowest(
              scope,
              duration,
              by,
              {
                title: 'Duration',
                description: `How long calls take: 95 of 100 stay below. The ${LINES_MAX} slowest.`,
              },
              { max: secondsMax },
            ) ??
              quantiles(
                scope,
                duration,
                {
                  title: 'Duration',
                  description: 'How long calls take: half of them stay below the median.',
                },
                { max: secondsMax },
              )),
          inFlight &&
            levels(scope, [{ legend: 'under way', metric: inFlight, by }], {
              title: 'Under way',
              description:
                'Calls that are under way. Growing while there are no more calls than before: they wait for answers.',
            }),
        ],
      },
    ],
    alerts: {
      DependencyDown: up && {
        expr: lt(worst(scope, up), 1),
        for: '2m',
        severity: 'critical',
        summary: `${subject}: one is down`,
        description: ({ label, text }) =>
          text`The check${whichOf(label, dependencyLabel(up))} fails. See whether it runs and whether it can be reached from here; what needs it does not work until then.`,
      },
      DependencyFailing:
        calls &&
        failing(
          calls,
          { shareMax: failureShareMax, window, eventsMin: callsMin },
          {
            ...about,
            advice:
              'See what it answers, whether it has announced anything, and whether our credentials still hold.',
          },
        ),
      DependencySlow: slow(
        scope,
        duration,
        { secondsMax, quantile, window, eventsMin: callsMin },
        { ...about, advice: 'See whether it is slow for all, or whether we ask for more than before.' },
      ),
    },
  });
}

/** Down for one instance is down: the others may only not have noticed yet. */
function worst(scope: Scope, up: WatchedMetric): Series {
  return min(scope.series(up)).by(...dependencyLabel(up));
}

function dependencyLabel(up: WatchedMetric): string[] {
  return kept(up, labelOf('dependenciesWatch', up, undefined, CALL_LABELS));
}

function failurePanel(scope: Scope, failures: WatchedMetric): TimeseriesPanel {
  const about = {
    title: 'Failures',
    description:
      'Calls per second that failed, by what went wrong. Names that are not found and refused connections: look at its address and at the network. Timeouts: look at how long it takes.',
  };
  return (
    busiest(scope, failures, labelOf('dependenciesWatch', failures, undefined, KIND_LABELS), about) ??
    lines(about, {
      queries: [asked((window) => scope.events(failures, 'rate', window), 'failures')],
      unit: 'ops',
      colors: { failures: 'red' },
    })
  );
}

function upPanel(scope: Scope, up: WatchedMetric): StatPanel {
  const [label] = dependencyLabel(up);
  return stat({
    title: 'Health',
    description: 'Whether each dependency is well, as its worst check says.',
    queries: [asked(() => worst(scope, up), label === undefined ? 'all' : `{{${label}}}`)],
    unit: 'short',
    graph: 'none',
    colorMode: 'background',
    textMode: 'value_and_name',
    mappings: { 1: { text: 'well', color: 'green' }, 0: { text: 'down', color: 'red' } },
    noValue: 'not checked',
  });
}
