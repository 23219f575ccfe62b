/**
 * The process of a system's visitors: its arguments, its signals, and how it hands over the ledger.
 *
 * It prints the ledger as one line of JSON on SIGUSR2, and when it ends. With a channel to its parent it answers the
 * message `ledger` with `{ type: 'ledger', ledger }`, and `stop` by finishing its visits, sending the ledger and ending.
 * SIGTERM, SIGINT and the end of the parent end it at once. With `--for SECONDS` the visitors stop by then, and the
 * process says where the counters are not what the ledger says: it ends with 0 when they are equal, else with 1.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** On a machine that has too much to do, settling may take so many times as long. */
const SETTLE_FACTOR_MAX = 6;

/** Visitors that visit from `start` to `stop`. */
export interface VisitorsRunning {
  start(): Promise<void> | void;
  /** Begins no more visits; resolves when those under way are over. */
  stop(): Promise<void>;
  readonly ledger: { readonly record: unknown };
}

/** A process of visitors. */
export interface VisitorsProgram<Exposed> {
  /** `bricklayers-visitors`, in front of what it prints. */
  readonly name: string;
  readonly visitors: VisitorsRunning;
  /** After how many seconds visitors stop and compare; 0 for never. */
  readonly forSeconds: number;
  /** How long services may still count after the last answer. */
  readonly settleMs: number;
  /** Reads what the services expose. */
  expose(): Promise<Exposed>;
  /** Where what was counted is not what the ledger says, a line each. */
  differences(after: Exposed, before: Exposed): readonly string[];
}

/** Runs it; resolves once the visitors visit, and ends the process when they are over. */
export async function runVisitors<Exposed>(program: VisitorsProgram<Exposed>): Promise<void> {
  const { visitors, forSeconds } = program;
  const print = (): void => console.log(JSON.stringify(visitors.ledger.record));
  const end = (): void => {
    print();
    process.exit(0);
  };
  const tell = (then?: () => void): void => {
    process.send?.({ type: 'ledger', ledger: visitors.ledger.record }, () => then?.());
  };
  process.on('SIGUSR2', print);
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  process.on('disconnect', end);
  process.on('message', (message) => {
    if (message === 'ledger') tell();
    if (message === 'stop') void visitors.stop().then(() => tell(end));
  });
  if (forSeconds === 0) return visitors.start();
  const before = await program.expose();
  await visitors.start();
  await sleep(forSeconds * 1000);
  await visitors.stop();
  const untilMs = Date.now() + SETTLE_FACTOR_MAX * program.settleMs;
  let found: readonly string[];
  do {
    await sleep(program.settleMs);
    found = program.differences(await program.expose(), before);
  } while (found.length > 0 && Date.now() < untilMs);
  print();
  for (const line of found) console.error(`${program.name}: ${line}`);
  process.exit(found.length === 0 ? 0 : 1);
}

/** An argument that is a number from 0 on; ends the process with 2 where it is none. */
export function numberArgument<Name extends string>(
  program: string,
  values: Readonly<Record<Name, string>>,
  name: Name,
): number {
  const value = Number(values[name]);
  if (values[name].trim() !== '' && value >= 0) return value;
  console.error(`${program}: --${name} is ${JSON.stringify(values[name])}; it must be a number from 0 on`);
  process.exit(2);
}
