/** Default metrics of the whole process. */
import {
  readCpu,
  readMaxFileDescriptors,
  readMemory,
  readNodeMemory,
  readOpenFileDescriptors,
  readStartTime,
  readVersion,
} from '@binnacle/metrics/runtime';
import { defaultMetric } from './definer.ts';

/** Processor time since the metrics were defined. */
export const processCpuTotal = defaultMetric(
  ['process_cpu_user_seconds_total', 'process_cpu_system_seconds_total', 'process_cpu_seconds_total'],
  (definer) => {
    let before = readCpu();
    if (before === undefined) return;
    const { labels } = definer;
    const add = (counter: typeof user, value: number) => {
      if (definer.config.enableExemplars) counter.inc({ labels, value: Math.max(0, value) });
      else counter.inc(labels, Math.max(0, value));
    };
    const user = definer.counter('process_cpu_user_seconds_total', {
      collect() {
        const now = readCpu();
        if (now === undefined || before === undefined) return;
        const userSeconds = now.userSeconds - before.userSeconds;
        const systemSeconds = now.systemSeconds - before.systemSeconds;
        before = now;
        add(user, userSeconds);
        add(system, systemSeconds);
        add(both, userSeconds + systemSeconds);
      },
    });
    const system = definer.counter('process_cpu_system_seconds_total');
    const both = definer.counter('process_cpu_seconds_total');
  },
);

/** The start of the process, in whole seconds. */
export const processStartTime = defaultMetric(['process_start_time_seconds'], (definer) => {
  const gauge = definer.gauge('process_start_time_seconds', {
    aggregator: 'omit',
    collect: () => gauge.set(definer.labels, Math.round(readStartTime())),
  });
});

/** Memory as Linux sees it. */
export const osMemoryHeapLinux = defaultMetric(
  ['process_resident_memory_bytes', 'process_virtual_memory_bytes', 'process_heap_bytes'],
  (definer) => {
    const { labels } = definer;
    const resident = definer.gauge('process_resident_memory_bytes', {
      collect() {
        const memory = readMemory();
        if (memory === undefined) return;
        resident.set(labels, memory.residentBytes);
        if (memory.virtualBytes !== undefined) virtual.set(labels, memory.virtualBytes);
        if (memory.dataBytes !== undefined) data.set(labels, memory.dataBytes);
      },
    });
    const virtual = definer.gauge('process_virtual_memory_bytes');
    const data = definer.gauge('process_heap_bytes');
  },
);

const osMemoryElsewhere = defaultMetric(['process_resident_memory_bytes'], (definer) => {
  const resident = definer.gauge('process_resident_memory_bytes', {
    collect() {
      const memory = readNodeMemory();
      if (memory !== undefined) resident.set(definer.labels, memory.rss);
    },
  });
});

/** Memory as the operating system sees it. */
export const osMemoryHeap = process.platform === 'linux' ? osMemoryHeapLinux : osMemoryElsewhere;

/** Open file descriptors; Linux only. */
export const processOpenFileDescriptors = defaultMetric(['process_open_fds'], (definer) => {
  if (process.platform !== 'linux') return;
  const gauge = definer.gauge('process_open_fds', {
    collect() {
      const open = readOpenFileDescriptors();
      if (open !== undefined) gauge.set(definer.labels, open);
    },
  });
});

/** The limit of open file descriptors, where it is known. */
export const processMaxFileDescriptors = defaultMetric(['process_max_fds'], (definer) => {
  const most = readMaxFileDescriptors();
  if (most === undefined) return;
  const gauge = definer.gauge('process_max_fds', { collect: () => gauge.set(definer.labels, most) });
});

/** The version of Node.js. */
export const version = defaultMetric(['nodejs_version_info'], (definer) => {
  const { version: whole, major, minor, patch } = readVersion();
  const gauge = definer.gauge('nodejs_version_info', {
    aggregator: 'first',
    // Each time, so that it is there also after the registry was reset.
    collect: () => gauge.labels(whole, major, minor, patch, ...Object.values(definer.labels)).set(1),
  });
});
