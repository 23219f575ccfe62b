/**
 * The calls of the operating system that Node does not offer: mapping a file and locking it.
 *
 * They go through `koffi`, which is loaded when a store is opened and not before. A lock is flock(2): it belongs
 * to the open file description, ends with the process or thread that opened it, and knows nothing of PIDs, so
 * neither reused ones nor containers confuse it.
 */
import { StoreError } from './errors.ts';

export type LockMode = 'shared' | 'exclusive';

export interface NativeFiles {
  /** Maps the first `bytes` of a file, shared with everybody who maps it. The descriptor may be closed after. */
  map(fd: number, bytes: number, access: 'read' | 'write'): ArrayBuffer;
  /** Ends a mapping. Whoever touches the buffer afterwards brings the process down: only for what is private. */
  unmap(buffer: ArrayBuffer): void;
  /** Locks without waiting; false when somebody else's lock is in the way. */
  tryLock(fd: number, mode: LockMode): boolean;
  unlock(fd: number): void;
}

/** What differs between the platforms that are supported; all of them with 64-bit file offsets. */
const PLATFORMS: Readonly<Record<string, { readonly wouldBlock: number }>> = {
  linux: { wouldBlock: 11 },
  darwin: { wouldBlock: 35 },
  freebsd: { wouldBlock: 35 },
};
const ARCHITECTURES = ['x64', 'arm64', 'riscv64', 'loong64', 'ppc64'];

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const LOCK = { shared: 1, exclusive: 2 } as const;
const LOCK_NONBLOCKING = 4;
const LOCK_RELEASE = 8;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

let loaded: Promise<NativeFiles> | undefined;

/**
 * Loads the calls, once per thread.
 * @throws StoreError `native_unavailable`
 */
export function loadNativeFiles(): Promise<NativeFiles> {
  loaded ??= load();
  return loaded;
}

/** The calls; undefined where they are not to be had. */
export async function nativeFilesOrNone(): Promise<NativeFiles | undefined> {
  try {
    return await loadNativeFiles();
  } catch (error) {
    if (error instanceof StoreError && error.code === 'native_unavailable') return undefined;
    throw error;
  }
}

async function load(): Promise<NativeFiles> {
  if (process.env.BINNACLE_METRICS_NATIVE === 'off')
    throw new StoreError('native_unavailable', 'BINNACLE_METRICS_NATIVE is off');
  const platform = PLATFORMS[process.platform];
  if (platform === undefined || !ARCHITECTURES.includes(process.arch)) {
    throw new StoreError('native_unavailable', `files are not mapped on ${process.platform} ${process.arch}`);
  }
  let koffi: typeof import('koffi')['default'];
  try {
    koffi = (await import('koffi')).default;
  } catch (cause) {
    throw new StoreError(
      'native_unavailable',
      'the library koffi, which maps and locks files, does not load',
      { cause },
    );
  }
  const libc = koffi.load(null);
  const mmap = libc.func('void *mmap(void *, size_t, int, int, int, int64_t)');
  const munmap = libc.func('int munmap(void *, size_t)');
  const flock = libc.func('int flock(int, int)');
  const addresses = new WeakMap<ArrayBuffer, unknown>();

  return {
    map(fd, bytes, access) {
      const protection = access === 'write' ? PROT_READ | PROT_WRITE : PROT_READ;
      const address: unknown = mmap(null, bytes, protection, MAP_SHARED, fd, 0);
      if (address === null || address === MAP_FAILED) {
        throw new StoreError('io', `mmap of ${bytes} bytes failed with errno ${koffi.errno()}`);
      }
      const buffer = koffi.view(address, bytes);
      addresses.set(buffer, address);
      return buffer;
    },
    unmap(buffer) {
      const address = addresses.get(buffer);
      if (address === undefined) return;
      addresses.delete(buffer);
      munmap(address, buffer.byteLength);
    },
    tryLock(fd, mode) {
      if (flock(fd, LOCK[mode] | LOCK_NONBLOCKING) === 0) return true;
      const errno = koffi.errno();
      if (errno === platform.wouldBlock) return false;
      throw new StoreError('io', `flock failed with errno ${errno}`);
    },
    unlock(fd) {
      flock(fd, LOCK_RELEASE);
    },
  };
}
