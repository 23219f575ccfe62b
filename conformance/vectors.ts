/**
 * Where Prometheus's own test data lies: `CONFORMANCE_DIR`, or `../shared/conformance` beside the repository. The
 * repository holds no copy of it; a test that lacks it skips and says so, and fails under `BINNACLE_REQUIRE=all`.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root =
  process.env.CONFORMANCE_DIR ?? fileURLToPath(new URL('../../shared/conformance', import.meta.url));

/** The path of a file or folder of vectors, or `undefined` after the test was skipped for lack of it. */
export function vectors(name: string, ctx: { skip: (note?: string) => void }): string | undefined {
  const path = `${root}/${name}`;
  if (existsSync(path)) return path;
  if (process.env.BINNACLE_REQUIRE === 'all') throw new Error(`${path} is missing; set CONFORMANCE_DIR`);
  ctx.skip(`${path} is missing`);
  return undefined;
}
