/**
 * HTTP: requests, how many of them fail through our fault, how long they take, how many are under way.
 *
 * A failure is a status of 500 and above: what clients do wrong is shown and wakes nobody. Durations are held against
 * their limit route by route, since a slow route hides in the quantile of all.
 */
import { absent, type Duration, lt, or, re, topk } from '@binnacle/promql/builder';
import { timeseries } from '../dashboard/timeseries.ts';
import { failing, piling, slow } from './alerts.ts';
import { assembleWatch, subjectOf, type WatchAlert } from './assembly.ts';
import { type OutcomeOptions, outcomesByLabel } from './outcomes.ts';
import {
  asked,
  busiest,
  distribution,
  failureShare,
  failureShareBy,
  LINES_MAX,
  levels,
  quantiles,
  slowest,
  successShare,
} from './panels.ts';
import { Scope } from './scope.ts';
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

/** The metrics of an HTTP server. */
export interface HttpInstrument<R extends CounterLike = CounterLike> {
  /** Answered requests, by status. */
  readonly requests: R;
  /** How long they took, in seconds. */
  readonly duration?: HistogramLike | undefined;
  /** Requests under way. */
  readonly inFlight?: GaugeLike | undefined;
  /** Exceptions while answering. */
  readonly errors?: CounterLike | undefined;
  /** Bodies of requests, in bytes. */
  readonly requestSize?: HistogramLike | undefined;
  /** Bodies of answers, in bytes. */
  readonly responseSize?: HistogramLike | undefined;
}

/** The alerts of {@link httpWatch}. */
export type HttpAlert = 'HttpFailing' | 'HttpSlow' | 'HttpCrowded' | 'HttpSilent';

/** What {@link httpWatch} may be told. */
export interface HttpWatchOptions<Label extends string = string>
  extends WatchOptions<HttpAlert>,
    Pick<OutcomeOptions<Label>, 'statusLabel' | 'failures'> {
  /** The label that tells routes apart; `false` for none. Default: `endpoint`, `route`, `path` or `handler`. */
  readonly endpointLabel?: Label | false;
  /** The share of requests that may fail. Default 0.05. */
  readonly failureShareMax?: number;
  /** How long a request may take, in seconds. Default 1. */
  readonly secondsMax?: number;
  /** Which share of requests must be faster. Default 0.95. */
  readonly quantile?: number;
  /** Whether each route is held against `secondsMax`, or all together. Default true. */
  readonly slowByEndpoint?: boolean;
  /** Over how long both are taken. Default `5m`. */
  readonly window?: Duration;
  /** Below so many requests in the window nothing is said. Default 20. */
  readonly requestsMin?: number;
  /** How many may be under way. Default: no alert. */
  readonly inFlightMax?: number;
  /** Alerts when so long no request came. Default: no alert, since not every service always has visitors. */
  readonly silentAfter?: Duration;
}

const STATUS_CLASSES = [
  { legend: '2xx', pattern: '2..', color: 'green' },
  { legend: '3xx', pattern: '3..', color: 'blue' },
  { legend: '4xx', pattern: '4..', color: 'yellow' },
  { legend: '5xx', pattern: '5..', color: 'red' },
] as const;

/** Watches an HTTP server: `httpWatch(httpMetrics(), { where: { job: 'web' } })`. */
export function httpWatch<const R extends CounterLike>(
  instrument: HttpInstrument<R>,
  options: HttpWatchOptions<NoInfer<LabelOf<R>>> = {},
): Watch {
  const scope = new Scope(options.where);
  const subject = subjectOf('HTTP', options);
  const requests = watchedMetric('httpWatch: requests', instrument.requests, ['counter']);
  const duration = watchedMetric('httpWatch: duration', instrument.duration, ['histogram']);
  const inFlight = watchedMetric('httpWatch: inFlight', instrument.inFlight, ['gauge']);
  const errors = watchedMetric('httpWatch: errors', instrument.errors, ['counter']);
  const requestSize = watchedMetric('httpWatch: requestSize', instrument.requestSize, ['histogram']);
  const responseSize = watchedMetric('httpWatch: responseSize', instrument.responseSize, ['histogram']);
  const statusLabel = labelOf('httpWatch', requests, options.statusLabel, ['status', 'status_code', 'code']);
  const endpoint = labelOf('httpWatch', requests, options.endpointLabel, [
    'endpoint',
    'route',
    'path',
    'handler',
  ]);
  const outcomes = outcomesByLabel('httpWatch: requests', scope, instrument.requests, {
    ...options,
    statusLabel: statusLabel ?? false,
    ...(statusLabel !== undefined && { failures: options.failures ?? '5..' }),
  });
  const { failureShareMax = 0.05, secondsMax = 1, quantile = 0.95 } = options;
  const { window = '5m', requestsMin: eventsMin = 20 } = options;
  const about = { subject, things: 'requests' };
  return assembleWatch('HTTP', options, {
    rows: [
      {
        panels: [
          requestsByClass(scope, requests, statusLabel),
          failureShare(
            outcomes,
            {
              title: 'Share that fails',
              description: `Share of requests that were answered with a failure of ours (${options.failures ?? '5xx'}). Good: 0. Growing: see which endpoint fails, and what was deployed.`,
            },
            failureShareMax,
          ),
          successShare(
            outcomes,
            {
              title: 'Success rate',
              description:
                'Share of requests that did not fail through our fault. Mistakes of clients (4xx) count as answered.',
            },
            failureShareMax,
          ),
          duration &&
            quantiles(
              scope,
              duration,
              {
                title: 'Duration',
                description:
                  'How long requests take: half of them stay below the median. Growing together: the machine or a dependency is slow. Only the upper ones: a few endpoints, see Slowest endpoints.',
              },
              { max: secondsMax },
            ),
        ],
      },
      {
        title: 'by endpoint',
        panels: [
          busiest(
            scope,
            requests,
            endpoint,
            {
              title: 'Busiest endpoints',
              description: `The ${LINES_MAX} endpoints with most requests per second.`,
            },
            'reqps',
          ),
          failureShareBy(
            outcomes,
            endpoint,
            {
              title: 'Failing endpoints',
              description: `The ${LINES_MAX} endpoints with the greatest share of failures. One alone: look at its code and what it calls. All: look at what they share.`,
            },
            failureShareMax,
          ),
          duration &&
            slowest(
              scope,
              duration,
              endpoint,
              {
                title: 'Slowest endpoints',
                description: `The ${LINES_MAX} endpoints that take longest: 95 of 100 requests stay below.`,
              },
              { max: secondsMax },
            ),
          duration &&
            distribution(scope, duration, {
              title: 'Distribution of durations',
              description:
                'How many requests take how long. Two bands are two kinds of requests; a band that moves up is one that has become slow.',
            }),
          inFlight &&
            levels(
              scope,
              [{ legend: 'in flight', metric: inFlight, color: 'blue' }],
              {
                title: 'In flight',
                description:
                  'Requests under way, over all processes. Good: level. Growing while the rate of requests does not: answers do not come, look at what they wait for.',
              },
              { unit: 'suffix: requests', max: options.inFlightMax },
            ),
          errors && errorsByType(scope, errors),
          requestSize &&
            quantiles(
              scope,
              requestSize,
              {
                title: 'Size of requests',
                description:
                  'What clients send: half of the bodies stay below the median; 0 without one. Growing: larger uploads, which take memory and time.',
              },
              { unit: 'bytes' },
            ),
          responseSize &&
            quantiles(
              scope,
              responseSize,
              {
                title: 'Size of answers',
                description:
                  'What clients get: half of the bodies stay below the median. Growing: answers that should have pages, or are no longer compressed.',
              },
              { unit: 'bytes' },
            ),
        ],
      },
    ],
    alerts: {
      HttpFailing: failing(
        outcomes,
        { shareMax: failureShareMax, window, eventsMin },
        {
          ...about,
          advice: 'See which endpoint fails, what the log says, and what was deployed last.',
          severity: 'critical',
          for: '5m',
        },
      ),
      HttpSlow: slow(
        scope,
        duration,
        { secondsMax, quantile, window, eventsMin },
        {
          ...about,
          advice: 'See whether all endpoints are slow or this one, and what they wait for.',
          severity: 'warning',
          for: '10m',
          by: options.slowByEndpoint === false ? undefined : endpoint,
        },
      ),
      HttpCrowded: piling(scope, inFlight, options.inFlightMax, {
        subject,
        things: 'requests in flight',
        advice: 'Answers take long or do not come: look at durations and at what requests wait for.',
        severity: 'warning',
        for: '5m',
      }),
      HttpSilent: silent(scope, requests, subject, options.silentAfter),
    },
  });
}

function requestsByClass(scope: Scope, requests: WatchedMetric, statusLabel: string | undefined) {
  const about = {
    title: 'Requests',
    description:
      'Answered requests per second, by class of status. 4xx are mistakes of clients, 5xx are ours. A sudden drop is as bad as a peak: nobody gets through.',
    unit: 'reqps',
    min: 0,
  };
  if (statusLabel === undefined)
    return timeseries({
      ...about,
      queries: [asked((window) => scope.events(requests, 'rate', window), 'requests')],
    });
  const domain = requests.labels[statusLabel]!;
  const classes = STATUS_CLASSES.filter(
    ({ pattern }) => domain === 'open' || domain.some((value) => new RegExp(`^${pattern}$`).test(value)),
  );
  if (classes.length === 0)
    return timeseries({
      ...about,
      queries: [
        asked((window) => scope.events(requests, 'rate', window, { by: statusLabel }), `{{${statusLabel}}}`),
      ],
    });
  return timeseries({
    ...about,
    stack: 'normal',
    queries: classes.map(({ legend, pattern }) =>
      asked(
        (window) => scope.events(requests, 'rate', window, { conditions: { [statusLabel]: re(pattern) } }),
        legend,
      ),
    ),
    colors: Object.fromEntries(classes.map(({ legend, color }) => [legend, color])),
  });
}

function errorsByType(scope: Scope, errors: WatchedMetric) {
  const by = labelOf('httpWatch', errors, undefined, ['error_type', 'error', 'type', 'reason', 'code']);
  return timeseries({
    title: 'Exceptions',
    description: `Exceptions while answering, per second${by === undefined ? '' : `, the ${LINES_MAX} most frequent kinds`}. Good: none. The log says where they come from.`,
    queries: [
      asked(
        (window) => topk(LINES_MAX, scope.events(errors, 'rate', window, { by })),
        by === undefined ? 'exceptions' : `{{${by}}}`,
      ),
    ],
    unit: 'ops',
    min: 0,
    colors: { exceptions: 'red' },
  });
}

/** No request in the window, or no series of requests at all. */
function silent(
  scope: Scope,
  requests: WatchedMetric,
  subject: string,
  window: Duration | undefined,
): WatchAlert | undefined {
  if (window === undefined) return undefined;
  return {
    // Below 1 and not equal to 0: an increase is never between the two, and floats are not compared for equality.
    expr: or(lt(scope.events(requests, 'increase', window), 1), absent(scope.series(requests))),
    for: '5m',
    severity: 'critical',
    summary: `${subject}: no requests come any more`,
    description: `Not one request was answered within ${window}. Try the service from outside; look at the load balancer, at DNS and certificates, and whether it is scraped at all.`,
  };
}
