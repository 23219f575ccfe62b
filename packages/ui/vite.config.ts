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
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  server: { proxy: { '/api': process.env.BINNACLE_URL ?? 'http://127.0.0.1:9700' } },
});
