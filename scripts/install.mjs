// Installs what is missing: nothing where node_modules already holds what the lock file says.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Binnacle needs Node.js 20.19 or later, this is ${process.versions.node}.`);
  process.exit(1);
}

/** Installs a project from its lock file, without running scripts of packages that it does not allow. */
export function install(folder, what, ...options) {
  const cwd = path.join(root, folder);
  /** Written after an install has succeeded: the lock file that it followed. */
  const stamp = path.join(cwd, 'node_modules/.binnacle-installed');
  const lock = readFileSync(path.join(cwd, 'package-lock.json'), 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  console.log(`install: fetching ${what} (once; about a minute)`);
  const npm = process.env.npm_execpath;
  const [command, ...args] = npm ? [process.execPath, npm] : ['npm'];
  const { status, error } = spawnSync(command, [...args, 'ci', '--loglevel=error', ...options], {
    cwd,
    stdio: 'inherit',
  });
  if (error) throw error;
  if (status !== 0) {
    console.error(`install: npm ci failed in ${cwd}; what it said stands above`);
    process.exit(status ?? 1);
  }
  writeFileSync(stamp, lock);
}

install('.', 'the dependencies');
