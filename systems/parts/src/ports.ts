/** The port of a service's group, found before its processes start, because all of them listen on it. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { type Environment, isProduction, numberFrom, SettingsError } from './settings.ts';

/** How many ports after the one of the service are tried in development. */
export const PORT_TRIES = 20;
/** Below those that systems give to connections, and to servers that ask for any. */
const ANY_PORT_MIN = 20_000;
const ANY_PORT_MAX = 32_000;
const ANY_PORT_TRIES = 20;

/** Where a group listens. */
export interface PortSetting {
  /** `assets-service`, for the message. */
  readonly service: string;
  readonly host: string;
  /** The variable that names the port; 0 in it stands for any. */
  readonly variable: string;
  readonly fallback: number;
}

/**
 * The port that a group listens on: its own, and in development the next free one where somebody else has it.
 * @param promised ports that others are going to listen on
 * @throws SettingsError where none is free
 */
export async function choosePort(
  setting: PortSetting,
  environment: Environment,
  promised: ReadonlySet<number> = new Set(),
): Promise<number> {
  const { variable, fallback, host, service } = setting;
  const port = numberFrom(environment, { variable, fallback, min: 0, max: 65_535 });
  const last = isProduction(environment) ? port : Math.min(port + PORT_TRIES, 65_535);
  for (let candidate = port; candidate <= last; candidate++) {
    if (promised.has(candidate)) continue;
    const found = await (candidate === 0 ? anyPort(host) : listenable(host, candidate));
    if (found === undefined) continue;
    if (found !== port && port !== 0)
      console.warn(`${service}: port ${port} is taken; it listens on ${found} instead`);
    return found;
  }
  const range = last === port ? `port ${port} is taken` : `no port from ${port} to ${last} is free`;
  throw new SettingsError(`${range} on ${host}; stop what listens there, or set ${variable} to another port`);
}

/** The address that services listen on: what the variable says, loopback where it says nothing. */
export function listenHost(environment: Environment, variable: string): string {
  return environment[variable] || '127.0.0.1';
}

/** `http://127.0.0.1:8001`; what listens everywhere is found on this machine. */
export function addressOf(host: string, port: number): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

/**
 * A port that nobody listens on, drawn where nobody else draws from: between now and when it is listened on, the system
 * would give one of its own choice to somebody else.
 */
export async function anyPort(host: string): Promise<number | undefined> {
  for (let i = 0; i < ANY_PORT_TRIES; i++) {
    const found = await listenable(host, randomInt(ANY_PORT_MIN, ANY_PORT_MAX));
    if (found !== undefined) return found;
  }
  return listenable(host, 0);
}

/** The port itself if it is free, some port for 0, undefined where somebody listens. */
function listenable(host: string, port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' || error.code === 'EACCES' ? resolve(undefined) : reject(error),
    );
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined));
    });
  });
}
