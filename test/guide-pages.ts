/** The pages of documentation as tests read them: their blocks of code by the files that they are, links and anchors. */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** A fenced block of a page. */
export interface Block {
  readonly language: string;
  readonly text: string;
  /** What its first line says that it is: `src/metrics.ts` of `// src/metrics.ts` and `# prometheus.yml`. */
  readonly file: string | undefined;
  /** Of its first line in the page. */
  readonly line: number;
}

const FILE_LINE = /^(?:\/\/|#) ((?:[\w-]+\/)*[\w.-]+\.(?:ts|mjs|js|ya?ml|service|conf|env)|Caddyfile)$/;

/** The text of a page, named from the root of the repository. */
export function readPage(page: string): string {
  return fs.readFileSync(path.join(root, page), 'utf8');
}

/** The fenced blocks of a page. */
export function blocksOf(page: string): Block[] {
  const text = readPage(page);
  return [...text.matchAll(/^```(\w+)[^\n]*\n(.*?)^```$/gms)].map((match) => ({
    language: match[1]!,
    text: match[2]!,
    file: FILE_LINE.exec(match[2]!.split('\n', 1)[0]!)?.[1],
    line: text.slice(0, match.index).split('\n').length + 1,
  }));
}

/** The files that a page writes, by their names; a name that stands twice is the page's mistake. */
export function filesOf(page: string, ...languages: readonly string[]): Map<string, string> {
  const files = new Map<string, string>();
  for (const { language, text, file, line } of blocksOf(page)) {
    if (file === undefined || (languages.length > 0 && !languages.includes(language))) continue;
    if (files.has(file)) throw new Error(`${page}:${line}: there is a ${file} already`);
    files.set(file, text);
  }
  return files;
}

/** A link of a page to another place of the repository. */
export interface Link {
  readonly line: number;
  /** As it is written. */
  readonly target: string;
}

/** Links and pictures that are no addresses of the network; what stands in code is none. */
export function linksOf(page: string): Link[] {
  const text = readPage(page)
    .replace(/^```.*?^```$/gms, (block) => block.replace(/[^\n]/g, ' '))
    .replace(/`[^`\n]+`/g, (code) => ' '.repeat(code.length));
  const inline = [...text.matchAll(/\]\((?:<([^>\n]+)>|([^)\s]+))\)/g)];
  return inline
    .map((match) => ({
      target: match[1] ?? match[2]!,
      line: text.slice(0, match.index).split('\n').length,
    }))
    .filter(({ target }) => !/^(?:https?|mailto):/.test(target));
}

/** The anchors of a page as GitHub makes them of its headings. */
export function anchorsOf(page: string): ReadonlySet<string> {
  const text = readPage(page).replace(/^```.*?^```$/gms, '');
  const seen = new Map<string, number>();
  const anchors = new Set<string>();
  for (const [, heading] of text.matchAll(/^#{1,6} (.+)$/gm)) {
    const slug = heading!
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return anchors;
}

const SKIPPED = new Set(['node_modules', 'dist', 'monitoring', 'fixtures', 'test']);

/** All pages below a folder of the repository that are written by hand. */
export function pagesBelow(folder: string, name = /\.md$/): string[] {
  return fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const at = path.join(folder, entry.name);
    if (entry.isDirectory())
      return SKIPPED.has(entry.name) || entry.name.startsWith('.') ? [] : pagesBelow(at, name);
    return name.test(entry.name) ? [at] : [];
  });
}
