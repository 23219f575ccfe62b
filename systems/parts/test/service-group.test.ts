import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test, vi } from 'vitest';

// Each starts processes, which takes long where there are many.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const folder = (): string => mkdtempSync(path.join(tmpdir(), 'binnacle-test-'));

test('a group ends with its workers, also where their channels stay open', async () => {
  const home = folder();
  const program = path.join(home, 'service.mjs');
  // What a worker leaves behind holds the worker's end of the channel until the group has ended.
  writeFileSync(
    program,
    `import { spawn } from 'node:child_process';
    import { runService } from ${JSON.stringify(new URL('../dist/service-group.js', import.meta.url).href)};
    await runService({
      name: 'lingering',
      countsAs: false,
      async start() {
        spawn('cat', { stdio: [3, 'ignore', 'ignore'], detached: true }).unref();
        return { async stop() {} };
      },
    });`,
  );
  const group = fork(program, [], { silent: true, execArgv: [] });
  try {
    await once(group, 'message');
    const ended = once(group, 'exit');
    group.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  } finally {
    group.kill('SIGKILL');
    rmSync(home, { recursive: true, force: true });
  }
});
