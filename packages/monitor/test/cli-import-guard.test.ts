/** Commands over projects whose modules do more than define: each ends, in time, with a status that is true. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type ProjectFolder, projectFolder } from './project-folder.ts';

const MAIN = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
/** A command that hangs is killed, and then has no status. */
const HANGS_MS = 120_000;
vi.setConfig({ testTimeout: 5 * HANGS_MS });

const CONFIG = `import { defineConfig } from '@binnacle/blueprint';
import './src/service.ts';
export default defineConfig({ name: 'shop', services: [{ name: 'web', targets: ['localhost:9464'] }] });
`;
const ADVICE = 'import the modules that define metrics, and not the one that starts the service';

let taken: Server;
beforeAll(async () => {
  taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
});
afterAll(() => taken.close());

const open: ProjectFolder[] = [];
afterEach(() => {
  for (const folder of open.splice(0)) folder.remove();
});

/** Runs the command in a project with this module in it. */
function run(service: string, args: readonly string[]) {
  const folder = projectFolder({ 'src/service.ts': service, 'binnacle.config.ts': CONFIG });
  open.push(folder);
  const options = { cwd: folder.path, encoding: 'utf8', timeout: HANGS_MS } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], options);
  return { status, stdout, stderr };
}

describe('a module that starts a service', () => {
  const SERVES = `import { createServer } from 'node:http';
createServer().listen(0, '127.0.0.1');
setInterval(() => {}, 1000);
`;
  test.each([
    ['check', 0, 'nothing found in 1 file with 0 rules and 0 dashboards\n'],
    ['generate --check', 1, /^monitoring\/\.env\.example: missing\n/],
    ['catalog --json', 0, /^\{/],
  ])('does not keep binnacle %s from ending', (command, status, stdout) => {
    const ran = run(SERVES, command.split(' '));
    expect(ran.stdout).toMatch(stdout);
    expect(ran).toMatchObject({ status, stderr: expect.stringContaining(ADVICE) });
  });
});

describe('a module that ends the process', () => {
  test.each([
    ['check', 'process.exit(0);', 1],
    ['check', 'process.exit();', 1],
    ['check', 'process.exit(7);', 7],
    ['generate --check', 'process.exit(0);', 1],
    ['up', 'process.exit(0);', 1],
  ])('binnacle %s, with %s', (command, service, status) => {
    expect(run(service, command.split(' '))).toEqual({
      status,
      stdout: '',
      stderr: `binnacle: importing binnacle.config.ts ended the process: ${ADVICE}\n`,
    });
  });
});

describe('a module that fails beside the import', () => {
  const cases = (): readonly (readonly [what: string, service: string, message: RegExp])[] => {
    const { port } = taken.address() as { port: number };
    return [
      [
        'with an event',
        `import { createServer } from 'node:http';\ncreateServer().listen(${port}, '127.0.0.1');`,
        new RegExp(
          `^binnacle: binnacle\\.config\\.ts: what it started failed: listen EADDRINUSE: address already in use 127\\.0\\.0\\.1:${port}: ${ADVICE}\\n$`,
        ),
      ],
      [
        'with a promise that nobody waits for',
        "async function connect() {\n  throw new Error('no database');\n}\nvoid connect();",
        /^binnacle: src\/service\.ts:2:\d+: what it started failed: no database: .*\n {6}throw new Error\('no database'\);\n/,
      ],
    ];
  };
  test.each([['check', 2] as const, ['catalog', 1] as const])(
    'binnacle %s ends with %i',
    (command, status) => {
      for (const [what, service, message] of cases()) {
        const ran = run(service, [command]);
        expect(ran, what).toMatchObject({ status, stdout: '' });
        expect(ran.stderr, what).toMatch(message);
      }
    },
  );
});
