/** The reference systems as their users would prove them: with the command, in their own folders. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test, vi } from 'vitest';
import { outside } from './outside.ts';

vi.setConfig({ testTimeout: 600_000 });

const root = fileURLToPath(new URL('..', import.meta.url));
const command = path.join(root, 'packages/monitor/bin/binnacle.js');
const systems = fs
  .readdirSync(path.join(root, 'systems'))
  .filter((name) => fs.existsSync(path.join(root, 'systems', name, 'binnacle.config.ts')));

describe.each(systems)('%s', (system) => {
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], {
      cwd: path.join(root, 'systems', system),
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
    });
    return { status, stdout, stderr };
  };

  test('has nothing that a check objects to', () => {
    expect(run('check', '--fail-on', 'warning')).toMatchObject({ status: 0, stderr: '' });
  });

  test('has generated files that are what its configuration says', () => {
    expect(run('generate', '--check')).toMatchObject({ status: 0, stderr: '' });
  });

  test('has every alert tested, to fire and to be silent', () => {
    const files = fs
      .readdirSync(path.join(root, 'systems', system))
      .filter((file) => file.endsWith('.rules.ts'));
    expect(run('test', '--coverage-required', ...files)).toMatchObject({ status: 0, stderr: '' });
  });

  test('has generated files that promtool and amtool take', (context) => {
    const judged = (program: 'promtool' | 'amtool', ...args: string[]) => {
      const { status, stdout, stderr } = spawnSync(outside(context, program), args, {
        cwd: path.join(root, 'systems', system, 'monitoring'),
        encoding: 'utf8',
      });
      return { status, said: stdout + stderr };
    };
    const taken = { status: 0, said: expect.stringContaining('SUCCESS') };
    for (const file of ['prometheus/prometheus.yml', 'prometheus/prometheus.prod.yml'])
      expect(judged('promtool', 'check', 'config', '--lint=all', '--lint-fatal', file)).toEqual(taken);
    const rules = path.join(root, 'systems', system, 'monitoring/prometheus/rules');
    for (const file of fs.readdirSync(rules))
      expect(
        judged('promtool', 'check', 'rules', '--lint=all', '--lint-fatal', path.join(rules, file)),
      ).toEqual(taken);
    if (fs.existsSync(path.join(root, 'systems', system, 'monitoring/alertmanager')))
      expect(judged('amtool', 'check-config', 'alertmanager/alertmanager.yml')).toEqual(taken);
  });
});

test('there is one', () => {
  expect(systems).toContain('bricklayers');
});
