import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultRegistry } from '@binnacle/metrics';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { findConfig } from '../dist/cli/project/find-config.js';
import { loadProject, loadProjectIfAny } from '../dist/cli/project/load-project.js';
import { ProjectError } from '../dist/cli/project/project-error.js';
import { type ProjectFolder, projectFolder } from './project-folder.ts';

// Processes start slowly where many do.
vi.setConfig({ testTimeout: 300_000 });

const METRICS = `
import { counter, label } from '@binnacle/metrics';
export const requests = counter({ name: 'http_requests_total', help: 'Requests', labels: { status: label } });
`;

const CONFIG = `import { defineConfig } from '@binnacle/blueprint';
import * as metrics from './src/metrics';

interface Place {
  readonly host: string;
}

const place: Place = { host: 'localhost' } satisfies Place;

export default defineConfig({
  name: 'shop',
  services: [{ name: 'web', metrics, targets: [\`\${place.host}:9464\`], labels: { system: 'shop' } }],
});
`;

const open: ProjectFolder[] = [];
afterEach(() => {
  for (const folder of open.splice(0)) folder.remove();
});

function project(
  files: Readonly<Record<string, string>> = {},
  copied: readonly string[] = [],
): ProjectFolder {
  const folder = projectFolder({ 'src/metrics.ts': METRICS, 'binnacle.config.ts': CONFIG, ...files }, copied);
  open.push(folder);
  return folder;
}

/** What loading says; paths relative to the project. */
async function refusal(files: Readonly<Record<string, string>>): Promise<{ code: string; message: string }> {
  const folder = project(files);
  const error: unknown = await loadProject(folder.path).catch((reason: unknown) => reason);
  if (!(error instanceof ProjectError)) throw new Error(`not refused as it should be: ${String(error)}`);
  return { code: error.code, message: error.message.replaceAll(`${folder.path}/`, '') };
}

/** Loads a project in a process of its own, and goes on with it. */
function loadAlone(
  folder: ProjectFolder,
  then: string,
): { status: number | null; stdout: string; stderr: string } {
  const loader = fileURLToPath(new URL('../dist/cli/project/load-project.js', import.meta.url));
  const code = `const { loadProject } = await import(${JSON.stringify(loader)}); const project = await loadProject(); ${then}`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    cwd: folder.path,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

describe('a project', () => {
  test('is a configuration in TypeScript, and the catalog that its metrics make', async () => {
    const folder = project();
    const { path, config, catalogs, warnings } = await loadProject(folder.path);
    expect(path).toBe(join(folder.path, 'binnacle.config.ts'));
    expect(config).toMatchObject({ name: 'shop', services: [{ name: 'web', targets: ['localhost:9464'] }] });
    expect(catalogs).toEqual([
      {
        service: 'web',
        job: 'web',
        targetLabels: { system: 'shop' },
        metrics: [
          {
            name: 'http_requests_total',
            type: 'counter',
            help: 'Requests',
            labels: { status: 'open' },
            everySeries: true,
          },
        ],
      },
    ]);
    expect(warnings).toEqual([]);
  });

  test('may have its own copy of our packages, and definitions in them', async () => {
    const folder = project({}, ['blueprint', 'metrics', 'promql']);
    const { config, catalogs } = await loadProject(folder.path);
    expect(config.name).toBe('shop');
    expect(catalogs[0]?.metrics.map(({ name }) => name)).toEqual(['http_requests_total']);
  });

  test('is read again each time, also where a metric has changed', async () => {
    const folder = project();
    await loadProject(folder.path);
    folder.write('src/metrics.ts', METRICS.replace('status: label', 'code: label'));
    const { catalogs } = await loadProject(folder.path);
    expect(catalogs[0]?.metrics[0]?.labels).toEqual({ code: 'open' });
  });

  test('two at once do not meet', async () => {
    const first = project();
    const second = project({ 'src/metrics.ts': METRICS.replace('status: label', 'code: label') });
    const [a, b] = await Promise.all([loadProject(first.path), loadProject(second.path)]);
    expect(a.catalogs[0]?.metrics[0]?.labels).toEqual({ status: 'open' });
    expect(b.catalogs[0]?.metrics[0]?.labels).toEqual({ code: 'open' });
  });

  test('adds nothing to the metrics of this process', async () => {
    const own = defaultRegistry();
    const folder = project({
      'src/metrics.ts': `${METRICS}\nimport { defaultRegistry } from '@binnacle/metrics';
globalThis.registryOfProject = defaultRegistry();`,
    });
    await loadProject(folder.path);
    expect(defaultRegistry()).toBe(own);
    expect((globalThis as { registryOfProject?: unknown }).registryOfProject).not.toBe(own);
  });

  test('says where its definitions stand, to the letter', async () => {
    const folder = project();
    const { config } = await loadProject(folder.path);
    expect(config.definedAt).toMatchObject({
      file: join(folder.path, 'binnacle.config.ts'),
      line: 10,
      column: 16,
    });
  });

  test('says where each alert stands, however its lines are set', async () => {
    const config = `import { alert, defineConfig, ruleGroup } from '@binnacle/blueprint';
import type { Slo } from '@binnacle/blueprint';
interface Named { readonly name: string }

const text = (subject: string): { summary: string; description: string; runbookUrl: string } =>
  ({ summary: subject, description: subject, runbookUrl: 'https://example.org' });
const none: readonly Slo[] = [];
const first = alert('First', { expr: 'up == 0', for: '5m', severity: 'warning', ...text('a') } as const);
export default defineConfig({ name: 'shop', slos: none,
  services: [{ name: 'web', targets: ['localhost:9464'] }],
  rules: [ruleGroup('g',      [ first,   /* one */ alert('Second', {
    expr: 'up == 0', for: '5m', severity: 'warning', ...text('b')
  }),
          alert("Third", { expr: 'up == 0', for: '5m', severity: 'warning', ...text('c') })])],
} satisfies Parameters<typeof defineConfig>[0] & Named);
`;
    const folder = project({ 'binnacle.config.ts': config });
    const { config: loaded } = await loadProject(folder.path);
    const lines = config.split('\n');
    const rules = loaded.rules.flatMap((group) => group.rules);
    expect(
      rules.map(({ definedAt }) => lines[definedAt!.line - 1]!.slice(definedAt!.column - 1).slice(0, 14)),
    ).toEqual(["alert('First',", "alert('Second'", 'alert("Third",']);
  });

  test('that starts something is told so', () => {
    const folder = project({
      'src/metrics.ts': `${METRICS}
import { createServer } from 'node:http';
createServer().listen(0, '127.0.0.1');
setInterval(() => {}, 60_000);
setInterval(() => {}, 60_000).unref();
clearTimeout(setTimeout(() => {}, 60_000));
await new Promise((resolve) => setTimeout(resolve, 1));`,
    });
    expect(loadAlone(folder, 'console.log(project.warnings.join()); process.exit()')).toEqual({
      status: 0,
      stdout:
        'importing binnacle.config.ts started a server that listens, a timer: import the modules that define metrics, and not the one that starts the service\n',
      stderr: '',
    });
  });
});

describe('is found', () => {
  test('in the folder, or the nearest one above', () => {
    const folder = project();
    mkdirSync(join(folder.path, 'a/b'), { recursive: true });
    const config = join(folder.path, 'binnacle.config.ts');
    expect(findConfig(undefined, join(folder.path, 'a/b'))).toBe(config);
    expect(findConfig(undefined, folder.path)).toBe(config);
    expect(findConfig('binnacle.config.ts', folder.path)).toBe(config);
    const nearer = folder.write('a/binnacle.config.mjs', '');
    expect(findConfig(undefined, join(folder.path, 'a/b'))).toBe(nearer);
    expect(findConfig('a', folder.path)).toBe(nearer);
  });

  test('as .ts before .mts before .js before .mjs', () => {
    const folder = project();
    for (const extension of ['mjs', 'js', 'mts']) {
      const file = folder.write(`sub/binnacle.config.${extension}`, '');
      expect(findConfig('sub', folder.path)).toBe(file);
    }
  });

  test.each(['mts', 'js', 'mjs'])('and loaded as .%s', async (extension) => {
    const folder = projectFolder({
      'package.json': extension === 'mts' ? '{}' : '{ "type": "module" }',
      [`binnacle.config.${extension}`]: `import { defineConfig } from '@binnacle/blueprint';
export default defineConfig({ name: 'shop', services: [{ name: 'web', targets: ['localhost:9464'] }] });`,
    });
    open.push(folder);
    expect((await loadProject(folder.path)).config.name).toBe('shop');
  });

  test('or not, which is an answer where nobody asked for it', async () => {
    const folder = projectFolder();
    open.push(folder);
    await expect(loadProject(join(folder.path, 'nowhere'))).rejects.toThrow(/^there is no .*nowhere$/);
    await expect(loadProject(folder.path)).rejects.toThrow(/^there is no binnacle\.config\.ts in /);
    const here = process.cwd();
    process.chdir(folder.path);
    try {
      expect(await loadProjectIfAny()).toBeUndefined();
      await expect(loadProject()).rejects.toThrow(
        'there is no binnacle.config.ts here or above: name one with --config FILE, or write one with binnacle init',
      );
    } finally {
      process.chdir(here);
    }
  });
});

describe('what does not load says where', () => {
  test.each<[mistake: string, files: Record<string, string>, code: string, message: string]>([
    [
      'what is no TypeScript',
      { 'binnacle.config.ts': 'export default {\n  a: 1,\n  b: [1, 2\n};\n' },
      'project_not_loaded',
      'binnacle.config.ts:4:1: Unexpected token, expected ","\n    };\n    ^',
    ],
    [
      'a definition that cannot be, in a file that it imports',
      { 'src/metrics.ts': METRICS.replace('http_requests_total', 'http_requests') },
      'project_not_loaded',
      "src/metrics.ts:3:25: counter http_requests must end in _total\n    export const requests = counter({ name: 'http_requests', help: 'Requests', labels: { status: label } });\n                            ^",
    ],
    [
      'a mistake in the configuration',
      { 'binnacle.config.ts': CONFIG.replace("name: 'shop'", "name: 'Shop'") },
      'project_not_loaded',
      'binnacle.config.ts:10:16: configuration "Shop": 1 mistake\n  name "Shop" is not a lower case letter, then lower case letters, digits and dashes, at most 50\n    export default defineConfig({\n                   ^',
    ],
    [
      'a module that there is not',
      { 'binnacle.config.ts': CONFIG.replace('./src/metrics', './src/metric') },
      'project_not_loaded',
      "binnacle.config.ts:2:1: there is no ./src/metric\n    import * as metrics from './src/metric';\n    ^",
    ],
    [
      'one of ours that is not installed',
      { 'binnacle.config.ts': CONFIG.replace('@binnacle/blueprint', '@binnacle/blueprints/x') },
      'project_not_loaded',
      "binnacle.config.ts:1: there is no @binnacle/blueprints/x: npm install --save-dev @binnacle/blueprints\n    import { defineConfig } from '@binnacle/blueprints/x';",
    ],
    [
      'a function that a module does not have',
      { 'binnacle.config.ts': CONFIG.replaceAll('defineConfig', 'defineConfiguration') },
      'project_not_loaded',
      'binnacle.config.ts:10:16: what is imported as defineConfiguration is no function: does the module export it?\n    export default defineConfiguration({\n                   ^',
    ],
    [
      'a name that there is not',
      { 'binnacle.config.ts': CONFIG.replace("name: 'shop'", 'name: shop') },
      'project_not_loaded',
      'binnacle.config.ts:11:9: ReferenceError: shop is not defined\n      name: shop,\n            ^',
    ],
    [
      'a metric that a module does not have, given to us',
      {
        'binnacle.config.ts': `import { select } from '@binnacle/promql/builder';
import * as metrics from './src/metrics';
export const waiting = select(metrics.request);
`,
      },
      'project_not_loaded',
      'binnacle.config.ts:3:24: undefined is given where something with name is wanted: is each name spelt as its module exports it?\n    export const waiting = select(metrics.request);\n                           ^',
    ],
    [
      'a field of it that is read in the configuration itself',
      {
        'binnacle.config.ts': `import * as metrics from './src/metrics';
export const name = metrics.request.name;
`,
      },
      'project_not_loaded',
      "binnacle.config.ts:2:37: Cannot read properties of undefined (reading 'name')\n    export const name = metrics.request.name;\n                                        ^",
    ],
    [
      'no default export',
      { 'binnacle.config.ts': CONFIG.replace('export default', 'export const config =') },
      'project_no_config',
      'binnacle.config.ts does not export what defineConfig returns: end it with export default defineConfig({ ... }) of @binnacle/blueprint',
    ],
    [
      'a default export that nobody checked',
      { 'binnacle.config.ts': "export default { name: 'shop', services: [] };" },
      'project_no_config',
      'binnacle.config.ts does not export what defineConfig returns: end it with export default defineConfig({ ... }) of @binnacle/blueprint',
    ],
  ])('%s', async (_, files, code, message) => {
    expect(await refusal(files)).toEqual({ code, message });
  });
});

test('nothing is left running that would keep a command from ending', () => {
  expect(loadAlone(project(), 'console.log(project.config.name)')).toEqual({
    status: 0,
    stdout: 'shop\n',
    stderr: '',
  });
});
