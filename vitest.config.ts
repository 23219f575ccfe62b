import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Tests import the built files, the very ones that ship; `npm test` builds first.
export default defineConfig({
  resolve: {
    alias: [
      {
        find: /^fast-check$/,
        replacement: fileURLToPath(new URL('test/seeded-fast-check.ts', import.meta.url)),
      },
    ],
  },
  test: {
    include: [
      'packages/*/test/**/*.test.ts',
      'packages/*/test/**/*.test.tsx',
      'systems/*/test/**/*.test.ts',
      'test/**/*.test.ts',
      'conformance/**/*.test.ts',
    ],
    exclude: ['**/node_modules/**', '**/dist/**'],
    // Limits end what hangs. Machines may be slow, and nothing here says how long anything takes.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
    // Node itself loads the built files, untransformed.
    server: { deps: { external: [/\/dist\//] } },
    pool: 'forks',
    maxWorkers: 2,
  },
});
