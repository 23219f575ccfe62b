/**
 * Paths of a repository, and those that programs in containers see.
 *
 * `prometheus.yml` names its rule files as Prometheus will see them. Where a compose file mounts it into a container,
 * that is a path in there; a mount leads back to the repository. Everything uses `/`; the root of the repository is ''.
 */
import type { ComposeFile, ComposeService } from './compose-file.ts';
import type { ComposeMount } from './compose-mount.ts';

/** The folder of a path; '' at the top. */
export function folderOf(path: string): string {
  const at = path.lastIndexOf('/');
  return at < 0 ? '' : path.slice(0, at) || (path.startsWith('/') ? '/' : '');
}

/** A path as seen from a folder, without `.` and `..`; undefined where it leads out of the repository. */
export function joined(folder: string, path: string): string | undefined {
  const absolute = path.startsWith('/');
  const parts: string[] = [];
  for (const part of (absolute ? path : `${folder}/${path}`).split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return (absolute || folder.startsWith('/') ? '/' : '') + parts.join('/');
}

/** A place in a container where a file or folder of the repository is seen. */
export interface Mounting {
  readonly compose: ComposeFile;
  readonly service: ComposeService;
  /** The path in the container. */
  readonly path: string;
}

/** Where containers see a path of the repository. */
export function mountingsOf(path: string, composeFiles: readonly ComposeFile[]): Mounting[] {
  const found: Mounting[] = [];
  for (const compose of composeFiles) {
    for (const service of compose.services) {
      for (const { source, target } of service.mounts) {
        const rest = source === undefined ? undefined : restOf(path, source);
        if (rest !== undefined) found.push({ compose, service, path: `${target}${rest}` });
      }
    }
  }
  return found;
}

/** The paths of the repository that a container sees at a path of its own. */
export function mountedAt(path: string, mounts: readonly ComposeMount[]): string[] {
  return mounts.flatMap(({ source, target }) => {
    const rest = source === undefined ? undefined : restOf(path, target);
    return rest === undefined ? [] : [`${source}${rest}`.replace(/^\//, '')];
  });
}

/** What a path has behind a folder, with the slash; undefined where it is not in it. */
function restOf(path: string, folder: string): string | undefined {
  if (path === folder) return '';
  if (folder === '') return `/${path}`;
  return path.startsWith(`${folder}/`) ? path.slice(folder.length) : undefined;
}

/** A pattern as Go's `filepath.Glob` has it: `*`, `?` and classes, none of which match `/`. */
export function globTest(pattern: string): (path: string) => boolean {
  const source = pattern.replace(/\[\^?[^\]]*\]|\\.|[\s\S]/g, (part) => {
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    if (part.length > 1 && part.startsWith('[')) return part.replaceAll('\\', '\\\\');
    return (part.length > 1 ? part.slice(1) : part).replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  });
  const expression = new RegExp(`^${source}$`);
  return (path) => expression.test(path);
}
