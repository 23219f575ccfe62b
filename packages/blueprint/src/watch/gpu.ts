/** GPUs: memory, load, temperature and power of each device. Machines without one have none of these series, and no alerts. */
import { gt, topk } from '@binnacle/promql/builder';
import type { Unit } from '../dashboard/unit-id.ts';
import { assembleWatch, subjectOf } from './assembly.ts';
import { type Capacity, nearlyFull, usedShare } from './capacity.ts';
import { type AboutPanel, asked, LINES_MAX, limit, lines } from './panels.ts';
import { combined, kept, Scope, type Series } from './scope.ts';
import type { Watch, WatchOptions } from './watch.ts';
import { type GaugeLike, type LabelOf, labelOf, watchedMetric } from './watched-metric.ts';

/** The metrics of GPUs. */
export interface GpuInstrument<U extends GaugeLike = GaugeLike> {
  /** Memory in use, in bytes. */
  readonly memoryUsed: U;
  /** Memory that there is, in bytes. */
  readonly memoryTotal?: GaugeLike | undefined;
  /** Share of time in which it worked, from 0 to 1. */
  readonly utilization?: GaugeLike | undefined;
  /** Temperature, in degrees Celsius. */
  readonly temperature?: GaugeLike | undefined;
  /** Power that it draws, in watts. */
  readonly power?: GaugeLike | undefined;
}

/** The alerts of {@link gpuWatch}. */
export type GpuAlert = 'GpuMemoryFull' | 'GpuHot';

/** What {@link gpuWatch} may be told. */
export interface GpuWatchOptions<Label extends string = string> extends WatchOptions<GpuAlert> {
  /** The label that tells devices apart; `false` for none. Default: `device`, `gpu` or `uuid`. */
  readonly deviceLabel?: Label | false;
  /** The share of memory that may be used. Default 0.95: models take all they get. */
  readonly memoryShareMax?: number;
  /** How hot it may become, in degrees Celsius. Default 85. */
  readonly celsiusMax?: number;
}

/** Watches GPUs: `gpuWatch({ memoryUsed, memoryTotal })`. */
export function gpuWatch<const U extends GaugeLike>(
  instrument: GpuInstrument<U>,
  options: GpuWatchOptions<NoInfer<LabelOf<U>>> = {},
): Watch {
  const scope = new Scope(options.where);
  const subject = subjectOf('GPU', options);
  const memoryUsed = watchedMetric('gpuWatch: memoryUsed', instrument.memoryUsed, ['gauge']);
  const memoryTotal = watchedMetric('gpuWatch: memoryTotal', instrument.memoryTotal, ['gauge']);
  const utilization = watchedMetric('gpuWatch: utilization', instrument.utilization, ['gauge']);
  const temperature = watchedMetric('gpuWatch: temperature', instrument.temperature, ['gauge']);
  const power = watchedMetric('gpuWatch: power', instrument.power, ['gauge']);
  const device = labelOf('gpuWatch', memoryUsed, options.deviceLabel, ['device', 'gpu', 'uuid']);
  const labels = ['instance', ...kept(memoryUsed, device)];
  const memory: Capacity | undefined = memoryTotal && {
    measured: memoryUsed,
    isFree: false,
    total: memoryTotal,
    by: labels,
  };
  const { memoryShareMax = 0.95, celsiusMax = 85 } = options;
  const heat =
    temperature && combined({ ...temperature, combination: 'max' }, scope.series(temperature), labels);
  const panel = (series: Series, unit: Unit, about: AboutPanel, max?: number) =>
    lines(about, {
      queries: [asked(() => topk(LINES_MAX, series), labels.map((name) => `{{${name}}}`).join(' '))],
      unit,
      ...limit(max),
    });
  return assembleWatch('GPU', options, {
    rows: [
      {
        panels: [
          utilization &&
            panel(
              combined({ ...utilization, combination: 'max' }, scope.series(utilization), labels),
              'percentunit',
              {
                title: 'Load',
                description:
                  'Share of time in which it worked. Low while much waits: what feeds it is too slow.',
              },
            ),
          panel(combined(memoryUsed, scope.series(memoryUsed), labels), 'bytes', {
            title: 'Memory',
            description:
              'Memory in use. Steps are models that are loaded. Only growing: some are never given back.',
          }),
          memory &&
            panel(
              usedShare(scope, memory),
              'percentunit',
              {
                title: 'Share of memory',
                description: 'Share of its memory that is used. At 100 % the next model fails to load.',
              },
              memoryShareMax,
            ),
          heat &&
            panel(
              heat,
              'celsius',
              { title: 'Temperature', description: 'How hot it is. Above the limit it slows itself down.' },
              celsiusMax,
            ),
          power &&
            panel(combined({ ...power, combination: 'max' }, scope.series(power), labels), 'watt', {
              title: 'Power',
              description:
                'What it draws. Much below what it can while it is loaded: it waits for memory or is slowed down.',
            }),
        ],
      },
    ],
    alerts: {
      GpuMemoryFull:
        memory &&
        nearlyFull(scope, memory, memoryShareMax, {
          subject,
          thing: 'memory',
          severity: 'warning',
          for: '10m',
          advice: 'See which models are loaded; take a smaller one, or fewer workers on one device.',
        }),
      GpuHot: heat && {
        expr: gt(heat, celsiusMax),
        for: '5m',
        severity: 'warning',
        summary: `${subject}: it is too hot`,
        description: ({ value, label, text }) =>
          text`${device === undefined ? text`A device` : text`Device ${label(device)}`} on ${label('instance')} has ${value.humanize} degrees, more than ${celsiusMax}; it slows itself down. Look at its fans and at the air.`,
      },
    },
  });
}
