/** Builds the page into `dist/page`: relative addresses, so that it can be served under any prefix. */
import { defineConfig } from 'vite';

export default defineConfig({
  base: './',
  build: {
    outDir: 'dist/page',
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
    rolldownOptions: {
      // What every address needs comes in one piece, which is smaller than many that are compressed one by one.
      output: {
        codeSplitting: {
          groups: [
            {
              name: 'base',
              test: /node_modules\/preact|src\/(?:shell\/(?!dropdown)|format\/|dashboard\/(?:address|choices|json)\.)/,
            },
          ],
        },
      },
    },
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  server: { proxy: { '/api': process.env.BINNACLE_URL ?? 'http://127.0.0.1:9700' } },
});
