/** A compose file: services, what they mount, publish and wait for. */
import type { SourceFile } from '../source-file.ts';
import type { YamlValue } from '../yaml-source.ts';
import { type ComposeMount, composeMount } from './compose-mount.ts';
import { type PublishedPort, publishedPorts } from './compose-port.ts';
import { type ComposeVariable, composeVariables } from './compose-variable.ts';
import { folderOf } from './repository-path.ts';
import { itemsAt, type Located, type NamedPlace, named, namesAt, textAt, valueAt } from './yaml-path.ts';

/** What a file declares for its services, beside volumes. */
export const DECLARED_KINDS = ['networks', 'secrets', 'configs'] as const;
export type DeclaredKind = (typeof DECLARED_KINDS)[number];

/** One service. */
export interface ComposeService {
  readonly name: string;
  readonly at: Located;
  /** Undefined where the file only adds to a service of another file. */
  readonly image: NamedPlace | undefined;
  readonly built: boolean;
  readonly mounts: readonly ComposeMount[];
  readonly ports: readonly PublishedPort[];
  /** Ports that it says it listens on, published or not. */
  readonly listens: ReadonlySet<number>;
  readonly dependsOn: readonly NamedPlace[];
  /** What it takes of what the file declares, but for volumes. */
  readonly takes: Readonly<Record<DeclaredKind, readonly NamedPlace[]>>;
  readonly environment: readonly ComposeVariable[];
  /** The words of its command. */
  readonly command: readonly string[];
  /** Whether there are variables that stand in a file. */
  readonly hasEnvironmentFile: boolean;
  /** Whether it has the network of the host, in which `localhost` is the host. */
  readonly hasHostNetwork: boolean;
  /** Hosts that it is told the addresses of. */
  readonly extraHosts: readonly string[];
  /** All names by which other services reach it. */
  readonly hosts: readonly string[];
}

/** The whole file. */
export interface ComposeFile {
  readonly file: SourceFile;
  readonly folder: string;
  readonly services: readonly ComposeService[];
  readonly volumes: readonly NamedPlace[];
  readonly declares: Readonly<Record<DeclaredKind, readonly NamedPlace[]>>;
  /** Whether some networks are those of others, in which there may be hosts that no file names. */
  readonly hasExternalNetwork: boolean;
  /** Whether other files are taken in, so that what is missing here may stand there. */
  readonly takesOthers: boolean;
}

/** A compose file; undefined for anything else. */
export function composeFile(root: YamlValue): ComposeFile | undefined {
  const services = root.get('services')?.fields() ?? [];
  if (!services.some(({ value }) => value !== undefined && isService(value))) return undefined;
  const folder = folderOf(root.file.path);
  return {
    file: root.file,
    folder,
    services: services.map(({ name, place, value }) => composeService(name, { place }, value, folder)),
    volumes: namesAt(root, 'volumes'),
    declares: ofEachKind((kind) => namesAt(root, kind)),
    hasExternalNetwork: (root.get('networks')?.fields() ?? []).some(
      ({ value }) => textAt(value, 'external') === 'true',
    ),
    takesOthers:
      root.get('include') !== undefined || services.some(({ value }) => value?.get('extends') !== undefined),
  };
}

function isService(value: YamlValue): boolean {
  return ['image', 'build', 'extends'].some((name) => value.get(name) !== undefined);
}

function composeService(
  name: string,
  at: Located,
  service: YamlValue | undefined,
  folder: string,
): ComposeService {
  const ports = itemsAt(service, 'ports').flatMap(publishedPorts);
  const exposed = namesAt(service, 'expose').map((port) => Number.parseInt(port.name, 10));
  const networks = valueAt(service, 'networks')?.fields() ?? [];
  return {
    name,
    at,
    image: named(service?.get('image'))[0],
    built: service?.get('build') !== undefined,
    mounts: itemsAt(service, 'volumes').flatMap((mount) => composeMount(mount, folder)),
    ports,
    listens: new Set([...ports.map(({ target }) => target), ...exposed].filter(Number.isInteger)),
    dependsOn: namesAt(service, 'depends_on'),
    takes: ofEachKind((kind) => takenNames(service, kind)),
    environment: composeVariables(service?.get('environment')),
    command: namesAt(service, 'command').flatMap(({ name: words }) => words.split(/\s+/)),
    hasEnvironmentFile: service?.get('env_file') !== undefined,
    hasHostNetwork: textAt(service, 'network_mode') === 'host',
    extraHosts: namesAt(service, 'extra_hosts').map((host) => host.name.split(/[:=]/)[0]!),
    hosts: [
      name,
      ...[textAt(service, 'container_name'), textAt(service, 'hostname')].flatMap((host) => host ?? []),
      ...networks.flatMap(({ value }) => namesAt(value, 'aliases').map((alias) => alias.name)),
    ],
  };
}

/** Names of a list or a mapping; items in the long form by their source. */
function takenNames(service: YamlValue | undefined, kind: DeclaredKind): NamedPlace[] {
  const long = itemsAt(service, kind).flatMap((item) => named(item.get('source')));
  return [...namesAt(service, kind), ...long];
}

function ofEachKind(
  namesOf: (kind: DeclaredKind) => readonly NamedPlace[],
): Record<DeclaredKind, readonly NamedPlace[]> {
  return { networks: namesOf('networks'), secrets: namesOf('secrets'), configs: namesOf('configs') };
}
