/**
 * Templates of messages: those of the configuration's files over the default ones, expanded over a notification.
 *
 * Every file is read like Alertmanager reads it: what it defines replaces what was defined before, its own text is a
 * template under the file's name. A receiver's fields are templates too, and may refer to all of these.
 */
import path from 'node:path';
import type { Clock } from '../clock.ts';
import { BUILTIN_FUNCTIONS } from '../template/builtin-functions.ts';
import type { GoFunction, GoValue } from '../template/go-value.ts';
import { HtmlOutput } from '../template/html-output.ts';
import { TemplateError } from '../template/template-error.ts';
import { evaluateTemplate } from '../template/template-evaluator.ts';
import { type TemplateLimits, type TemplateOutput, TextOutput } from '../template/template-output.ts';
import { parseTemplate } from '../template/template-parser.ts';
import { isBlank, placeOf, type TemplateDefinition, type TemplateSource } from '../template/template-tree.ts';
import { DEFAULT_TEMPLATES } from './default-templates.ts';
import type { MessageTemplates, Notification } from './integration.ts';
import { messageData } from './message-data.ts';
import { messageFunctions } from './message-functions.ts';

/** How many templates of receivers' fields are kept parsed. */
const PARSED_MAX = 1000;

/** What an expansion may take: enough for ten thousand alerts with a kilobyte of text each. */
export const MESSAGE_TEMPLATE_LIMITS: TemplateLimits = {
  charactersMax: 16 * 1024 * 1024,
  stepsMax: 10_000_000,
  weightMax: 64 * 1024 * 1024,
};

/** A file of templates. */
export interface TemplateFile {
  readonly path: string;
  readonly text: string;
}

/** The templates of a configuration. */
export class LoadedMessageTemplates implements MessageTemplates {
  readonly #definitions: ReadonlyMap<string, TemplateDefinition>;
  readonly #functions: ReadonlyMap<string, GoFunction>;
  /** A message has many fields over the same data. */
  readonly #data = new WeakMap<Notification, GoValue>();
  /** Templates of fields by their text. */
  readonly #parsed = new Map<string, readonly TemplateDefinition[]>();

  private constructor(
    definitions: ReadonlyMap<string, TemplateDefinition>,
    functions: ReadonlyMap<string, GoFunction>,
  ) {
    this.#definitions = definitions;
    this.#functions = functions;
  }

  /**
   * Reads files of templates, in their order.
   * @param clock what `now` and `since` look at
   * @throws TemplateError that names file, line and column
   */
  static load(files: readonly TemplateFile[], clock: Clock): LoadedMessageTemplates {
    const functions = new Map([...BUILTIN_FUNCTIONS, ...messageFunctions(clock)]);
    const names = new Set(functions.keys());
    const definitions = new Map<string, TemplateDefinition>();
    for (const { name, text } of DEFAULT_TEMPLATES) define(definitions, parseTemplate({ name, text }, names));
    for (const file of files) {
      const source = { name: path.basename(file.path), text: file.text };
      define(definitions, parseFile(source, names, file.path));
    }
    return new LoadedMessageTemplates(definitions, functions);
  }

  text(template: string, notification: Notification): string {
    const output = new TextOutput(MESSAGE_TEMPLATE_LIMITS);
    this.#expand(template, notification, output);
    return output.toString();
  }

  html(template: string, notification: Notification): string {
    const output = new HtmlOutput(MESSAGE_TEMPLATE_LIMITS);
    this.#expand(template, notification, output);
    return output.finish();
  }

  /** The names of all templates. */
  names(): string[] {
    return [...this.#definitions.keys()];
  }

  /**
   * Reads a template of a field, as it will be read when it is expanded.
   * @throws TemplateError with the offset of the fault
   */
  check(template: string): void {
    this.#parse(template);
  }

  #expand(template: string, notification: Notification, output: TemplateOutput): void {
    const own = this.#parse(template);
    const definitions = new Map(this.#definitions);
    define(definitions, own);
    const main = own.find((definition) => definition.name === '')!;
    const program = { definitions, functions: this.#functions, limits: MESSAGE_TEMPLATE_LIMITS };
    evaluateTemplate(program, main, this.#dataOf(notification), output);
  }

  #dataOf(notification: Notification): GoValue {
    const known = this.#data.get(notification);
    const data = known ?? messageData(notification);
    if (known === undefined) this.#data.set(notification, data);
    return data;
  }

  #parse(template: string): readonly TemplateDefinition[] {
    const known = this.#parsed.get(template);
    if (known !== undefined) return known;
    const parsed = parseTemplate({ name: '', text: template }, new Set(this.#functions.keys()));
    if (this.#parsed.size >= PARSED_MAX) this.#parsed.clear();
    this.#parsed.set(template, parsed);
    return parsed;
  }
}

function parseFile(
  source: TemplateSource,
  functions: ReadonlySet<string>,
  file: string,
): TemplateDefinition[] {
  try {
    return parseTemplate(source, functions);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const place = placeOf({ name: file, text: source.text }, error.offset ?? 0);
    throw new TemplateError(`${place}: ${error.message}`, error.offset);
  }
}

/** Later ones replace earlier ones of their name, unless they are blank. */
function define(known: Map<string, TemplateDefinition>, added: readonly TemplateDefinition[]): void {
  for (const definition of added)
    if (!known.has(definition.name) || !isBlank(definition.nodes)) known.set(definition.name, definition);
}
