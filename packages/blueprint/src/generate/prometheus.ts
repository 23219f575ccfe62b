/**
 * `prometheus.yml`: what is scraped, how often, and which rules are evaluated.
 *
 * What a configuration says is rendered alone for `binnacle up`, and with what surrounds it for a stack of containers:
 * Alertmanagers, jobs for the stack's own programs, and where samples are sent on to. How long they are kept is told to
 * Prometheus by flags, which all versions know.
 */
import { formatDuration, parseDuration } from '@binnacle/promql';
import type { Config, EnvironmentName, Service } from '../config/config.ts';
import { sortedByName } from '../order.ts';
import { ruleFiles } from './rule-files.ts';
import { filled, yamlText } from './yaml-text.ts';

/** What surrounds a Prometheus. */
export interface PrometheusSurroundings {
  /** Relative to the file. Default: those that the configuration renders to. */
  readonly ruleFiles?: readonly string[];
  /** `host:port` of Alertmanagers. */
  readonly alertmanagers?: readonly string[];
  /** Programs that are scraped beside the services, by job: `host:port`. A service of the same job goes first. */
  readonly ownJobs?: Readonly<Record<string, string>>;
  /** How an address is reached from where Prometheus runs. Default: as it stands. */
  readonly reach?: (address: string) => string;
  /** Blocks of `remote_write`. */
  readonly remoteWrite?: readonly object[];
  /** Labels of everything that leaves, where the configuration names none. */
  readonly externalLabels?: (config: Config) => Readonly<Record<string, string>>;
  /** Whether the program takes a `$` in external labels for a variable of the environment, as Prometheus does. */
  readonly expandsVariables?: boolean;
  /** Leaves out what only evaluates and alerts, for programs that only scrape. */
  readonly scrapeOnly?: boolean;
}

/** Renders `prometheus.yml`. */
export function renderPrometheus(
  config: Config,
  environment: EnvironmentName,
  surroundings: PrometheusSurroundings = {},
): string {
  const { scrapeInterval, scrapeTimeout, evaluationInterval, externalLabels } = config[environment];
  const { alertmanagers = [], ownJobs = {}, reach = (address) => address, remoteWrite = [] } = surroundings;
  const labels = filled(externalLabels) ?? surroundings.externalLabels?.(config) ?? {};
  const rules = surroundings.ruleFiles ?? ruleFiles(config).map(({ path }) => path);
  const evaluates = surroundings.scrapeOnly !== true;
  const services = config.services.map((service) => scrapeConfig(service, jobName(config, service), reach));
  const jobs = new Set(config.services.map(({ job }) => job));
  const own = Object.entries(ownJobs)
    .filter(([job]) => !jobs.has(job))
    .map(([job, address]) => ({ job_name: job, static_configs: [{ targets: [address] }] }));
  return yamlText(
    {
      global: {
        scrape_interval: scrapeInterval,
        scrape_timeout: scrapeTimeout,
        evaluation_interval: evaluates ? evaluationInterval : undefined,
        external_labels: filled(
          sortedByName(surroundings.expandsVariables === true ? escaped(labels) : labels),
        ),
      },
      rule_files: evaluates ? filled(rules) : undefined,
      alerting:
        evaluates && alertmanagers.length > 0
          ? { alertmanagers: [{ static_configs: [{ targets: alertmanagers }] }] }
          : undefined,
      scrape_configs: [...services, ...own],
      remote_write: filled(remoteWrite),
    },
    { about: [`What ${config.name} exposes, in ${environment}.`] },
  );
}

/** With every `$` as it is written where it begins a variable otherwise. */
function escaped(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).map(([name, value]) => [name, value.replaceAll('$', '$$$$')]),
  );
}

/**
 * What a scrape is called. Names of scrapes are unique; where services that a label tells apart have the same job, each
 * scrape is called as its service, and says the job as a label of its targets.
 */
function jobName({ services }: Config, { name, job }: Service): string {
  return services.some((other) => other.job === job && other.name !== name) ? name : job;
}

function scrapeConfig(service: Service, called: string, reach: (address: string) => string) {
  const { job, scrapeInterval, scrapeTimeout, metricsPath, scheme, targets } = service;
  const labels = called === job ? service.labels : { ...service.labels, job };
  return {
    job_name: called,
    scrape_interval: scrapeInterval,
    scrape_timeout: scrapeTimeout,
    metrics_path: metricsPath === '/metrics' ? undefined : metricsPath,
    scheme: scheme === 'http' ? undefined : scheme,
    static_configs: [{ targets: targets.map(reach), labels: filled(sortedByName(labels)) }],
  };
}

/** The interval at which a service is scraped: its own, or that of the environment. */
export function scrapeIntervalOf(config: Config, environment: EnvironmentName, service: Service): string {
  return formatDuration(parseDuration(service.scrapeInterval ?? config[environment].scrapeInterval));
}
