/**
 * Events of the business: what is created, exported, found. Nothing of it is wrong by itself; how much of it is usual
 * only its authors know, so there are alerts only for the limits that they tell.
 */
import { type Duration, gt, labelReplace, lt, or } from '@binnacle/promql/builder';
import { DefinitionError } from '../dashboard/definition-error.ts';
import { assembleWatch, subjectOf } from './assembly.ts';
import { asked, busiest, LINES_MAX, lines } from './panels.ts';
import { Scope, type Series } from './scope.ts';
import type { Watch, WatchOptions } from './watch.ts';
import { type CounterLike, type WatchedMetric, watchedMetric } from './watched-metric.ts';

/** Counters by what they count, as it stands in titles: `{ exports, 'assets created': assetsCreated }`. */
export type EventsInstrument<Name extends string> = Readonly<Record<Name, CounterLike>>;

/** The alerts of {@link eventsWatch}. */
export type EventsAlert = 'EventsUnusual' | 'EventsSilent';

/** What {@link eventsWatch} may be told. */
export interface EventsWatchOptions<Name extends string = string> extends WatchOptions<EventsAlert> {
  /** How many there may be per second. Default: no alert. */
  readonly perSecondMax?: { readonly [K in Name]?: number };
  /** Over how long that is taken. Default `5m`. */
  readonly window?: Duration;
  /** Alerts when there was none for so long. Default: no alert. */
  readonly silentAfter?: { readonly [K in Name]?: Duration };
}

/** The label that says which events an alert is about. */
const EVENT_LABEL = 'event';

/** Watches events: `eventsWatch({ exports }, { perSecondMax: { exports: 10 } })`. */
export function eventsWatch<const Name extends string>(
  instrument: EventsInstrument<Name>,
  options: EventsWatchOptions<NoInfer<Name>> = {},
): Watch {
  const scope = new Scope(options.where);
  const subject = subjectOf('Events', options);
  const counters = new Map<string, WatchedMetric>();
  for (const [name, given] of Object.entries<CounterLike>(instrument))
    counters.set(name, watchedMetric(`eventsWatch: ${name}`, given, ['counter']));
  const { window = '5m', perSecondMax = {}, silentAfter = {} } = options;
  const together = [...counters].filter(([, { labels }]) => Object.keys(labels).length === 0);
  const apart = [...counters].filter(([, { labels }]) => Object.keys(labels).length > 0);
  const unusual = told(counters, perSecondMax, (metric, max: number) =>
    gt(scope.events(metric, 'rate', window), max),
  );
  const silent = told(counters, silentAfter, (metric, within: Duration) =>
    // Below 1 and not equal to 0: an increase is never between the two, and floats are not compared for equality.
    lt(scope.events(metric, 'increase', within), 1),
  );
  return assembleWatch('Events', options, {
    rows: [
      {
        panels: [
          together.length === 0
            ? undefined
            : lines(
                {
                  title: 'How much',
                  description: 'Events per second. What is usual is good; look at jumps.',
                },
                {
                  queries: together.map(([name, metric]) =>
                    asked((range) => scope.events(metric, 'rate', range), name),
                  ),
                  unit: 'ops',
                },
              ),
          ...apart.map(([name, metric]) =>
            busiest(scope, metric, Object.keys(metric.labels)[0], {
              title: name,
              description: `How much of it per second, the ${LINES_MAX} most frequent kinds. What is usual is good; look at jumps.`,
            }),
          ),
        ],
      },
    ],
    alerts: {
      EventsUnusual: unusual && {
        expr: unusual,
        for: '10m',
        severity: 'info',
        summary: `${subject}: more than usual`,
        description: ({ value, label, text }) =>
          text`${value.humanize} per second of ${label(EVENT_LABEL)} within ${window}, more than is usual. See who causes it, and whether it is meant.`,
      },
      EventsSilent: silent && {
        expr: silent,
        for: '5m',
        severity: 'warning',
        summary: `${subject}: none any more`,
        description: ({ label, text }) =>
          text`There was nothing of ${label(EVENT_LABEL)} for longer than is usual. See whether what causes it still works.`,
      },
    },
  });
}

/** One expression for all that limits are told of; each series says which events it is about. */
function told<L>(
  counters: ReadonlyMap<string, WatchedMetric>,
  limits: Readonly<Record<string, L | undefined>>,
  ask: (metric: WatchedMetric, limit: L) => Series,
): Series | undefined {
  let all: Series | undefined;
  for (const [name, limit] of Object.entries(limits)) {
    if (limit === undefined) continue;
    const metric = counters.get(name);
    if (metric === undefined)
      throw new DefinitionError(
        `eventsWatch: there are no events ${JSON.stringify(name)}; there are ${[...counters.keys()].join(', ')}`,
      );
    const one: Series = labelReplace(ask(metric, limit), EVENT_LABEL, name.replaceAll('$', '$$'), '', '');
    all = all === undefined ? one : or(all, one);
  }
  return all;
}
