/** The checks of a repository's files beside each other, in the order of their documentation. */
import { checkFamily } from '../check.ts';
import { alertsWithoutAlertmanager } from './checks/alerts-without-alertmanager.ts';
import { configSyntax } from './checks/config-syntax.ts';
import { dashboardFolder } from './checks/dashboard-folder.ts';
import { datasourceUrl } from './checks/datasource-url.ts';
import { defaultPassword } from './checks/default-password.ts';
import { duplicateDatasource } from './checks/duplicate-datasource.ts';
import { duplicatePort } from './checks/duplicate-port.ts';
import { duplicateTarget } from './checks/duplicate-target.ts';
import { impossibleAlertMatcher } from './checks/impossible-alert-matcher.ts';
import { localhostInContainer } from './checks/localhost-in-container.ts';
import { longScrapeInterval } from './checks/long-scrape-interval.ts';
import { looseInhibition } from './checks/loose-inhibition.ts';
import { missingMount } from './checks/missing-mount.ts';
import { missingScrapeJob } from './checks/missing-scrape-job.ts';
import { scrapePort } from './checks/scrape-port.ts';
import { scrapeTimeout } from './checks/scrape-timeout.ts';
import { shortRetention } from './checks/short-retention.ts';
import { unknownAlertLabel } from './checks/unknown-alert-label.ts';
import { unknownComposeName } from './checks/unknown-compose-name.ts';
import { unknownPortName } from './checks/unknown-port-name.ts';
import { unknownReceiver } from './checks/unknown-receiver.ts';
import { unmatchedRuleFiles } from './checks/unmatched-rule-files.ts';
import { unpinnedImage } from './checks/unpinned-image.ts';
import { readRepository } from './repository.ts';
import type { RepositoryCheck } from './repository-check.ts';

/** All of them. */
export const REPOSITORY_CHECKS: readonly RepositoryCheck[] = [
  configSyntax,
  missingScrapeJob,
  duplicateTarget,
  scrapeTimeout,
  longScrapeInterval,
  shortRetention,
  scrapePort,
  localhostInContainer,
  unmatchedRuleFiles,
  alertsWithoutAlertmanager,
  unknownReceiver,
  unknownAlertLabel,
  impossibleAlertMatcher,
  looseInhibition,
  duplicateDatasource,
  datasourceUrl,
  dashboardFolder,
  unknownComposeName,
  duplicatePort,
  missingMount,
  unpinnedImage,
  defaultPassword,
  unknownPortName,
];

/** The family of them. */
export const repositoryChecks = checkFamily(REPOSITORY_CHECKS, (context) => [readRepository(context)]);
