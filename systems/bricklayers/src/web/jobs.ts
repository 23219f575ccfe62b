/**
 * The jobs that the service knows. A job outlives its files, so that a late download can be told that they are
 * gone; it is forgotten when there are {@link JOBS_MAX} newer ones.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

/** Finished jobs beyond this number are forgotten, oldest first. */
export const JOBS_MAX = 20_000;

/** Where a job stands; the last three are final. */
export type JobStatus = 'pending' | 'processing' | 'completed' | 'error' | 'timeout';

/** What is done to an upload. */
export interface JobParameters {
  readonly startAtLayer: number;
  readonly extrusionMultiplier: number;
}

/** One upload and what became of it. */
export interface Job {
  readonly id: string;
  /** As the client named it. */
  readonly filename: string;
  readonly parameters: JobParameters;
  readonly inputPath: string;
  readonly outputPath: string;
  readonly inputBytes: number;
  readonly createdMs: number;
  status: JobStatus;
  startedMs?: number;
  finishedMs?: number;
  outputBytes?: number;
  /** Why the job ended as `error` or `timeout`. */
  message?: string;
}

/** The data folders of one service. */
export class DataFolders {
  readonly uploads: string;
  readonly outputs: string;

  constructor(dataDir: string) {
    this.uploads = join(dataDir, 'uploads');
    this.outputs = join(dataDir, 'outputs');
  }

  get all(): readonly string[] {
    return [this.uploads, this.outputs];
  }
}

/** A new job identifier; it is also a safe file name. */
export function newJobId(): string {
  return randomUUID();
}

/** All jobs by identifier. */
export class Jobs {
  readonly #jobs = new Map<string, Job>();
  /** Where uploads that are under way are written. */
  readonly #incoming = new Set<string>();
  readonly #max: number;

  constructor(max = JOBS_MAX) {
    this.#max = max;
  }

  add(job: Job): void {
    this.#jobs.set(job.id, job);
    if (this.#jobs.size <= this.#max) return;
    // A map keeps the order of insertion: the first final job is the oldest one.
    for (const [id, old] of this.#jobs) {
      if (!isFinal(old.status)) continue;
      this.#jobs.delete(id);
      return;
    }
  }

  get(id: string): Job | undefined {
    return this.#jobs.get(id);
  }

  /** Keeps the file of an upload from when it begins until it is a job, or nothing. */
  async receiving<Result>(inputPath: string, receive: () => Promise<Result>): Promise<Result> {
    this.#incoming.add(inputPath);
    try {
      return await receive();
    } finally {
      this.#incoming.delete(inputPath);
    }
  }

  /** Files that a job still needs, or an upload that is under way. */
  openFiles(): Set<string> {
    const files = new Set([...this.#incoming].flatMap((path) => [path, partial(path)]));
    for (const job of this.#jobs.values()) {
      if (isFinal(job.status)) continue;
      files.add(job.inputPath);
      files.add(job.outputPath);
      files.add(partial(job.outputPath));
    }
    return files;
  }
}

/** Where a file is written before it is whole. */
export function partial(path: string): string {
  return `${path}.part`;
}

function isFinal(status: JobStatus): boolean {
  return status === 'completed' || status === 'error' || status === 'timeout';
}
