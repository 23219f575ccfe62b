/** The backend: two processes, each of which answers requests and works on tasks. */
import { runService } from '@binnacle/system-parts/service-group';
import { SERVICE } from '../metrics.ts';
import { start } from './work.ts';

await runService({
  name: 'shorts-downloader',
  countsAs: SERVICE,
  port: 3001,
  portVariable: 'SHORTS_PORT',
  hostVariable: 'SHORTS_HOST',
  start,
});
