/** Programs from outside that some tests run: where they are, and what is said when they are missing. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** How each program is installed on Debian. */
const PROGRAMS = {
  alertmanager: {
    names: ['prometheus-alertmanager', 'alertmanager'],
    install: 'bash .ci/prometheus3.sh .outside/prometheus3',
  },
  amtool: { names: ['amtool'], install: 'bash .ci/prometheus3.sh .outside/prometheus3' },
  chromium: { names: ['chromium'], install: 'apt-get install chromium' },
  ffmpeg: { names: ['ffmpeg'], install: 'apt-get install ffmpeg' },
  make: { names: ['make'], install: 'apt-get install make' },
  /** A Node.js that has `node:sqlite`. */
  node24: { names: ['node'], install: 'bash .ci/node24.sh .outside/node24' },
  postgres: { names: ['postgres'], install: 'apt-get install postgresql' },
  prometheus: { names: ['prometheus'], install: 'bash .ci/prometheus3.sh .outside/prometheus3' },
  /** A Python that has the package of this name. */
  'python3-prometheus-client': { names: ['python3'], install: 'apt-get install python3-prometheus-client' },
  'prometheus-pushgateway': {
    names: ['prometheus-pushgateway'],
    install: 'apt-get install prometheus-pushgateway',
  },
  'redis-server': { names: ['redis-server'], install: 'apt-get install redis-server' },
  promtool: { names: ['promtool'], install: 'bash .ci/prometheus3.sh .outside/prometheus3' },
} as const;

/** The path of a program; skips the test, and says why, where it is missing. */
export function outside(context: TestContext, program: keyof typeof PROGRAMS): string {
  const { names, install } = PROGRAMS[program];
  const folders = [
    path.join(root, '.outside/prometheus3/usr/bin'),
    ...(program === 'node24' ? [path.join(root, '.outside/node24/bin')] : []),
    ...(process.env.PATH ?? '').split(path.delimiter),
    ...(program === 'postgres' ? postgresFolders() : []),
  ];
  for (const folder of folders) {
    for (const name of names) {
      const file = path.join(folder, name);
      if (existsSync(file) && suits(program, file)) return file;
    }
  }
  return context.skip(`${program} is missing: ${install}`);
}

/** Where Debian keeps it, version by version. */
function postgresFolders(): string[] {
  const parent = '/usr/lib/postgresql';
  if (!existsSync(parent)) return [];
  return readdirSync(parent).map((version) => path.join(parent, version, 'bin'));
}

/** Node.js 22 has `node:sqlite` behind a flag; Prometheus 2 answers differently at the edges of a window; not every Python sees the packages of Debian. */
function suits(program: keyof typeof PROGRAMS, file: string): boolean {
  if (program === 'node24')
    return Number(/\d+/.exec(execFileSync(file, ['--version'], { encoding: 'utf8' }))?.[0]) >= 24;
  if (!/^(?:alertmanager|amtool|prom|python3)/.test(program)) return true;
  if (program === 'python3-prometheus-client') {
    return spawnSync(file, ['-c', 'import prometheus_client'], { stdio: 'ignore' }).status === 0;
  }
  return !/version 2\./.test(
    execFileSync(file, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }),
  );
}

/** Waits until a program answers at an address; the time limit is that of the test. */
export async function answering(url: string): Promise<void> {
  for (;;) {
    const ok = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (ok) return;
    await sleep(50);
  }
}
