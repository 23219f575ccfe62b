// `npm test`: installs, builds, checks types, format and lint, runs every test, and ends with one line of totals.
//
// Each check that is not a test counts as one. A test that needs something that is missing here skips and says
// what; under BINNACLE_REQUIRE=all that is a failure.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import './install-libraries.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

const totals = { passed: 0, failed: 0, skipped: 0 };

function check(title, script, ...args) {
  console.log(`\n# ${title}`);
  const { status } = spawnSync(process.execPath, [`${root}${script}`, ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status === 0) totals.passed++;
  else totals.failed++;
  return status === 0;
}

const built = check('the build', 'scripts/build.mjs');
check('types of the tests', 'node_modules/typescript/bin/tsc', '-b');
check('format and lint', 'node_modules/@biomejs/biome/bin/biome', 'ci', '--error-on-warnings', '.');
if (built) runTests();

function runTests() {
  console.log('\n# tests');
  const report = `${root}node_modules/.cache/test-report.json`;
  mkdirSync(`${root}node_modules/.cache`, { recursive: true });
  rmSync(report, { force: true });
  spawnSync(
    process.execPath,
    [
      `${root}node_modules/vitest/vitest.mjs`,
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile=${report}`,
      ...process.argv.slice(2),
    ],
    { cwd: root, stdio: 'inherit', env: { ...process.env, LANG: 'en_US.UTF-8' } },
  );
  if (!existsSync(report)) {
    totals.failed++;
    return;
  }
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numFailedTestSuites, testResults } =
    JSON.parse(readFileSync(report, 'utf8'));
  totals.passed += numPassedTests;
  totals.skipped += numPendingTests + numTodoTests;
  for (const { name, assertionResults } of testResults) {
    for (const { status, fullName } of assertionResults) {
      if (status !== 'passed' && status !== 'failed')
        console.log(`not run to its end: ${name.replace(root, '')}: ${fullName}`);
    }
  }
  // A file that does not load has no tests that could fail.
  const brokenFiles = testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  totals.failed += numFailedTests + brokenFiles.length;
  if (totals.failed === 0 && numFailedTestSuites > 0) totals.failed += numFailedTestSuites;
}

if (process.env.BINNACLE_REQUIRE === 'all' && totals.skipped > 0) {
  console.error(`\n${totals.skipped} tests were skipped, but BINNACLE_REQUIRE=all allows none`);
  totals.failed += totals.skipped;
  totals.skipped = 0;
}
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exit(totals.failed === 0 ? 0 : 1);
