/** The examples of the pages about instruments compile, and run where they need no server. */
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { temporaryFolder } from '../../../test/children.ts';
import { compiledExamples, examplesOf } from './examples.ts';

vi.setConfig({ testTimeout: 600_000 });

const exec = promisify(execFile);
const docs = fileURLToPath(new URL('../docs', import.meta.url));
const pages = fs.readdirSync(docs).map((file) => path.basename(file, '.md'));
const folder = temporaryFolder();

/** What only these libraries of tests have. */
const nest = fileURLToPath(new URL('libraries/newest/node_modules/@nestjs', import.meta.url));

/** Pages whose examples connect to something when they run. */
const NEED_SERVERS = ['fetch', 'nest', 'queues'];

test('every page has an example, and is one of the list, which names every instrument', () => {
  const list = fs.readFileSync(path.join(docs, 'README.md'), 'utf8');
  const { exports } = JSON.parse(
    fs.readFileSync(fileURLToPath(new URL('../package.json', import.meta.url)), 'utf8'),
  ) as { exports: Record<string, unknown> };
  const others = ['.', './exposition', './model', './push', './testing'];
  for (const entry of Object.keys(exports))
    if (!others.includes(entry)) expect(list).toContain(`\`${entry.slice(1)}\``);
  for (const page of pages.filter((name) => name !== 'README')) {
    expect(list).toContain(`](${page}.md`);
    expect(examplesOf(`docs/${page}.md`), page).not.toEqual([]);
  }
});

describe('the examples', () => {
  test('compile with the strictest settings, and run', async () => {
    const examples = new Map<string, string>();
    for (const page of pages) {
      if (page === 'nest' && !fs.existsSync(nest)) continue;
      for (const [i, { code }] of examplesOf(`docs/${page}.md`).entries()) examples.set(`${page}-${i}`, code);
    }
    const built = compiledExamples('docs-examples', examples, {
      // Their libraries are not as strict.
      skipLibCheck: true,
      paths: { '@nestjs/*': [`${nest}/*/index.d.ts`] },
    });
    onTestFinished(() => fs.rmSync(built.folder, { recursive: true, force: true }));
    expect(built.said).toBe('');
    const run = [...examples.keys()].filter((name) => !NEED_SERVERS.includes(name.replace(/-\d+$/, '')));
    expect(run.length).toBeGreaterThan(15);
    // Each in a process of its own: several define the same metric with other labels.
    const ended = await Promise.all(
      run.map(async (name) => {
        const here = fs.mkdtempSync(path.join(folder, 'example-'));
        const program = `import(${JSON.stringify(path.join(built.folder, `${name}.js`))}).then(() => setImmediate(() => process.exit()))`;
        return await exec(process.execPath, ['--input-type=module', '-e', program], { cwd: here }).then(
          () => 'well',
          // better-sqlite3 is there, but nobody has built it.
          ({ message }: Error) => (message.includes('Could not locate the bindings file') ? 'well' : message),
        );
      }),
    );
    expect(ended.filter((end) => end !== 'well')).toEqual([]);
  });
});
