/**
 * How a service's metrics are kept and answered: options, environment, defaults.
 *
 *     options  >  BINNACLE_METRICS_*  >  the names that other clients and their users have  >  defaults
 *
 * | setting     | variables, the first that is set counts                                                    |
 * |-------------|--------------------------------------------------------------------------------------------|
 * | enabled     | BINNACLE_METRICS_ENABLED, PROMETHEUS_ENABLED                                               |
 * | endpoint    | BINNACLE_METRICS_ENDPOINT_ENABLED, METRICS_ENDPOINT_ENABLED                                |
 * | openLabels  | BINNACLE_METRICS_INCLUDE_LABELS, METRICS_INCLUDE_LABELS                                    |
 * | directory   | BINNACLE_METRICS_DIR; PROMETHEUS_MULTIPROC_DIR, in which each service has a folder         |
 * | port        | BINNACLE_METRICS_PORT, NAME_METRICS_PORT, NAME_SERVICE_METRICS_PORT                        |
 * | portTaken   | BINNACLE_METRICS_PORT_TAKEN; NODE_ENV decides the default                                  |
 * | host, hosts | BINNACLE_METRICS_HOST, BINNACLE_METRICS_HOSTS                                              |
 * | token       | BINNACLE_METRICS_TOKEN, BINNACLE_METRICS_TOKEN_FILE                                        |
 * | basicAuth   | BINNACLE_METRICS_USERNAME with BINNACLE_METRICS_PASSWORD or BINNACLE_METRICS_PASSWORD_FILE |
 * | tls         | BINNACLE_METRICS_TLS_CERT, BINNACLE_METRICS_TLS_KEY, BINNACLE_METRICS_TLS_CLIENT_CA        |
 *
 * `NAME` is the service's name in capitals, with `_` for all else: `api-gateway` has API_GATEWAY_METRICS_PORT. A
 * variable that is empty is one that is not set. What cannot be read is an error, never a guess: a `flase` that
 * meant `false` would open a port.
 */
import path from 'node:path';
import type { Registry } from '../registry.ts';
import { defaultDirectory } from '../store/directory.ts';
import { ServeError } from './errors.ts';
import { type Environment, flag, includesOpenLabels, invalid, variable } from './variables.ts';

/**
 * What happens when a stranger, no process of the service, listens on the port:
 *
 * - `next`: the next free port is taken, and a warning says which. The default where NODE_ENV is `development`,
 *   `test` or not set.
 * - `reject`: `serveMetrics` rejects with a {@link ServeError} `port_taken`. The process counts all the same and
 *   tries again every second. The default elsewhere.
 * - `retry`: a warning, and it tries again every second.
 */
export type PortTaken = 'next' | 'reject' | 'retry';

/** A name and a password; the password may lie in a file, which is read again when it changes. */
export type BasicAuth =
  | { readonly username: string; readonly password: string }
  | { readonly username: string; readonly passwordFile: string };

/** Certificate and key, each as PEM or as the path of a file. */
export interface TlsOptions {
  readonly cert: string;
  readonly key: string;
  /** Where given, a client must show a certificate that it signed. */
  readonly clientCa?: string;
}

/** Who may read `/metrics`. A request needs the token or the name and password, where either is set. */
export interface AccessOptions {
  /** What a scraper sends as `Authorization: Bearer TOKEN`. */
  readonly token?: string;
  /** A file with the token in its only line, which is read again when it changes. */
  readonly tokenFile?: string;
  readonly basicAuth?: BasicAuth;
  /**
   * Names under which this server may be asked for beside addresses, names without a dot and private ones such as
   * `host.docker.internal`. Only asked of a server on loopback that asks for nothing else: a page that a user of
   * this machine has opened could otherwise read it by a name that points here.
   */
  readonly hosts?: readonly string[];
}

/** What {@link serveMetrics} is given. */
export interface ServeOptions extends AccessOptions {
  /** What all processes that are added up have in common. */
  readonly service: string;
  /** Tells replicas of one service apart that run on one machine; each needs a directory of its own. */
  readonly instance?: string;
  /** Default: from the environment, else a folder of the service in memory (`/dev/shm`) or the temporary folder. */
  readonly directory?: string;
  /** Where the elected process answers `/metrics`; without one, mount {@link metricsHandler} in the application. */
  readonly port?: number;
  /** The port where neither `port` nor the environment names one. */
  readonly defaultPort?: number;
  readonly portTaken?: PortTaken;
  /** Default `127.0.0.1`. */
  readonly host?: string;
  readonly tls?: TlsOptions;
  /** `false`: no port, no files; counting costs the same and nobody reads it. */
  readonly enabled?: boolean;
  /** `false`: this process counts for its service and answers nobody; `/metrics` is not found. */
  readonly endpoint?: boolean;
  readonly registry?: Registry;
  /**
   * Whether OpenMetrics carries a `_created` sample for each counter and histogram. Default false: Prometheus stores
   * them as series of their own, twice as many for counters. Protobuf carries the times at no such cost, always.
   */
  readonly createdSamples?: boolean;
}

/** What holds for a process, after options, environment and defaults. */
export interface MetricsSettings {
  readonly enabled: boolean;
  readonly endpoint: boolean;
  /** `false`: an open label has one value only, see {@link includesOpenLabels}. */
  readonly openLabels: boolean;
  readonly directory: string;
  readonly port: number | undefined;
  readonly portTaken: PortTaken;
  readonly host: string;
  readonly access: AccessOptions;
  readonly tls: TlsOptions | undefined;
}

const PORT_MAX = 65_535;
const PORT_TAKEN: readonly PortTaken[] = ['next', 'reject', 'retry'];

/**
 * The settings of a service's process. Pure: it reads neither files nor `process.env`.
 * @throws ServeError `setting_invalid`, which names the option or variable, its value, and what is allowed
 */
export function metricsSettings(
  service: string,
  options: Omit<ServeOptions, 'service'>,
  env: Environment,
): MetricsSettings {
  const portTaken = options.portTaken ?? variable(env, 'BINNACLE_METRICS_PORT_TAKEN');
  if (portTaken !== undefined && !isPortTaken(portTaken))
    throw invalid('BINNACLE_METRICS_PORT_TAKEN', portTaken, PORT_TAKEN.join(', '));
  return {
    enabled: options.enabled ?? flag(env, ['BINNACLE_METRICS_ENABLED', 'PROMETHEUS_ENABLED']),
    endpoint:
      options.endpoint ?? flag(env, ['BINNACLE_METRICS_ENDPOINT_ENABLED', 'METRICS_ENDPOINT_ENABLED']),
    openLabels: includesOpenLabels(env),
    directory: options.directory ?? directoryOf(service, env),
    port: portOf(service, options, env),
    portTaken: portTaken ?? (isDevelopment(env) ? 'next' : 'reject'),
    host: options.host ?? variable(env, 'BINNACLE_METRICS_HOST') ?? '127.0.0.1',
    access: accessOf(options, env),
    tls: options.tls ?? tlsOf(env),
  };
}

function directoryOf(service: string, env: Environment): string {
  const own = variable(env, 'BINNACLE_METRICS_DIR');
  if (own !== undefined) return own;
  const parent = variable(env, 'PROMETHEUS_MULTIPROC_DIR');
  // It is one variable for all services of a machine; what they count must not be added up.
  const folder = service.replace(/[^A-Za-z0-9._-]/g, '_').replace(/^\.+/, '_');
  return parent === undefined ? defaultDirectory(service) : path.join(parent, folder);
}

function portOf(
  service: string,
  { port, defaultPort }: Pick<ServeOptions, 'port' | 'defaultPort'>,
  env: Environment,
): number | undefined {
  for (const [name, value] of Object.entries({ port, defaultPort })) {
    if (value !== undefined && !isPort(value))
      throw invalid(`the option ${name}`, String(value), `a whole number from 0 to ${PORT_MAX}`);
  }
  if (port !== undefined) return port;
  const prefix = service.toUpperCase().replace(/[^A-Z0-9]/g, '_');
  for (const name of ['BINNACLE_METRICS_PORT', `${prefix}_METRICS_PORT`, `${prefix}_SERVICE_METRICS_PORT`]) {
    const text = variable(env, name);
    if (text === undefined) continue;
    if (!/^\d{1,5}$/.test(text) || !isPort(Number(text)))
      throw invalid(name, text, `a whole number from 0 to ${PORT_MAX}`);
    return Number(text);
  }
  return defaultPort;
}

function accessOf(options: AccessOptions, env: Environment): AccessOptions {
  const given = options.token ?? options.tokenFile ?? options.basicAuth;
  // Secrets are one setting: a token of the environment beside a password of the program would be a second key.
  const secrets =
    given === undefined
      ? secretsOf(env)
      : {
          ...(options.token !== undefined && { token: nonEmpty('token', options.token) }),
          ...(options.tokenFile !== undefined && { tokenFile: options.tokenFile }),
          ...(options.basicAuth !== undefined && { basicAuth: options.basicAuth }),
        };
  if (options.basicAuth !== undefined && 'password' in options.basicAuth)
    nonEmpty('basicAuth.password', options.basicAuth.password);
  const hosts = options.hosts ?? variable(env, 'BINNACLE_METRICS_HOSTS')?.split(',');
  return { ...secrets, hosts: (hosts ?? []).map((name) => name.trim().toLowerCase()) };
}

function secretsOf(env: Environment): AccessOptions {
  const token = variable(env, 'BINNACLE_METRICS_TOKEN');
  const tokenFile = variable(env, 'BINNACLE_METRICS_TOKEN_FILE');
  const username = variable(env, 'BINNACLE_METRICS_USERNAME');
  const password = variable(env, 'BINNACLE_METRICS_PASSWORD');
  const passwordFile = variable(env, 'BINNACLE_METRICS_PASSWORD_FILE');
  const hasPassword = password !== undefined || passwordFile !== undefined;
  if (hasPassword !== (username !== undefined)) {
    throw new ServeError(
      'setting_invalid',
      'BINNACLE_METRICS_USERNAME goes with BINNACLE_METRICS_PASSWORD or BINNACLE_METRICS_PASSWORD_FILE; set both or neither',
    );
  }
  return {
    ...(token !== undefined && { token }),
    ...(tokenFile !== undefined && { tokenFile }),
    ...(username !== undefined &&
      hasPassword && {
        basicAuth:
          password !== undefined ? { username, password } : { username, passwordFile: passwordFile! },
      }),
  };
}

function tlsOf(env: Environment): TlsOptions | undefined {
  const cert = variable(env, 'BINNACLE_METRICS_TLS_CERT');
  const key = variable(env, 'BINNACLE_METRICS_TLS_KEY');
  const clientCa = variable(env, 'BINNACLE_METRICS_TLS_CLIENT_CA');
  if (cert === undefined && key === undefined && clientCa === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    throw new ServeError(
      'setting_invalid',
      'BINNACLE_METRICS_TLS_CERT and BINNACLE_METRICS_TLS_KEY go together, each PEM or the path of a file; set both or neither',
    );
  }
  return { cert, key, ...(clientCa !== undefined && { clientCa }) };
}

/** Names that people and their tools give to machines that users do not depend on; a name not known is not one. */
function isDevelopment(env: Environment): boolean {
  return ['development', 'test', undefined].includes(variable(env, 'NODE_ENV'));
}

function isPortTaken(text: string): text is PortTaken {
  return (PORT_TAKEN as readonly string[]).includes(text);
}

function isPort(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= PORT_MAX;
}

function nonEmpty(option: string, text: string): string {
  if (text !== '') return text;
  throw new ServeError(
    'setting_invalid',
    `the option ${option} is empty, and would let everybody in; leave it out where nobody is to be asked`,
  );
}
