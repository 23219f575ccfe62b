/** What the files service counts. Definitions only: importing this file counts nothing and opens nothing. */
import { counter } from '@binnacle/metrics';
import { diskMetrics } from '@binnacle/metrics/disk';
import { fetchMetrics } from '@binnacle/metrics/fetch';
import { httpMetrics } from '@binnacle/metrics/http';
import { databaseMetrics } from '@binnacle/metrics/pg';
import { uploadMetrics } from '@binnacle/metrics/uploads';

/** The service's name in its metrics folder, and its job name in Prometheus. */
export const SERVICE = 'files-service';

/** What a file can be. */
export const FILE_TYPES = ['image', 'video', 'audio', 'document', 'other'] as const;

export const http = httpMetrics({ names: { requestSize: false, responseSize: false } });
export const database = databaseMetrics({ names: { idle: false } });
export const calls = fetchMetrics();
export const disk = diskMetrics({ folders: ['files'] });

/** All uploads, however they end; {@link filesUploaded} are those that are stored. */
export const uploads = uploadMetrics({
  reasons: ['file_too_large', 'empty_file', 'invalid_name', 'no_such_asset', 'client_went_away'],
  sizeBuckets: [10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000],
});

/** Files that were stored, by what they are. */
export const filesUploaded = counter({
  name: 'files_uploaded_total',
  help: 'Total number of files uploaded',
  labels: { file_type: FILE_TYPES },
});

/** Contents that were sent to their last byte, whole or in part; those that a client broke off are left out. */
export const filesDownloaded = counter({
  name: 'files_downloaded_total',
  help: 'Total number of files downloaded',
});

/** Files that were deleted. */
export const filesDeleted = counter({ name: 'files_deleted_total', help: 'Total number of files deleted' });

/** Files whose description was handed out: one by one, or each one of a list. */
export const filesRetrieved = counter({
  name: 'files_retrieved_total',
  help: 'Total number of files retrieved',
});
