/**
 * `defineConfig`: checks everything that one monitor watches, fills in what is usual, and puts together what follows
 * from it. What the command loads must come from here: it carries a mark that is the same in every copy of this
 * package, because a project has its own copy beside the one of the command.
 */
import { type Alerting, alerting } from '../alerting/alerting.ts';
import type { Dashboard } from '../dashboard/dashboard.ts';
import { DefinitionError } from '../dashboard/definition-error.ts';
import { definitionPlace } from '../definition-place.ts';
import { sloDashboard } from '../slo/dashboard.ts';
import type { Slo } from '../slo/slo.ts';
import type { Config, ConfigSpec, Service } from './config.ts';
import { environmentOf, type ScrapeTimes } from './environments.ts';
import { asList, asObject, checkFields, Findings, shown } from './findings.ts';
import { ruleGroupsOf } from './rule-groups.ts';
import { dashboardUid, serviceDashboard } from './service-dashboards.ts';
import { servicesOf } from './services.ts';
import { checkName, checkTitle, durationMs } from './values.ts';

/** The mark of a checked configuration, with the version of its shape. */
const CONFIG = Symbol.for('@binnacle/blueprint/config/v1');

const FIELDS: readonly (keyof ConfigSpec)[] = [
  'name',
  'services',
  'dashboards',
  'dashboardFolder',
  'rules',
  'slos',
  'alerting',
  'development',
  'production',
];

/**
 * Defines what one monitor watches: the default export of `binnacle.config.ts`.
 * @throws DefinitionError with all mistakes at once
 */
export function defineConfig(spec: ConfigSpec): Config {
  const findings = new Findings();
  const fields = asObject(findings, '', spec);
  if (fields === undefined) throw new DefinitionError(findings.render('defineConfig'));
  checkFields(findings, '', fields, FIELDS);
  checkName(findings, '', spec.name);
  checkTitle(findings, '', 'dashboardFolder', spec.dashboardFolder);
  const development = environmentOf(findings, 'development', spec.development);
  const production = environmentOf(findings, 'production', spec.production);
  const services = servicesOf(findings, spec.services, {
    development: development.times,
    production: production.times,
  });
  const slos = shaped(findings, 'slos', spec.slos, ['name', 'groups', 'row']);
  checkDifferent(findings, 'slos', 'name', slos);
  const rules = ruleGroupsOf(
    findings,
    shaped(findings, 'rules', spec.rules, ['name', 'rules']),
    services,
    slos.flatMap((slo) => slo.groups),
  );
  const dashboards = dashboardsOf(findings, spec, services, slos, [development.times, production.times]);
  checkAlerting(findings, spec.alerting);
  if (!findings.isEmpty)
    throw new DefinitionError(findings.render(`configuration ${shown(spec.name ?? '')}`));
  const place = definitionPlace();
  const config: Config = {
    name: spec.name,
    services,
    dashboards,
    dashboardFolder: spec.dashboardFolder ?? spec.name,
    rules,
    slos,
    alerting: spec.alerting,
    development: development.environment,
    production: production.environment,
    ...(place !== undefined && { definedAt: place }),
  };
  // Not enumerable, so that a configuration is compared and printed by what it says.
  return Object.defineProperty(config, CONFIG, { value: true });
}

/** Whether a value comes from {@link defineConfig}, of this copy of the package or of another one. */
export function isConfig(value: unknown): value is Config {
  return typeof value === 'object' && value !== null && CONFIG in value && value[CONFIG] === true;
}

function dashboardsOf(
  findings: Findings,
  spec: ConfigSpec,
  services: Config['services'],
  slos: readonly Slo[],
  environments: readonly ScrapeTimes[],
): readonly Dashboard[] {
  const written = shaped(findings, 'dashboards', spec.dashboards, ['uid', 'rows']);
  const made: Dashboard[] = [];
  for (const service of services) {
    const own = serviceDashboard(findings, spec.name, service, refreshOf(service, environments));
    if (own !== undefined) made.push(own);
  }
  // Objectives of one name have been told already.
  if (slos.length > 0 && new Set(slos.map((slo) => slo.name)).size === slos.length) {
    const objectives = objectivesDashboard(findings, spec.name, slos);
    if (objectives !== undefined) made.push(objectives);
  }
  const all = [...written, ...made];
  checkDifferent(findings, 'dashboards', 'uid', all);
  return all;
}

/** The scrape interval where that is longest, in one unit: the same dashboard serves all environments. */
function refreshOf({ scrapeInterval }: Service, environments: readonly ScrapeTimes[]): string {
  const longest = Math.max(...environments.map(({ intervalMs }) => intervalMs));
  const ms = durationMs(scrapeInterval) ?? longest;
  return ms % 60_000 === 0 ? `${ms / 60_000}m` : `${Math.ceil(ms / 1000)}s`;
}

function objectivesDashboard(
  findings: Findings,
  config: string,
  slos: readonly Slo[],
): Dashboard | undefined {
  try {
    return sloDashboard(slos, { uid: dashboardUid(`${config}-objectives`) });
  } catch (error) {
    findings.addError('slos: the dashboard of objectives', error);
    return undefined;
  }
}

/** Notes what does not have the fields that it should, and leaves it out. */
function shaped<T extends object>(
  findings: Findings,
  where: string,
  value: readonly T[] | undefined,
  fields: readonly (keyof T & string)[],
): readonly T[] {
  return (asList(findings, '', where, value) as readonly T[]).filter((item, i) => {
    const isWhole = typeof item === 'object' && item !== null && fields.every((field) => field in item);
    if (!isWhole)
      findings.add(
        `${where}[${i}]`,
        `${shown(item)} is not what belongs here: it has no ${fields.join(', ')}`,
      );
    return isWhole;
  });
}

function checkDifferent<Field extends string>(
  findings: Findings,
  where: string,
  field: Field,
  values: readonly { readonly [K in Field]: string }[],
): void {
  const counts = new Map<string, number>();
  for (const { [field]: own } of values) {
    const count = (counts.get(own) ?? 0) + 1;
    counts.set(own, count);
    if (count === 2) findings.add(where, `two have the ${field} ${JSON.stringify(own)}`);
  }
}

/** Checks what was not made by `alerting()`, which a configuration in JavaScript may have left out. */
function checkAlerting(findings: Findings, value: Alerting | undefined): void {
  if (value === undefined || asObject(findings, 'alerting', value) === undefined) return;
  const receivers = asObject(findings, 'alerting: receivers', value.receivers);
  const route = asObject(findings, 'alerting: route', value.route);
  if (receivers === undefined || route === undefined) return;
  if (route.receiver === undefined)
    findings.add('alerting: route', 'the first route needs a receiver, for what no other route takes');
  try {
    alerting(value);
  } catch (error) {
    findings.addError('', error);
  }
}
