/**
 * Where the processes of a service meet, as far as the environment and `cluster` say:
 *
 *     BINNACLE_METRICS_DIR                  that directory
 *     PROMETHEUS_MULTIPROC_DIR              the service's folder in it: it is one variable for all services
 *     a cluster's primary and its workers   one that follows from the primary, so that nothing has to be handed
 *                                           over and the primary need not load this package
 *     anything else                         each process for itself
 *
 * A service that nothing names is called as the package of its main module is.
 *
 * The name of a cluster's directory has the primary's PID and start, and the namespace in which the PID means
 * something. Under PM2 all applications have one primary, so the name of the application is part of it.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** A directory, and the name under which processes join it. */
export interface Place {
  readonly directory: string;
  readonly service: string;
}

/** What decides about the place. */
export interface Circumstances {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The cluster's primary; undefined where there is no cluster. */
  readonly primaryPid: number | undefined;
  /** The file that the process was started with. */
  readonly main: string | undefined;
}

/** The name of a service that nothing else names. */
const SERVICE = 'prom-client';

/** The longest name of a service; a directory has room for so much. */
const SERVICE_CHARACTERS_MAX = 64;

/** How long the directory of a primary that is gone stays at least: its workers may be ending. */
const SWEEP_AFTER_MS = 60_000;

/** Where this process meets the others of its service; undefined where it is alone, or is to be. */
export function placeOf({ env, primaryPid, main }: Circumstances): Place | undefined {
  if (isOff(env.BINNACLE_PROM_CLIENT_SHARED)) return undefined;
  const own = env.BINNACLE_METRICS_DIR;
  if (own) return { directory: own, service: serviceIn(own) ?? serviceOf(env, main) };
  const parent = env.PROMETHEUS_MULTIPROC_DIR;
  if (parent) {
    const service = serviceOf(env, main);
    const folder = service.replace(/[^A-Za-z0-9._-]/g, '_').replace(/^\.+/, '_');
    return { directory: path.join(parent, folder), service };
  }
  if (primaryPid === undefined) return undefined;
  const application = env.pm_id === undefined ? undefined : env.name;
  const suffix = application === undefined ? '' : `-${hashOf(application)}`;
  const directory = path.join(baseDirectory(), `cluster-${processKey(primaryPid)}${suffix}`);
  return { directory, service: application === undefined ? SERVICE : `${SERVICE} ${hashOf(application)}` };
}

/** Deletes the directories of clusters that are gone. Never throws: what cannot be deleted stays. */
export function sweepClusters(nowMs: number = Date.now()): void {
  const base = baseDirectory();
  const namespace = pidNamespace();
  let names: readonly string[];
  try {
    names = fs.readdirSync(base);
  } catch {
    return; // there is nothing to sweep
  }
  for (const name of names) {
    const [, key, where, pid] = /^cluster-((\d+)-(\d+)-\d+)/.exec(name) ?? [];
    if (key === undefined || where !== namespace || processKey(Number(pid)) === key) continue;
    const directory = path.join(base, name);
    try {
      if (nowMs - fs.statSync(directory).mtimeMs > SWEEP_AFTER_MS)
        fs.rmSync(directory, { recursive: true, force: true });
    } catch {
      // Somebody else is sweeping, or there is nothing to be done about it; the others are swept all the same.
    }
  }
}

function isOff(value: string | undefined): boolean {
  return value !== undefined && ['0', 'false', 'no', 'off'].includes(value.toLowerCase());
}

function serviceOf(env: Circumstances['env'], main: string | undefined): string {
  return env.BINNACLE_METRICS_SERVICE || packageOf(main) || SERVICE;
}

/** The name of the package that a file is part of. */
function packageOf(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  let folder = path.dirname(file);
  while (true) {
    try {
      const description: unknown = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
      const { name } = description as { readonly name?: unknown };
      if (typeof name === 'string') return name.slice(0, SERVICE_CHARACTERS_MAX);
    } catch {
      // It is not described here.
    }
    const above = path.dirname(folder);
    if (above === folder) return undefined;
    folder = above;
  }
}

/** The service to which a directory belongs already. */
function serviceIn(directory: string): string | undefined {
  try {
    const manifest: unknown = JSON.parse(fs.readFileSync(path.join(directory, 'service.json'), 'utf8'));
    const { service } = manifest as { readonly service?: unknown };
    return typeof service === 'string' ? service : undefined;
  } catch {
    return undefined;
  }
}

/** Memory where there is some, and only this user's. */
function baseDirectory(): string {
  const memory = '/dev/shm';
  let base = os.tmpdir();
  try {
    fs.accessSync(memory, fs.constants.W_OK | fs.constants.X_OK);
    base = memory;
  } catch {
    // There is none on this platform.
  }
  return path.join(base, `binnacle-${process.getuid?.() ?? 'user'}`);
}

/** `NAMESPACE-PID-START`, the same for no two processes; 0 stands for what the platform does not tell. */
function processKey(pid: number): string {
  return `${pidNamespace()}-${pid}-${startOf(pid)}`;
}

function pidNamespace(): string {
  try {
    return /\d+/.exec(fs.readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
  } catch {
    return '0';
  }
}

/** When a process was started, in ticks of the machine's clock: field 22 of its stat, counted behind the name. */
function startOf(pid: number): string {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '0';
  } catch {
    return isRunning(pid) ? '0' : 'gone';
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
