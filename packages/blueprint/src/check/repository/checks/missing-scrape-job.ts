/** Services that nobody scrapes, or not where and as often as they say. */
import { formatDuration } from '@binnacle/promql';
import type { Service } from '../../../config/config.ts';
import type { Report } from '../../check.ts';
import type { RepositoryCheck } from '../repository-check.ts';
import { durationMs, hostAndPort, type ScrapeFile, type ScrapeJob } from '../scrape-file.ts';

/** Compares the services of the configuration, or else those of the catalogs, with the jobs of each file. */
export const missingScrapeJob: RepositoryCheck = {
  name: 'missing-scrape-job',
  inspect({ scrapeFiles, context: { config, catalogs } }, report) {
    const services = config?.services ?? catalogs.map(({ service, job }) => ({ name: service, job }));
    for (const file of scrapeFiles) {
      // What a file that finds its targets elsewhere scrapes is not in it.
      if (file.jobs.length === 0) continue;
      for (const service of services) {
        const jobs = jobsOf(service.job, file);
        if (jobs.length === 0) {
          if (file.jobs.some(({ relabels, discovers }) => relabels && discovers)) continue;
          report(file.jobsAt.place, {
            severity: 'error',
            message: `service ${service.name} has no scrape job ${JSON.stringify(service.job)}`,
            reason: 'its metrics are stored nowhere: its dashboards stay empty, and its alerts cannot fire',
            remedy: `add a job of that name; there ${file.jobs.length === 1 ? 'is' : 'are'} ${file.jobs.map(({ name }) => name).join(', ')}.`,
          });
        } else if ('targets' in service) compare(service, jobs, report);
      }
    }
  },
};

/** The jobs whose series carry a value of `job`. */
function jobsOf(job: string, { jobs }: ScrapeFile): ScrapeJob[] {
  return jobs.filter(
    ({ name, targets }) => name === job || targets.some(({ labels }) => labels.get('job') === job),
  );
}

function compare(service: Service, jobs: readonly ScrapeJob[], report: Report): void {
  const listed = jobs.flatMap(({ targets }) => targets);
  const wanted = service.targets.map((target) => hostAndPort(target, service.scheme).port);
  const first = listed[0];
  // In a container it goes by another host, but the port stays.
  if (first !== undefined && !jobs.some(({ discovers, relabels }) => discovers || relabels)) {
    for (const port of new Set(wanted)) {
      if (listed.some((target) => target.port === port)) continue;
      report(first.at.place, {
        severity: 'error',
        message: `service ${service.name} answers at port ${port}, and its job scrapes ${listed.map(({ address }) => address).join(', ')}`,
        reason: 'the scrape fails or reads the metrics of another program',
        remedy: `use port ${port}, or correct the service in the configuration.`,
      });
    }
  }
  for (const { name, interval, metricsPath, at } of jobs) {
    const intervalMs = durationMs(service.scrapeInterval ?? '');
    if (intervalMs !== undefined && intervalMs !== interval.ms)
      report(interval.own ? interval.at.place : at.place, {
        severity: 'warning',
        message: `job ${name} scrapes every ${formatDuration(interval.ms)}, and service ${service.name} asks for ${formatDuration(intervalMs)}`,
        reason: 'ranges of rules and dashboards were chosen for the interval of the service',
        remedy: `set scrape_interval of the job to ${formatDuration(intervalMs)}.`,
      });
    if (metricsPath !== service.metricsPath)
      report(at.place, {
        severity: 'error',
        message: `job ${name} scrapes ${metricsPath}, and service ${service.name} answers at ${service.metricsPath}`,
        reason: 'the scrape gets another page, most often none',
        remedy: `set metrics_path of the job to ${service.metricsPath}.`,
      });
  }
}
