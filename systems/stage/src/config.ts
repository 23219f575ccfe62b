/** What the monitor is started with: the systems on the stage as one configuration, rendered to its files. */
import fs from 'node:fs';
import path from 'node:path';
import {
  defineConfig,
  type GeneratedFile,
  renderPrometheus,
  ruleFiles,
  type ServiceSpec,
  stringifyDashboard,
} from '@binnacle/blueprint';
import type { Started, Watched } from './system.ts';

/** Far shorter than the systems' own, so that a newcomer sees the dashboard move at once. */
const INTERVAL = '2s';
/** And so that what moves fills the picture. */
const ON_STAGE = { refresh: INTERVAL, time: { from: 'now-5m', to: 'now' } };

/** What is watched of a system that has started. */
export interface OnStage extends Watched, Started {
  readonly name: string;
}

export interface ConfigFiles {
  readonly prometheus: string;
  readonly dashboards: string;
}

/** Writes `prometheus.yml`, rules and dashboards into a folder that is made anew. */
export function writeConfig(folder: string, systems: readonly OnStage[]): ConfigFiles {
  const config = defineConfig({
    name: 'stage',
    services: systems.flatMap(({ services, targets }) =>
      Object.entries(targets).map(
        ([word, target]): ServiceSpec => ({
          ...services[word]!,
          targets: [target],
          scrapeInterval: INTERVAL,
          scrapeTimeout: INTERVAL,
        }),
      ),
    ),
    dashboards: systems.flatMap(({ dashboards }) => dashboards.map((one) => ({ ...one, ...ON_STAGE }))),
    rules: systems.flatMap(({ rules }) => rules),
    development: { scrapeInterval: INTERVAL, scrapeTimeout: INTERVAL, evaluationInterval: INTERVAL },
  });
  const files: GeneratedFile[] = [
    { path: 'prometheus.yml', text: renderPrometheus(config, 'development') },
    ...ruleFiles(config),
    ...config.dashboards.map((dashboard) => ({
      path: `dashboards/${dashboard.uid}.json`,
      text: stringifyDashboard(dashboard),
    })),
  ];
  fs.rmSync(folder, { recursive: true, force: true });
  for (const { path: name, text } of files) {
    const file = path.join(folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  }
  return { prometheus: path.join(folder, 'prometheus.yml'), dashboards: path.join(folder, 'dashboards') };
}
