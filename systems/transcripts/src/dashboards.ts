/**
 * The three dashboards of the document, in its order: is all well, does the API answer, do videos come through.
 *
 * The panels of the document stand first, under their titles; rows of watches follow, closed, for whoever looks for the
 * cause. What the alerts are held against is drawn where one sees it come.
 */
import {
  barGauge,
  type Dashboard,
  dashboard,
  databaseWatch,
  gauge,
  gpuWatch,
  heatmap,
  type Row,
  row,
  runtimeInstrument,
  runtimeWatch,
  stat,
  tagLink,
  timeseries,
  type Watch,
} from '@binnacle/blueprint';
import {
  div,
  histogramQuantile,
  increase,
  max,
  min,
  mul,
  or,
  rate,
  re,
  selectors,
  sum,
} from '@binnacle/promql/builder';
import {
  EXPORTS_PER_SECOND_MAX,
  FAILED_REQUESTS_MAX,
  FAILED_VIDEOS_MAX,
  PENDING_MAX,
  RESPONSE_SECONDS_MAX,
} from './alerts.ts';
import * as api from './metrics/api.ts';
import { SYSTEM } from './metrics/system.ts';
import * as worker from './metrics/worker.ts';

const { select, buckets, sumOf, countOf } = selectors({
  labels: { system: [SYSTEM] },
  where: { system: SYSTEM },
});

const RATE = '$__rate_interval';
const DAY = '24h';
const COMMON = {
  tags: [SYSTEM],
  refresh: '30s',
  time: { from: 'now-1h', to: 'now' },
  links: [tagLink('Transcripts', [SYSTEM])],
} as const;

/** What the monitor writes of every target. */
const UP = { type: 'gauge', name: 'up', labels: {} } as const;

const RESULT_COLORS = { completed: 'green', failed: 'red' } as const;

const of = (module: { readonly SERVICE: string }) => ({ where: { system: SYSTEM, job: module.SERVICE } });

/** The rows of a watch, closed. Its alerts are not taken: those of the document are all there are. */
function closed({ rows }: Watch): Row[] {
  return rows.map(({ title, panels }) => row(title, panels, { collapsed: true }));
}

const requests = rate(select(api.http.requests), RATE);
const byEndpoint = sum(requests).by('endpoint');
const failedByEndpoint = sum(rate(select(api.http.requests, { status: re('5..') }), RATE)).by('endpoint');
/** Over minutes: of the few requests of a quiet moment a single mistake would be all. */
const SHARE_RANGE = '5m';
const goodRequests = sum(rate(select(api.http.requests, { status: re('2..|3..') }), SHARE_RANGE));
const allRequests = sum(rate(select(api.http.requests), SHARE_RANGE));

/** What a share of requests to any endpoint stay below. */
function responseTime(q: number) {
  return histogramQuantile(q, sum(rate(buckets(api.http.duration), RATE)).by('le'));
}

const waiting = max(select(worker.videosPending));
const inProgress = sum(select(worker.videosInProgress));

const overview = dashboard({
  ...COMMON,
  title: 'System Overview',
  uid: 'overview',
  description: 'Are the API and the worker there, do people come, and do their videos come through?',
  rows: [
    row('Services', [
      stat('Service health (API, Worker)', min(select(UP)).by('job'), {
        description:
          'Whether the metrics of each service can be read. Down: it has ended, or cannot start; read what it printed. Alerts after 2 minutes.',
        legend: '{{job}}',
        mappings: [
          { value: 1, text: 'up', color: 'green' },
          { value: 0, text: 'down', color: 'red' },
        ],
        colorMode: 'background',
        graph: 'none',
        noValue: 'no target',
        width: 12,
        height: 5,
      }),
      stat(
        'What runs',
        {
          'API {{version}}': max(select(api.appInfo)).by('version'),
          '{{whisper_model}} by {{whisper_backend}}': max(select(worker.workerInfo)).by(
            'whisper_model',
            'whisper_backend',
          ),
        },
        {
          description:
            'The version of the API, and what the worker transcribes with. Several at once only while a new one is rolled out.',
          unit: 'short',
          textMode: 'name',
          colorMode: 'none',
          graph: 'none',
          width: 12,
          height: 5,
        },
      ),
    ]),
    row('Requests', [
      timeseries('Request rates', sum(requests).by('status'), {
        description:
          'Requests per second by status. 4xx are mistakes of clients; 5xx are ours, open API Performance. None at all: nobody can reach us.',
        min: 0,
        stack: 'normal',
        width: 24,
      }),
    ]),
    row('Jobs and videos', [
      stat(
        'Jobs created/completed (24h)',
        {
          created: sum(increase(select(api.jobsCreated), DAY)),
          completed: sum(increase(select(api.jobsCompleted), DAY)),
          failed: sum(increase(select(api.jobsFailed), DAY)),
        },
        {
          description:
            'Jobs of the last 24 hours. Good: as many completed as created, but for those that wait. Many failed: the status of a job says why.',
          unit: 'short',
          decimals: 0,
          colors: { created: 'blue', ...RESULT_COLORS },
          graph: 'none',
          width: 12,
          height: 4,
        },
      ),
      stat(
        'Videos transcribed/failed (24h)',
        {
          transcribed: sum(increase(select(api.videosTranscribed), DAY)),
          failed: sum(increase(select(api.videosFailed), DAY)),
        },
        {
          description:
            'Videos of the last 24 hours whose transcript is stored, and those that were given up. A job of a channel has many videos. Many failed: open Transcription Pipeline.',
          unit: 'short',
          decimals: 0,
          colors: { transcribed: 'green', failed: 'red' },
          graph: 'none',
          width: 12,
          height: 4,
        },
      ),
      timeseries(
        'Videos pending/in progress',
        { pending: waiting, 'in progress': inProgress },
        {
          description:
            'Videos that wait, and those that a worker has in its hands. Waiting while none is in progress: the worker is gone or stands still. Only growing: add workers.',
          unit: 'suffix: videos',
          min: 0,
          interpolation: 'stepAfter',
          colors: { pending: 'orange', 'in progress': 'green' },
          width: 24,
        },
      ),
    ]),
  ],
});

const apiPerformance = dashboard({
  ...COMMON,
  title: 'API Performance',
  uid: 'api-performance',
  description: 'Does the API answer in time and without errors, and what is it asked for?',
  rows: [
    row('Requests', [
      timeseries('Request rate by endpoint', byEndpoint, {
        description:
          'Requests per second to each route. Most ask for the status of a job. A route that grows alone: a client that asks in a loop.',
        min: 0,
        stack: 'normal',
      }),
      timeseries(
        'Response time percentiles (p50, p95, p99)',
        { p50: responseTime(0.5), p95: responseTime(0.95), p99: responseTime(0.99) },
        {
          description:
            'What half, 95 and 99 of 100 requests stay below. Good: p95 below 0.1 s. All three growing: the database or the machine; p99 alone: one route, see the slowest endpoints.',
          min: 0,
          colors: { p50: 'green', p95: 'orange', p99: 'red' },
        },
      ),
      timeseries(
        'Slowest endpoints',
        histogramQuantile(0.95, sum(rate(buckets(api.http.duration), RATE)).by('le', 'endpoint')),
        {
          description: `Of 20 requests to a route, 19 are answered within this time. Searches and exports are the slow ones. Alert above ${RESPONSE_SECONDS_MAX} s for 5 minutes.`,
          min: 0,
          thresholds: [{ color: 'green' }, { value: RESPONSE_SECONDS_MAX, color: 'red' }],
          thresholdStyle: 'dashed',
        },
      ),
      timeseries(
        'Error rates by endpoint',
        // A route that never failed has no series that says so.
        div(or(failedByEndpoint, mul(0, byEndpoint)), byEndpoint),
        {
          description: `Share of requests to each route that were answered with 5xx. All routes: the database. One: read the log of the API. Alert above ${100 * FAILED_REQUESTS_MAX}% of all for 5 minutes.`,
          unit: 'percentunit',
          min: 0,
          thresholds: [{ color: 'green' }, { value: FAILED_REQUESTS_MAX, color: 'red' }],
          thresholdStyle: 'dashed',
          width: 9,
        },
      ),
      gauge('Success rate gauge', div(goodRequests, allRequests), {
        description:
          'Share of the requests of five minutes that were answered with 2xx or 3xx. Mistakes of clients (4xx) lower it too. Good: above 90%. Below: Request rates in System Overview says which status grows.',
        thresholds: [{ color: 'red' }, { value: 0.75, color: 'orange' }, { value: 0.9, color: 'green' }],
        width: 6,
      }),
      timeseries('Concurrent requests', sum(select(api.http.inFlight)), {
        description:
          'Requests that are being answered now. Good: a handful. Growing and not falling: they wait for something, mostly for the database or a lock in it.',
        legend: 'in flight',
        unit: 'suffix: requests',
        min: 0,
        interpolation: 'stepAfter',
        width: 9,
      }),
    ]),
    row('What it is used for', [
      timeseries('Search query rates', sum(rate(select(api.searchQueries), RATE)).by('backend'), {
        description:
          'Searches per second by what answers them. They cost the database more than anything else here: see the slowest endpoints when there are many.',
        unit: 'ops',
        min: 0,
      }),
      timeseries('Export rates', sum(rate(select(api.exports), RATE)).by('format'), {
        description: `Transcripts per second that are fetched as a file. Alert where there are more than ${EXPORTS_PER_SECOND_MAX} in a second for 10 minutes: somebody copies the library.`,
        unit: 'ops',
        min: 0,
        stack: 'normal',
      }),
    ]),
    ...closed(databaseWatch(api.database, of(api))),
    ...closed(runtimeWatch(runtimeInstrument(), of(api))),
  ],
});

/** Videos are few: within the interval of a rate mostly none ends. As long as the alert looks back. */
const VIDEOS = '15m';

/** How long a stage took on average. Its buckets begin at seconds, where most videos are quicker than the first. */
function stage(histogram: typeof worker.downloadDuration) {
  return div(sum(rate(sumOf(histogram), VIDEOS)), sum(rate(countOf(histogram), VIDEOS)));
}

const transcribed = worker.transcriptionDuration;
const transcribing = {
  'mean {{model}}': div(
    sum(rate(sumOf(transcribed), VIDEOS)).by('model'),
    sum(rate(countOf(transcribed), VIDEOS)).by('model'),
  ),
  '95th percentile {{model}}': histogramQuantile(
    0.95,
    sum(rate(buckets(transcribed), VIDEOS)).by('le', 'model'),
  ),
};

const processed = sum(rate(select(worker.videosProcessed), VIDEOS));
const failed = sum(rate(select(worker.videosProcessed, { result: 'failed' }), VIDEOS));

const pipeline = dashboard({
  ...COMMON,
  title: 'Transcription Pipeline',
  uid: 'pipeline',
  description: 'Do videos come through, how long does each stage take, and where do they pile up?',
  rows: [
    row('Queue', [
      timeseries(
        'Video queue status',
        { pending: waiting, 'in progress': inProgress },
        {
          description: `Videos that wait beside those that are worked on. Good: falls back to 0 between bursts. Alert above ${PENDING_MAX} waiting for 30 minutes.`,
          unit: 'suffix: videos',
          min: 0,
          interpolation: 'stepAfter',
          colors: { pending: 'orange', 'in progress': 'green' },
          thresholds: [{ color: 'green' }, { value: PENDING_MAX, color: 'red' }],
          thresholdStyle: 'dashed',
        },
      ),
      timeseries('Videos by pipeline stage', sum(select(worker.videosInProgress)).by('state'), {
        description:
          'Where the videos are that are worked on. Mostly transcribing: that is the work. Mostly downloading: whoever serves the media is slow.',
        unit: 'suffix: videos',
        min: 0,
        stack: 'normal',
        interpolation: 'stepAfter',
      }),
      timeseries(
        'Processing rates (completed/failed)',
        sum(rate(select(worker.videosProcessed), RATE)).by('result'),
        {
          description:
            'Videos per second by how they ended. None while some wait: the worker stands still. failed: broken or silent media, or an engine that is not there; the status of the job says which.',
          unit: 'ops',
          min: 0,
          colors: RESULT_COLORS,
        },
      ),
      // binnacle:ignore rate-interval videos are few, and mostly none ends within the interval of a rate
      timeseries('Share that fails', div(failed, processed), {
        description: `Share of the videos that failed within 15 minutes. Good: near 0. Alert above ${100 * FAILED_VIDEOS_MAX}% for 10 minutes.`,
        legend: 'failed',
        unit: 'percentunit',
        min: 0,
        colors: { failed: 'red' },
        thresholds: [{ color: 'green' }, { value: FAILED_VIDEOS_MAX, color: 'red' }],
        thresholdStyle: 'dashed',
      }),
    ]),
    row('Stages', [
      // binnacle:ignore rate-interval videos are few, and mostly none ends within the interval of a rate
      timeseries('Transcription duration by model', transcribing, {
        description:
          'How long transcribing a video takes, over 15 minutes: the mean, and what 95 of 100 stay below. It follows the length of the video; growing without longer videos: the processor or the GPU is shared or hot.',
        min: 0,
      }),
      // binnacle:ignore rate-interval videos are few, and mostly none ends within the interval of a rate
      timeseries(
        'Pipeline stage durations (download, transcode, diarization)',
        {
          download: stage(worker.downloadDuration),
          transcode: stage(worker.transcodeDuration),
          diarization: stage(worker.diarizationDuration),
        },
        {
          description:
            'How long the other stages take on average, over 15 minutes. They should be short beside transcribing; download alone growing: the network, or whoever serves the media.',
          min: 0,
        },
      ),
    ]),
    row('Chunks and models', [
      barGauge('Chunks per video', sum(increase(buckets(worker.chunkCount), '$__range')).by('le'), {
        description:
          'Into how many chunks the videos of the shown time were cut: how many had up to so many, and more than the bar before. It follows their length.',
        buckets: true,
        unit: 'short',
        decimals: 0,
        width: 8,
      }),
      heatmap('Chunk transcription duration', sum(rate(buckets(worker.chunkDuration), RATE)).by('le'), {
        description:
          'How many chunks per second took how long. Chunks are of one length, so that this is one dark band; a second one above it is a second model, or a machine that is too busy.',
        width: 8,
      }),
      barGauge(
        'Model load times',
        div(
          sum(increase(sumOf(worker.modelLoad), '$__range')).by('model', 'backend'),
          sum(increase(countOf(worker.modelLoad), '$__range')).by('model', 'backend'),
        ),
        {
          description:
            'How long it took on average until a model was ready, in the shown time. The programs that transcribe load it for each chunk, so that it should be short beside a chunk. Growing: the disk is slow, or memory is short and the model is read anew.',
          legend: '{{model}} by {{backend}}',
          width: 8,
        },
      ),
    ]),
    ...closed(gpuWatch(worker.gpu, of(worker))),
    ...closed(runtimeWatch(runtimeInstrument(), of(worker))),
  ],
});

/** The dashboards of the document. */
export const dashboards: readonly Dashboard[] = [overview, apiPerformance, pipeline];
