/** Addresses of targets, as they are reached from within a container. */

/** The name under which a container reaches the machine that runs it. */
export const HOST_FROM_CONTAINER = 'host.docker.internal';

/** Addresses that mean the machine itself, and within a container the container. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]|0\.0\.0\.0)(?=:\d+$|$)/;

/** Whether an address is one of the machine itself. */
export function isLoopback(address: string): boolean {
  return LOOPBACK.test(address);
}

/** The address as a container reaches it: what is on the machine itself goes by the machine's name. */
export function fromContainer(address: string): string {
  return address.replace(LOOPBACK, HOST_FROM_CONTAINER);
}
