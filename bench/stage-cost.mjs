// What the reference systems take together: node stage-cost.mjs [--seconds 60] [--settle 60] [--processes] [SYSTEM...]
//
// Starts the stage of `npm start` in a temporary folder, with visitors and the monitor, lets it settle, and then reads
// every two seconds what each of its processes takes: memory as the kernel's proportional set size, in which a page that
// several processes share counts once in all (`/proc/PID/smaps_rollup`), and time of the processor (`/proc/PID/stat`),
// with that of processes that have ended meanwhile. Linux only. Databases (PostgreSQL, Redis) stand by themselves: they
// are not in the total, which may be 2 GB and one processor. Other programs of Node.js on the machine share its code, and
// so make the column "files" smaller; "alone" is the total as it would be without them: what is nobody else's, and each
// file that is mapped once, as far as the process that has most of it has it in memory.
//
// --processes tells of each process too. Exit code 1 where the total is more than it may be.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { spread } from './clients.mjs';

const MEMORY_MB_MAX = 2_000;
const PROCESSORS_MAX = 1;
const SAMPLE_MS = 2_000;
/** How much time of the processor one reading of its greatest use spans. */
const LOAD_SAMPLES = 5;
/** What the kernel counts time in, on every architecture that Node.js runs on. */
const TICKS_PER_SECOND = 100;
const STAGE = 'stage';
const DATABASES = 'databases';
const MAIN = fileURLToPath(new URL('../systems/stage/dist/main.js', import.meta.url));

const { values: options, positionals: systems } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    settle: { type: 'string', default: '60' },
    processes: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'binnacle-cost-'));
// Where this runs as root, PostgreSQL runs as nobody, who has to get there.
fs.chmodSync(folder, 0o755);
const stage = spawn(process.execPath, [MAIN, ...systems], {
  env: { ...process.env, BINNACLE_STAGE_DIR: folder, BINNACLE_PORT: '0' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => {
    stage.kill('SIGTERM');
    interrupted.abort();
  });
try {
  await running(stage);
  await sleep(1000 * Number(options.settle), undefined, interrupted);
  const samples = [];
  const untilMs = performance.now() + 1000 * Number(options.seconds);
  // Reading takes time too, on a machine that has none left.
  while (samples.length <= LOAD_SAMPLES || performance.now() < untilMs) {
    if (samples.length > 0) await sleep(SAMPLE_MS, undefined, interrupted);
    if (stage.exitCode !== null) throw new Error('the stage has ended; what it said stands above');
    samples.push({ at: performance.now(), processes: processesOf(stage.pid) });
  }
  const last = samples.at(-1).processes.filter(({ group }) => group !== DATABASES);
  report(samples, filesOnce(last));
} catch (error) {
  if (!interrupted.signal.aborted) throw error;
  process.exitCode = 1;
} finally {
  if (stage.exitCode === null && stage.signalCode === null) {
    const ended = once(stage, 'exit');
    stage.kill('SIGTERM');
    await ended;
  }
  fs.rmSync(folder, { recursive: true, force: true });
}

/** Waits until everything is up; what could not start is no reason to go on. */
async function running(child) {
  let text = '';
  child.stdout.setEncoding('utf8');
  for await (const piece of child.stdout.iterator({ destroyOnReturn: false })) {
    text += piece;
    if (text.includes('Ctrl-C')) break;
  }
  child.stdout.resume();
  if (!text.includes('Ctrl-C') || text.includes('did not start'))
    throw new Error(`the stage is not whole:\n${text}`);
}

/** Every process that descends from the stage, with what it takes. */
function processesOf(root) {
  const all = new Map();
  for (const entry of fs.readdirSync('/proc')) {
    const stat = /^\d+$/.test(entry) ? read(`/proc/${entry}/stat`) : undefined;
    if (stat === undefined) continue;
    // The name stands in brackets, and may hold any.
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    const [, parent, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // utime, stime and those of children that have been waited for: fields 14 to 17.
    const ticks = rest.slice(9, 13).reduce((sum, field) => sum + Number(field), 0);
    all.set(Number(entry), { pid: Number(entry), parent: Number(parent), name, ticks });
  }
  const found = [];
  for (const one of all.values()) {
    const line = lineageOf(one.pid, all);
    if (!line.includes(root)) continue;
    const rollup = read(`/proc/${one.pid}/smaps_rollup`);
    if (rollup === undefined) continue; // it ends at this moment, or has and is not waited for yet
    found.push({
      ...one,
      group: groupOf(one, line[line.indexOf(root) - 1]),
      title: titleOf(one),
      pss: megabytes(rollup, 'Pss'),
      own: megabytes(rollup, 'Pss_Anon') + megabytes(rollup, 'Pss_Shmem'),
      files: megabytes(rollup, 'Pss_File'),
    });
  }
  return found;
}

function megabytes(text, field) {
  return (Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024) / 1e6;
}

/** What files take that some processes have mapped, each part of a file once. */
function filesOnce(processes) {
  const parts = new Map();
  for (const { pid } of processes) {
    for (const mapping of (read(`/proc/${pid}/smaps`) ?? '').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)) {
      const [, offset, file] = /^\S+ \S+ (\S+) \S+ [1-9]\d* +(\/.*)$/m.exec(mapping) ?? [];
      if (file === undefined) continue;
      const resident = megabytes(mapping, 'Rss') - megabytes(mapping, 'Anonymous');
      parts.set(`${file} ${offset}`, Math.max(parts.get(`${file} ${offset}`) ?? 0, resident));
    }
  }
  return [...parts.values()].reduce((sum, part) => sum + part, 0);
}

/** The process and its ancestors. */
function lineageOf(pid, all) {
  const line = [];
  for (let at = pid; at > 0 && !line.includes(at); at = all.get(at)?.parent ?? 0) line.push(at);
  return line;
}

/** To what a process belongs, by itself and by the child of the stage that it descends from. */
function groupOf({ name }, startedByStage) {
  if (/^(postgres|redis-server)/.test(name)) return DATABASES;
  if (startedByStage === undefined) return STAGE;
  const command = commandOf(startedByStage);
  if (/visitors/.test(command)) return 'visitors';
  return /\/systems\/([^/]+)\//.exec(command)?.[1] ?? 'monitor';
}

function titleOf({ pid, name }) {
  const script = /[^/\s]+\/(?:dist|bin)\/(\S+)/.exec(commandOf(pid))?.[0];
  return script ?? name;
}

function commandOf(pid) {
  const command = (read(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ');
  const [, script = command] = /^\S+ (?:-\S+ )*(\S+)/.exec(command) ?? [];
  return fs.existsSync(script) ? fs.realpathSync(script) : script;
}

function read(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** Prints the table; `filesAlone` is what files would take where nobody else had them mapped. */
function report(samples, filesAlone) {
  const groups = [...new Set(samples.flatMap(({ processes }) => processes.map(({ group }) => group)))];
  const rank = (group) => ['visitors', 'monitor', STAGE, DATABASES].indexOf(group);
  groups.sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
  console.log(
    `${samples.length} readings in ${options.seconds} s after ${options.settle} s: median (greatest)\n`,
  );
  row('', 'processes', 'memory MB', 'own MB', 'files MB', 'processors');
  for (const group of groups) if (group !== DATABASES) rowOf(group, samples, (one) => one.group === group);
  const total = rowOf('total', samples, ({ group }) => group !== DATABASES);
  if (groups.includes(DATABASES)) rowOf(DATABASES, samples, ({ group }) => group === DATABASES);
  const alone = total.own + filesAlone;
  console.log(`\n  alone on a machine: ${alone.toFixed(0)} MB, of which files ${filesAlone.toFixed(0)}`);
  if (options.processes) perProcess(samples);
  if (alone > MEMORY_MB_MAX || total.processors > PROCESSORS_MAX) {
    console.log(
      `\nThat is more than the ${MEMORY_MB_MAX} MB and ${PROCESSORS_MAX} processor that it may be.`,
    );
    process.exitCode = 1;
  }
}

/** Prints what the processes of a kind take together; gives the median of what is its own, and its processors. */
function rowOf(title, samples, belongs) {
  const readings = samples.map(({ at, processes }) => ({ at, mine: processes.filter(belongs) }));
  const of = (field) => spread(readings.map(({ mine }) => mine.reduce((sum, one) => sum + one[field], 0)));
  const count = spread(readings.map(({ mine }) => mine.length));
  const [pss, own, files] = [of('pss'), of('own'), of('files')];
  const loads = readings.slice(LOAD_SAMPLES).map((later, at) => loadBetween(readings[at], later));
  const whole = loadBetween(readings[0], readings.at(-1));
  const greatest = (value, max, digits) => `${value.toFixed(digits)} (${max.toFixed(digits)})`;
  row(
    title,
    greatest(count.median, count.max, 0),
    greatest(pss.median, pss.max, 0),
    greatest(own.median, own.max, 0),
    greatest(files.median, files.max, 0),
    greatest(whole, Math.max(whole, ...loads), 2),
  );
  return { own: own.median, processors: whole };
}

/**
 * How many processors were busy between two readings. The time of a child that has ended is in its parent's, so that
 * the sum over those that live counts it; what it had taken at the first reading goes out with it there.
 */
function loadBetween(earlier, later) {
  const ticks = ({ mine }) => mine.reduce((sum, one) => sum + one.ticks, 0);
  return (ticks(later) - ticks(earlier)) / TICKS_PER_SECOND / ((later.at - earlier.at) / 1000);
}

/** Prints each process that is there at the end. */
function perProcess(samples) {
  console.log('');
  row('process', '', 'memory MB', 'own MB', 'files MB', 'processors');
  const { processes } = samples.at(-1);
  processes.sort((a, b) => a.group.localeCompare(b.group) || a.title.localeCompare(b.title) || b.pss - a.pss);
  for (const { pid, group, title } of processes)
    if (group !== DATABASES) {
      const there = samples.filter((sample) => sample.processes.some((one) => one.pid === pid));
      rowOf(title, there, (one) => one.pid === pid);
    }
}

function row(title, ...cells) {
  console.log(`  ${title.padEnd(40)}${cells.map((cell) => cell.padStart(14)).join('')}`);
}
