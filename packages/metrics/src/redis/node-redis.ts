/**
 * Measuring a client of node-redis, alone or in a pool, a sentinel or a cluster.
 *
 * | | what every command passes through |
 * |---|---|
 * | 5 and 6 | `sendCommand` of the client behind the one that is handed over, and of each client of a group |
 * | 4 | the methods of the commands, `sendCommand`, `multiExecutor`, `executeScript`, `executeFunction` |
 *
 * Version 6 has tracing channels, which are not used: they are about the whole process, and prepare the arguments of
 * each command as text. Version 4 sends commands by a private method, so that the client gets a prototype of its own,
 * between it and its class, whose methods count; the class stays as it is.
 *
 * What the client returns is a promise that is settled one step behind the library's own, so that a rejection that
 * nobody handles stays one. Commands of a transaction or pipeline are counted together when all have been answered,
 * each with the duration of the whole.
 */
import { errorMonitor } from 'node:events';
import { type Method, replaceMethod } from '../instrument/own-method.ts';
import { secondsSince } from '../timer.ts';
import { COMMANDS } from './commands.ts';
import { errorTypeOf } from './errors.ts';
import { type ConnectionState, MeasuredConnection, type RedisRecorder } from './recorder.ts';

/** What is used of a client; methods by their names. */
export interface NodeRedis {
  readonly isOpen?: boolean;
  readonly isReady?: boolean;
  on(event: string | symbol, listener: (error: unknown) => void): unknown;
  removeListener(event: string | symbol, listener: (error: unknown) => void): unknown;
}

const EVENTS = ['connect', 'ready', 'reconnecting', 'end'];

/** Methods of all versions that send a command past `sendCommand`, by the command. */
const PAST_SEND: Readonly<Record<string, string>> = {
  subscribe: 'subscribe',
  SUBSCRIBE: 'subscribe',
  unsubscribe: 'unsubscribe',
  UNSUBSCRIBE: 'unsubscribe',
  pSubscribe: 'psubscribe',
  PSUBSCRIBE: 'psubscribe',
  pUnsubscribe: 'punsubscribe',
  PUNSUBSCRIBE: 'punsubscribe',
  sSubscribe: 'ssubscribe',
  SSUBSCRIBE: 'ssubscribe',
  sUnsubscribe: 'sunsubscribe',
  SUNSUBSCRIBE: 'sunsubscribe',
};

/** Measures a client, or those of a group, until the function that it returns is called. */
export function measureNodeRedis(given: NodeRedis, recorder: RedisRecorder): () => void {
  const client = behind(given);
  if (isGroup(client)) return measureGroup(client, recorder);
  if ('commandsExecutor' in client && 'slots' in client) return measureClusterOf4(client, recorder);
  return measureClient(client, recorder);
}

/** What stands behind the proxies that version 5 and later hand out, all of which share its methods. */
export function behind(client: NodeRedis): NodeRedis {
  const { _self } = client as { readonly _self?: NodeRedis };
  return typeof _self === 'object' && _self !== null ? _self : client;
}

/** Pools, sentinels and clusters of version 5 and later. */
function isGroup(client: NodeRedis): boolean {
  return (
    !('_executeCommand' in client) && ('_execute' in client || ('execute' in client && '_self' in client))
  );
}

function measureClient(client: NodeRedis, recorder: RedisRecorder): () => void {
  const connection = new MeasuredConnection(recorder, () => stateOf(client));
  const calls = new Calls(recorder, connection);
  const undo = new Overrides(client, calls);
  const failed = (error: unknown): void => {
    const type = errorTypeOf(error);
    recorder.failure(type === 'connection' ? 'socket' : type);
    connection.update();
  };
  undo.override('sendCommand', (args) => commandIn(args[0]));
  for (const [method, command] of Object.entries(PAST_SEND)) undo.override(method, () => [command]);
  if ('_executeCommand' in client) {
    undo.overrideBatch('_executeMulti', (commands) => [['multi'], ...commands, ['exec']]);
    undo.overrideBatch('_executePipeline', (commands) => commands);
    undo.override('MONITOR', () => ['monitor']);
    undo.override('monitor', () => ['monitor']);
  } else {
    undo.overrideBatch('multiExecutor', (commands) => commands);
    undo.override('executeScript', () => ['evalsha']);
    undo.override('executeFunction', () => ['fcall']);
    undo.override('select', () => ['select']);
    undo.override('SELECT', () => ['select']);
    undo.interpose();
  }
  for (const event of EVENTS) client.on(event, connection.update);
  client.on(errorMonitor, failed);
  return () => {
    undo.end();
    for (const event of EVENTS) client.removeListener(event, connection.update);
    client.removeListener(errorMonitor, failed);
    connection.end();
  };
}

/** The clients of a pool, a sentinel or a cluster, each when it is first used. */
function measureGroup(group: NodeRedis, recorder: RedisRecorder): () => void {
  const ends = new Set<() => void>();
  const known = new WeakSet<NodeRedis>();
  let measuring = true;
  const measure = (used: unknown): void => {
    if (!measuring || !isClient(used)) return;
    const client = behind(used);
    if (known.has(client)) return;
    known.add(client);
    const end = measureClient(client, recorder);
    ends.add(end);
    // A client that has left its group is not kept for it.
    client.on('end', () => {
      if (ends.delete(end)) end();
      known.delete(client);
    });
  };
  const undo = ['_execute', 'execute'].map((name) => {
    return replaceMethod(group, name, (original) => {
      return function (...args) {
        const at = args.findIndex((arg) => typeof arg === 'function');
        const work = args[at] as Method | undefined;
        if (work !== undefined && measuring)
          args[at] = function (this: unknown, ...given: unknown[]) {
            measure(given[0]);
            return work.apply(this, given);
          };
        return original.apply(this, args);
      };
    });
  });
  return () => {
    measuring = false;
    for (const end of [...undo, ...ends]) end();
    ends.clear();
  };
}

/** A cluster of version 4, whose transactions and scripts pass a private method and are not seen. */
function measureClusterOf4(cluster: NodeRedis, recorder: RedisRecorder): () => void {
  const connection = new MeasuredConnection(recorder, () => (cluster.isOpen === true ? 'ready' : 'off'));
  const undo = new Overrides(cluster, new Calls(recorder, connection));
  undo.override('sendCommand', (args) => commandIn(args[2]));
  return () => {
    undo.end();
    connection.end();
  };
}

/** Calls that return a promise of a reply, counted when it is settled. */
class Calls {
  readonly #recorder: RedisRecorder;
  readonly #connection: MeasuredConnection;

  constructor(recorder: RedisRecorder, connection: MeasuredConnection) {
    this.#recorder = recorder;
    this.#connection = connection;
  }

  /** @param command its name, then its arguments */
  one(call: () => unknown, command: readonly unknown[]): unknown {
    const beganMs = performance.now();
    const entered = this.#connection.enter();
    const promise = this.#called(call, entered);
    if (!(promise instanceof Promise)) {
      this.#connection.leave(entered);
      return promise;
    }
    const name = String(command[0]);
    return promise.then(
      (reply) => {
        this.#connection.leave(entered);
        this.#recorder.succeeded(name, command, secondsSince(beganMs), reply);
        return reply;
      },
      (error: unknown) => {
        this.#connection.leave(entered);
        this.#recorder.failed(name, command, secondsSince(beganMs), error);
        throw error;
      },
    );
  }

  many(call: () => unknown, commands: readonly (readonly unknown[])[]): unknown {
    const beganMs = performance.now();
    const entered = this.#connection.enter();
    const promise = this.#called(call, entered);
    if (!(promise instanceof Promise)) {
      this.#connection.leave(entered);
      return promise;
    }
    const ended = (replies: unknown): void => {
      this.#connection.leave(entered);
      const seconds = secondsSince(beganMs);
      // In a transaction of version 4 the last reply has all of them, in version 5 and later it is the only one.
      const each = Array.isArray(replies) && replies.length === commands.length ? replies : undefined;
      commands.forEach((command, i) => {
        const name = String(command[0]);
        const isExec = i === commands.length - 1 && name.toLowerCase() === 'exec';
        const alone = isExec ? replies : 'QUEUED';
        const reply = each === undefined ? alone : each[i];
        this.#recorder.succeeded(name, command, seconds, reply);
        // Version 4 makes an error of it only after this.
        if (isExec && reply === null) this.#recorder.failure('watch');
      });
    };
    return promise.then(
      (replies: unknown) => {
        ended(replies);
        return replies;
      },
      (error: unknown) => {
        ended(undefined);
        this.#recorder.failure(errorTypeOf(error));
        throw error;
      },
    );
  }

  #called(call: () => unknown, entered: number): unknown {
    try {
      return call();
    } catch (error) {
      this.#connection.leave(entered);
      throw error;
    }
  }
}

/** The methods of one client that are replaced. */
class Overrides {
  readonly #client: NodeRedis;
  readonly #calls: Calls;
  readonly #undo: (() => void)[] = [];
  #measuring = true;

  constructor(client: NodeRedis, calls: Calls) {
    this.#client = client;
    this.#calls = calls;
  }

  /** @param command tells the command of a call, its name and its arguments */
  override(name: string, command: (args: readonly unknown[]) => readonly unknown[]): void {
    this.#undo.push(replaceMethod(this.#client, name, (original) => this.#counting(original, command)));
  }

  /** @param all tells all commands that are sent, given those that were queued */
  overrideBatch(
    name: string,
    all: (commands: readonly (readonly unknown[])[]) => readonly (readonly unknown[])[],
  ): void {
    const overrides = this;
    const calls = this.#calls;
    const counting = (original: Method): Method =>
      function (...args) {
        if (!overrides.#measuring || !Array.isArray(args[0])) return original.apply(this, args);
        const queued = args[0] as readonly { readonly args?: unknown }[];
        const commands = all(queued.map((command) => commandIn(command.args)));
        return calls.many(() => original.apply(this, args), commands);
      };
    this.#undo.push(replaceMethod(this.#client, name, counting));
  }

  /** Puts a prototype in front of the client's own whose methods of commands count. */
  interpose(): void {
    const own = Object.getPrototypeOf(this.#client) as Record<string, unknown>;
    const commands = commandsOfMethods(own);
    const between = Object.create(own) as Record<string, unknown>;
    for (const [name, command] of commands)
      between[name] = this.#counting(own[name] as Method, (args) => [command, ...optionWords(args)]);
    Object.setPrototypeOf(this.#client, between);
    this.#undo.push(() => {
      if (Object.getPrototypeOf(this.#client) === between) Object.setPrototypeOf(this.#client, own);
    });
  }

  end(): void {
    this.#measuring = false;
    for (const undo of this.#undo) undo();
  }

  #counting(original: Method, command: (args: readonly unknown[]) => readonly unknown[]): Method {
    const overrides = this;
    const calls = this.#calls;
    return function (...args) {
      if (!overrides.#measuring) return original.apply(this, args);
      return calls.one(() => original.apply(this, args), command(args));
    };
  }
}

/** The methods of version 4 that send a command, and which: `clientSetName` and `CLIENT_SETNAME` are `client`. */
function commandsOfMethods(prototype: Readonly<Record<string, unknown>>): Map<string, string> {
  const found = new Map<string, string>();
  const byLetters = new Map<string, string>();
  const names: string[] = [];
  // The methods of commands are enumerable, in the class and in what it extends; others are not.
  for (const name in prototype) if (typeof prototype[name] === 'function') names.push(name);
  for (const name of names) {
    if (name !== name.toUpperCase()) continue;
    const words = name.toLowerCase().split('_');
    for (let n = words.length; n > 0; n--) {
      const command = words.slice(0, n).join('_');
      if (!COMMANDS.has(command)) continue;
      found.set(name, command);
      byLetters.set(name.replaceAll('_', ''), command);
      break;
    }
  }
  for (const name of names) {
    const command = found.get(name) ?? byLetters.get(name.toUpperCase());
    if (command !== undefined) found.set(name, command);
  }
  return found;
}

/** The options of a call of version 4 that are words of the command: `{ BLOCK: 0 }`. */
function optionWords(args: readonly unknown[]): readonly unknown[] {
  const blocks = args.some((arg) => typeof arg === 'object' && arg !== null && 'BLOCK' in arg);
  return blocks ? ['BLOCK'] : [];
}

function commandIn(args: unknown): readonly unknown[] {
  return Array.isArray(args) && args.length > 0 ? args : ['other'];
}

function stateOf({ isReady, isOpen }: NodeRedis): ConnectionState {
  if (isReady === true) return 'ready';
  return isOpen === true ? 'down' : 'off';
}

function isClient(value: unknown): value is NodeRedis {
  return typeof value === 'object' && value !== null && 'sendCommand' in value && 'on' in value;
}
