// Bundles app.mjs for a server: with the package outside, with it inside, and with koffi inside too.
import { build } from 'vite';

const WAYS = {
  external: {},
  inside: { noExternal: true, external: ['koffi'] },
  everything: { noExternal: true },
  second: { noExternal: true, external: ['koffi'] },
};
for (const [outDir, ssr] of Object.entries(WAYS)) {
  await build({
    logLevel: 'error',
    ssr,
    build: {
      ssr: 'app.mjs',
      outDir,
      minify: outDir === 'second',
      rolldownOptions: { output: { entryFileNames: 'app.mjs' } },
    },
  });
}
