/** What the browser loads stays small, compressed as the monitor sends it. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

const BUILT = fileURLToPath(new URL('../dist/page', import.meta.url));
const KIB = 1024;
/** What every address loads: the page, its code and its styles. */
const FIRST_BYTES_MAX = 60 * KIB;
/** What the page of alerts loads beside that. */
const ALERTS_BYTES_MAX = 12 * KIB;
/** What a dashboard loads beside the first load when it has every kind of panel. */
const PANELS_BYTES_MAX = 27 * KIB;

function bytesOf(files: readonly string[]): number {
  return files.reduce((sum, file) => sum + gzipSync(readFileSync(path.join(BUILT, file))).length, 0);
}

test('the first load is at most 60 KiB, the page of alerts 12 more, and all kinds of panels 27', () => {
  const index = readFileSync(path.join(BUILT, 'index.html'), 'utf8');
  const first = [...index.matchAll(/(?:src|href)="\.\/(assets\/[^"]+)"/g)].map(([, file]) => file!);
  expect(new Set(first.map((file) => path.extname(file)))).toEqual(new Set(['.css', '.js']));
  expect(bytesOf(['index.html', ...first])).toBeLessThan(FIRST_BYTES_MAX);
  const alerts = readdirSync(path.join(BUILT, 'assets')).filter((file) => /^(alerts|lists)-/.test(file));
  expect(alerts).toHaveLength(3);
  expect(bytesOf(alerts.map((file) => `assets/${file}`))).toBeLessThan(ALERTS_BYTES_MAX);
  const panels = readdirSync(path.join(BUILT, 'assets')).filter((file) => /^(more|text)-/.test(file));
  expect(panels.map((file) => path.extname(file)).sort()).toEqual(['.css', '.js', '.js']);
  expect(bytesOf(panels.map((file) => `assets/${file}`))).toBeLessThan(PANELS_BYTES_MAX);
});
