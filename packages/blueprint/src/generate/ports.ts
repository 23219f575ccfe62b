/** The ports of the stack's own programs: in their containers, and on the loopback address of the machine. */
import type { Config } from '../config/config.ts';
import { isLoopback } from './targets.ts';

/** By the service that listens. */
export const PORTS = { prometheus: 9090, alertmanager: 9093, grafana: 3000 } as const;

/** Where other containers reach a program. */
export function addressOf(service: keyof typeof PORTS): string {
  return `${service}:${PORTS[service]}`;
}

/** Where a program reaches itself. */
export function loopbackOf(service: keyof typeof PORTS): string {
  return `127.0.0.1:${PORTS[service]}`;
}

/** How far from its own the port of the machine is, where a service has that one: 9090 becomes 19090. */
const ELSEWHERE = 10_000;
const PORT_MAX = 65_535;

/** The port of the machine at which a program is reached: its own, unless a service is scraped there. */
export function publishedPort(config: Config, port: number): number {
  const taken = new Set(
    config.services
      .flatMap(({ targets }) => targets)
      .filter(isLoopback)
      .map((target) => Number(target.slice(target.lastIndexOf(':') + 1))),
  );
  let published = port;
  while (taken.has(published) && published + ELSEWHERE <= PORT_MAX) published += ELSEWHERE;
  return published;
}

/** Where the machine reaches a program of the stack. */
export function publishedAt(config: Config, service: keyof typeof PORTS): string {
  return `127.0.0.1:${publishedPort(config, PORTS[service])}`;
}
