/**
 * The machine: memory, disks and processors, as far as something measures them.
 *
 * What is used of what there is comes from two metrics, or from one and a number that is told. Where neither says how
 * much there is, there are panels and no alerts.
 */
import {
  avg,
  type Duration,
  div,
  gt,
  increase,
  noneOf,
  type RangeLength,
  rate,
  sub,
  sum,
  topk,
} from '@binnacle/promql/builder';
import type { Unit } from '../dashboard/unit-id.ts';
import { percent } from './alerts.ts';
import { assembleWatch, subjectOf } from './assembly.ts';
import { type Capacity, fillingUp, nearlyFull, usedShare } from './capacity.ts';
import { share } from './limits.ts';
import { type AboutPanel, asked, LINES_MAX, limit, lines } from './panels.ts';
import { combined, kept, Scope, type Series } from './scope.ts';
import type { Watch, WatchOptions } from './watch.ts';
import {
  type CounterLike,
  type GaugeLike,
  labelOf,
  type WatchedMetric,
  watchedMetric,
} from './watched-metric.ts';

/** The metrics of a machine, or of the share of it that a service has. */
export interface SystemInstrument {
  /** Memory in use, in bytes; or `memoryAvailable`. */
  readonly memoryUsed?: GaugeLike | undefined;
  /** Memory that is free, in bytes. */
  readonly memoryAvailable?: GaugeLike | undefined;
  /** Memory that there is, in bytes; or `memoryBytes`. */
  readonly memoryTotal?: GaugeLike | undefined;
  /** Disk in use, in bytes; or `diskAvailable`. */
  readonly diskUsed?: GaugeLike | undefined;
  /** Disk that is free, in bytes. */
  readonly diskAvailable?: GaugeLike | undefined;
  /** Disk that there is, in bytes; or `diskBytes`. */
  readonly diskTotal?: GaugeLike | undefined;
  /**
   * Processor time in seconds: that was used, where `cpuCores` says how much there is; else of each processor by mode,
   * `idle` among them.
   */
  readonly cpu?: CounterLike | undefined;
  /** How many processors there are, of a container how many it may use: 0.5, 4. */
  readonly cpuCores?: GaugeLike | undefined;
  /** Periods of a processor quota in which it was used up, of `periods`. */
  readonly throttled?: CounterLike | undefined;
  /** All periods of a processor quota in which something ran. */
  readonly periods?: CounterLike | undefined;
  /** Processes that were killed because there was no memory. */
  readonly oomKills?: CounterLike | undefined;
}

/** The alerts of {@link systemWatch}. */
export type SystemAlert =
  | 'SystemMemoryHigh'
  | 'SystemDiskNearlyFull'
  | 'SystemDiskFillingUp'
  | 'SystemCpuBusy'
  | 'SystemThrottled';

/** What {@link systemWatch} may be told. */
export interface SystemWatchOptions extends WatchOptions<SystemAlert> {
  /** How much memory there is for it on each instance, in bytes, where nothing measures it. */
  readonly memoryBytes?: number;
  /** How much disk there is for it on each instance, in bytes, where nothing measures it. */
  readonly diskBytes?: number;
  /** The share of memory that may be used. Default 0.9. */
  readonly memoryShareMax?: number;
  /** The share of disk that may be used. Default 0.85. */
  readonly diskShareMax?: number;
  /** From how long ago the disk is extrapolated. Default `6h`. */
  readonly fillingWindow?: Duration;
  /** Alerts when the disk will be full in so many seconds. Default a day. */
  readonly fullWithinSeconds?: number;
  /** The share of processor time that may be used. Default 0.9. */
  readonly cpuShareMax?: number;
  /** The share of periods in which the processor quota may be used up. Default 0.25. */
  readonly throttledShareMax?: number;
}

const DISK_LABELS = ['mountpoint', 'device', 'disk', 'path'];
const INSTANCE: readonly string[] = ['instance'];
const CPU_WINDOW: Duration = '5m';
/** What is no work: node_exporter counts waiting for disks apart from being idle. */
const IDLE_MODES = ['idle', 'iowait'] as const;
/** Periods in a second, of ten that there are at most, below which a share of them says nothing. */
const PERIODS_PER_SECOND_MIN = 1;

/** Watches a machine: `systemWatch({ memoryUsed, diskUsed }, { diskBytes: 50 * 2 ** 30 })`. */
export function systemWatch(instrument: SystemInstrument, options: SystemWatchOptions = {}): Watch {
  const scope = new Scope(options.where);
  const subject = subjectOf('System', options);
  const gauge = (part: Exclude<keyof SystemInstrument, CounterPart>) =>
    watchedMetric(`systemWatch: ${part}`, instrument[part], ['gauge']);
  const counter = (part: CounterPart) => watchedMetric(`systemWatch: ${part}`, instrument[part], ['counter']);
  const cpu = counter('cpu');
  const throttled = counter('throttled');
  const periods = counter('periods');
  const oomKills = counter('oomKills');
  const memory = sized(
    gauge('memoryUsed'),
    gauge('memoryAvailable'),
    gauge('memoryTotal') ?? options.memoryBytes,
  );
  const disk = sized(gauge('diskUsed'), gauge('diskAvailable'), gauge('diskTotal') ?? options.diskBytes);
  const { memoryShareMax = 0.9, diskShareMax = 0.85, cpuShareMax = 0.9 } = options;
  const { fillingWindow = '6h', fullWithinSeconds = 86_400 } = options;
  const diskAbout = {
    subject,
    thing: 'the disk',
    severity: 'warning',
    advice:
      'See what has grown and whether the cleanup runs; remove what is not needed before nothing can be written.',
  } as const;
  const { throttledShareMax = 0.25 } = options;
  const busy = cpu && cpuBusy(scope, cpu, gauge('cpuCores'));
  const heldBack =
    throttled && periods
      ? (window: RangeLength, least: number): Series =>
          div(
            sum(rate(scope.series(throttled), window)).by(...INSTANCE),
            gt(sum(rate(scope.series(periods), window)).by(...INSTANCE), least),
          )
      : undefined;
  return assembleWatch('System', options, {
    rows: [
      {
        panels: [
          busy &&
            panel(busy, INSTANCE, {
              title: 'Processors',
              description: `Share of processor time that is used, the ${LINES_MAX} busiest instances. At 100 % everything waits.`,
              unit: 'percentunit',
              max: cpuShareMax,
            }),
          heldBack &&
            panel((window) => heldBack(window, 0), INSTANCE, {
              title: 'Held back',
              description:
                'Share of periods in which the processor quota was used up, and everything waited for the next one. Good: near 0, also where processors are not busy on average.',
              unit: 'percentunit',
              max: throttledShareMax,
            }),
          ...sizePanels(scope, memory, {
            used: {
              title: 'Memory',
              description: 'Memory in use. Good: level, whatever the work. Growing for hours: a leak.',
            },
            share: {
              title: 'Share of memory',
              description: 'Share of memory that is used. At 100 % processes are killed.',
            },
            max: memoryShareMax,
          }),
          oomKills &&
            panel((window) => sum(increase(scope.series(oomKills), window)).by(...INSTANCE), INSTANCE, {
              title: 'Killed for memory',
              description:
                'Processes that were killed because there was no memory. Good: none. What they did is lost.',
              unit: 'short',
            }),
          ...sizePanels(scope, disk, {
            used: {
              title: 'Disk',
              description:
                'Disk in use. Good: level, as files come and go. Only growing: nothing removes what is old.',
            },
            share: {
              title: 'Share of the disk',
              description: 'Share of the disk that is used. At 100 % nothing can be written.',
            },
            max: diskShareMax,
          }),
        ],
      },
    ],
    alerts: {
      SystemMemoryHigh:
        memory.capacity &&
        nearlyFull(scope, memory.capacity, memoryShareMax, {
          subject,
          thing: 'memory',
          severity: 'warning',
          for: '15m',
          advice: 'See which process has grown; at 100 % one of them is killed.',
        }),
      SystemDiskNearlyFull:
        disk.capacity && nearlyFull(scope, disk.capacity, diskShareMax, { ...diskAbout, for: '15m' }),
      SystemDiskFillingUp:
        disk.capacity &&
        fillingUp(
          scope,
          disk.capacity,
          { window: fillingWindow, aheadSeconds: fullWithinSeconds },
          { ...diskAbout, for: '1h' },
        ),
      SystemCpuBusy: busy && {
        expr: gt(busy(CPU_WINDOW), share('cpuShareMax', cpuShareMax)),
        for: '15m',
        severity: 'warning',
        summary: `${subject}: the processors have no time left`,
        description: ({ value, label, text }) =>
          text`On ${label('instance')} ${value.percentage} of processor time is used, more than ${percent(cpuShareMax)}. See which process it is, and whether the work has grown.`,
      },
      SystemThrottled: heldBack && {
        expr: gt(heldBack(CPU_WINDOW, PERIODS_PER_SECOND_MIN), share('throttledShareMax', throttledShareMax)),
        for: '15m',
        severity: 'warning',
        summary: `${subject}: it is held back by its processor quota`,
        description: ({ value, label, text }) =>
          text`On ${label('instance')} the processor quota was used up in ${value.percentage} of the periods, more than ${percent(throttledShareMax)}; everything then waits for the next one. Raise the quota, or do less at once.`,
      },
    },
  });
}

/** What is measured of memory or a disk, and how full it is where that is known. */
interface Sized {
  readonly measured: WatchedMetric | undefined;
  readonly isFree: boolean;
  readonly labels: readonly string[];
  readonly capacity: Capacity | undefined;
}

function sized(
  used: WatchedMetric | undefined,
  available: WatchedMetric | undefined,
  total: WatchedMetric | number | undefined,
): Sized {
  const measured = used ?? available;
  const isFree = used === undefined;
  const place = measured && labelOf('systemWatch', measured, undefined, DISK_LABELS);
  const labels = [...INSTANCE, ...(measured === undefined ? [] : kept(measured, place))];
  return {
    measured,
    isFree,
    labels,
    capacity: measured && total !== undefined ? { measured, isFree, total, by: labels } : undefined,
  };
}

function sizePanels(
  scope: Scope,
  { measured, isFree, labels, capacity }: Sized,
  about: { readonly used: AboutPanel; readonly share: AboutPanel; readonly max: number },
) {
  if (measured === undefined) return [];
  const { used, share, max } = about;
  const shown = isFree ? { ...used, title: `${used.title} that is free` } : used;
  return [
    panel(() => combined(measured, scope.series(measured), labels), labels, { ...shown, unit: 'bytes' }),
    capacity && panel(() => usedShare(scope, capacity), labels, { ...share, unit: 'percentunit', max }),
  ];
}

function panel(
  build: (window: RangeLength) => Series,
  labels: readonly string[],
  { unit, max, ...about }: AboutPanel & { readonly unit: Unit; readonly max?: number | undefined },
) {
  const legend = labels.map((label) => `{{${label}}}`).join(' ');
  const query = asked((window) => topk(LINES_MAX, build(window)), legend);
  return lines(about, { queries: [query], unit, ...limit(max) });
}

/** The parts that are counters. */
type CounterPart = 'cpu' | 'throttled' | 'periods' | 'oomKills';

/**
 * The used share of processor time: what was used of what there is, else the mean over processors of the time that is
 * not idle; undefined where neither is to be known.
 */
function cpuBusy(
  scope: Scope,
  cpu: WatchedMetric,
  cores: WatchedMetric | undefined,
): ((window: RangeLength) => Series) | undefined {
  if (cores !== undefined) {
    const mode = labelOf('systemWatch: cpu', cpu, undefined, ['mode']);
    // A list of modes that are known is one of work.
    const isOpen = mode !== undefined && cpu.labels[mode] === 'open';
    const conditions = isOpen ? { [mode]: noneOf(...IDLE_MODES) } : undefined;
    return (window) =>
      div(
        sum(rate(scope.series(cpu, conditions), window)).by(...INSTANCE),
        gt(combined(cores, scope.series(cores), INSTANCE), 0),
      );
  }
  const mode = labelOf('systemWatch: cpu', cpu, 'mode', []) ?? 'mode';
  const modes = cpu.labels[mode]!;
  if (modes !== 'open' && !modes.includes('idle')) return undefined;
  return (window) => sub(1, avg(rate(scope.series(cpu, { [mode]: 'idle' }), window)).by(...INSTANCE));
}
