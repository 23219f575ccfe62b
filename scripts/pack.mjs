// `node scripts/pack.mjs FOLDER`: the tarballs as they are published, after a build.
//
// Programs import `@binnacle/metrics` at their start, in every process, and finding and reading a hundred small modules
// takes longer than running them. So the entries that its `exports` name are bundled here, ESM and CommonJS each with
// what they have in common in chunks; types stay one file each. The command gets the built page, which is a package of its
// own in the repository only. The others are packed as they are.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = path.join(root, 'packages/metrics');
const command = path.join(root, 'packages/monitor');
const page = path.join(root, 'packages/ui/dist/page');
const destination = path.resolve(process.argv[2] ?? 'packed');

/** Modules that the main entry needs, whatever is done with it; instruments are not among them. */
function coreOf(exported) {
  const others = Object.keys(exported)
    .map((name) => name.slice(2) || 'index')
    .join('|');
  const inFolders =
    'model/(?:exponential|names)|store/(?:store|heap|errors|exemplar-slots)|serve/(?:errors|variables|served|serving)';
  return new RegExp(`metrics/dist/(?:(?!(?:${others})\\.js$)[a-z-]+|${inFolders})\\.js$`);
}

/** The files of one of the two halves, by what they are called in it: `index`, `model/index`. */
function entriesOf(exported, condition, folder) {
  const entries = {};
  for (const conditions of Object.values(exported)) {
    const file = conditions[condition].default.slice(`./${folder}/`.length, -'.js'.length);
    // Both halves are made from the same modules.
    entries[file] = path.join(source, 'dist', `${file}.js`);
  }
  return entries;
}

async function bundle(format, input, outDir, external, core) {
  await build({
    configFile: false,
    root: source,
    logLevel: 'warn',
    build: {
      ssr: true,
      outDir,
      emptyOutDir: false,
      target: 'node20',
      minify: false,
      rolldownOptions: {
        input,
        external: [/^node:/, ...external],
        // An entry that others import has no more names for it.
        preserveEntrySignatures: 'strict',
        output: {
          format,
          entryFileNames: '[name].js',
          chunkFileNames: 'chunks/[name].js',
          // What every program that counts needs, in one file.
          codeSplitting: { groups: [{ name: 'core', test: core }] },
          // Jest has no `import()` in CommonJS.
          dynamicImportInCjs: false,
        },
      },
    },
  });
}

/** Copies the declarations of a folder, without the maps that lead to sources which are not there. */
function copyTypes(from, to) {
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (!entry.isFile() || !file.endsWith('.d.ts')) continue;
    const target = path.join(to, path.relative(from, file));
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, readFileSync(file, 'utf8').replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n'));
  }
}

/** Puts together what is published of the command. */
function stageCommand(stage) {
  const manifest = JSON.parse(readFileSync(path.join(command, 'package.json'), 'utf8'));
  for (const file of manifest.files)
    if (existsSync(path.join(command, file)))
      cpSync(path.join(command, file), path.join(stage, file), { recursive: true });
  // Where `binnacle up` looks for it.
  cpSync(page, path.join(stage, 'ui'), { recursive: true });
  writeFileSync(
    path.join(stage, 'package.json'),
    `${JSON.stringify({ ...manifest, files: [...manifest.files, 'ui'] }, null, 2)}\n`,
  );
}

const stages = mkdtempSync(path.join(tmpdir(), 'binnacle-pack-'));
try {
  const stage = path.join(stages, 'metrics');
  const staged = path.join(stages, 'binnacle');
  mkdirSync(stage);
  stageCommand(staged);
  const manifest = JSON.parse(readFileSync(path.join(source, 'package.json'), 'utf8'));
  const external = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
  const dist = path.join(stage, 'dist');
  copyTypes(path.join(source, 'dist'), dist);
  const core = coreOf(manifest.exports);
  await bundle('es', entriesOf(manifest.exports, 'import', 'dist'), dist, external, core);
  const commonjs = entriesOf(manifest.exports, 'require', 'dist/cjs');
  await bundle('cjs', commonjs, path.join(dist, 'cjs'), external, core);
  writeFileSync(path.join(dist, 'cjs/package.json'), '{ "type": "commonjs" }\n');
  for (const file of ['README.md', 'FORMAT.md', 'docs'])
    cpSync(path.join(source, file), path.join(stage, file), { recursive: true });
  const { devDependencies: _, ...published } = manifest;
  writeFileSync(
    path.join(stage, 'package.json'),
    `${JSON.stringify({ ...published, files: ['dist', 'docs', 'FORMAT.md'] }, null, 2)}\n`,
  );
  mkdirSync(destination, { recursive: true });
  const packed = execFileSync(
    'npm',
    [
      'pack',
      '--json',
      '--ignore-scripts',
      '--pack-destination',
      destination,
      stage,
      path.join(root, 'packages/prom-client'),
      path.join(root, 'packages/promql'),
      path.join(root, 'packages/blueprint'),
      staged,
    ],
    { encoding: 'utf8', cwd: root, maxBuffer: 2 ** 24, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  console.log(packed);
} finally {
  rmSync(stages, { recursive: true, force: true });
}
