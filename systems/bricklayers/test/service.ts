/** Runs the service as its users do, as a process, each in folders of its own. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readSamples } from '../../parts/dist/samples.js';

const MAIN = fileURLToPath(new URL('../dist/web/main.js', import.meta.url));

/** A worker, as `/health` tells. */
export interface WorkerState {
  readonly pid: number;
  readonly ready: boolean;
  readonly busy: boolean;
}

/** A service in a process of its own. */
export class Service {
  readonly process: ChildProcess;
  readonly url: string;
  readonly dir: string;
  /** What it wrote to its standard output and error. */
  readonly output: readonly string[];

  private constructor(process: ChildProcess, url: string, dir: string, output: readonly string[]) {
    this.process = process;
    this.url = url;
    this.dir = dir;
    this.output = output;
  }

  /** Starts the service with `BRICKLAYERS_*` variables, by default on a free port. */
  static async start(variables: Record<string, string> = {}): Promise<Service> {
    const dir = await mkdtemp(join(tmpdir(), 'bricklayers-test-'));
    const output: string[] = [];
    const child = fork(MAIN, [], {
      silent: true,
      execArgv: [],
      env: {
        ...process.env,
        BRICKLAYERS_PORT: '0',
        BRICKLAYERS_DATA_DIR: join(dir, 'data'),
        BINNACLE_METRICS_DIR: join(dir, 'metrics'),
        ...variables,
      },
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => output.push(text));
    const url = await new Promise<string>((resolve, reject) => {
      child.once('message', (message) => resolve((message as { url: string }).url));
      child.once('close', () => reject(new Error(`the service ended: ${output.join('')}`)));
    }).catch(async (error: unknown) => {
      await rm(dir, { recursive: true, force: true });
      throw error;
    });
    const service = new Service(child, url, dir, output);
    await eventually(async () => (await service.workers()).every(({ ready }) => ready));
    return service;
  }

  /** Ends the service, however it is, and removes its folders. */
  async stop(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const exited = once(this.process, 'exit');
      this.process.kill('SIGTERM');
      await exited;
    }
    // Workers of a service that was killed end a moment later.
    await rm(this.dir, { recursive: true, force: true, maxRetries: 20 });
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(this.url + path, init);
  }

  /** Uploads a text; `query` begins with `?`. */
  async upload(text: string, query = '', filename = 'part.gcode'): Promise<Answer> {
    const body = new FormData();
    body.set('file', new Blob([text]), filename);
    return answerOf(await this.fetch(`/api/v1/upload${query}`, { method: 'POST', body }));
  }

  async status(id: string): Promise<Answer> {
    return answerOf(await this.fetch(`/api/v1/status/${id}`));
  }

  /** Waits until a job has one of the statuses; gives the answer. */
  async waitFor(id: string, ...statuses: readonly string[]): Promise<Answer> {
    let answer: Answer | undefined;
    await eventually(async () => {
      answer = await this.status(id);
      return statuses.includes(String(answer.json.status));
    });
    return answer!;
  }

  async workers(): Promise<WorkerState[]> {
    return (await answerOf(await this.fetch('/health'))).json.workers as WorkerState[];
  }

  /** All series of `/metrics` by their text: `uploads_total{status="success"}`. */
  async metrics(): Promise<Readonly<Record<string, number>>> {
    const series: Record<string, number> = {};
    for (const { labels, value } of readSamples(await this.exposition()).values())
      series[labels.toString()] = value;
    return series;
  }

  async exposition(): Promise<string> {
    return (await this.fetch('/metrics')).text();
  }

  /** Names of all files in the data folders. */
  async files(): Promise<string[]> {
    const entries = await readdir(join(this.dir, 'data'), { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
  }
}

/** An answer with a JSON body. */
export interface Answer {
  readonly status: number;
  readonly json: Record<string, unknown>;
}

/** Reads an answer. */
export async function answerOf(response: Response): Promise<Answer> {
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}

/** Waits until something holds; throws when it does not within `ms`. */
export async function eventually(holds: () => boolean | Promise<boolean>, ms = 60_000): Promise<void> {
  const untilMs = Date.now() + ms;
  while (!(await holds())) {
    if (Date.now() > untilMs) throw new Error(`not within ${ms} ms: ${holds}`);
    await sleep(20);
  }
}

/** Whether a process runs; one that has ended and waits for its parent to notice (on Linux: state Z) does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return process.platform !== 'linux';
  }
}

/** Kills a process; gives whether it had not ended before. */
export function killed(pid: number): boolean {
  if (!isRunning(pid)) return false;
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false; // it has just ended
  }
}

/** How a counter's series changed from one reading of the metrics to a later one; 0 left out. */
export function changes(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
  family: RegExp,
): Record<string, number> {
  const changed: Record<string, number> = {};
  for (const [series, value] of Object.entries(after)) {
    const by = value - (before[series] ?? 0);
    if (by !== 0 && family.test(series)) changed[series] = by;
  }
  return changed;
}
