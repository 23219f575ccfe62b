/** What messages are made of and carried by, as a configuration says; for `binnacle up` and `binnacle notify test`. */
import type { Clock } from '../clock.ts';
import type { AlertmanagerConfig } from '../config/alertmanager.ts';
import { createHttpClient } from '../http-client.ts';
import type { LoadedMessageTemplates } from '../notify/message-templates.ts';
import type { ReceiverContext } from '../notify/receivers/attempt.ts';
import { processSecrets } from '../secret.ts';
import { loadMessageTemplates } from './template-files.ts';

/**
 * Reads the templates of a configuration.
 * @throws ConfigError when a file of templates cannot be read, or is not right
 */
export async function loadReceiverContext(
  config: Pick<AlertmanagerConfig, 'templateFiles'>,
  clock: Clock,
): Promise<ReceiverContext & { readonly templates: LoadedMessageTemplates }> {
  return {
    templates: await loadMessageTemplates(config.templateFiles, clock),
    clock,
    secrets: processSecrets,
    createClient: createHttpClient,
  };
}
