/**
 * `binnacle.config.ts`: everything that one monitor watches, in one typed file whose default export is
 * `defineConfig({ ... })`. The command renders it to the files of the Prometheus world and runs on those.
 */
import type { Alerting } from '../alerting/alerting.ts';
import type { Dashboard } from '../dashboard/dashboard.ts';
import type { DefinitionPlace } from '../definition-place.ts';
import type { RuleGroup } from '../rules/rule.ts';
import type { Slo } from '../slo/slo.ts';
import type { Watch } from '../watch/watch.ts';

/** A duration as Prometheus writes it: `15s`, `1h30m`, `30d`. */
export type DurationText = string;

/** One thing that is scraped: a program, however many processes it has. */
export interface ServiceSpec {
  /** Lower case, digits and dashes: names files and containers. */
  readonly name: string;
  /** The value of `job` on its series. Default: the name. */
  readonly job?: string;
  /** What it counts: metrics, objects and modules of them, as `import * as metrics` gives them. */
  readonly metrics?: unknown;
  /** Where it is scraped: `host:port`. */
  readonly targets: readonly string[];
  /** Default `/metrics`. */
  readonly metricsPath?: string;
  /** Default `http`. */
  readonly scheme?: 'http' | 'https';
  /** Default: those of the environment. */
  readonly scrapeInterval?: DurationText;
  readonly scrapeTimeout?: DurationText;
  /** Labels on all its series, such as `{ system: 'shop' }`. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Their rows make a dashboard of the service's name, their rules are added. */
  readonly watches?: readonly Watch[];
}

/** What may differ between a developer's machine and production. */
export interface EnvironmentSpec {
  readonly scrapeInterval?: DurationText;
  readonly scrapeTimeout?: DurationText;
  readonly evaluationInterval?: DurationText;
  /** How long samples are kept. */
  readonly retentionTime?: DurationText;
  /** How large they may become: `10GB`. */
  readonly retentionSize?: string;
  /** Labels that everything leaving the monitor carries: alerts, remote write. */
  readonly externalLabels?: Readonly<Record<string, string>>;
  /** Where people reach the monitor, for links in alerts. */
  readonly externalUrl?: string;
}

/** What the author of a `binnacle.config.ts` writes. */
export interface ConfigSpec {
  /** Lower case, digits and dashes: names generated files, containers and volumes. */
  readonly name: string;
  readonly services: readonly ServiceSpec[];
  readonly dashboards?: readonly Dashboard[];
  /** The folder in Grafana that holds the dashboards, as people read it. Default: the name. */
  readonly dashboardFolder?: string;
  readonly rules?: readonly RuleGroup[];
  readonly slos?: readonly Slo[];
  /** Who is told, and how. Without it alerts are shown and go nowhere. */
  readonly alerting?: Alerting;
  /** Default: scraped and evaluated every 15 s, kept 30 days. */
  readonly development?: EnvironmentSpec;
  /** Default: every 30 s, kept 90 days or 10 GB. */
  readonly production?: EnvironmentSpec;
}

/**
 * A service with nothing left open but what the environment decides. Where it says its own `scrapeInterval`, it has a
 * `scrapeTimeout` that fits.
 */
export interface Service extends ServiceSpec {
  readonly job: string;
  readonly metricsPath: string;
  readonly scheme: 'http' | 'https';
  readonly labels: Readonly<Record<string, string>>;
  readonly watches: readonly Watch[];
}

/** One environment, with nothing left open but what may be absent. */
export interface Environment extends EnvironmentSpec {
  readonly scrapeInterval: DurationText;
  readonly scrapeTimeout: DurationText;
  readonly evaluationInterval: DurationText;
  readonly retentionTime: DurationText;
  readonly externalLabels: Readonly<Record<string, string>>;
}

/** The names of the environments. */
export type EnvironmentName = 'development' | 'production';

/** A checked configuration. */
export interface Config {
  readonly name: string;
  readonly services: readonly Service[];
  /** What was written, then one of each service that has watches, then one of the objectives. */
  readonly dashboards: readonly Dashboard[];
  readonly dashboardFolder: string;
  /** What was written, then those of watches and objectives. Names of groups are unique. */
  readonly rules: readonly RuleGroup[];
  readonly slos: readonly Slo[];
  readonly alerting: Alerting | undefined;
  readonly development: Environment;
  readonly production: Environment;
  /** Where `defineConfig` was called. */
  readonly definedAt?: DefinitionPlace;
}
