/** Templates of rules beside the real Prometheus: the same texts, and the same messages where they fail. */
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Labels } from '@binnacle/metrics/model';
import { expect, it } from 'vitest';
import { freePort } from '../../../../test/free-port.ts';
import { outside } from '../../../../test/outside.ts';
import { Template, type TemplateData, type TemplateSample } from '../../dist/rules/template.js';
import { randomFormats, randomTemplates } from './random-template.js';
import { BROKEN_TEMPLATES, TEMPLATES } from './template-cases.js';

const RANDOM_TEMPLATES = process.env.BINNACLE_SOAK === '1' ? 5000 : 800;
const SEED = 20_260;

const EXTERNAL_URL = 'http://localhost:9700/base';
const DATA: TemplateData = {
  alertName: 'T',
  labels: Labels.of({ instance: 'web-1.example.org:8000', job: 'web' }),
  value: 12.5,
  externalLabels: { site: 'eu' },
  externalUrl: EXTERNAL_URL,
  timeMs: 0,
};
const EXPRESSION =
  'label_replace(label_replace(vector(12.5), "instance", "web-1.example.org:8000", "", ""), "job", "web", "", "")';
const VECTOR: readonly TemplateSample[] = [
  { labels: Labels.of({ instance: 'b:1' }), value: 2 },
  { labels: Labels.of({ instance: 'a:1' }), value: 1.5 },
];

async function answer(expression: string): Promise<readonly TemplateSample[]> {
  if (expression.startsWith('label_replace')) return VECTOR;
  if (expression.startsWith('vector(1) > 2')) return [];
  throw new Error('the expression is wrong');
}

/** What a query fails with is the engine's affair. */
function withoutQueryProblem(text: string): string {
  return text.replace(/(error calling query: ).*/s, '$1…');
}

it('expands as Prometheus does, and fails in its words', { timeout: 300_000 }, async (context) => {
  const program = outside(context, 'prometheus');
  const templates = [
    ...TEMPLATES,
    ...randomTemplates(RANDOM_TEMPLATES, SEED),
    ...randomFormats(RANDOM_TEMPLATES / 2, SEED),
  ];
  const want = await annotationsOf(program, templates);
  const got = await Promise.all(
    templates.map((template) => Template.parse(template).expandOrExplain(DATA, answer)),
  );
  const differing = templates
    .map((template, i) => ({
      template,
      want: withoutQueryProblem(want[`a${i}`] ?? ''),
      got: withoutQueryProblem(got[i]!),
    }))
    .filter((one) => one.want !== one.got);
  expect(differing).toEqual([]);
  // Both kinds are there in numbers.
  expect(got.filter((text) => text.startsWith('<error expanding template: ')).length).toBeGreaterThan(150);
  expect(got.filter((text) => !text.startsWith('<error expanding template: ')).length).toBeGreaterThan(300);
});

it('refuses the templates that promtool refuses', { timeout: 300_000 }, async (context) => {
  const program = outside(context, 'promtool');
  for (const template of BROKEN_TEMPLATES)
    expect(() => Template.parse(template), template).toThrowError(
      expect.objectContaining({ code: 'template_invalid' }),
    );
  await inFolder(async (folder) => {
    const rules = BROKEN_TEMPLATES.map((template, i) => ({
      alert: `Broken${i}_`,
      expr: 'up',
      annotations: { a: template },
    }));
    const file = path.join(folder, 'rules.yml');
    await writeFile(file, JSON.stringify({ groups: [{ name: 'g', rules }] }));
    const said = await outputOf(program, ['check', 'rules', file]);
    const accepted = BROKEN_TEMPLATES.filter((_, i) => !said.includes(`__alert_Broken${i}_`));
    expect(accepted).toEqual([]);
  });
});

/** The annotations of one alert of a real Prometheus, one per template. */
async function annotationsOf(
  program: string,
  templates: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  return inFolder(async (folder) => {
    const annotations = Object.fromEntries(templates.map((template, i) => [`a${i}`, template]));
    const rules = [{ alert: DATA.alertName, expr: EXPRESSION, annotations }];
    await writeFile(
      path.join(folder, 'rules.yml'),
      JSON.stringify({ groups: [{ name: 'g', interval: '1s', rules }] }),
    );
    const config = path.join(folder, 'prometheus.yml');
    await writeFile(
      config,
      JSON.stringify({ global: { external_labels: DATA.externalLabels }, rule_files: ['rules.yml'] }),
    );
    const address = `127.0.0.1:${await freePort()}`;
    const child = spawn(
      program,
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${path.join(folder, 'data')}`,
        `--web.listen-address=${address}`,
        `--web.external-url=${EXTERNAL_URL}`,
        '--log.level=error',
      ],
      { stdio: 'ignore' },
    );
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    try {
      for (;;) {
        expect(child.exitCode, 'Prometheus ended early').toBeNull();
        const alerts = await alertsAt(`http://${address}/base/api/v1/alerts`);
        if (alerts[0] !== undefined) return alerts[0].annotations;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
  });
}

async function alertsAt(url: string): Promise<{ annotations: Record<string, string> }[]> {
  try {
    const body: unknown = await (await fetch(url)).json();
    return (body as { data: { alerts: { annotations: Record<string, string> }[] } }).data.alerts;
  } catch {
    return [];
  }
}

async function inFolder<T>(run: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'binnacle-templates-'));
  try {
    return await run(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function outputOf(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(program, args, { maxBuffer: 1 << 24 }, (_, stdout, stderr) => resolve(stdout + stderr));
  });
}
