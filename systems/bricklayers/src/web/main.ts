/**
 * The process `bricklayers-web`. Ends on SIGTERM, SIGINT, or when the process that started it with a channel goes
 * away; with all its workers, within two seconds where the machine has time for it.
 */

import { startWeb, type Web } from './service.ts';
import { SettingsError } from './settings.ts';

/** When it ends though it has not stopped. */
const STOP_MS_MAX = 20_000;

let web: Web | undefined;
let stopping = false;

function stop(): void {
  if (stopping) return;
  stopping = true;
  // Workers end by themselves when this process does, however it ends.
  setTimeout(() => process.exit(1), STOP_MS_MAX).unref();
  Promise.resolve(web?.close()).then(
    () => process.exit(),
    (error: unknown) => {
      console.error('bricklayers-web: could not stop cleanly:', error);
      process.exit(1);
    },
  );
}

process.on('SIGTERM', stop);
process.on('SIGINT', stop);
process.on('disconnect', stop);

try {
  web = await startWeb();
  console.log(`bricklayers-web: listening on ${web.url}`);
  process.send?.({ type: 'listening', url: web.url, port: web.port });
} catch (error) {
  console.error(
    `bricklayers-web: ${error instanceof SettingsError ? error.message : String((error as Error)?.stack ?? error)}`,
  );
  process.exitCode = 1;
  stop();
}
