// `npm run conformance -- DIR`: runs a folder of Prometheus's test scripts (`*.test`) and prints per file how many
// evaluations passed and why the others did not; last the totals. Exits with 1 when something failed.
//
// What no JavaScript string can express (bytes that are not UTF-8) is skipped, and listed by file and line.
// `--verbose` lists every evaluation that failed.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const verbose = process.argv.includes('--verbose');
const folder = process.argv.slice(2).find((arg) => !arg.startsWith('--'));
if (folder === undefined || !existsSync(folder)) {
  console.error(
    folder === undefined
      ? 'usage: npm run conformance -- [--verbose] DIR, where DIR holds *.test files'
      : `${resolve(folder)} does not exist`,
  );
  process.exit(1);
}
if (!existsSync(`${root}packages/promql/dist/index.js`)) {
  console.error('packages/promql is not built; run `npm run build` first');
  process.exit(1);
}

// Node.js 20 does not read TypeScript itself.
const { runnerImport } = await import('vite');
const { module } = await runnerImport(`${root}conformance/promql-runner.ts`, {
  root,
  configFile: false,
  logLevel: 'error',
});
const totals = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
const skips = [];
for await (const { file, outcomes, inexpressible } of module.runFolder(folder)) {
  const kinds = new Map();
  for (const { line, query, kind, message } of outcomes) {
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    if (kind === 'passed') totals.passed++;
    else {
      totals.failed++;
      failures.push(`${file}:${line}: ${message ?? `${query}: ${kind}`}`);
    }
  }
  for (const { line, reason } of inexpressible) {
    totals.skipped++;
    skips.push(`${file}:${line}: ${reason}`);
  }
  const passed = kinds.get('passed') ?? 0;
  kinds.delete('passed');
  const reasons = [...kinds].map(([kind, count]) => `${kind}: ${count}`).join(', ');
  const total = outcomes.length + inexpressible.length;
  console.log(
    `${file.padEnd(28)} ${String(passed).padStart(4)} of ${String(total).padStart(4)}${reasons && `  ${reasons}`}`,
  );
}
if (verbose && failures.length > 0) console.log(`\nfailed:\n${failures.join('\n')}`);
if (skips.length > 0) console.log(`\nskipped:\n${skips.join('\n')}`);
if (totals.passed + totals.failed + totals.skipped === 0) {
  console.error(`\n${resolve(folder)} holds no evaluations`);
  totals.failed++;
}
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
// Not process.exit(), which would cut off what a pipe has not taken yet.
process.exitCode = totals.failed === 0 ? 0 : 1;
