/** `binnacle import`, as a shell runs it. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it, vi } from 'vitest';
import { type ProjectFolder, projectFolder } from './project-folder.ts';

// Processes start slowly where many do.
vi.setConfig({ testTimeout: 300_000 });

const command = fileURLToPath(new URL('../bin/binnacle.js', import.meta.url));

const OLD = {
  dashboard: {
    uid: 'jobs',
    title: 'Jobs & queues',
    rows: [
      {
        title: 'Work',
        showTitle: true,
        panels: [
          {
            type: 'graph',
            title: 'Done',
            span: 12,
            yaxes: [{ format: 'ops', min: '0' }, {}],
            targets: [{ expr: 'sum(rate(jobs_total[5m]))', legendFormat: 'done' }],
          },
        ],
      },
    ],
  },
  overwrite: true,
};

const open: ProjectFolder[] = [];
afterEach(() => {
  for (const folder of open.splice(0)) folder.remove();
});

function shell(files: Readonly<Record<string, string>>) {
  const folder = projectFolder(files);
  open.push(folder);
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], {
      cwd: folder.path,
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  };
  return { folder, run };
}

it('writes an old dashboard as TypeScript that renders to what it says, and tells what was changed', () => {
  const { folder, run } = shell({
    'old.json': JSON.stringify(OLD),
    'binnacle.config.ts': `
import { defineConfig } from '@binnacle/blueprint';
import { jobs } from './jobs.ts';
export default defineConfig({ name: 'shop', services: [{ name: 'web', targets: ['a:1'] }], dashboards: [jobs] });
`,
  });
  const imported = run('import', 'old.json', '--out', 'jobs.ts', '--name', 'jobs');
  expect(imported).toMatchObject({ status: 0, stdout: '' });
  expect(imported.stderr).toMatch(/^binnacle: envelope: /m);
  expect(imported.stderr).toMatch(/^binnacle: older-panel: \/dashboard\/rows\/0\/panels\/0/m);
  expect(readFileSync(join(folder.path, 'jobs.ts'), 'utf8')).toContain('export const jobs = ');

  // What is rendered of it is what the JSON of today says.
  const today = run('import', 'old.json', '--json');
  expect(run('generate')).toMatchObject({ status: 0, stderr: '' });
  expect(readFileSync(join(folder.path, 'monitoring/grafana/dashboards/jobs.json'), 'utf8')).toBe(
    today.stdout,
  );
  const [row, panel] = (JSON.parse(today.stdout) as { panels: Record<string, unknown>[] }).panels;
  expect(row).toMatchObject({ type: 'row', title: 'Work' });
  expect(panel).toMatchObject({
    type: 'timeseries',
    title: 'Done',
    fieldConfig: { defaults: { unit: 'ops', min: 0 } },
    targets: [{ expr: 'sum(rate(jobs_total[5m]))', legendFormat: 'done' }],
  });
});

it('writes over nothing unasked', () => {
  const { run } = shell({ 'old.json': JSON.stringify(OLD), 'jobs.ts': '' });
  expect(run('import', 'old.json', '--out', 'jobs.ts')).toMatchObject({
    status: 1,
    stderr: 'binnacle: there is a jobs.ts already; --force writes over it\n',
  });
  expect(run('import', 'old.json', '--out', 'jobs.ts', '--force')).toMatchObject({ status: 0 });
});

it.each([
  [[], 2, 'binnacle import takes one file'],
  [['a.json', 'b.json'], 2, 'binnacle import takes one file'],
  [['list.json', '--name', 'a-b'], 2, '--name: "a-b" is not a name that a module can export'],
  [['list.json', '--name', 'a', '--json'], 2, '--name is about TypeScript'],
  [['none.json'], 1, 'none.json cannot be read'],
  [['broken.json'], 1, 'broken.json is not JSON: '],
  [['list.json'], 1, 'list.json is no dashboard of Grafana: '],
])('with %j it ends with %d and says why', (args, status, message) => {
  const { run } = shell({ 'broken.json': '{"title":', 'list.json': '[]' });
  const ended = run('import', ...args);
  expect(ended).toMatchObject({ status, stdout: '' });
  expect(ended.stderr).toContain(message);
});
