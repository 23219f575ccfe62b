/** What goes wrong with monitoring itself, from the symptom to the cause. */
import type { Config } from '../../config/config.ts';
import { code, table } from '../../markdown.ts';
import type { Backend } from '../backend.ts';
import { fromContainer, HOST_FROM_CONTAINER } from '../targets.ts';

/** A table: symptom, where to look, what to do. */
export function troubleshootingSection(config: Config, backend: Backend): string {
  const target = config.services[0]?.targets[0] ?? `${HOST_FROM_CONTAINER}:9464`;
  const path = config.services[0]?.metricsPath ?? '/metrics';
  const inside = `http://${fromContainer(target)}${path}`;
  const { scraper } = backend;
  return table(
    ['Symptom', 'Look', 'Do'],
    [
      [
        'A target is down',
        `${code('up == 0')}, and from within: ${code(`docker compose exec ${scraper} wget -qO- ${inside}`)}`,
        'Connection refused: the service listens on the loopback address alone, or is not in the network. Status 403: it does not know the name by which it is asked (`BINNACLE_METRICS_HOSTS`).',
      ],
      [
        'A panel says "No data"',
        `Ask its query in Explore; then ${code('npx binnacle check')}`,
        'A counter with an open label has no series before its first event. A renamed label is found by the check.',
      ],
      [
        'Rates have gaps',
        code('scrape_duration_seconds'),
        'A range must hold at least four scrapes: use `$__rate_interval` in panels, and let `SCRAPE_INTERVAL` of Grafana be that of the scraper.',
      ],
      [
        'Counts are doubled',
        code('count by (job, instance) (up)'),
        'One service is scraped twice, or two replicas answer for one directory of metrics.',
      ],
      [
        'An alert fires and nobody is told',
        `${code('docker compose logs alertmanager')}, ${code('npx binnacle route severity=critical')}`,
        'A secret that is empty, a silence, or a route that takes it elsewhere.',
      ],
      [
        'An alert never fires',
        `Ask its expression; ${code('npx binnacle test')}`,
        'A metric that is missing makes no alert: guard what must be there with `absent()`.',
      ],
      [
        'Too many series',
        code('topk(10, count by (__name__, job) ({__name__=~".+"}))'),
        'A label holds an identifier. Take it out of the metric, not out of the query.',
      ],
      [
        'A dashboard is missing in Grafana',
        code('docker compose logs grafana'),
        'The log names the file and the place. Grafana looks every 30 seconds.',
      ],
      [
        'Changes in Grafana are gone',
        'Dashboards are provisioned and cannot be saved.',
        'Change `binnacle.config.ts`, or save a copy under another name.',
      ],
      [
        'The disk fills up',
        code('docker system df -v'),
        'Lower `retentionSize` or `retentionTime`, or scrape less often; see Tuning.',
      ],
    ],
  );
}
