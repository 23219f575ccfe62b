/** What the files service counts. Definitions only: importing this file counts nothing and opens nothing. */
import { counter } from '@binnacle/metrics';
import { databaseMetrics, httpMetrics } from './instruments.ts';

/** The service's name in its metrics folder, and its job name in Prometheus. */
export const SERVICE = 'files-service';

/** What a file can be. */
export const FILE_TYPES = ['image', 'video', 'audio', 'document', 'other'] as const;

export const http = httpMetrics();
export const database = databaseMetrics();

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
