/** The services of a configuration: what is usual is filled in, and what cannot be is noted. */
import { catalogOf } from '@binnacle/promql';
import { sameEntry } from '../catalog/same-entry.ts';
import type { Service, ServiceSpec } from './config.ts';
import { type ScrapeTimes, usualTimeout } from './environments.ts';
import { asList, asObject, checkFields, type Findings, shown } from './findings.ts';
import { checkDuration, checkLabels, checkName, checkTarget } from './values.ts';

const FIELDS: readonly (keyof ServiceSpec)[] = [
  'name',
  'job',
  'metrics',
  'targets',
  'metricsPath',
  'scheme',
  'scrapeInterval',
  'scrapeTimeout',
  'labels',
  'watches',
];

/**
 * Completes the services and notes what is wrong with them.
 * @param environments the scrapes of the environments, by name: a service's own settings must fit into each
 */
export function servicesOf(
  findings: Findings,
  specs: unknown,
  environments: Readonly<Record<string, ScrapeTimes>>,
): readonly Service[] {
  const given = asList(findings, '', 'services', specs);
  if (Array.isArray(specs) && given.length === 0) findings.add('services', 'there is no service to watch');
  if (specs === undefined) findings.add('', 'services is missing: the list of what is watched');
  const services: Service[] = [];
  for (const [i, value] of given.entries()) {
    const spec = asObject(findings, `services[${i}]`, value) as ServiceSpec | undefined;
    if (spec !== undefined) services.push(serviceOf(findings, whereOf(i, spec), spec, environments));
  }
  checkUnique(findings, services);
  return services;
}

function whereOf(index: number, { name }: ServiceSpec): string {
  return typeof name === 'string' && name !== '' ? `service ${JSON.stringify(name)}` : `services[${index}]`;
}

function serviceOf(
  findings: Findings,
  where: string,
  spec: ServiceSpec,
  environments: Readonly<Record<string, ScrapeTimes>>,
): Service {
  checkFields(findings, where, spec, FIELDS);
  checkName(findings, where, spec.name);
  const { job = spec.name, metricsPath = '/metrics', scheme = 'http' } = spec;
  if (spec.job !== undefined && (typeof job !== 'string' || job === ''))
    findings.add(where, `job ${shown(job)} is not the value of a label`);
  if (typeof metricsPath !== 'string' || !metricsPath.startsWith('/'))
    findings.add(where, `metricsPath ${shown(metricsPath)} does not begin with /`);
  if (scheme !== 'http' && scheme !== 'https')
    findings.add(where, `scheme ${shown(scheme)} is not http or https`);
  const targets = asList(findings, where, 'targets', spec.targets);
  if (targets.length === 0)
    findings.add(where, 'there are no targets: say where it is scraped, such as ["localhost:9464"]');
  for (const [i, target] of targets.entries()) checkTarget(findings, `${where}: targets[${i}]`, target);
  checkLabels(findings, where, 'labels', spec.labels);
  checkMetrics(findings, where, spec.metrics);
  const timeout = scrapeTimeoutOf(findings, where, spec, environments);
  return {
    ...spec,
    job,
    metricsPath,
    scheme,
    ...(timeout !== undefined && { scrapeTimeout: timeout }),
    labels: spec.labels ?? {},
    watches: watchesOf(findings, where, spec.watches),
  };
}

/** Checks a service's own times against those of each environment, and gives an own interval a timeout. */
function scrapeTimeoutOf(
  findings: Findings,
  where: string,
  { scrapeInterval, scrapeTimeout }: ServiceSpec,
  environments: Readonly<Record<string, ScrapeTimes>>,
): string | undefined {
  const intervalMs = checkDuration(findings, where, 'scrapeInterval', scrapeInterval);
  const timeoutMs = checkDuration(findings, where, 'scrapeTimeout', scrapeTimeout);
  if (scrapeTimeout === undefined)
    return scrapeInterval === undefined || intervalMs === undefined
      ? undefined
      : usualTimeout(scrapeInterval, intervalMs);
  if (timeoutMs === undefined) return scrapeTimeout;
  if (intervalMs !== undefined) {
    if (timeoutMs > intervalMs)
      findings.add(
        where,
        `scrapeTimeout ${scrapeTimeout} is longer than its scrapeInterval ${scrapeInterval}, in which it must be done`,
      );
  } else if (scrapeInterval === undefined) {
    for (const [name, times] of Object.entries(environments))
      if (timeoutMs > times.intervalMs)
        findings.add(
          where,
          `scrapeTimeout ${scrapeTimeout} is longer than the scrapeInterval of ${name}; give the service one of its own`,
        );
  }
  return scrapeTimeout;
}

function watchesOf(findings: Findings, where: string, value: unknown): Service['watches'] {
  const watches: Service['watches'][number][] = [];
  for (const [i, watch] of asList(findings, where, 'watches', value).entries()) {
    if (isWatch(watch)) watches.push(watch);
    else findings.add(where, `watches[${i}] is ${shown(watch)}, and not what a watch function returns`);
  }
  return watches;
}

function isWatch(value: unknown): value is Service['watches'][number] {
  if (typeof value !== 'object' || value === null) return false;
  return (
    'name' in value &&
    'rows' in value &&
    Array.isArray(value.rows) &&
    'groups' in value &&
    Array.isArray(value.groups)
  );
}

/** A name with two meanings in one program; the client refuses it, definitions as data can say it. */
function checkMetrics(findings: Findings, where: string, metrics: unknown): void {
  const found = catalogOf(metrics);
  if (metrics !== undefined && found.length === 0)
    findings.add(
      where,
      'metrics has no metric in it: give the module that defines them, as import * as metrics has it',
    );
  const first = new Map(found.map((metric) => [metric.name, metric]));
  const told = new Set<string>();
  for (const metric of found) {
    if (told.has(metric.name) || sameEntry(first.get(metric.name)!, metric)) continue;
    told.add(metric.name);
    findings.add(where, `metric ${metric.name} is defined twice, and not the same both times`);
  }
}

function checkUnique(findings: Findings, services: readonly Service[]): void {
  const names = new Map<string, number>();
  const places = new Map<string, string>();
  for (const [i, service] of services.entries()) {
    const { name, job, targets, scheme, metricsPath } = service;
    names.set(name, (names.get(name) ?? 0) + 1);
    if (names.get(name) === 2) findings.add('services', `two have the name ${shown(name)}`);
    const other = services.slice(0, i).find((earlier) => isMixedUp(earlier, service));
    if (other !== undefined)
      findings.add(
        'services',
        `${shown(other.name)} and ${shown(name)} have the job ${shown(job)}, so their series could not be told apart; give both a label of one name with different values`,
      );
    for (const target of Array.isArray(targets) ? targets : []) {
      const place = `${scheme}://${target}${metricsPath}`;
      const owner = places.get(place);
      if (owner !== undefined)
        findings.add(
          'services',
          owner === name
            ? `${shown(name)} has the target ${shown(target)} twice`
            : `${shown(owner)} and ${shown(name)} are scraped at the same place, ${place}`,
        );
      places.set(place, name);
    }
  }
}

/** Whether the series of two services have the same job, and no label by which all of them could be told apart. */
function isMixedUp(one: Service, other: Service): boolean {
  if (one.job !== other.job || one.name === other.name) return false;
  return !Object.entries(one.labels).some(
    ([label, value]) => Object.hasOwn(other.labels, label) && other.labels[label] !== value,
  );
}
