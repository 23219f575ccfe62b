/**
 * The guides say what is: their links lead somewhere, their commands and options exist, their TypeScript compiles in a
 * reader's project, their YAML is accepted by those who read it, and errors that they quote are errors of ours.
 * `guides-run.test.ts` runs them.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { parse } from '@binnacle/promql';
import { afterAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { HELP } from '../packages/monitor/dist/cli/arguments.js';
import { checkOptions, isCommandWord, parseOptions } from '../packages/monitor/dist/cli/options.js';
import { temporaryFolder } from './children.ts';
import { anchorsOf, blocksOf, filesOf, linksOf, pagesBelow, readPage, root } from './guide-pages.ts';
import { outside } from './outside.ts';

const GUIDES = [
  'add-to-a-service',
  'many-processes',
  'as-code',
  'production',
  'move-to-prometheus',
  'cloud',
  'troubleshooting',
].map((name) => `docs/${name}.md`);
/** Guides whose `prometheus.yml` is for Prometheus itself, which has sections that our monitor refuses by name. */
const FOR_PROMETHEUS = ['docs/cloud.md', 'docs/move-to-prometheus.md'];
/** Debian builds Prometheus without Azure's part. */
const NOT_IN_DEBIAN = /^ {4}azuread:/m;
const COMPILE_MS_MAX = 300_000;

const command = path.join(root, 'packages/monitor/bin/binnacle.js');
const cache = path.join(root, 'node_modules/.cache/guides');
afterAll(() => fs.rmSync(cache, { recursive: true, force: true }));

describe('links', () => {
  const pages = [...pagesBelow('docs'), ...pagesBelow('.', /^(?:README|ARCHITECTURE)\.md$/)];

  test.each([...new Set(pages)])('of %s lead to files and headings that are there', (page) => {
    const broken = linksOf(page).flatMap(({ target, line }) => {
      const [file = '', anchor] = target.split('#');
      const at = file === '' ? page : path.join(path.dirname(page), decodeURIComponent(file));
      if (!fs.existsSync(path.join(root, at))) return [`${page}:${line}: there is no ${at}`];
      if (anchor === undefined || !at.endsWith('.md') || anchorsOf(at).has(anchor)) return [];
      return [`${page}:${line}: ${at} has no heading #${anchor}`];
    });
    expect(broken).toEqual([]);
  });

  test.each(fs.readdirSync(path.join(root, 'systems')))(
    'of the alerts of %s lead to what to do',
    (system) => {
      const folder = path.join(root, 'systems', system, 'monitoring/prometheus/rules');
      const rules = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
      const missing = rules.flatMap((name) => {
        const text = fs.readFileSync(path.join(folder, name), 'utf8');
        return [...text.matchAll(/runbook_url: "?([^"\n]+)/g)]
          .map((match) => match[1]!)
          .filter((url) => !/^https?:/.test(url))
          .filter((url) => {
            const [file = '', anchor = ''] = url.split('#');
            return !fs.existsSync(path.join(root, file)) || !anchorsOf(file).has(anchor);
          });
      });
      expect(missing).toEqual([]);
    },
  );

  test('of the list of pages name every page', () => {
    const listed = linksOf('docs/README.md').map(({ target }) => target.split('#')[0]);
    const pages = fs.readdirSync(path.join(root, 'docs')).filter((name) => /\.md$/.test(name));
    for (const page of pages.filter((name) => name !== 'README.md')) expect(listed).toContain(page);
    expect(listed).toContain('checks/README.md');
  });
});

describe('commands', () => {
  const lines = pagesBelow('docs').flatMap((page) => {
    const text = readPage(page).replace(/\\\n\s*/g, ' ');
    return [...text.matchAll(/npx binnacle\s([^\n`]+)/g)].map(([, words]) => ({
      page,
      words: words!.replace(/\s#.*$/, '').trim(),
    }));
  });

  test('are there', () => expect(lines.length).toBeGreaterThan(40));

  test.each(lines)('of $page: binnacle $words', ({ words }) => {
    const given = words.split(/\s+[|>&]/)[0]!;
    const { values, positionals } = parseOptions(given.match(/'[^']*'|"[^"]*"|\S+/g) ?? []);
    const word = positionals[0];
    if (values.help === true || values.version === true) return;
    if (!isCommandWord(word)) throw new Error(`there is no command ${word}`);
    checkOptions(word, values);
    expect(HELP).toContain(`  binnacle ${word}`);
    for (const option of Object.keys(values)) expect(HELP).toContain(`--${option}`);
  });
});

test.each(GUIDES)(
  'the TypeScript of %s compiles as a project of a reader',
  (page) => {
    const files = filesOf(page, 'ts');
    for (const { language, file, line } of blocksOf(page))
      if (language === 'ts' && file === undefined) throw new Error(`${page}:${line}: no name of a file`);
    if (files.size === 0) return;
    const folder = path.join(cache, path.basename(page, '.md'));
    fs.rmSync(folder, { recursive: true, force: true });
    for (const [name, text] of files) {
      fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      fs.writeFileSync(path.join(folder, name), text);
    }
    const settings = {
      extends: path.join(root, 'tsconfig.base.json'),
      compilerOptions: {
        composite: false,
        noEmit: true,
        types: ['node'],
        lib: ['es2023', 'esnext.disposable'],
        declaration: false,
        declarationMap: false,
      },
      include: ['**/*.ts'],
    };
    fs.writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(settings));
    fs.writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }\n');
    const compiler = path.join(root, 'node_modules/typescript/bin/tsc');
    const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  },
  COMPILE_MS_MAX,
);

describe('YAML', () => {
  const blocks = GUIDES.flatMap((page) =>
    blocksOf(page).flatMap((block) => (block.language === 'yaml' ? [{ page, ...block }] : [])),
  );

  test.each(blocks)('of $page, line $line, is YAML', ({ text }) => {
    for (const document of parseAllDocuments(text)) expect(document.errors).toEqual([]);
  });

  test.each(GUIDES)('of %s is what the monitor reads', (page) => {
    const folder = temporaryFolder();
    const files = filesOf(page, 'yaml');
    for (const [name, text] of files) {
      fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      fs.writeFileSync(path.join(folder, name), text);
    }
    for (const name of files.keys()) {
      const kind = /^prometheus/.test(name) ? 'config' : /^alertmanager/.test(name) ? 'alerts' : undefined;
      if (kind === undefined || (kind === 'config' && FOR_PROMETHEUS.includes(page))) continue;
      const said = spawnSync(process.execPath, [command, 'check', kind, name], {
        cwd: folder,
        encoding: 'utf8',
      });
      expect(said).toMatchObject({ status: 0, stderr: '' });
    }
  });

  test.for(FOR_PROMETHEUS)('of %s is what Prometheus reads', (page, context) => {
    const promtool = outside(context, 'promtool');
    const folder = temporaryFolder();
    const files = [...filesOf(page, 'yaml')].filter(([name]) => /^prometheus/.test(name));
    expect(files).not.toEqual([]);
    for (const [name, text] of files) {
      fs.writeFileSync(path.join(folder, name), text);
      if (NOT_IN_DEBIAN.test(text)) continue;
      execFileSync(promtool, ['check', 'config', '--syntax-only', path.join(folder, name)]);
    }
  });
});

test.each(GUIDES)('the queries of %s are PromQL', (page) => {
  for (const { language, text } of blocksOf(page))
    if (language === 'promql')
      for (const query of text.trim().split(/\n\n|\n(?=\S)/)) parse(query.replace(/^#.*$/gm, '').trim());
});

test('every message that is quoted is one of ours', () => {
  const sources = ['packages/metrics/src', 'packages/monitor/src', 'packages/promql/src', 'packages/ui/src']
    .flatMap((folder) => sourcesBelow(path.join(root, folder)))
    .map((file) => fs.readFileSync(file, 'utf8').replaceAll("\\'", "'"));
  const quoted = blocksOf('docs/troubleshooting.md')
    .filter(({ language }) => language === 'text')
    .flatMap(({ text }) => text.trim().split('\n'));
  expect(quoted.length).toBeGreaterThan(20);
  const strange = quoted.filter((line) => {
    // What differs from case to case stands as an ellipsis; the pieces between stand in one file.
    const pieces = line
      .split('…')
      .map((piece) => piece.trim())
      .filter((piece) => piece.length > 3);
    return pieces.length === 0 || !sources.some((source) => pieces.every((piece) => source.includes(piece)));
  });
  expect(strange).toEqual([]);
});

function sourcesBelow(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => path.join(folder, name));
}

test('every metric of ours that is named exists', () => {
  const sources = ['packages/metrics/src', 'packages/monitor/src']
    .flatMap((folder) => sourcesBelow(path.join(root, folder)))
    .map((file) => fs.readFileSync(file, 'utf8'))
    .join('\n');
  for (const page of GUIDES)
    for (const [name] of readPage(page).matchAll(/\bbinnacle_[a-z_]+(?:_total|_bytes|_series|_seconds)\b/g))
      if (!sources.includes(name)) throw new Error(`${page} names ${name}, which nothing exposes`);
});
