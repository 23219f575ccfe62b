/**
 * What keeps the samples and answers queries: Prometheus alone, or with something behind it that keeps more and longer.
 *
 * Everything else, what is scraped, which rules hold, who is told, what is shown, is the same for all of them.
 */
import type { Config, EnvironmentName } from '../config/config.ts';
import type { ComposeService } from './compose-service.ts';
import type { GeneratedFile } from './generated-file.ts';
import type { PrometheusSurroundings } from './prometheus.ts';

/** The names of the backends, as they are asked for. */
export const BACKEND_NAMES = ['prometheus', 'mimir', 'thanos', 'victoriametrics'] as const;

/** The name of a backend. */
export type BackendName = (typeof BACKEND_NAMES)[number];

/** One backend. */
export interface Backend {
  /** As it stands in titles. */
  readonly title: string;
  /** Where Grafana asks. */
  readonly queryUrl: string;
  /** The port of this machine at which people ask. */
  readonly queryPort: number;
  /** The service that scrapes, as compose knows it. */
  readonly scraper: string;
  /** The services that are healthy when queries can be answered. */
  readonly ready: readonly string[];
  /** The volumes that hold what must not be lost, and what is buffered on the way there. */
  readonly volumes: readonly string[];
  /** Programs that are scraped beside Alertmanager and Grafana, by job. */
  readonly ownJobs: Readonly<Record<string, string>>;
  readonly surroundings: Pick<PrometheusSurroundings, 'remoteWrite' | 'scrapeOnly' | 'externalLabels'>;
  /** Beside Alertmanager and Grafana. */
  services(config: Config, environment: EnvironmentName): Readonly<Record<string, ComposeService>>;
  /** The text of a rule file as this backend reads it. Default: as Prometheus does. */
  readonly ruleFileText?: (text: string) => string;
  /** Files of its own. */
  files(config: Config): readonly GeneratedFile[];
  /** Lines of the README: what differs, and how to go on from there. */
  readonly readme: readonly string[];
}
