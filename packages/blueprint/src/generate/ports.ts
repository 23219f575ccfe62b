/** The ports of the stack's own programs: in their containers, and on the loopback address of the machine. */

/** By the service that listens. */
export const PORTS = { prometheus: 9090, alertmanager: 9093, grafana: 3000 } as const;

/** Where other containers reach a program. */
export function addressOf(service: keyof typeof PORTS): string {
  return `${service}:${PORTS[service]}`;
}

/** Where the machine itself, and a program itself, reaches it. */
export function loopbackOf(service: keyof typeof PORTS): string {
  return `127.0.0.1:${PORTS[service]}`;
}
