/**
 * `npm run drill`, once everything is built: causes the real causes of alerts, and watches them come and go.
 *
 *     npm run drill -- --list              which drills there are
 *     npm run drill -- SYSTEM ALERT ...    some alerts of a system
 *     npm run drill -- SYSTEM              all alerts of a system
 *     npm run drill -- --all               all of all systems
 *     --verbose                            with what the system's processes print
 *
 * Ends with 0 when all drills passed, with 1 when one did not, with 2 for names and options that there are not, and
 * with 130 when it was interrupted. However it ends, it ends what it has started.
 */
import { parseArgs } from 'node:util';
import { SYSTEMS } from '../systems.ts';
import { alertNames, choose, readDrillable, systemNamed, UnknownName } from './catalog.ts';
import { drillSystem, type SystemToDrill } from './drill-system.ts';
import { type DrillResult, renderTable } from './table.ts';

const PARENT_CHECK_MS = 500;
const USAGE = 'npm run drill -- SYSTEM [ALERT ...] | --all | --list [--verbose]';
const FAILED = 1;
const WRONG_USE = 2;
const INTERRUPTED = 130;

const interrupted = new AbortController();
for (const event of ['SIGINT', 'SIGTERM'] as const)
  process.on(event, () => {
    if (!interrupted.signal.aborted) console.log('ending what was started');
    interrupted.abort(new Error('interrupted'));
  });
// npm may be killed without a word; whoever looks after this process then is not who started it.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) interrupted.abort(new Error('interrupted'));
}, PARENT_CHECK_MS).unref();

async function list(): Promise<void> {
  for (const system of SYSTEMS) {
    const { watched, drills } = await readDrillable(system);
    console.log(`${system.name}`);
    for (const name of alertNames(watched)) {
      const drill = drills.alerts[name];
      const exception = drills.exceptions?.[name];
      console.log(
        `  ${name}: ${drill?.cause ?? (exception === undefined ? 'no drill' : `no drill: ${exception}`)}`,
      );
    }
  }
}

async function chosen(words: readonly string[], all: boolean): Promise<SystemToDrill[]> {
  if (all) return Promise.all(SYSTEMS.map(async (system) => choose(await readDrillable(system), [])));
  const [system = '', ...alerts] = words;
  return [choose(await readDrillable(systemNamed(system)), alerts)];
}

async function run(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { all: { type: 'boolean' }, list: { type: 'boolean' }, verbose: { type: 'boolean' } },
  });
  const { all = false, list: listing = false, verbose = false } = values;
  if (listing) {
    await list();
    return 0;
  }
  if (all === positionals.length > 0) throw new UnknownName(`say what is to be drilled: ${USAGE}`);
  const results: DrillResult[] = [];
  try {
    for (const todo of await chosen(positionals, all))
      results.push(...(await drillSystem(todo, { signal: interrupted.signal, print: console.log, verbose })));
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
  }
  if (results.length > 0) console.log(`\n${renderTable(results)}`);
  if (interrupted.signal.aborted) return INTERRUPTED;
  return results.some(({ outcome }) => outcome === 'failed') ? FAILED : 0;
}

try {
  process.exitCode = await run();
} catch (error) {
  const usage =
    error instanceof UnknownName || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS');
  console.error(usage === true ? `drill: ${(error as Error).message}` : error);
  process.exitCode = usage === true ? WRONG_USE : FAILED;
}
process.exit();
