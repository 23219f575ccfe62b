/** Services of compose files: the fields that we write, and what all of our services have in common. */
import type { EnvironmentName } from '../config/config.ts';
import { IMAGES, type Image, imageReference } from './images.ts';

/** One service of a compose file, with the fields that are written here and no others. */
export interface ComposeService {
  readonly image: string;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly user?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly secrets?: readonly { readonly source: string; readonly target: string }[];
  readonly tmpfs?: readonly string[];
  readonly read_only?: boolean;
  readonly extra_hosts?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: Readonly<Record<string, unknown>>;
  readonly restart: string;
  readonly cap_drop: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt: readonly string[];
  readonly networks?: readonly string[];
  readonly network_mode?: string;
  readonly logging?: object;
  readonly deploy?: object;
}

/** What differs from service to service. */
export interface ComposeServiceSpec
  extends Omit<
    ComposeService,
    | 'image'
    | 'entrypoint'
    | 'restart'
    | 'cap_drop'
    | 'cap_add'
    | 'security_opt'
    | 'networks'
    | 'network_mode'
    | 'logging'
    | 'deploy'
    | 'healthcheck'
    | 'ports'
  > {
  readonly image: Image;
  /** The port that people reach, on this machine only. */
  readonly port?: number;
  /** A command within the container that fails while the service is not well; none where the image has no program for it. */
  readonly healthy?: readonly string[];
  /** What it may take of a production machine. */
  readonly limits: { readonly cpus: string; readonly memory: string };
}

/** The network that the stack and the services that it scrapes share. */
export const NETWORK = 'monitoring';

/** The account without rights that the images of the Prometheus world run as, by number: not every image has its name. */
export const NOBODY = '65534:65534';

const HEALTH = { interval: '15s', timeout: '5s', retries: 5, start_period: '30s' } as const;

/** Logs of production are kept within these bounds, so that they do not fill the disk that the samples are on. */
const LOGGING = { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '5' } } as const;

/** Asks an address from within a container that has busybox. */
export function answers(port: number, path: string): readonly string[] {
  return ['CMD', 'wget', '-q', '-O', '/dev/null', `http://127.0.0.1:${port}${path}`];
}

/** A service with all that every one of ours has: no rights beyond its own, ports of this machine only, a restart. */
export function composeService(environment: EnvironmentName, spec: ComposeServiceSpec): ComposeService {
  const { image, port, healthy, limits, ...rest } = spec;
  return {
    image: imageReference(image),
    ...rest,
    ...(port !== undefined && { ports: [`127.0.0.1:${port}:${port}`] }),
    ...(healthy !== undefined && { healthcheck: { test: healthy, ...HEALTH } }),
    restart: 'unless-stopped',
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
    networks: [NETWORK],
    ...(environment === 'production' && { logging: LOGGING, deploy: { resources: { limits } } }),
  };
}

/** A text from elsewhere as compose takes it as it is: of itself it replaces what follows a `$`. */
export function literal(text: string): string {
  return text.replaceAll('$', '$$$$');
}

/** Starts after these are well. */
export function after(...names: readonly string[]): Readonly<Record<string, { readonly condition: string }>> {
  return Object.fromEntries(names.map((name) => [name, { condition: 'service_healthy' }]));
}

/** Starts after these have done their work. */
export function finished(
  ...names: readonly string[]
): Readonly<Record<string, { readonly condition: string }>> {
  return Object.fromEntries(names.map((name) => [name, { condition: 'service_completed_successfully' }]));
}

/**
 * Gives new volumes to {@link NOBODY} and ends: a volume at a path that an image does not have belongs to root, and the
 * programs that write it are not root. It may do this and nothing else.
 */
export function volumeOwner(environment: EnvironmentName, volumes: readonly string[]): ComposeService {
  return {
    image: imageReference(IMAGES.prometheus),
    entrypoint: ['chown', NOBODY, ...volumes.map((volume) => `/volumes/${volume}`)],
    user: '0:0',
    volumes: volumes.map((volume) => `${volume}:/volumes/${volume}`),
    read_only: true,
    restart: 'no',
    cap_drop: ['ALL'],
    cap_add: ['CHOWN'],
    security_opt: ['no-new-privileges:true'],
    network_mode: 'none',
    ...(environment === 'production' && { logging: LOGGING }),
  };
}
