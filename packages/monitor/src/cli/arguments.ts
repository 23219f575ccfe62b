/** The command line of `binnacle`: what may be written, and what it means. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Labels } from '@binnacle/metrics/model';
import { parseDuration } from '@binnacle/promql';
import { AlertMatcherError } from '../alert-matcher.ts';
import { parseSize } from '../config/yaml-reader.ts';
import { Secret } from '../secret.ts';
import type { CatalogOptions } from './catalog.ts';
import type { CheckCommandOptions } from './check/check-command.ts';
import type { RuleCheckOptions } from './check.ts';
import type { ExporterOptions } from './exporter.ts';
import type { GenerateCommand } from './generate.ts';
import type { HeartbeatOptions } from './heartbeat.ts';
import type { ImportOptions } from './import.ts';
import type { InitOptions } from './init.ts';
import type { NotifyTestOptions } from './notify.ts';
import {
  COMMAND_WORDS,
  checkOptions,
  isCommandWord,
  type OptionValues,
  parseOptions,
  UsageError,
} from './options.ts';
import { findConfig } from './project/find-config.ts';
import type { ProjectUp } from './project/up-options.ts';
import { parseLabelArguments, type RouteOptions } from './route.ts';
import { parseSilenceCommand, type SilenceOptions } from './silence.ts';
import type { SloOptions } from './slo.ts';
import { nameFilter, type TestOptions } from './test.ts';
import type { UpOptions } from './up.ts';

/** The port when none is given. */
export const DEFAULT_PORT = 9700;
const DEFAULT_HOST = '127.0.0.1';
/** The port of `binnacle exporter` when none is given. */
const EXPORTER_PORT = 9464;
const DAY_MS = 24 * 60 * 60 * 1000;
const DEFAULT_RETENTION_BYTES = 512 * 1024 * 1024;

/** What `binnacle --help` prints. */
export const HELP = `binnacle: collects, stores, queries, alerts and shows

  binnacle init                   look at a running service, and write a binnacle.config.ts for it
    --url URL                     where it shows its metrics (default: the usual ports of this machine)
    --name NAME                   of the project
    --force                       write over the one that is there

  binnacle up                     start the monitor
    --config FILE                 binnacle.config.ts or prometheus.yml (default: the one that is here)
    --environment NAME            development or production: which settings of binnacle.config.ts (default: development)
    --alerts FILE                 alertmanager.yml: where alerts go (default: nowhere)
    --heartbeat-url-file FILE     file with an address to send a heartbeat to, or BINNACLE_HEARTBEAT_URL
    --heartbeat-interval DURATION how often (default: 1m)
    --dashboards DIR              folder of Grafana dashboards in JSON
    --data DIR                    where samples are kept (default: ./.binnacle/data)
    --listen HOST:PORT            default 127.0.0.1:9700, or the port in BINNACLE_PORT
    --strict-port                 fail when the port is taken; otherwise the next free one is used
    --external-url URL            where users reach the monitor, for links in alerts
    --allow-host NAME             another name that it is reached by, such as binnacle.internal; may be repeated
    --retention-time DURATION     how long samples are kept (default: 24h)
    --retention-size SIZE         how large they may become (default: 512MB)
    --page DIR                    folder of the built page
                                  SIGHUP, or POST to /-/reload, reads the configuration again

  binnacle exporter               answer /metrics for a service from outside, as its user
    --dir DIR                     the service's metrics directory
    --listen HOST:PORT            default 127.0.0.1:9464
    --token-file FILE             ask for the bearer token in this file
    --tls-cert FILE               answer over TLS, with this certificate
    --tls-key FILE                and this key
    --tls-client-ca FILE          ask for a certificate that this authority signed

  binnacle check [PATH...]        prove rules, dashboards and configuration against the metrics that there are
    --config FILE                 binnacle.config.ts (default: the nearest one, if any)
    --catalog FILE|URL            metrics of a catalog file or a running service; may be repeated
    --disable CHECKS              checks that are not made, with commas between them
    --fail-on SEVERITY            error, warning or info: what makes the command fail (default: error)
    --json, --github              for programs, for annotations of GitHub Actions
  binnacle check config FILE      is this prometheus.yml valid, with the rule files that it names?
  binnacle check alerts FILE      is this alertmanager.yml valid?
  binnacle check rules FILE...    are these rule files valid?
    --lint CHECKS                 all, duplicate-rules or none (default: duplicate-rules)
    --lint-fatal                  end with exit code 3 where a lint check finds something
    --ignore-unknown-fields       accept fields of other programs

  binnacle generate               write the files of Prometheus, Alertmanager, Grafana, compose and Kubernetes
    --config FILE                 binnacle.config.ts (default: the nearest one)
    --out DIR                     default: monitoring, beside the configuration
    --for BACKEND                 prometheus, thanos, mimir or victoriametrics (default: prometheus)
    --check                       write nothing, and fail where a file is not what the configuration says
    --force                       write over what a person has changed

  binnacle catalog                which metrics there are
    --config FILE                 binnacle.config.ts (default: the nearest one)
    --from FILE|URL               of a catalog file or a running service, not of the definitions
    --write FILE                  write them to a catalog file
    --closed-values COUNT         take labels of a running service with at most so many values for complete
  binnacle catalog diff           what has changed since the catalog file, and which panels and alerts that breaks
    --from FILE|URL, --to FILE|URL  what is compared (default: the catalog file, and the definitions)
    --json                        for programs

  binnacle test FILE...           run unit tests of rules: YAML as promtool test rules does, or TypeScript
    --run REGEX                   only groups of tests whose name matches; may be repeated
    --diff                        show also what is as expected, in colour
    --debug                       show how long each group took, and all its data
    --ignore-unknown-fields       accept fields of other programs in rule files
    --junit FILE                  write a report for continuous integration
    --coverage                    show which alerts are tested to fire, and to be silent
    --coverage-required           and fail where one is not
    --watch                       run again whenever a file changes

  binnacle import FILE            a Grafana dashboard in JSON as TypeScript that renders to the same
    --out FILE                    where it goes (default: it is printed)
    --name NAME                   what the module exports it as (default: made of its title)
    --json                        as JSON of today, whatever version of Grafana it was made with
    --force                       write over the file that is there

  binnacle slo                    what became of the objectives: budgets, and how fast they burn
    --config FILE                 binnacle.config.ts (default: the nearest one)
    --url URL                     the monitor (default: BINNACLE_URL, or http://127.0.0.1:9700)
    --json, --markdown            for programs, for reports

  binnacle route LABEL=VALUE...   where would an alert with these labels go, and why?
    --alerts FILE                 alertmanager.yml (default: ./alertmanager.yml)
    --expect RECEIVERS            fail unless it would go to these, with commas between them
    --json                        for programs

  binnacle silence add MATCHER... keep alerts quiet: alertname=JobStuck, instance=~"web.*"
    --duration DURATION           for how long (default: 1h)
    --comment TEXT                why
    --author NAME                 who (default: the user's name)
  binnacle silence preview MATCHER...  what that would hide
  binnacle silence list           the silences that hold or will; with matchers: those that have these
    --expired                     also those that have ended
  binnacle silence expire ID...   end silences now
    --url URL                     the monitor (default: BINNACLE_URL, or http://127.0.0.1:9700)
    --json                        for programs

  binnacle notify test RECEIVER   send a sample alert to a receiver, and show what it answers
    --alerts FILE                 alertmanager.yml (default: ./alertmanager.yml)
    --label NAME=VALUE            a label of the sample; may be repeated
    --resolved                    send its end too
    --external-url URL            for links in the message

  binnacle --version
`;

/** What a command line asks for. */
export type Command =
  | { readonly name: 'help' }
  | { readonly name: 'version' }
  | { readonly name: 'up'; readonly options: UpOptions; readonly project: ProjectUp | undefined }
  | { readonly name: 'generate'; readonly options: GenerateCommand }
  | { readonly name: 'catalog'; readonly options: CatalogOptions }
  | { readonly name: 'init'; readonly options: InitOptions }
  | { readonly name: 'import'; readonly options: ImportOptions }
  | { readonly name: 'slo'; readonly options: SloOptions }
  | { readonly name: 'silence'; readonly options: SilenceOptions }
  | { readonly name: 'exporter'; readonly options: ExporterOptions }
  | { readonly name: 'route'; readonly options: RouteOptions }
  | { readonly name: 'notify test'; readonly options: NotifyTestOptions }
  | { readonly name: 'check'; readonly options: CheckCommandOptions }
  | {
      readonly name: 'check files';
      readonly what: 'config' | 'alerts' | 'rules';
      readonly files: readonly string[];
      readonly rules: RuleCheckOptions;
    }
  | { readonly name: 'test'; readonly options: TestOptions };

/**
 * Reads a command line.
 * @param args without node and script
 * @throws UsageError
 */
export async function parseCommand(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<Command> {
  const { values, positionals } = parseOptions(args);
  if (values.help === true || args.length === 0) return { name: 'help' };
  if (values.version === true) return { name: 'version' };
  const [command, ...rest] = positionals;
  if (command === 'help') return { name: 'help' };
  if (isCommandWord(command)) checkOptions(command, values);
  switch (command) {
    case 'up':
      if (rest.length > 0)
        throw new UsageError(`binnacle up takes options only, not ${JSON.stringify(rest[0])}`);
      return upCommand(values, env);
    case 'exporter':
      if (rest.length > 0)
        throw new UsageError(`binnacle exporter takes options only, not ${JSON.stringify(rest[0])}`);
      return { name: 'exporter', options: exporterOptions(values) };
    case 'route':
      return { name: 'route', options: routeOptions(rest, values) };
    case 'notify':
      return { name: 'notify test', options: notifyTestOptions(rest, values) };
    case 'check':
      return checkCommand(rest, values);
    // What works on projects is loaded when it is asked for, because the monitor starts in half the time without it.
    case 'generate': {
      const { parseGenerateCommand } = await import('./generate.ts');
      return { name: 'generate', options: parseGenerateCommand(rest, values) };
    }
    case 'catalog': {
      const { parseCatalogCommand } = await import('./catalog.ts');
      return { name: 'catalog', options: parseCatalogCommand(rest, values) };
    }
    case 'init': {
      const { parseInitCommand } = await import('./init.ts');
      return { name: 'init', options: parseInitCommand(rest, values) };
    }
    case 'test':
      return { name: 'test', options: testOptions(rest, values) };
    case 'import': {
      const { parseImportCommand } = await import('./import.ts');
      return { name: 'import', options: parseImportCommand(rest, values) };
    }
    case 'slo': {
      const { parseSloCommand } = await import('./slo.ts');
      return { name: 'slo', options: parseSloCommand(rest, values, env) };
    }
    case 'silence':
      return { name: 'silence', options: parseSilenceCommand(rest, values, env) };
    default:
      throw new UsageError(
        `there is no command ${JSON.stringify(command ?? '')}; there are: ${COMMAND_WORDS.join(', ')}`,
      );
  }
}

/** Kinds of files that are read as `binnacle up` would; any other word is a path. */
const FILE_KINDS = ['config', 'alerts', 'rules'] as const;
const OPTIONS_OF_FILES = ['lint', 'lint-fatal', 'ignore-unknown-fields'] as const;
const OPTIONS_OF_REPOSITORIES = ['config', 'catalog', 'json', 'github', 'disable', 'fail-on'] as const;

async function checkCommand(rest: readonly string[], values: OptionValues): Promise<Command> {
  const [first, ...files] = rest;
  const what = FILE_KINDS.find((kind) => kind === first);
  const foreign = what === undefined ? OPTIONS_OF_FILES : OPTIONS_OF_REPOSITORIES;
  const given = foreign.find((option) => values[option] !== undefined);
  if (given !== undefined) {
    const command = what === undefined ? 'check [PATH...]' : `check ${what}`;
    throw new UsageError(`binnacle ${command} has no --${given}`);
  }
  if (what === undefined) {
    const { parseCheckCommand } = await import('./check/check-command.ts');
    return { name: 'check', options: parseCheckCommand(rest, values) };
  }
  if (files.length === 0) throw new UsageError(`binnacle check ${what} needs a file`);
  const lint = values.lint ?? 'duplicate-rules';
  if (!['all', 'duplicate-rules', 'none'].includes(lint))
    throw new UsageError(`--lint: ${JSON.stringify(lint)} is not all, duplicate-rules or none`);
  const rules: RuleCheckOptions = {
    findsDuplicates: lint !== 'none',
    lintIsFatal: values['lint-fatal'] === true,
    ignoreUnknownFields: values['ignore-unknown-fields'] === true,
  };
  return { name: 'check files', what, files, rules };
}

function testOptions(files: readonly string[], values: OptionValues): TestOptions {
  if (files.length === 0) throw new UsageError('binnacle test needs a file of tests');
  const run = values.run ?? [];
  try {
    nameFilter(run);
  } catch (error) {
    throw new UsageError(`--run: ${error instanceof Error ? error.message : String(error)}`);
  }
  return {
    files,
    run,
    debug: values.debug === true,
    diff: values.diff === true,
    ignoreUnknownFields: values['ignore-unknown-fields'] === true,
    junit: values.junit,
    coverage: values['coverage-required'] === true ? 'required' : values.coverage === true ? 'shown' : 'none',
    watch: values.watch === true,
  };
}

function routeOptions(labels: readonly string[], values: OptionValues): RouteOptions {
  return {
    alertsPath: alertsPath(values.alerts),
    labels: alertLabels(labels),
    json: values.json === true,
    expected: values.expect?.split(','),
  };
}

function notifyTestOptions(
  [what, receiver, ...rest]: readonly string[],
  values: OptionValues,
): NotifyTestOptions {
  if (what !== 'test' || receiver === undefined || rest.length > 0)
    throw new UsageError('binnacle notify takes test, and the name of one receiver');
  return {
    alertsPath: alertsPath(values.alerts),
    receiver,
    labels: alertLabels(values.label ?? []).toObject(),
    resolved: values.resolved === true,
    externalUrl: externalUrl(values['external-url']) ?? `http://${DEFAULT_HOST}:${DEFAULT_PORT}`,
  };
}

/** The path of `alertmanager.yml`, the one that was given or the one that lies here. */
function alertsPath(given: string | undefined): string {
  const path = given ?? 'alertmanager.yml';
  if (given === undefined && !existsSync(path))
    throw new UsageError('there is no alertmanager.yml here: name one with --alerts FILE');
  return path;
}

function alertLabels(texts: readonly string[]): Labels {
  try {
    return parseLabelArguments(texts);
  } catch (error) {
    if (error instanceof AlertMatcherError) throw new UsageError(error.message);
    throw error;
  }
}

function upCommand(values: OptionValues, env: Readonly<Record<string, string | undefined>>): Command {
  const config = configOfUp(values.config);
  const environment = values.environment ?? 'development';
  if (environment !== 'development' && environment !== 'production')
    throw new UsageError(`--environment: ${JSON.stringify(environment)} is not development or production`);
  const isProject = /\.[cm]?[jt]s$/.test(config);
  if (!isProject && values.environment !== undefined)
    throw new UsageError(`--environment is about a binnacle.config.ts, and ${config} is none`);
  const project: ProjectUp = {
    path: config,
    environment,
    given: {
      alertsPath: values.alerts !== undefined,
      dashboardsDir: values.dashboards !== undefined,
      externalUrl: values['external-url'] !== undefined,
      retentionTimeMs: values['retention-time'] !== undefined,
      retentionBytes: values['retention-size'] !== undefined,
    },
  };
  return {
    name: 'up',
    options: upOptions(config, values, env),
    project: isProject ? project : undefined,
  };
}

/** What is named; else what lies here; else the nearest project above. */
function configOfUp(named: string | undefined): string {
  if (named !== undefined) return resolve(named);
  const found = findConfig(undefined);
  const plain = resolve('prometheus.yml');
  if (found !== undefined && (dirname(found) === resolve() || !existsSync(plain))) return found;
  if (existsSync(plain)) return plain;
  throw new UsageError(
    'there is no binnacle.config.ts and no prometheus.yml here: name one with --config FILE, or write one with binnacle init',
  );
}

function upOptions(
  config: string,
  values: OptionValues,
  env: Readonly<Record<string, string | undefined>>,
): UpOptions {
  const { host, port } = listenAddress(values.listen, env.BINNACLE_PORT, DEFAULT_PORT);
  return {
    configPath: config,
    alertsPath: values.alerts === undefined ? undefined : resolve(values.alerts),
    heartbeat: heartbeatOptions(values, env),
    dashboardsDir: values.dashboards === undefined ? undefined : resolve(values.dashboards),
    dataDir: resolve(values.data ?? join('.binnacle', 'data')),
    pageDir: values.page === undefined ? builtPage() : resolve(values.page),
    host,
    port,
    strictPort: values['strict-port'] === true,
    externalUrl: externalUrl(values['external-url']),
    allowedHosts: values['allow-host'] ?? [],
    retentionTimeMs: retentionTime(values['retention-time']),
    retentionBytes: retentionSize(values['retention-size']),
  };
}

/** The variable with the heartbeat's address: a secret, which a command line would show to everybody. */
const HEARTBEAT_VARIABLE = 'BINNACLE_HEARTBEAT_URL';
const HEARTBEAT_INTERVAL_MS = 60_000;

function heartbeatOptions(
  values: OptionValues,
  env: Readonly<Record<string, string | undefined>>,
): HeartbeatOptions | undefined {
  const { 'heartbeat-url-file': file, 'heartbeat-interval': interval } = values;
  const isGiven = file !== undefined || (env[HEARTBEAT_VARIABLE] ?? '') !== '';
  if (!isGiven && interval === undefined) return undefined;
  if (!isGiven)
    throw new UsageError(`--heartbeat-interval needs --heartbeat-url-file FILE, or ${HEARTBEAT_VARIABLE}`);
  return {
    url: file === undefined ? Secret.environment(HEARTBEAT_VARIABLE) : Secret.file(resolve(file)),
    intervalMs:
      interval === undefined ? HEARTBEAT_INTERVAL_MS : durationOption('heartbeat-interval', interval),
  };
}

function exporterOptions(values: OptionValues): ExporterOptions {
  if (values.dir === undefined)
    throw new UsageError(
      "binnacle exporter needs --dir DIR: the service's metrics directory, its BINNACLE_METRICS_DIR",
    );
  const { 'tls-cert': cert, 'tls-key': key, 'tls-client-ca': clientCa } = values;
  if ((cert === undefined) !== (key === undefined) || (cert === undefined && clientCa !== undefined))
    throw new UsageError('--tls-cert and --tls-key go together, and --tls-client-ca with them');
  const tokenFile = values['token-file'];
  return {
    directory: resolve(values.dir),
    ...listenAddress(values.listen, undefined, EXPORTER_PORT),
    tokenFile: tokenFile === undefined ? undefined : resolve(tokenFile),
    tls:
      cert === undefined || key === undefined
        ? undefined
        : {
            cert: resolve(cert),
            key: resolve(key),
            ...(clientCa !== undefined && { clientCa: resolve(clientCa) }),
          },
  };
}

function listenAddress(
  given: string | undefined,
  portVariable: string | undefined,
  defaultPort: number,
): { readonly host: string; readonly port: number } {
  const text = given ?? `${DEFAULT_HOST}:${portVariable ?? defaultPort}`;
  const match = /^(?:(\[[0-9a-fA-F:]+\]|[^:]*):)?(\d+)$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535) {
    const source = given === undefined ? 'BINNACLE_PORT' : '--listen';
    throw new UsageError(
      `${source}: ${JSON.stringify(given ?? portVariable)} is not HOST:PORT, such as 127.0.0.1:${defaultPort}`,
    );
  }
  // ":9700" listens everywhere, as it does for Prometheus; a port alone stays on this machine.
  const host = match[1] === undefined ? DEFAULT_HOST : match[1] === '' ? '0.0.0.0' : match[1];
  return { host: host.replace(/^\[|\]$/g, ''), port };
}

function externalUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (!URL.canParse(text) || !/^https?:/.test(text))
    throw new UsageError(
      `--external-url: ${JSON.stringify(text)} is not an address such as http://monitor.example.org`,
    );
  return text.replace(/\/+$/, '');
}

function retentionTime(text: string | undefined): number {
  return text === undefined ? DAY_MS : durationOption('retention-time', text);
}

function durationOption(option: string, text: string): number {
  try {
    const ms = parseDuration(text);
    if (ms > 0) return ms;
  } catch {
    // Told below, in the words of the option.
  }
  throw new UsageError(`--${option}: ${JSON.stringify(text)} is not a duration such as 1m, 24h or 15d`);
}

function retentionSize(text: string | undefined): number {
  if (text === undefined) return DEFAULT_RETENTION_BYTES;
  const bytes = parseSize(text);
  if (bytes === undefined || bytes === 0)
    throw new UsageError(`--retention-size: ${JSON.stringify(text)} is not a size such as 512MB or 2GB`);
  return bytes;
}

/** The page that is installed with the command, or the one that is built beside it in the repository. */
function builtPage(): string | undefined {
  const places = ['../../ui/', '../../../ui/dist/page/'].map((place) =>
    fileURLToPath(new URL(place, import.meta.url)),
  );
  return places.find((place) => existsSync(join(place, 'index.html')));
}
