/** The port of a service's group, found before its processes start, because all of them listen on it. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { type Environment, isProduction, numberFrom, SettingsError } from './settings.ts';

/** How many ports after the one of the service are tried in development. */
export const PORT_TRIES = 20;

/**
 * Free ports are taken from here: below those that systems give to connections that go out, one of which might have the
 * port by the time somebody listens on it.
 */
const FREE_PORT_MIN = 10_000;
const FREE_PORT_MAX = 32_767;
const FREE_PORT_TRIES = 1_000;

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
  if (port === 0) return freePort(host);
  const last = isProduction(environment) ? port : Math.min(port + PORT_TRIES, 65_535);
  for (let candidate = port; candidate <= last; candidate++) {
    if (promised.has(candidate)) continue;
    if (!(await isFree(host, candidate))) continue;
    if (candidate !== port)
      console.warn(`${service}: port ${port} is taken; it listens on ${candidate} instead`);
    return candidate;
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
 * A port, drawn at random, that nobody listens on.
 * @throws Error where none is found
 */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let tries = 0; tries < FREE_PORT_TRIES; tries++) {
    const candidate = randomInt(FREE_PORT_MIN, FREE_PORT_MAX + 1);
    if (await isFree(host, candidate)) return candidate;
  }
  throw new Error(`no port from ${FREE_PORT_MIN} to ${FREE_PORT_MAX} is free on ${host}`);
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' || error.code === 'EACCES' ? resolve(false) : reject(error),
    );
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
