/** The files that the monitor is started with: what a user would write, made from the systems on the stage. */
import fs from 'node:fs';
import path from 'node:path';
import { renderGrafana, stringifyDashboard } from '@binnacle/blueprint';
import type { System, Target } from './system.ts';

/** Far shorter than the 15 s of the systems' own prometheus.yml, so that a newcomer sees the dashboard move at once. */
const SCRAPE_INTERVAL = '2s';
/** And so that what moves fills the picture. */
const ON_STAGE = { refresh: '2s', time: { from: 'now-5m', to: 'now' } };

export interface ConfigFiles {
  readonly prometheus: string;
  readonly dashboards: string;
}

/** Writes `prometheus.yml` and the dashboards into a folder that is made anew. */
export function writeConfig(
  folder: string,
  systems: readonly (System & { readonly targets: readonly Target[] })[],
): ConfigFiles {
  fs.rmSync(folder, { recursive: true, force: true });
  const dashboards = path.join(folder, 'dashboards');
  fs.mkdirSync(dashboards, { recursive: true });
  for (const { name, dashboards: all } of systems) {
    for (const [i, dashboard] of all.entries()) {
      const file = i === 0 ? `${name}.json` : `${name}-${i + 1}.json`;
      fs.writeFileSync(
        path.join(dashboards, file),
        stringifyDashboard(renderGrafana({ ...dashboard, ...ON_STAGE })),
      );
    }
  }
  const prometheus = path.join(folder, 'prometheus.yml');
  fs.writeFileSync(prometheus, prometheusConfig(systems));
  return { prometheus, dashboards };
}

function prometheusConfig(systems: readonly (System & { readonly targets: readonly Target[] })[]): string {
  // A string in JSON is one in YAML.
  const quoted = (text: string) => JSON.stringify(text);
  const lines = [
    'global:',
    `  scrape_interval: ${SCRAPE_INTERVAL}`,
    `  scrape_timeout: ${SCRAPE_INTERVAL}`,
    `  evaluation_interval: ${SCRAPE_INTERVAL}`,
    'rule_files:',
    ...systems.map(({ ruleFile }) => `  - ${quoted(ruleFile)}`),
    'scrape_configs:',
  ];
  for (const { name, targets } of systems) {
    for (const { job, address } of targets) {
      lines.push(
        `  - job_name: ${quoted(job)}`,
        '    static_configs:',
        `      - targets: [${quoted(address)}]`,
      );
      lines.push(`        labels: { system: ${quoted(name)} }`);
    }
  }
  return `${lines.join('\n')}\n`;
}
