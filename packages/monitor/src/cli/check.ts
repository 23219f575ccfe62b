/** `binnacle check`: reads files as `binnacle up` would, and says what is wrong with them. */

import { systemClock } from '../clock.ts';
import type { RouteConfig } from '../config/alertmanager.ts';
import { loadAlertmanagerConfig } from '../config/alertmanager-file.ts';
import { ConfigError, explainProblem } from '../config/config-error.ts';
import { configFilesOnDisk, readConfigText } from '../config/config-files.ts';
import { loadPrometheusConfig } from '../config/prometheus-file.ts';
import type { ReceiverConfig } from '../config/receivers.ts';
import { environmentVariables } from '../config/receivers-file.ts';
import { parseRuleFile, type RuleFile, type RuleFileOptions } from '../rules/rule-file.ts';
import { duplicateRules } from '../rules/rule-lint.ts';
import { loadReceiverContext } from './receiver-context.ts';
import { templateProblems } from './template-files.ts';

/** What a check found: lines for people, one per file that is right and one per problem. */
export interface CheckReport {
  readonly valid: readonly string[];
  readonly problems: readonly string[];
  /** What is valid and most likely not meant. */
  readonly warnings: readonly string[];
  /** Whether a lint check found something, and this was to count as a failure. */
  readonly hasFatalLint: boolean;
}

/** How rule files are checked. */
export interface RuleCheckOptions extends RuleFileOptions {
  /** Whether to look for rules of one name and the same labels. */
  readonly findsDuplicates: boolean;
  readonly lintIsFatal: boolean;
}

/** As `promtool check rules` does. */
const RULE_CHECKS: RuleCheckOptions = { findsDuplicates: true, lintIsFatal: false };

/** Checks files of one kind. */
export async function check(
  what: 'config' | 'alerts' | 'rules',
  files: readonly string[],
  options: RuleCheckOptions = RULE_CHECKS,
): Promise<CheckReport> {
  const valid: string[] = [];
  const problems: string[] = [];
  const warnings: string[] = [];
  let lints = 0;
  for (const file of files) {
    try {
      if (what === 'rules') {
        const rules = await loadRuleFiles([file], options);
        warnings.push(...rules.flatMap((one) => one.warnings.map(explainProblem)));
        const found = options.findsDuplicates ? rules.flatMap(duplicateRules) : [];
        warnings.push(...found);
        lints += found.length;
        valid.push(`${file}: valid, ${count(rulesIn(rules), 'rule')}`);
      } else valid.push(`${file}: ${await checkFile(what, file)}`);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems.map(explainProblem));
    }
  }
  return { valid, problems, warnings, hasFatalLint: options.lintIsFatal && lints > 0 };
}

async function checkFile(what: 'config' | 'alerts', path: string): Promise<string> {
  switch (what) {
    case 'config': {
      const { config } = await loadPrometheusConfig(path);
      const rules = await loadRuleFiles(config.ruleFiles);
      const jobs = count(config.scrapeConfigs.length, 'scrape job');
      return `valid, ${jobs}, ${count(rules.length, 'rule file')} with ${count(rulesIn(rules), 'rule')}`;
    }
    case 'alerts': {
      const config = await loadAlertmanagerConfig(path);
      const { route, receivers, inhibitRules, timeIntervals, templateFiles } = config;
      const { templates: loaded } = await loadReceiverContext(config, systemClock);
      const problems = templateProblems(loaded, config.templatedTexts);
      if (problems.length > 0) throw new ConfigError('config_invalid', problems);
      const routing = `${count(routesIn(route), 'route')}, ${count(receivers.length, 'receiver')}`;
      const muting = `${count(inhibitRules.length, 'inhibit rule')}, ${count(timeIntervals.length, 'time interval')}`;
      const templates = count(templateFiles.length, 'template file');
      return `valid, ${routing}, ${muting}, ${templates}${extensions(receivers)}`;
    }
  }
}

/** What of a file is Binnacle's own, so that nobody finds out when the file moves. */
function extensions(receivers: readonly ReceiverConfig[]): string {
  const variables = environmentVariables(receivers).join(', ');
  if (variables === '') return '';
  return `; Alertmanager would refuse it: secrets from the environment (${variables}) are Binnacle's own`;
}

/**
 * Reads rule files.
 * @throws ConfigError with the problems of all of them
 */
export async function loadRuleFiles(
  paths: readonly string[],
  options: RuleFileOptions = {},
): Promise<RuleFile[]> {
  const files: RuleFile[] = [];
  const failures: ConfigError[] = [];
  for (const path of paths) {
    try {
      files.push(parseRuleFile(path, await readConfigText(path, configFilesOnDisk), options));
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
