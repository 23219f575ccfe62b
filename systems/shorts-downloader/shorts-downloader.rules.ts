/**
 * Tests of the alerts: `binnacle test shorts-downloader.rules.ts`. Each is silent at first, fires over its trouble, and
 * ends after it; and is silent where the trouble stays just below the limit.
 */
import { fires, ruleTest, ruleTests, series, silent } from '@binnacle/blueprint';
import config from './binnacle.config.ts';
import { QUOTA_BYTES } from './src/blueprint.ts';
import { celeryQueueLength, downloads, storage } from './src/metrics.ts';

const job = 'youtube_downloader';
const instance = 'localhost:3001';

/** A counter that grows by so much every 15 seconds for 30 minutes of trouble, and by so much for 30 minutes after it. */
function counts(inTrouble: number, afterwards: number): string {
  return `0+${inTrouble}x119 ${inTrouble * 120}+${afterwards}x120`;
}

/** Downloads by how they ended, so many each in 15 seconds; afterwards none fails. */
function ended(failed: number, success: number): string[] {
  return [
    series(downloads, { status: 'failed', provider: 'unknown', job }, counts(failed, 0)),
    series(downloads, { status: 'success', provider: 's3', job }, counts(success, failed + success)),
  ];
}

/** What lies with a provider, for 20 minutes, and then a half of that. */
function used(share: number): string[] {
  const bytes = Math.round(share * QUOTA_BYTES);
  return [
    series(storage.usage, { provider: 'gcs', job }, `${bytes}x80 ${Math.round(bytes / 2)}x40`),
    series(storage.usage, { provider: 's3', job }, '1000x120'),
  ];
}

export default ruleTests(config, [
  ruleTest('three of ten downloads fail', {
    series: ended(3, 7),
    expect: [
      silent('HighDownloadFailureRate', '9m'),
      fires('HighDownloadFailureRate', '15m', [
        {
          labels: { severity: 'warning' },
          annotations: { description: '30% of the downloads of the last 10 minutes failed' },
        },
      ]),
      silent('HighDownloadFailureRate', '45m'),
    ],
  }),
  ruleTest('every fifth download fails', {
    series: ended(2, 8),
    expect: [silent('HighDownloadFailureRate', '25m')],
  }),
  ruleTest('nobody downloads', {
    series: ended(0, 0),
    expect: [silent('HighDownloadFailureRate', '25m')],
  }),

  ruleTest('a provider is nearly full', {
    series: used(0.9),
    expect: [
      silent('StorageQuotaNearlyUsed', '14m45s'),
      fires('StorageQuotaNearlyUsed', '15m', [
        { labels: { provider: 'gcs' }, annotations: { description: 'gcs holds 90% of its quota' } },
      ]),
      silent('StorageQuotaNearlyUsed', '21m'),
    ],
  }),
  ruleTest('a provider holds four fifths of its quota', {
    series: used(0.8),
    expect: [silent('StorageQuotaNearlyUsed', '19m')],
  }),

  ruleTest('the queue does not get shorter', {
    series: [series(celeryQueueLength, { job }, '51x80 3x20')],
    expect: [
      silent('TaskQueueBacklog', '14m45s'),
      fires('TaskQueueBacklog', '15m', [{ annotations: { description: '51 tasks wait in the queue' } }]),
      silent('TaskQueueBacklog', '21m'),
    ],
  }),
  ruleTest('the queue was long for a while', {
    series: [series(celeryQueueLength, { job }, '51x50 50 51x40')],
    expect: [silent('TaskQueueBacklog', '20m')],
  }),

  ruleTest('the backend does not answer', {
    series: [`up{job="${job}",instance="${instance}"} 1x4 0x20 1x20`],
    expect: [
      silent('BackendDown', '3m'),
      fires('BackendDown', '3m15s', [
        {
          labels: { severity: 'critical', instance },
          annotations: { description: `${instance} has not answered its scrapes for 2 minutes` },
        },
      ]),
      silent('BackendDown', '8m'),
    ],
  }),
]);
