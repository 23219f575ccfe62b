// What reporting the system and GPUs costs: node instrument-system.mjs [rounds, default 7] [readings, default 300]
//
// A collection of `reportSystem` is what a scrape adds: the files are read anew and the metrics set. Measured is the
// processor time of the process, the file system's threads among it, and how long a collection takes beside nothing
// else; what a scrape every five seconds makes of one core is the processor time over those five seconds. On this
// machine as it is, and of containers whose files lie in a folder: with one limited group, and with eight one in the
// other. A plain file costs about what one of the kernel costs, which makes what it says when it is read.
//
// Of `reportGpus` it is what a run of the tool costs this process, most of it to start another one, with a tool that
// only prints; what the tool itself takes comes on top, and belongs to the tool.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { runTool } from '../packages/metrics/dist/gpu/gpu-command.js';
import { parseGpus } from '../packages/metrics/dist/gpu/gpu-readings.js';
import { createRegistry } from '../packages/metrics/dist/index.js';
import { reportSystem, systemMetrics } from '../packages/metrics/dist/system.js';
import { spread } from './clients.mjs';

const ROUNDS = Number(process.argv[2] ?? 7);
const READINGS = Number(process.argv[3] ?? 300);
const SCRAPE_INTERVAL_MS = 5_000;
/** The share of one core that it may take with a scrape every five seconds. */
const SHARE_MAX = 0.001;

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'binnacle-bench-'));
try {
  console.log(`median [least, greatest] of ${ROUNDS} rounds of ${READINGS}`);
  for (const [name, options] of [
    ['this machine', {}],
    ['a container', { root: container('one', 0) }],
    ['eight groups', { root: container('eight', 7) }],
    ['memory of the process', { metrics: ['processMemory'] }],
  ]) {
    const registry = createRegistry();
    const { root, metrics: only } = options;
    const reporting = reportSystem({
      metrics: systemMetrics({ registry, ...(only && { only }) }),
      ...(root && { root }),
    });
    const { cpuMs, wallMs } = await measure(() => registry.collect());
    reporting.stop();
    const share = cpuMs.median / SCRAPE_INTERVAL_MS;
    console.log(
      `  ${name.padEnd(24)}processor ${figures(cpuMs)} ms, takes ${figures(wallMs)} ms, ` +
        `${(share * 100).toFixed(4)} % of a core with a scrape every ${SCRAPE_INTERVAL_MS / 1000} s`,
    );
    if (share > SHARE_MAX) {
      console.log(`  … which is more than the ${SHARE_MAX * 100} % that it may take`);
      process.exitCode = 1;
    }
  }
  await gpus();
} finally {
  fs.rmSync(dir, { recursive: true, force: true });
}

async function gpus() {
  const tool = path.join(dir, 'nvidia-smi');
  const line = 'GPU-b1e0c7d2, NVIDIA A100-SXM4-80GB, 1024, 81920, 37, 41, 68.21';
  const lines = Array.from({ length: 8 }, (_, i) => `${i}, ${line}`).join('\n');
  fs.writeFileSync(tool, `#!/bin/sh\ncat <<'END'\n${lines}\nEND\n`, { mode: 0o755 });
  const held = [];
  // A run keeps no process running, so that this one would end while it waits.
  const running = setInterval(() => {}, 1_000);
  const { cpuMs, wallMs } = await measure(
    async () => {
      const beganMs = performance.now();
      const run = runTool(tool, [], 10_000);
      held.push(performance.now() - beganMs);
      const { text } = await run.ended;
      if (parseGpus('nvidia-smi', text).length !== 8) throw new Error('not all devices were read');
    },
    Math.ceil(READINGS / 10),
  );
  clearInterval(running);
  console.log(
    `  a run of a tool of GPUs processor ${figures(cpuMs)} ms, takes ${figures(wallMs)} ms, ` +
      `holds the event loop up ${figures(spread(held))} ms to start it`,
  );
}

/** Processor and other time of one piece of work, in milliseconds. */
async function measure(work, count = READINGS) {
  for (let i = 0; i < count / 5; i++) await work();
  const cpu = [];
  const wall = [];
  for (let round = 0; round < ROUNDS; round++) {
    const cpuBefore = process.cpuUsage();
    const beganMs = performance.now();
    for (let i = 0; i < count; i++) await work();
    const { user, system } = process.cpuUsage(cpuBefore);
    wall.push((performance.now() - beganMs) / count);
    cpu.push((user + system) / 1000 / count);
  }
  return { cpuMs: spread(cpu), wallMs: spread(wall) };
}

function figures({ median, min, max }) {
  return `${median.toFixed(3)} [${min.toFixed(3)}, ${max.toFixed(3)}]`;
}

/** A root folder with the files of a container, so many groups below the one at the mount point. */
function container(name, below) {
  const root = path.join(dir, name);
  const write = (file, text) => {
    fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    fs.writeFileSync(path.join(root, file), text);
  };
  const group = Array.from({ length: below }, (_, i) => `/g${i}`);
  write('/proc/self/cgroup', `0::${group.join('') || '/'}\n`);
  write('/proc/self/mountinfo', '34 25 0:29 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw\n');
  write('/proc/meminfo', 'MemTotal: 16777216 kB\nMemFree: 4194304 kB\nMemAvailable: 12582912 kB\n');
  write('/sys/devices/system/cpu/online', '0-7\n');
  for (let depth = 0; depth <= below; depth++) {
    const folder = `/sys/fs/cgroup${group.slice(0, depth).join('')}`;
    write(`${folder}/memory.max`, `${(64 - depth) * 2 ** 26}\n`);
    write(`${folder}/memory.current`, '209715200\n');
    write(
      `${folder}/memory.stat`,
      `anon 104857600\nfile 62914560\ninactive_file 52428800\n${'other 1\n'.repeat(50)}`,
    );
    write(`${folder}/memory.events`, 'low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n');
    write(`${folder}/cpu.max`, '150000 100000\n');
    write(
      `${folder}/cpu.stat`,
      'usage_usec 90\nuser_usec 60\nsystem_usec 30\nnr_periods 9\nnr_throttled 1\n',
    );
    for (const resource of ['cpu', 'memory', 'io'])
      write(`${folder}/${resource}.pressure`, 'some avg10=0 total=5\nfull avg10=0 total=1\n');
  }
  return root;
}
