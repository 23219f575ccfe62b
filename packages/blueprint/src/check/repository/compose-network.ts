/** Whom an address reaches that a program in a container of a compose file asks. */
import { nearest } from '@binnacle/promql';
import type { ComposeFile, ComposeService } from './compose-file.ts';
import type { PublishedPort } from './compose-port.ts';
import { mountingsOf } from './repository-path.ts';

/** Names of the program's own container. */
export const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Why nobody answers. */
export type AddressMistake =
  /** The host has that port, and not the container. */
  | { readonly kind: 'host-port'; readonly published: PublishedPort }
  /** The service says that it listens on others. */
  | { readonly kind: 'port'; readonly listens: readonly number[] }
  /** There is no service of that name. */
  | { readonly kind: 'host'; readonly services: readonly string[]; readonly suggestion: string | undefined };

/** The services around a file: those of all compose files in the folders whose services mount it. */
export class ComposeNetwork {
  readonly containers: readonly ComposeService[];
  readonly #beside: readonly ComposeFile[];
  readonly #all: readonly ComposeFile[];

  constructor(path: string, composeFiles: readonly ComposeFile[]) {
    const mountings = mountingsOf(path, composeFiles);
    // Files of one folder are put together, as `compose.override.yml` is.
    const folders = new Set(mountings.map(({ compose }) => compose.folder));
    this.containers = mountings.map(({ service }) => service);
    this.#beside = composeFiles.filter(({ folder }) => folders.has(folder));
    this.#all = composeFiles;
  }

  /** What is wrong with an address; undefined where somebody answers, or that cannot be known. */
  mistakeIn(host: string, port: number): AddressMistake | undefined {
    if (this.containers.length === 0) return undefined;
    const reached = servicesAt(host, this.#beside);
    if (reached.length === 0) return this.#unknownHost(host);
    const listens = new Set(reached.flatMap((service) => [...service.listens]));
    if (listens.size === 0 || listens.has(port)) return undefined;
    const published = reached.flatMap(({ ports }) => ports).find((one) => one.published === port);
    return published === undefined
      ? { kind: 'port', listens: [...listens] }
      : { kind: 'host-port', published };
  }

  #unknownHost(host: string): AddressMistake | undefined {
    // A name with a dot is one of a wider network, and so may be any where networks are shared.
    const isElsewhere =
      host === '' ||
      /[.:]/.test(host) ||
      LOOPBACK.has(host) ||
      this.#all.some(({ hasExternalNetwork, takesOthers }) => hasExternalNetwork || takesOthers) ||
      this.containers.some(({ hasHostNetwork, extraHosts }) => hasHostNetwork || extraHosts.includes(host)) ||
      servicesAt(host, this.#all).length > 0;
    if (isElsewhere) return undefined;
    const services = this.#beside.flatMap((file) => file.services.map(({ name }) => name));
    return { kind: 'host', services, suggestion: nearest(host, services) };
  }
}

function servicesAt(host: string, composeFiles: readonly ComposeFile[]): ComposeService[] {
  return composeFiles.flatMap(({ services }) => services.filter(({ hosts }) => hosts.includes(host)));
}

/** What to say of a mistake: why nobody answers, and what to do. */
export function explained(
  mistake: AddressMistake,
  host: string,
): { readonly what: string; readonly reason: string; readonly remedy: string } {
  switch (mistake.kind) {
    case 'host':
      return {
        what: `there is no service ${host}`,
        reason: 'the name is not known in the network of the services',
        remedy: `use one of ${mistake.services.join(', ')}.`,
      };
    case 'port':
      return {
        what: `service ${host} listens on ${mistake.listens.join(', ')}`,
        reason: 'the port is not among those that the compose file names, so that probably nobody answers',
        remedy: 'use the port that it listens on, or name this one under expose.',
      };
    case 'host-port': {
      const { published, target } = mistake.published;
      return {
        what: `service ${host} listens on ${target}`,
        reason: `${published} is its port on the host; in the network of the services it is ${target}`,
        remedy: `use ${host}:${target}.`,
      };
    }
  }
}
