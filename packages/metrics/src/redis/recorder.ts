/**
 * What is counted of Redis, whichever library talks to it: the series of each command, bound once, and the state of
 * each connection.
 */
import type { BoundCounter } from '../counter.ts';
import type { BoundGauge } from '../gauge.ts';
import type { BoundHistogram } from '../histogram.ts';
import { type Bindable, bound, type LabelNames } from '../instrument/naming.ts';
import { COMMANDS, COMMANDS_MAX, isBlocking, LOOKUPS, OTHER_COMMAND } from './commands.ts';
import { errorTypeOf, type RedisErrorType } from './errors.ts';

/** The metrics that Redis is measured with; what `redisMetrics` makes, whatever its parts and labels are called. */
export interface RedisInstrument {
  readonly duration: Bindable<BoundHistogram<'seconds'>> | undefined;
  readonly blocking: Bindable<BoundCounter> | undefined;
  readonly errors: Bindable<BoundCounter> | undefined;
  readonly hits: Bindable<BoundCounter> | undefined;
  readonly misses: Bindable<BoundCounter> | undefined;
  readonly connections: Bindable<BoundGauge> | undefined;
  readonly down: Bindable<BoundGauge> | undefined;
  readonly waiting: Bindable<BoundGauge> | undefined;
  readonly reconnects: Bindable<BoundCounter> | undefined;
  /** What the labels are called. */
  readonly labelNames: LabelNames;
}

/** Spellings of commands that are remembered: `GET`, `get`; what comes later is looked up each time. */
const SPELLINGS_MAX = 1_000;

/** A command with its series. */
export interface CommandRecord {
  readonly command: string;
  readonly duration: BoundHistogram<'seconds'> | undefined;
  readonly blocking: BoundCounter | undefined;
  readonly lookup: 'one' | 'many' | undefined;
}

/** Counts for the clients that share some metrics. */
export class RedisRecorder {
  readonly #metrics: RedisInstrument;
  readonly #bySpelling = new Map<string, CommandRecord>();
  readonly #byCommand = new Map<string, CommandRecord>();
  readonly #errors = new Map<RedisErrorType, BoundCounter | undefined>();
  readonly #hits: BoundCounter | undefined;
  readonly #misses: BoundCounter | undefined;
  /** Connections that are ready. */
  readonly connections: BoundGauge | undefined;
  /** Connections that should be and are not. */
  readonly down: BoundGauge | undefined;
  /** Commands that wait for a connection. */
  readonly waiting: BoundGauge | undefined;
  /** Connections that were made again. */
  readonly reconnects: BoundCounter | undefined;

  constructor(metrics: RedisInstrument) {
    this.#metrics = metrics;
    const plain = <C>(metric: Bindable<C> | undefined): C | undefined => bound(metric, {}, {});
    this.#hits = plain(metrics.hits);
    this.#misses = plain(metrics.misses);
    this.connections = plain(metrics.connections);
    this.down = plain(metrics.down);
    this.waiting = plain(metrics.waiting);
    this.reconnects = plain(metrics.reconnects);
  }

  /** Counts a command that was answered; `reply` is looked at where it tells hits and misses. */
  succeeded(name: string, args: readonly unknown[], seconds: number, reply: unknown): void {
    const record = this.#ended(name, args, seconds);
    if (record.lookup !== undefined) this.#lookedUp(record.lookup, reply);
    else if (record.command === 'exec') this.#failuresIn(reply);
  }

  /** Counts a command that failed. */
  failed(name: string, args: readonly unknown[], seconds: number, error: unknown): void {
    this.#ended(name, args, seconds);
    this.failure(errorTypeOf(error));
  }

  /** Counts an error by its kind. */
  failure(type: RedisErrorType): void {
    if (!this.#errors.has(type)) {
      const { errors, labelNames } = this.#metrics;
      this.#errors.set(type, bound(errors, { error_type: type }, labelNames));
    }
    this.#errors.get(type)?.inc();
  }

  /** Counts the errors that stand among the replies of a transaction. */
  #failuresIn(replies: unknown): void {
    if (!Array.isArray(replies)) return;
    for (const reply of replies) if (reply instanceof Error) this.failure(errorTypeOf(reply));
  }

  #ended(name: string, args: readonly unknown[], seconds: number): CommandRecord {
    const record = this.#bySpelling.get(name) ?? this.#spelled(name);
    if (isBlocking(record.command, args)) record.blocking?.inc();
    else record.duration?.observe(seconds);
    return record;
  }

  #spelled(name: string): CommandRecord {
    const small = name.toLowerCase();
    const told = COMMANDS.has(small) && (this.#byCommand.has(small) || this.#byCommand.size < COMMANDS_MAX);
    const command = told ? small : OTHER_COMMAND;
    let record = this.#byCommand.get(command);
    if (record === undefined) {
      const { duration, blocking, labelNames } = this.#metrics;
      record = {
        command,
        duration: bound(duration, { command }, labelNames),
        // Of most commands there is none that waits, so that this series comes to be with the first that does.
        blocking: isBlocking(command, ['BLOCK']) ? bound(blocking, { command }, labelNames) : undefined,
        lookup: LOOKUPS.get(command),
      };
      this.#byCommand.set(command, record);
    }
    if (this.#bySpelling.size < SPELLINGS_MAX) this.#bySpelling.set(name, record);
    return record;
  }

  #lookedUp(lookup: 'one' | 'many', reply: unknown): void {
    if (lookup === 'one') {
      // In a transaction the reply is that the command was queued; its value is not looked at.
      if (reply === null || reply === undefined) this.#misses?.inc();
      else if (!isQueued(reply)) this.#hits?.inc();
      return;
    }
    if (!Array.isArray(reply)) return;
    let hits = 0;
    for (const value of reply) if (value !== null && value !== undefined) hits++;
    if (hits > 0) this.#hits?.inc(hits);
    if (hits < reply.length) this.#misses?.inc(reply.length - hits);
  }
}

/** Where it is not said otherwise: a value that reads so is not told from it, and is left out. */
function isQueued(reply: unknown): boolean {
  return reply === 'QUEUED' || (Buffer.isBuffer(reply) && reply.length === 6 && reply.equals(QUEUED));
}

const QUEUED = Buffer.from('QUEUED');

/** How a connection is; `off` where nobody asked for it, or not any more. */
export type ConnectionState = 'ready' | 'down' | 'off';

/** One client's connection in the gauges. */
export class MeasuredConnection {
  readonly #recorder: RedisRecorder;
  readonly #read: () => ConnectionState;
  #state: ConnectionState = 'off';
  #wasReady = false;
  #waiting = 0;
  /** Changes when those that wait no longer do, so that each is taken back once. */
  #epoch = 1;

  /** @param read tells the state of the client */
  constructor(recorder: RedisRecorder, read: () => ConnectionState) {
    this.#recorder = recorder;
    this.#read = read;
    this.update();
  }

  /** Brings the gauges up to date; to be called at every event of the client's connection. */
  readonly update = (): void => {
    const state = this.#read();
    if (state === this.#state) return;
    const { connections, down, reconnects } = this.#recorder;
    if (this.#state === 'ready') connections?.dec();
    else if (this.#state === 'down') down?.dec();
    if (state === 'down') down?.inc();
    else if (state === 'ready') {
      connections?.inc();
      if (this.#wasReady) reconnects?.inc();
      this.#wasReady = true;
      this.#release();
    }
    this.#state = state;
  };

  /** A command is handed in; what it returns is handed back to {@link leave} when the command has ended. */
  enter(): number {
    if (this.#state === 'ready') return 0;
    this.#waiting++;
    this.#recorder.waiting?.inc();
    return this.#epoch;
  }

  /** A command has ended. */
  leave(entered: number): void {
    if (entered !== this.#epoch) return;
    this.#waiting--;
    this.#recorder.waiting?.dec();
  }

  /** Takes the client out of the gauges. */
  end(): void {
    if (this.#state === 'ready') this.#recorder.connections?.dec();
    else if (this.#state === 'down') this.#recorder.down?.dec();
    this.#state = 'off';
    this.#release();
  }

  #release(): void {
    if (this.#waiting > 0) this.#recorder.waiting?.dec(this.#waiting);
    this.#waiting = 0;
    this.#epoch++;
  }
}
