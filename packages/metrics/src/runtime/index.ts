/** Metrics of the runtime, and the readings that they are made of. */
export {
  EVENT_LOOP_RESOLUTION_MS,
  EVENT_LOOP_WINDOW_MS,
  type EventLoopDelays,
  EventLoopMonitor,
  type EventLoopOptions,
  type EventLoopUsage,
  readLoopLag,
} from './event-loop.ts';
export {
  GC_BUCKETS,
  RUNTIME_FAMILIES,
  type RuntimeFamily,
  type RuntimeGroup,
  type RuntimeMetricName,
} from './families.ts';
export { GC_KINDS, type GcKind, type GcWatch, watchGarbageCollection } from './garbage-collection.ts';
export {
  type CpuReading,
  type MemoryReading,
  readCpu,
  readMaxFileDescriptors,
  readMemory,
  readNodeMemory,
  readOpenFileDescriptors,
  readStartTime,
  readVersion,
  type VersionReading,
} from './process-readings.ts';
export { type RuntimeMetrics, type RuntimeOptions, runtimeMetrics } from './runtime-metrics.ts';
export {
  type ActiveReading,
  type HeapReading,
  type HeapSpaceReading,
  readActiveHandles,
  readActiveRequests,
  readActiveResources,
  readHeap,
  readHeapSpaces,
  type WorkerWatch,
  watchWorkers,
} from './thread-readings.ts';
