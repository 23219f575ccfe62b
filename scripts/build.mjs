// Builds what runs: the packages and systems with the TypeScript compiler, the page with Vite.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

function step(title, command, args, cwd = root) {
  console.log(`build: ${title}`);
  const { status, error } = spawnSync(process.execPath, [command, ...args], { cwd, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) {
    console.error(`build: ${title} failed`);
    process.exit(status ?? 1);
  }
}

step('the packages', `${root}node_modules/typescript/bin/tsc`, ['-b', 'tsconfig.products.json']);
// Says to Node that this half of the metrics package is CommonJS.
writeFileSync(`${root}packages/metrics/dist/cjs/package.json`, '{ "type": "commonjs" }\n');
step(
  'the page',
  `${root}node_modules/vite/bin/vite.js`,
  ['build', '--logLevel', 'warn'],
  `${root}packages/ui`,
);
