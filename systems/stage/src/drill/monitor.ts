/**
 * The monitor of a drill: `binnacle up` with the system's own rules, their times shortened, and the drill's receiver.
 */

import type { ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import {
  type AlertRule,
  defineConfig,
  type RuleGroup,
  renderPrometheus,
  ruleFiles,
  type ServiceSpec,
} from '@binnacle/blueprint';
import type { Processes } from '../processes.ts';
import type { Watched } from '../system.ts';

/** How often targets are scraped, and how long that may take. */
export const SCRAPE_MS = 1_000;
/** How often rules are evaluated. */
export const EVALUATION_MS = 500;

/** What is watched, and who is told. */
export interface MonitorParts {
  readonly processes: Processes;
  readonly folder: string;
  readonly watched: Watched;
  /** Shortened. */
  readonly rules: readonly RuleGroup[];
  /** Where services are scraped, by their words. */
  readonly targets: Readonly<Record<string, string>>;
  readonly receiverUrl: string;
}

/** An alert that is pending or firing, as the monitor's API has it. */
export interface ActiveAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing';
}

interface RuleState {
  readonly name: string;
  readonly health: string;
  readonly lastError?: string;
  readonly query: string;
}

/** A running monitor. */
export class DrillMonitor {
  readonly #parts: MonitorParts;
  readonly #hidden = new Set<string>();
  /** How often it was set up. */
  #generation = 1;
  #child: ChildProcess | undefined;
  #url = '';

  private constructor(parts: MonitorParts) {
    this.#parts = parts;
  }

  static async start(parts: MonitorParts): Promise<DrillMonitor> {
    const monitor = new DrillMonitor(parts);
    await monitor.#start();
    return monitor;
  }

  /** All alerts that are pending or firing; none while the monitor is being started anew. */
  async alerts(): Promise<readonly ActiveAlert[]> {
    const { alerts } = await this.#ask<{ readonly alerts: readonly ActiveAlert[] }>('/api/v1/alerts');
    return alerts;
  }

  /** Whether every target was scraped, and well. */
  async allScraped(): Promise<boolean> {
    const { activeTargets } = await this.#ask<{
      readonly activeTargets: readonly { readonly health: string }[];
    }>('/api/v1/targets');
    return activeTargets.length > 0 && activeTargets.every(({ health }) => health === 'up');
  }

  /** What the rules of a name say of themselves, for somebody who wonders why it does not fire. */
  async explain(alert: string): Promise<string> {
    const { groups } = await this.#ask<{
      readonly groups: readonly { readonly rules: readonly RuleState[] }[];
    }>(`/api/v1/rules?type=alert&rule_name[]=${encodeURIComponent(alert)}`);
    const rules = groups.flatMap(({ rules }) => rules);
    const failing = rules.find(({ health }) => health === 'err');
    if (failing !== undefined) return `its rule fails: ${failing.lastError}`;
    return `its expression is ${rules.map(({ query }) => query).join('\n  or ')}`;
  }

  /**
   * Takes a service out of what is scraped, or back into it. A monitor that forgets a service is one that is set up
   * anew: one that knew it goes on seeing its last samples for the five minutes of the lookback.
   */
  async scrape(service: string, scraped: boolean): Promise<void> {
    if (!(service in this.#parts.targets))
      throw new Error(
        `there is no service ${JSON.stringify(service)}; there are ${Object.keys(this.#parts.targets).join(', ')}`,
      );
    if (scraped) this.#hidden.delete(service);
    else {
      this.#hidden.add(service);
      this.#generation++;
    }
    const child = this.#child;
    this.#url = '';
    if (child !== undefined) await this.#parts.processes.end(child);
    await this.#start();
  }

  async #start(): Promise<void> {
    const { processes, folder } = this.#parts;
    const { prometheus, alertmanager } = this.#writeFiles();
    this.#child = processes.start({
      title: 'monitor',
      module: 'binnacle/cli',
      args: [
        'up',
        ...['--config', prometheus],
        ...['--alerts', alertmanager],
        ...['--data', path.join(folder, `data-${this.#generation}`)],
        ...['--listen', '127.0.0.1:0'],
      ],
      quiet: /listening on/,
    });
    this.#url = (await processes.listening(this.#child)).url;
  }

  #writeFiles(): { readonly prometheus: string; readonly alertmanager: string } {
    const { folder, watched, rules, targets, receiverUrl } = this.#parts;
    const interval = `${SCRAPE_MS}ms` as const;
    const config = defineConfig({
      name: 'drill',
      services: Object.entries(targets)
        .filter(([word]) => !this.#hidden.has(word))
        .map(
          ([word, target]): ServiceSpec => ({
            ...watched.services[word]!,
            targets: [target],
            scrapeInterval: interval,
            scrapeTimeout: interval,
          }),
        ),
      rules,
      development: {
        scrapeInterval: interval,
        scrapeTimeout: interval,
        evaluationInterval: `${EVALUATION_MS}ms`,
      },
    });
    const files = [
      { path: 'prometheus.yml', text: renderPrometheus(config, 'development') },
      { path: 'alertmanager.yml', text: alertmanagerText(receiverUrl) },
      ...ruleFiles(config),
    ];
    const written = path.join(folder, 'config');
    fs.rmSync(written, { recursive: true, force: true });
    for (const { path: name, text } of files) {
      const file = path.join(written, name);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, text);
    }
    return {
      prometheus: path.join(written, 'prometheus.yml'),
      alertmanager: path.join(written, 'alertmanager.yml'),
    };
  }

  async #ask<Data>(address: string): Promise<Data> {
    if (this.#url === '') throw new Error('the monitor is being started anew');
    const response = await fetch(new URL(address, this.#url));
    return ((await response.json()) as { readonly data: Data }).data;
  }
}

/** Each alert is a message of its own, at once. */
function alertmanagerText(receiverUrl: string): string {
  return `route:
  receiver: drill
  group_by: ['...']
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
receivers:
  - name: drill
    webhook_configs:
      - url: ${JSON.stringify(receiverUrl)}
        send_resolved: true
`;
}

/** The alerting rules of a name. */
export function alertRules(groups: readonly RuleGroup[], name: string): readonly AlertRule[] {
  return groups.flatMap(({ rules }) =>
    rules.filter((rule): rule is AlertRule => rule.type === 'alert' && rule.name === name),
  );
}
