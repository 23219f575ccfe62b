/** For how long samples are kept, by whom: the environments of a configuration, and the Prometheus of a compose file. */
import type { EnvironmentName } from '../../config/config.ts';
import type { CheckContext } from '../check.ts';
import type { ComposeFile } from './compose-file.ts';
import { durationMs } from './scrape-file.ts';

/** A time and who says it. */
export interface KeptTime {
  readonly ms: number;
  /** As it is told: `production`, `compose.yml`. */
  readonly by: string;
}

const FLAG = /^--?storage\.tsdb\.retention(?:\.time)?=(.+)$/;
/** Who has samples sent on to it keeps them for as long as it says itself. */
const LONG_STORES = /thanos|mimir|cortex|victoria|vmagent/;

/** What an environment of the configuration keeps; undefined without a configuration. */
export function keptBy(environment: EnvironmentName, { config }: CheckContext): KeptTime | undefined {
  const ms = durationMs(config?.[environment].retentionTime ?? '');
  return ms === undefined ? undefined : { ms, by: environment };
}

/**
 * The longest time that the compose files of a repository say: which of them evaluates a rule file is not known.
 * Undefined where none says it, or where samples are sent on to somebody else.
 */
export function keptByCompose(
  composeFiles: readonly ComposeFile[],
  context: CheckContext,
): KeptTime | undefined {
  const services = composeFiles.flatMap((file) => file.services);
  if (services.some(({ image }) => LONG_STORES.test(image?.name ?? ''))) return undefined;
  if (context.ofKind('prometheus').some(({ text }) => /^remote_write:/m.test(text))) return undefined;
  let longest: KeptTime | undefined;
  for (const { file, services: ofFile } of composeFiles) {
    for (const word of ofFile.flatMap(({ command }) => command)) {
      const ms = durationMs(FLAG.exec(word)?.[1] ?? '');
      if (ms !== undefined && ms > (longest?.ms ?? 0)) longest = { ms, by: file.path };
    }
  }
  return longest;
}
