/** Reads the template files that an `alertmanager.yml` names. */
import { type Clock, systemClock } from '../clock.ts';
import type { TemplatedText } from '../config/alertmanager-file.ts';
import { ConfigError, type ConfigProblem } from '../config/config-error.ts';
import { configFilesOnDisk, readConfigText } from '../config/config-files.ts';
import { LoadedMessageTemplates, type TemplateFile } from '../notify/message-templates.ts';
import { TemplateError } from '../template/template-error.ts';

/**
 * Reads and parses the files.
 * @param clock what templates see of the time
 * @throws ConfigError with the first problem of each file
 */
export async function loadMessageTemplates(
  paths: readonly string[],
  clock: Clock = systemClock,
): Promise<LoadedMessageTemplates> {
  const files: TemplateFile[] = [];
  for (const path of paths) files.push({ path, text: await readConfigText(path, configFilesOnDisk) });
  const problems = files.flatMap((file) => problemOf(file, clock));
  if (problems.length > 0) throw new ConfigError('config_invalid', problems);
  return LoadedMessageTemplates.load(files, clock);
}

/** What is wrong with the templates in the fields of receivers. */
export function templateProblems(
  templates: LoadedMessageTemplates,
  texts: readonly TemplatedText[],
): ConfigProblem[] {
  const faultOf = (text: string): { message: string; offset: number | undefined } | undefined => {
    try {
      templates.check(text);
      return undefined;
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      return { message: `the template is not valid: ${error.message}`, offset: error.offset };
    }
  };
  return texts.flatMap((text) => text.problem(faultOf) ?? []);
}

/** Files are parsed one by one; what one says of another shows only when a message is written. */
function problemOf(file: TemplateFile, clock: Clock): ConfigProblem[] {
  try {
    LoadedMessageTemplates.load([file], clock);
    return [];
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const { path, text } = file;
    const before = text.slice(0, error.offset ?? 0).split('\n');
    const line = before.length;
    const source = text.split('\n')[line - 1] ?? '';
    // The place stands in the message too, for those who have nothing else.
    const message = error.message.startsWith(path)
      ? error.message.slice(path.length).replace(/^(?::\d+)*: /, '')
      : error.message;
    return [{ file: path, line, column: before.at(-1)!.length + 1, message, source }];
  }
}
