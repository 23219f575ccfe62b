// What loading a client adds to the start of a program, beside the peers: node import-time.mjs [processes, default 15]
//
// Each process loads one module and says how long that took, from just before the import to just after; an empty
// module is the measure. Clients in turn, so that a slow moment of the machine meets all of them. The second table
// is of whole processes, from start to end.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { spread } from './clients.mjs';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'binnacle-import-'));
const empty = { mjs: path.join(folder, 'empty.mjs'), cjs: path.join(folder, 'empty.cjs') };
fs.writeFileSync(empty.mjs, 'export const counter = () => {};\n');
fs.writeFileSync(empty.cjs, 'exports.counter = () => {};\n');

const here = path.dirname(fileURLToPath(import.meta.url));

/** Where programs find the clients: those that are installed here, and ours from its tarball. */
const place = path.join(folder, 'place');
const ours = path.join(place, 'node_modules/@binnacle/metrics');
fs.mkdirSync(ours, { recursive: true });
execFileSync(process.execPath, [path.join(here, '../scripts/pack.mjs'), folder], { stdio: 'pipe' });
const tarball = fs.readdirSync(folder).find((name) => name.startsWith('binnacle-metrics-'));
execFileSync('tar', ['xzf', path.join(folder, tarball), '--strip-components=1', '-C', ours]);
for (const name of fs.readdirSync(path.join(here, 'node_modules')))
  if (name !== '@binnacle')
    fs.symlinkSync(path.join(here, 'node_modules', name), path.join(place, 'node_modules', name));

/** How each is loaded, and a name that must then be there. */
const LOADS = {
  'an empty module': ['import', pathToFileURL(empty.mjs).href, 'counter'],
  'an empty module, require': ['require', empty.cjs, 'counter'],
  binnacle: ['import', '@binnacle/metrics', 'counter'],
  'binnacle, require': ['require', '@binnacle/metrics', 'counter'],
  'binnacle/fastify': ['import', '@binnacle/metrics/fastify', 'fastifyMetrics'],
  'prom-client, require': ['require', 'prom-client', 'Counter'],
  '@prometheus-io/client': ['import', '@prometheus-io/client', 'Counter'],
  '@platformatic/prom-client, require': ['require', '@platformatic/prom-client', 'Counter'],
  '@opentelemetry/sdk-metrics': ['import', '@opentelemetry/sdk-metrics', 'MeterProvider'],
};

const runs = Number(process.argv[2] ?? 15);
try {
  const loads = new Map();
  const wholes = new Map();
  for (let i = 0; i <= runs; i++) {
    for (const [name, load] of Object.entries(LOADS)) {
      const from = performance.now();
      const took = Number(
        execFileSync(process.execPath, programOf(...load), { cwd: place, encoding: 'utf8' }),
      );
      const whole = performance.now() - from;
      if (i === 0) continue; // brings the files into memory
      loads.set(name, [...(loads.get(name) ?? []), took]);
      wholes.set(name, [...(wholes.get(name) ?? []), whole]);
    }
  }
  print(`loading, ms: median [least, greatest] of ${runs} processes`, loads);
  print('whole processes', wholes);
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}

function programOf(how, module, name) {
  const program =
    how === 'import'
      ? `const from = performance.now(); const m = await import(${JSON.stringify(module)}); const took = performance.now() - from;`
      : `const from = performance.now(); const m = require(${JSON.stringify(module)}); const took = performance.now() - from;`;
  const answer = `if (typeof (m.${name} ?? m.default?.${name}) !== 'function') throw new Error('no ${name}'); console.log(took);`;
  return [`--input-type=${how === 'import' ? 'module' : 'commonjs'}`, '-e', program + answer];
}

function print(title, all) {
  console.log(`\n${title}; more than an empty module`);
  for (const [name, values] of all) {
    const { median, min, max } = spread(values);
    const base = spread(
      all.get(name.endsWith(', require') ? 'an empty module, require' : 'an empty module'),
    ).median;
    const figures = `${median.toFixed(1)} [${min.toFixed(1)}, ${max.toFixed(1)}]`;
    console.log(`  ${name.padEnd(38)}${figures.padEnd(24)}${(median - base).toFixed(1).padStart(8)}`);
  }
}
