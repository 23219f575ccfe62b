/**
 * Measuring a client of ioredis: every command passes through its `sendCommand`, also those of pipelines,
 * transactions, scripts and of a cluster.
 *
 * ioredis 6 has tracing channels. They are not used: they are about the whole process and do not tell whose command it
 * is, they prepare the arguments of each command as text, and they do not know commands that wait for a connection.
 *
 * A command comes by several times where it waited, or was sent again. It is timed from the first time on, and counted
 * where the library gives it its reply, which is before the program has it: no promise is added, so that a rejection
 * that nobody handles stays one.
 */
import { errorMonitor } from 'node:events';
import { replaceMethod } from '../instrument/own-method.ts';
import { secondsSince } from '../timer.ts';
import { errorTypeOf } from './errors.ts';
import { type ConnectionState, MeasuredConnection, type RedisRecorder } from './recorder.ts';

/** What is used of a client. */
export interface Ioredis {
  readonly status: string;
  sendCommand(command: Command, stream?: unknown, node?: unknown): unknown;
  on(event: string | symbol, listener: (error: unknown) => void): unknown;
  removeListener(event: string | symbol, listener: (error: unknown) => void): unknown;
}

/** What is used of a command. */
interface Command {
  readonly name: string;
  readonly args: readonly unknown[];
  resolve(reply: unknown): void;
  reject(error: unknown): void;
  [OBSERVED]?: unknown;
}

/** At a command: the `resolve` that counts it. A command that is tried again gets another `resolve`. */
const OBSERVED: unique symbol = Symbol('@binnacle/metrics/redis/observed');

const EVENTS = ['connecting', 'ready', 'close', 'reconnecting', 'end'];

/** Measures a client until the function that it returns is called. */
export function measureIoredis(client: Ioredis, recorder: RedisRecorder): () => void {
  const connection = new MeasuredConnection(recorder, () => stateOf(client.status));
  const failed = (error: unknown): void => {
    const type = errorTypeOf(error);
    recorder.failure(type === 'connection' ? 'socket' : type);
  };
  let measuring = true;
  const observe = (command: Command): void => {
    const { resolve, reject } = command;
    const beganMs = performance.now();
    const entered = connection.enter();
    let ended = false;
    const observed = (reply: unknown): void => {
      resolve.call(command, reply);
      // A reply that could not be read was rejected in the meantime.
      if (ended) return;
      ended = true;
      connection.leave(entered);
      recorder.succeeded(command.name, command.args, secondsSince(beganMs), reply);
    };
    command.resolve = observed;
    command.reject = (error) => {
      reject.call(command, error);
      if (ended) return;
      ended = true;
      connection.leave(entered);
      recorder.failed(command.name, command.args, secondsSince(beganMs), error);
    };
    command[OBSERVED] = observed;
  };
  const restore = replaceMethod(client, 'sendCommand', (original) => {
    return function sendCommand(...args) {
      const command = args[0] as Command | undefined;
      if (measuring && typeof command?.resolve === 'function' && command[OBSERVED] !== command.resolve)
        observe(command);
      return original.apply(this, args);
    };
  });
  for (const event of EVENTS) client.on(event, connection.update);
  client.on(errorMonitor, failed);
  return () => {
    measuring = false;
    restore();
    for (const event of EVENTS) client.removeListener(event, connection.update);
    client.removeListener(errorMonitor, failed);
    connection.end();
  };
}

function stateOf(status: string): ConnectionState {
  if (status === 'ready' || status === 'monitoring') return 'ready';
  return status === 'wait' || status === 'end' || status === 'disconnecting' ? 'off' : 'down';
}
