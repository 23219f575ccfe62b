/** Which targets a configuration names, and the labels that they give to their series. */
import { Labels, METRIC_NAME } from '@binnacle/metrics/model';
import { formatDuration } from '@binnacle/promql';
import type { ScrapeConfig } from '../config/prometheus.ts';

/** A target as the configuration has it. */
export interface TargetConfig {
  /** Equal for equal targets with equal settings, and for no others. */
  readonly key: string;
  readonly scrape: ScrapeConfig;
  readonly url: URL;
  /** Before relabelling. */
  readonly discoveredLabels: Readonly<Record<string, string>>;
  readonly labels: Labels;
}

/**
 * The targets of scrape configurations; those that are the same in all labels and settings are one.
 * @throws RangeError when an address is none
 */
export function targetsOf(configs: readonly ScrapeConfig[]): TargetConfig[] {
  const targets = new Map<string, TargetConfig>();
  for (const scrape of configs) {
    for (const { targets: addresses, labels } of scrape.staticConfigs) {
      for (const address of addresses) {
        const target = targetOf(scrape, address, labels);
        targets.set(target.key, target);
      }
    }
  }
  return [...targets.values()];
}

function targetOf(
  scrape: ScrapeConfig,
  address: string,
  fileLabels: Readonly<Record<string, string>>,
): TargetConfig {
  const discoveredLabels = {
    __address__: address,
    __metrics_path__: scrape.metricsPath,
    __scheme__: scrape.scheme,
    __scrape_interval__: formatDuration(scrape.scrapeIntervalMs),
    __scrape_timeout__: formatDuration(scrape.scrapeTimeoutMs),
    job: scrape.jobName,
    ...fileLabels,
  };
  const base = `${discoveredLabels.__scheme__}://${discoveredLabels.__address__}`;
  if (!URL.canParse(base)) {
    throw new RangeError(
      `job ${JSON.stringify(scrape.jobName)}: the target ${JSON.stringify(address)} is not of the form host:port`,
    );
  }
  const url = new URL(base);
  url.pathname = discoveredLabels.__metrics_path__;
  for (const [name, values] of Object.entries(scrape.params)) {
    for (const value of values) url.searchParams.append(name, value);
  }
  // What begins with two underscores is for relabelling only.
  const labels = Labels.fromPairs(
    Object.entries({ instance: discoveredLabels.__address__, ...discoveredLabels }).filter(
      ([name]) => !name.startsWith('__'),
    ),
  );
  const { staticConfigs: _, ...settings } = scrape;
  return { key: JSON.stringify([url.href, labels.flat(), settings]), scrape, url, discoveredLabels, labels };
}

/**
 * The labels under which an exposed series is stored. Where both have a label, the target's own wins and the
 * exposed one becomes `exported_NAME`; with `honorLabels` the exposed one wins.
 */
export function storedLabels(exposed: Labels, target: Labels, honorLabels: boolean): Labels {
  return mergedApart(exposed, target) ?? mergedClashing(exposed, target, honorLabels);
}

/** The union of two label sets that share no name; undefined when they do. Both are sorted, so this is a merge. */
function mergedApart(a: Labels, b: Labels): Labels | undefined {
  const flat: string[] = [];
  for (let i = 0, j = 0; i < a.size || j < b.size; ) {
    const left = a.names[i];
    const right = b.names[j];
    if (left === right) return undefined;
    if (right === undefined || (left !== undefined && left < right)) flat.push(left!, a.values[i++]!);
    else flat.push(right, b.values[j++]!);
  }
  return Labels.fromFlat(flat);
}

function mergedClashing(exposed: Labels, target: Labels, honorLabels: boolean): Labels {
  const merged = new Map(exposed.entries());
  for (const [name, value] of target.entries()) {
    const clash = merged.get(name);
    if (clash !== undefined && honorLabels) continue;
    if (clash !== undefined) {
      let exported = `exported_${name}`;
      while (exposed.has(exported) || target.has(exported)) exported = `exported_${exported}`;
      merged.set(exported, clash);
    }
    merged.set(name, value);
  }
  return Labels.fromPairs(merged);
}

/** The label set of a series that the scraper itself writes about a target. */
export function reportLabels(metric: string, target: Labels): Labels {
  return target.with(METRIC_NAME, metric);
}
