/**
 * The packed tarballs in the projects of other people: installed without scripts into empty folders, and used.
 *
 * One real `npm install` of the tarballs gives the packages; what projects need beside them (Jest, Nest, Vite, two
 * compilers) is in `consumers/package.json` and comes once by `npm ci` into `node_modules/.cache`, by the hash of its
 * lock. The projects are copies of `consumers/NAME` in temporary folders, so that nothing of this repository is found
 * from them:
 *
 *     workplace/node_modules          → what `npm ci` brought
 *     workplace/NAME/node_modules     the packages, as npm installed them
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, type TestContext, test } from 'vitest';
import { temporaryFolder } from './children.ts';

const exec = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const sources = path.join(root, 'test/consumers');
const cache = path.join(root, 'node_modules/.cache/consumers');

/** The first test pays for what all share. */
const TIMEOUT_MS = 600_000;

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const folder = temporaryFolder();
let packing: Promise<Record<'metrics' | 'prom-client', Packed>> | undefined;
let installing: Promise<string> | undefined;
let preparing: Promise<string> | undefined;

/** Runs a program to its end, whatever that is. */
async function run(command: string, args: readonly string[], cwd: string): Promise<Ran> {
  const env = { ...process.env, NODE_OPTIONS: '', CONSUMER_DIRECTORY: path.join(cwd, 'metrics-directory') };
  try {
    return { code: 0, ...(await exec(command, args, { cwd, env, timeout: 480_000 })) };
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: unknown; stdout?: string; stderr?: string };
    return { code: typeof code === 'number' ? code : 1, stdout, stderr: stderr || String(error) };
  }
}

const node = (args: readonly string[], cwd: string) => run(process.execPath, args, cwd);

/** What a program printed as JSON on its last line; it must have ended well. */
async function answerOf<T>(args: readonly string[], cwd: string): Promise<T & { stderr: string }> {
  const { code, stdout, stderr } = await node(args, cwd);
  expect({ code, stderr: code === 0 ? '' : stderr, stdout: code === 0 ? '' : stdout }).toEqual({
    code: 0,
    stderr: '',
    stdout: '',
  });
  return { ...(JSON.parse(stdout.trim().split('\n').at(-1)!) as T), stderr };
}

interface Counted {
  readonly shared: boolean;
  readonly body: string;
}

function packed() {
  packing ??= (async () => {
    const { code, stdout, stderr } = await node([path.join(root, 'scripts/pack.mjs'), folder], root);
    if (code !== 0) throw new Error(`pack: ${stderr}`);
    const [metrics, promClient] = JSON.parse(stdout.slice(stdout.indexOf('['))) as [Packed, Packed];
    return { metrics, 'prom-client': promClient };
  })();
  return packing;
}

/** The registry cannot be reached: no fault of the packages. */
class Offline extends Error {}

const OFFLINE =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED|ERR_SOCKET_TIMEOUT/;

/** @throws Offline */
async function npm(args: readonly string[], cwd: string): Promise<void> {
  const { code, stderr } = await run(
    'npm',
    [
      ...args,
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--fetch-retries=1',
      '--fetch-retry-mintimeout=500',
    ],
    cwd,
  );
  if (code === 0) return;
  if (OFFLINE.test(stderr)) throw new Offline(`the registry of npm cannot be reached: npm ${args[0]}`);
  throw new Error(`npm ${args.join(' ')}: ${stderr}`);
}

/** A folder into which npm has installed the tarballs and what they depend on, and nothing else. */
function installed(): Promise<string> {
  installing ??= (async () => {
    const tarballs = Object.values(await packed());
    const project = path.join(folder, 'installed');
    fs.mkdirSync(project);
    fs.writeFileSync(path.join(project, 'package.json'), '{"private":true}\n');
    const files = tarballs.map(({ filename }) => path.join(folder, filename));
    // A cache of its own, so that the network is needed once.
    await npm(['install', '--prefer-offline', '--cache', path.join(cache, 'npm'), ...files], project);
    return project;
  })();
  return installing;
}

/** A folder below which projects find Jest, Nest, Vite and the compilers. */
function workplace(): Promise<string> {
  preparing ??= (async () => {
    const lock = fs.readFileSync(path.join(sources, 'package-lock.json'));
    const tools = path.join(cache, createHash('sha256').update(lock).digest('hex').slice(0, 16));
    if (!fs.existsSync(path.join(tools, 'complete'))) {
      fs.mkdirSync(tools, { recursive: true });
      for (const file of ['package.json', 'package-lock.json', '.npmrc'])
        fs.copyFileSync(path.join(sources, file), path.join(tools, file));
      await npm(['ci', '--prefer-offline'], tools);
      fs.writeFileSync(path.join(tools, 'complete'), '');
    }
    const place = path.join(folder, 'workplace');
    fs.mkdirSync(place);
    fs.symlinkSync(path.join(tools, 'node_modules'), path.join(place, 'node_modules'));
    return place;
  })();
  return preparing;
}

/** Skips the test where the network is missing: each test for itself, though they share what came. */
async function orSkip<T>(context: TestContext, coming: Promise<T>): Promise<T> {
  try {
    return await coming;
  } catch (error) {
    if (error instanceof Offline) context.skip(error.message);
    throw error;
  }
}

/** A project that has the packages, and nothing else where `alone`. */
async function project(
  context: TestContext,
  name: string,
  { alone = false, as = name } = {},
): Promise<string> {
  const [from, place] = await orSkip(context, Promise.all([installed(), alone ? folder : workplace()]));
  const target = path.join(place, as);
  fs.cpSync(path.join(sources, name), target, { recursive: true });
  fs.cpSync(path.join(from, 'node_modules'), path.join(target, 'node_modules'), { recursive: true });
  return target;
}

const UPLOADS = 'uploads_total{status="ok",customer="acme"} 2\n';

describe('the packages', { timeout: TIMEOUT_MS }, () => {
  test('hold what runs, its types and its documentation', async () => {
    const { metrics, 'prom-client': promClient } = await packed();
    const files = metrics.files.map((file) => file.path);
    expect(files).toEqual(
      expect.arrayContaining([
        'README.md',
        'FORMAT.md',
        'docs/README.md',
        'dist/index.js',
        'dist/index.d.ts',
        'dist/cjs/package.json',
      ]),
    );
    expect(
      files.filter(
        (file) =>
          !/^(README\.md|FORMAT\.md|package\.json|dist\/|docs\/[a-z]+\.md$|docs\/README\.md$)/.test(file),
      ),
    ).toEqual([]);
    // What a program reads at its start, and no more.
    const { exports: entries } = JSON.parse(
      fs.readFileSync(path.join(root, 'packages/metrics/package.json'), 'utf8'),
    ) as { exports: Record<string, { import: { default: string } }> };
    const published = Object.values(entries).map((entry) => entry.import.default.slice('./'.length));
    const atTop = /^dist\/[^/]*\.js$/;
    expect(files.filter((file) => atTop.test(file))).toEqual(
      published.filter((file) => atTop.test(file)).sort(),
    );
    for (const { files: all, size } of [metrics, promClient]) {
      expect(
        all.map((file) => file.path).filter((file) => /tsbuildinfo|\.test\.|(^|\/)test\//.test(file)),
      ).toEqual([]);
      expect(size).toBeLessThan(500_000);
    }
  });

  test('work where nothing else is installed', async (context) => {
    const here = await project(context, 'plain', { alone: true });
    const installedNames = fs
      .readdirSync(path.join(here, 'node_modules'))
      .filter((name) => !name.startsWith('.'));
    expect(
      installedNames.filter(
        (name) => !['@binnacle', '@koromix', 'koffi', 'tdigest', 'bintrees'].includes(name),
      ),
    ).toEqual([]);
    for (const program of ['esm.mjs', 'cjs.cjs']) {
      const { shared, body, stderr } = await answerOf<Counted>(
        [program, path.join(here, program, '..', `d-${program}`)],
        here,
      );
      expect({ shared, stderr }).toEqual({ shared: true, stderr: '' });
      expect(body).toContain(UPLOADS);
    }
  });

  test('are one state, imported and required', async (context) => {
    const here = await project(context, 'plain', { alone: true, as: 'both' });
    const { body, stderr, ...same } = await answerOf<Counted & object>(
      ['both.mjs', path.join(here, 'd')],
      here,
    );
    expect({ ...same, stderr }).toEqual({ copies: true, sameMetric: true, sameServer: true, stderr: '' });
    expect(body).toContain('both_total{from="both",status="ok"} 4\n');
    expect(body).toContain('both_total{from="both",status="failed"} 0\n');
    expect(body).toContain('only_required 7\n');
  });

  test('have the same names at every entry, imported and required', async (context) => {
    const here = await project(context, 'plain', { as: 'entries' });
    const { exports } = JSON.parse(
      fs.readFileSync(path.join(here, 'node_modules/@binnacle/metrics/package.json'), 'utf8'),
    ) as { exports: Record<string, Record<string, Record<string, string>>> };
    for (const entry of Object.values(exports))
      for (const condition of Object.values(entry))
        for (const file of Object.values(condition))
          expect(fs.existsSync(path.join(here, 'node_modules/@binnacle/metrics', file)), file).toBe(true);
    const entries = Object.keys(exports).map((entry) => path.posix.join('@binnacle/metrics', entry));
    const names = await answerOf<Record<string, { imported: string[]; required: string[] }>>(
      ['entries.mjs', ...entries],
      here,
    );
    for (const entry of entries) {
      const { imported, required } = names[entry]!;
      const ours = (all: string[]) =>
        all.filter((name) => !['default', 'module.exports', '__esModule'].includes(name));
      expect(ours(imported), entry).toEqual(ours(required));
      expect(ours(imported), entry).not.toEqual([]);
    }
    const kind = JSON.parse(
      fs.readFileSync(path.join(here, 'node_modules/@binnacle/metrics/dist/cjs/package.json'), 'utf8'),
    );
    expect(kind).toEqual({ type: 'commonjs' });
  });

  test('share through files that are written, and say so, where the mapping library is missing', async (context) => {
    const here = await project(context, 'plain', { alone: true, as: 'without-koffi' });
    for (const name of ['koffi', '@koromix'])
      fs.rmSync(path.join(here, 'node_modules', name), { recursive: true, force: true });
    for (const program of ['esm.mjs', 'cjs.cjs']) {
      const { shared, body, stderr } = await answerOf<Counted>([program, path.join(here, 'd')], here);
      expect(shared).toBe(true);
      expect(body).toContain(UPLOADS);
      expect(stderr).toMatch(/BinnacleMetricsWarning.*files that are written every \d+ ms/);
    }
  });

  test('let prom-client be replaced', async (context) => {
    const here = await project(context, 'plain', { alone: true, as: 'drop-in' });
    const { same, body } = await answerOf<{ same: boolean; body: string }>(['prom-client.mjs'], here);
    expect(same).toBe(true);
    expect(body).toContain('dropped_in_total{by="name"} 2\n');
  });
});

// They take half of a minute, and seldom tell more than the packages do alone: the long runs have them.
const SOAK = process.env.BINNACLE_SOAK === '1';

if (SOAK)
  describe('other people’s tools', { timeout: TIMEOUT_MS }, () => {
    test('Jest: each test file begins at 0, and modules that are loaded anew find their metrics', async (context) => {
      const here = await project(context, 'jest');
      const args = ['../node_modules/jest/bin/jest.js', '--runInBand'];
      const { code, stderr } = await node(args, here);
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
      expect(stderr).toMatch(/Tests: +6 passed, 6 total/);
      expect(stderr).not.toMatch(/did not exit|open handle|BinnacleMetricsWarning/);
    });

    test('Nest: metrics are injected, and the application answers /metrics', async (context) => {
      const here = await project(context, 'nest');
      const options =
        '--module node16 --target es2022 --strict --experimentalDecorators --emitDecoratorMetadata --types node --skipLibCheck';
      const compiled = await node(
        ['../node_modules/typescript-5/bin/tsc', ...options.split(' '), 'main.ts'],
        here,
      );
      expect(compiled).toEqual({ code: 0, stdout: '', stderr: '' });
      const { shared, body } = await answerOf<Counted>(['main.js', path.join(here, 'd')], here);
      expect(shared).toBe(true);
      expect(body).toContain('uploads_total{customer="acme",status="ok"} 3\n');
    });

    test('Vite and bundles: outside, inside, and twice in one process', async (context) => {
      const here = await project(context, 'vite');
      const built = await node(['build.mjs'], here);
      expect({ code: built.code, stderr: built.stderr }).toEqual({ code: 0, stderr: '' });
      for (const bundle of ['external', 'inside', 'everything']) {
        const { shared, body, stderr } = await answerOf<Counted>(
          ['run.mjs', bundle, path.join(here, `d-${bundle}`)],
          here,
        );
        expect(body).toContain('pages_total{route="/",status="ok"} 1\n');
        // A bundle that has swallowed the native library counts by itself, and says so.
        if (bundle !== 'everything' || shared)
          expect({ bundle, shared, stderr }).toEqual({ bundle, shared: true, stderr: '' });
        else expect(stderr).toMatch(/BinnacleMetricsWarning.*koffi/);
      }
      const twice = await answerOf<{ before: string; body: string }>(
        ['twice.mjs', path.join(here, 'd-twice')],
        here,
      );
      expect(twice).toMatchObject({ copies: true, sameMetric: true, sameServer: true, stderr: '' });
      expect(twice.before).toContain('pages_total{route="/",status="ok"} 2\n');
      expect(twice.body).toContain('pages_total{route="/",status="ok"} 3\n');
      expect(twice.body).toContain('pages_total{route="/",status="failed"} 0\n');
    });
  });

const COMPILERS = SOAK ? ['typescript-5', 'typescript-7'] : ['typescript-7'];
const RESOLUTIONS = [
  ['node16', 'node16'],
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
] as const;

describe.each(COMPILERS)('%s', { timeout: TIMEOUT_MS }, (compiler) => {
  const tsc = `../node_modules/${compiler}/bin/tsc`;
  const strict = [
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    'false',
    '--target',
    'es2022',
    '--types',
    'node',
    '--pretty',
    'false',
  ];

  test('finds the types under every resolution', async (context) => {
    const here = await project(context, 'types', { as: `types-${compiler}` });
    for (const [module, resolution] of RESOLUTIONS) {
      const options = [
        ...strict,
        '--exactOptionalPropertyTypes',
        '--module',
        module,
        '--moduleResolution',
        resolution,
      ];
      const compiled = await node([tsc, ...options, 'good.mts', 'good.cts'], here);
      expect({ resolution, ...compiled }).toEqual({ resolution, code: 0, stdout: '', stderr: '' });
    }
  });

  test('lets projects emit declarations of what instruments give', async (context) => {
    const here = await project(context, 'types', { as: `declarations-${compiler}` });
    const options = strict
      .filter((option) => option !== '--noEmit')
      .concat(
        '--declaration',
        '--outDir',
        'out',
        '--exactOptionalPropertyTypes',
        '--noUncheckedIndexedAccess',
        '--noPropertyAccessFromIndexSignature',
        '--module',
        'nodenext',
      );
    const compiled = await node([tsc, ...options, 'instruments.mts'], here);
    expect(compiled).toEqual({ code: 0, stdout: '', stderr: '' });
    const declared = fs.readFileSync(path.join(here, 'out/instruments.d.mts'), 'utf8');
    // What cannot be named and is no error becomes `any`.
    expect(declared).toContain('requests: ');
    expect(declared).not.toMatch(/\bany\b/);
    const { exports } = JSON.parse(
      fs.readFileSync(path.join(root, 'packages/metrics/package.json'), 'utf8'),
    ) as { exports: Record<string, unknown> };
    const program = fs.readFileSync(path.join(here, 'instruments.mts'), 'utf8');
    const others = ['.', './exposition', './model', './push', './testing', './fastify', './hono'];
    for (const entry of Object.keys(exports))
      if (!others.includes(entry)) expect(program).toContain(`'@binnacle/metrics${entry.slice(1)}'`);
  });

  test('refuses labels and names that cannot be', async (context) => {
    const here = await project(context, 'types', { as: `mistakes-${compiler}` });
    const { stdout } = await node([tsc, ...strict, '--module', 'nodenext', 'mistakes.mts'], here);
    const found = [...stdout.matchAll(/^mistakes\.mts\((\d+),\d+\): error (TS\d+)/gm)].map(
      ([, line, code]) => `${line} ${code}`,
    );
    expect(found).toEqual([
      compiler === 'typescript-5' ? '6 TS2345' : '6 TS2741',
      '7 TS2353',
      '8 TS2322',
      '9 TS2554',
      '10 TS2322',
      '11 TS2322',
      '12 TS2684',
    ]);
  });
});
