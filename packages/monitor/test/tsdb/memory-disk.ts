/** A disk in memory that can fail at any of its operations, and be copied as a crash would leave it. */
import type { Disk } from '../../dist/tsdb/disk.js';

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: made to fail`), { code });
}

export class MemoryDisk implements Disk {
  readonly files = new Map<string, Uint8Array>();
  /** Operations so far; those that only read included. */
  operations = 0;
  /** The operations that fail: from the first number up to the second. */
  failFrom = Number.POSITIVE_INFINITY;
  failTo = Number.POSITIVE_INFINITY;
  readonly #open = new Map<number, string>();
  #nextFd = 3;

  /** What the next process finds: the files, without the lock of the one that died. */
  afterCrash(): MemoryDisk {
    const disk = new MemoryDisk();
    for (const [path, bytes] of this.files) if (!/\/lock/.test(path)) disk.files.set(path, bytes.slice());
    return disk;
  }

  /** The log's segments, oldest first. */
  segments(): string[] {
    return [...this.files.keys()].filter((path) => path.endsWith('.log')).sort();
  }

  makeDirectory(): void {
    this.#count();
  }

  list(path: string): string[] {
    this.#count();
    return [...this.files.keys()]
      .filter((file) => file.startsWith(`${path}/`))
      .map((file) => file.slice(path.length + 1));
  }

  create(path: string): number {
    this.#count();
    if (this.files.has(path)) throw failure('EEXIST');
    this.files.set(path, new Uint8Array(0));
    this.#open.set(this.#nextFd, path);
    return this.#nextFd++;
  }

  write(fd: number, bytes: Uint8Array, at: number): void {
    // A full disk takes a part.
    const fails = this.#fails();
    const part = fails ? bytes.subarray(0, bytes.length >> 1) : bytes;
    const path = this.#path(fd);
    const before = this.files.get(path) ?? new Uint8Array(0);
    const after = new Uint8Array(Math.max(before.length, at + part.length));
    after.set(before);
    after.set(part, at);
    this.files.set(path, after);
    if (fails) throw failure('ENOSPC');
  }

  truncate(fd: number, length: number): void {
    this.#count();
    const path = this.#path(fd);
    this.files.set(path, this.files.get(path)!.slice(0, length));
  }

  truncateFile(path: string, length: number): void {
    this.#count();
    this.files.set(path, this.#content(path).slice(0, length));
  }

  async sync(): Promise<void> {
    this.#count();
  }

  syncDirectory(): void {
    this.#count();
  }

  close(fd: number): void {
    this.#count();
    if (!this.#open.delete(fd)) throw failure('EBADF');
  }

  read(path: string): Uint8Array {
    this.#count();
    return this.#content(path).slice();
  }

  rename(from: string, to: string): void {
    this.#count();
    this.files.set(to, this.#content(from));
    this.files.delete(from);
  }

  link(from: string, to: string): void {
    this.#count();
    if (this.files.has(to)) throw failure('EEXIST');
    this.files.set(to, this.#content(from));
  }

  remove(path: string): void {
    this.#count();
    this.#content(path);
    this.files.delete(path);
  }

  #content(path: string): Uint8Array {
    const bytes = this.files.get(path);
    if (bytes === undefined) throw failure('ENOENT');
    return bytes;
  }

  #path(fd: number): string {
    const path = this.#open.get(fd);
    if (path === undefined) throw failure('EBADF');
    return path;
  }

  #fails(): boolean {
    const number = this.operations++;
    return number >= this.failFrom && number < this.failTo;
  }

  #count(): void {
    if (this.#fails()) throw failure('EIO');
  }
}
