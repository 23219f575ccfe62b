/** `binnacle check`: reads files as `binnacle up` would, and says what is wrong with them. */
import type { RouteConfig } from '../config/alertmanager.ts';
import { loadAlertmanagerConfig } from '../config/alertmanager-file.ts';
import { ConfigError, explainProblem } from '../config/config-error.ts';
import { configFilesOnDisk, readConfigText } from '../config/config-files.ts';
import { loadPrometheusConfig } from '../config/prometheus-file.ts';
import { parseRuleFile, type RuleFile } from '../rules/rule-file.ts';
import { loadMessageTemplates } from './template-files.ts';

/** What a check found: lines for people, one per file that is right and one per problem. */
export interface CheckReport {
  readonly valid: readonly string[];
  readonly problems: readonly string[];
}

/** Checks files of one kind. */
export async function check(
  what: 'config' | 'alerts' | 'rules',
  files: readonly string[],
): Promise<CheckReport> {
  const valid: string[] = [];
  const problems: string[] = [];
  for (const file of files) {
    try {
      valid.push(`${file}: ${await checkFile(what, file)}`);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems.map(explainProblem));
    }
  }
  return { valid, problems };
}

async function checkFile(what: 'config' | 'alerts' | 'rules', path: string): Promise<string> {
  switch (what) {
    case 'config': {
      const { config } = await loadPrometheusConfig(path);
      const rules = await loadRuleFiles(config.ruleFiles);
      const jobs = count(config.scrapeConfigs.length, 'scrape job');
      return `valid, ${jobs}, ${count(rules.length, 'rule file')} with ${count(rulesIn(rules), 'rule')}`;
    }
    case 'alerts': {
      const { route, receivers, inhibitRules, timeIntervals, templateFiles } =
        await loadAlertmanagerConfig(path);
      await loadMessageTemplates(templateFiles);
      const routing = `${count(routesIn(route), 'route')}, ${count(receivers.length, 'receiver')}`;
      const muting = `${count(inhibitRules.length, 'inhibit rule')}, ${count(timeIntervals.length, 'time interval')}`;
      return `valid, ${routing}, ${muting}, ${count(templateFiles.length, 'template file')}`;
    }
    case 'rules':
      return `valid, ${count(rulesIn(await loadRuleFiles([path])), 'rule')}`;
  }
}

/**
 * Reads rule files.
 * @throws ConfigError with the problems of all of them
 */
export async function loadRuleFiles(paths: readonly string[]): Promise<RuleFile[]> {
  const files: RuleFile[] = [];
  const failures: ConfigError[] = [];
  for (const path of paths) {
    try {
      files.push(parseRuleFile(path, await readConfigText(path, configFilesOnDisk)));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      failures.push(error);
    }
  }
  if (failures.length > 0)
    throw new ConfigError(
      failures[0]!.code,
      failures.flatMap((failure) => failure.problems),
    );
  return files;
}

function rulesIn(files: readonly RuleFile[]): number {
  return files.flatMap((file) => file.groups).reduce((sum, group) => sum + group.rules.length, 0);
}

function routesIn(route: RouteConfig): number {
  return route.routes.reduce((sum, child) => sum + routesIn(child), 1);
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
