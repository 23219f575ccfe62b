/** Bringing metrics to somebody who keeps them, for jobs that are over before they could be scraped. */
export {
  type DeliveryOptions,
  PUSH_ANSWER_CHARACTERS_MAX,
  PUSH_RETRIES,
  PUSH_RETRY_FIRST_MS,
  PUSH_RETRY_WAIT_MS_MAX,
  PUSH_TIMEOUT_MS,
  PushError,
  type PushErrorCode,
} from './deliver.ts';
export { deletePushed, type GroupingKey, type PushOptions, pushMetrics } from './pushgateway.ts';
export { type RemoteWriteOptions, RemoteWriter, WRITE_SAMPLES_MAX } from './remote-write.ts';
export { compressSnappy, SNAPPY_BYTES_MAX, SnappyError, uncompressSnappy } from './snappy.ts';
