// Installs what is missing: nothing when node_modules already holds what the lock file says.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Binnacle needs Node.js 20.19 or later, this is ${process.versions.node}.`);
  process.exit(1);
}

/** Written after an install has succeeded: the lock file that it followed. */
const stamp = `${root}node_modules/.binnacle-installed`;
const lock = readFileSync(`${root}package-lock.json`, 'utf8');

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
  console.log('install: fetching the dependencies (once; about a minute)');
  const npm = process.env.npm_execpath;
  const [command, ...args] = npm ? [process.execPath, npm] : ['npm'];
  const { status, error } = spawnSync(command, [...args, 'ci', '--loglevel=error'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (error) throw error;
  if (status !== 0) {
    console.error('install: npm ci failed; what it said stands above');
    process.exit(status ?? 1);
  }
  writeFileSync(stamp, lock);
}
