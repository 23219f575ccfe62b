/**
 * `MONITORING.md`: the handbook of one system's monitoring, for whoever joins the team and for whoever is woken at night.
 *
 * Everything in it that can go wrong by being old is rendered from the configuration and the catalog; what is general is
 * short, and made of this system's own names.
 */
import type { ServiceCatalog } from '../../catalog/catalog-data.ts';
import type { Config } from '../../config/config.ts';
import { anchor, block, code, inline, paragraphs, table } from '../../markdown.ts';
import { sortedByName } from '../../order.ts';
import type { Backend } from '../backend.ts';
import { GENERATED_HEADER } from '../generated-file.ts';
import { scrapeIntervalOf } from '../prometheus.ts';
import { addingMetricsSection } from './adding-metrics-section.ts';
import { alertsSection } from './alerts-section.ts';
import { catalogSection } from './catalog-section.ts';
import { dashboardsSection } from './dashboards-section.ts';
import { operationsSection } from './operations-section.ts';
import { queriesSection } from './queries-section.ts';
import { troubleshootingSection } from './troubleshooting-section.ts';

/** Renders the handbook. */
export function renderGuide(config: Config, backend: Backend, catalogs: readonly ServiceCatalog[]): string {
  const sections = [
    ['Services', servicesSection(config)],
    ['Metrics', catalogSection(config, catalogs)],
    ['Dashboards', dashboardsSection(config)],
    ['Alerts', alertsSection(config)],
    ['Useful queries', queriesSection(config, catalogs)],
    ['Adding metrics', addingMetricsSection(config, catalogs)],
    ...operationsSection(config, backend),
    ['Troubleshooting', troubleshootingSection(config, backend)],
  ].filter((section): section is [string, string] => section[1] !== '');
  return `${paragraphs(
    `<!-- ${GENERATED_HEADER} -->`,
    `# Monitoring ${inline(config.name)}`,
    overview(config, backend),
    sections.map(([title]) => `- [${title}](#${anchor(title)})`).join('\n'),
    ...sections.map(([title, text]) => paragraphs(`## ${title}`, text)),
  )}\n`;
}

function overview(config: Config, backend: Backend): string {
  const alerts = config.rules.flatMap(({ rules }) => rules).filter(({ type }) => type === 'alert').length;
  const flow = [
    config.services.map(({ name }) => name).join(', '),
    backend.title,
    ...(config.alerting === undefined ? [] : ['Alertmanager']),
  ];
  return paragraphs(
    `${counted(config.services.length, 'service')}, ${counted(config.dashboards.length, 'dashboard')}, ${counted(alerts, 'alert')}, ${counted(config.slos.length, 'objective')}. How the stack is started stands in [README.md](README.md).`,
    block(
      'text',
      `${flow.join(' --> ')}\n${' '.repeat(flow[0]?.length ?? 0)}     ^\n${' '.repeat(flow[0]?.length ?? 0)}     Grafana asks`,
    ),
  );
}

function servicesSection(config: Config): string {
  return table(
    ['Service', 'Job', 'Targets', 'Path', 'Scraped, development', 'Scraped, production', 'Labels'],
    config.services.map((service) => [
      inline(service.name),
      code(service.job),
      service.targets.map(code).join(', '),
      code(service.metricsPath),
      `every ${scrapeIntervalOf(config, 'development', service)}`,
      `every ${scrapeIntervalOf(config, 'production', service)}`,
      Object.entries(sortedByName(service.labels))
        .map(([name, value]) => code(`${name}="${value}"`))
        .join(', '),
    ]),
  );
}

/** `1 service`, `2 services`. */
function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
