/**
 * The monitor's own metrics: what its parts count anyway, as metric families, made when somebody asks.
 *
 * The monitor can scrape itself: its address is a target like any other.
 */
import { type Family, TEXT_CONTENT_TYPE, writeText } from '@binnacle/metrics/exposition';
import type { ApiResponse } from '../api/route.ts';
import type { RequestCount } from '../api/server.ts';
import type { ForwarderStatus } from '../notify/alertmanager-forwarder.ts';
import type { NotifierStatus } from '../notify/dispatcher.ts';
import type { SilenceState } from '../notify/silences.ts';
import type { RuleGroupStatus } from '../rules/rule-status.ts';
import { family, type Row } from './family.ts';
import { forwarderFamilies } from './forwarder-metrics.ts';
import type { IngestStats } from './ingest-protocol.ts';
import { notifierFamilies, silenceFamily } from './notifier-metrics.ts';
import type { ReloadStatus } from './reloads.ts';

/** What the monitor knows about itself at one moment. */
export interface OwnState {
  readonly version: string;
  readonly startTimeMs: number;
  readonly residentBytes: number;
  readonly reload: ReloadStatus;
  readonly ingest: IngestStats;
  readonly ruleGroups: readonly RuleGroupStatus[];
  /** Undefined when alerts go to no receiver. */
  readonly notifier: NotifierStatus | undefined;
  readonly silences: Readonly<Record<SilenceState, number>>;
  /** Alertmanagers that alerts go on to. */
  readonly alertmanagers: readonly ForwarderStatus[];
  readonly requests: readonly RequestCount[];
}

/** The answer to `GET /metrics`. */
export function ownMetricsResponse(state: OwnState): ApiResponse {
  return {
    status: 200,
    headers: { 'content-type': TEXT_CONTENT_TYPE, 'cache-control': 'no-store' },
    body: writeText(ownFamilies(state)),
  };
}

/** All families, in the order of the parts. */
export function ownFamilies(state: OwnState): Family[] {
  return [
    ...processFamilies(state),
    ...ingestFamilies(state),
    ...ruleFamilies(state),
    ...(state.notifier === undefined ? [] : notifierFamilies(state.notifier)),
    silenceFamily(state.silences),
    requestFamily(state),
    ...forwarderFamilies(state.alertmanagers),
  ];
}

function processFamilies(state: OwnState): Family[] {
  return [
    family('info', 'binnacle_build_info', 'The version that runs.', ['version'], [[1, state.version]]),
    family(
      'gauge',
      'process_start_time_seconds',
      'When the monitor started.',
      [],
      [[state.startTimeMs / 1000]],
    ),
    family(
      'gauge',
      'process_resident_memory_bytes',
      'Memory that the process holds.',
      [],
      [[state.residentBytes]],
    ),
    family(
      'gauge',
      'binnacle_config_last_reload_successful',
      'Whether the configuration was right when it was last read; if not, the one before is in force.',
      [],
      [[state.reload.isSuccessful ? 1 : 0]],
    ),
    family(
      'gauge',
      'binnacle_config_last_reload_success_timestamp_seconds',
      'When the configuration that is in force was read.',
      [],
      [[state.reload.lastSuccessMs / 1000]],
    ),
  ];
}

function ingestFamilies({ ingest }: OwnState): Family[] {
  const { database, scraper } = ingest;
  return [
    family('gauge', 'binnacle_targets', 'Targets that are scraped.', [], [[scraper.targets]]),
    family('counter', 'binnacle_scrapes_total', 'Scrapes that were made.', [], [[scraper.scrapes]]),
    family(
      'counter',
      'binnacle_scrape_failures_total',
      'Scrapes that failed.',
      [],
      [[scraper.failedScrapes]],
    ),
    family('gauge', 'binnacle_head_series', 'Series in memory.', [], [[database.series]]),
    family(
      'gauge',
      'binnacle_head_bytes',
      'What the samples in memory are estimated to take.',
      [],
      [[database.bytes]],
    ),
    family('gauge', 'binnacle_log_bytes', 'Size of the log on disk.', [], [[database.logBytes]]),
    family(
      'counter',
      'binnacle_samples_appended_total',
      'Samples that were stored.',
      [],
      [[database.samplesAppended]],
    ),
    family(
      'counter',
      'binnacle_samples_refused_total',
      'Samples that were not stored.',
      ['reason'],
      [
        [database.samplesOutOfOrder, 'out_of_order'],
        [database.samplesOutOfBounds, 'out_of_bounds'],
        [database.samplesOverSeriesMax, 'series_limit'],
      ],
    ),
    family(
      'counter',
      'binnacle_retention_drops_total',
      'How often a bound made storage give up its oldest samples.',
      ['bound'],
      [
        [database.dropsByTime, 'time'],
        [database.dropsByLogSize, 'log_size'],
        [database.dropsByMemory, 'memory'],
      ],
    ),
    family(
      'counter',
      'binnacle_storage_failures_total',
      'Operations of the disk that failed.',
      ['operation'],
      [
        [database.syncErrors, 'sync'],
        [database.retentionErrors, 'retention'],
      ],
    ),
  ];
}

function ruleFamilies({ ruleGroups }: OwnState): Family[] {
  const perGroup = (value: (group: RuleGroupStatus) => number) =>
    ruleGroups.map((group): Row => [value(group), group.file, group.name]);
  const labels = ['file', 'group'];
  const alerts = ruleGroups.flatMap((group) => group.rules).flatMap((rule) => rule.alerts);
  const inState = (state: string): Row => [alerts.filter((alert) => alert.state === state).length, state];
  return [
    family(
      'counter',
      'binnacle_rule_evaluations_total',
      'Evaluations of rules.',
      labels,
      perGroup((group) => group.ruleEvaluations),
    ),
    family(
      'counter',
      'binnacle_rule_evaluation_failures_total',
      'Evaluations of rules that failed.',
      labels,
      perGroup((group) => group.ruleFailures),
    ),
    family(
      'counter',
      'binnacle_rule_group_missed_evaluations_total',
      'Evaluations of groups that were due and left out.',
      labels,
      perGroup((group) => group.missedEvaluations),
    ),
    family(
      'gauge',
      'binnacle_rule_group_evaluation_duration_seconds',
      'How long the last evaluation took.',
      labels,
      perGroup((group) => group.evaluationDurationMs / 1000),
    ),
    family(
      'gauge',
      'binnacle_alerts',
      'Alerts by state.',
      ['state'],
      [inState('pending'), inState('firing')],
    ),
  ];
}

function requestFamily({ requests }: OwnState): Family {
  return family(
    'counter',
    'binnacle_http_requests_total',
    'Requests that the monitor answered.',
    ['route', 'status'],
    requests.map(({ route, status, count }): Row => [count, route, String(status)]),
  );
}
