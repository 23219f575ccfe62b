/**
 * Reads `alertmanager.yml` with Alertmanager's names, defaults and checks. A field that nobody knows is refused by
 * name, and so is one that Alertmanager has and Binnacle has not: left out silently, the file would mean something
 * else. All problems are found in one go.
 *
 * The parts have readers of their own: the routing tree, receivers, inhibition rules, time intervals.
 */
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import type { AlertmanagerConfig } from './alertmanager.ts';
import type { ConfigProblem } from './config-error.ts';
import { type ConfigFiles, configFilesOnDisk, expandGlob, isGlob, readConfigText } from './config-files.ts';
import { readInhibitRules } from './inhibit-rule-reader.ts';
import { readReceivers } from './receivers-file.ts';
import { readRouteTree } from './route-reader.ts';
import { shownConfig } from './shown-config.ts';
import { readTimeIntervals } from './time-interval-reader.ts';
import { YamlFile, type YamlMap, type YamlNode } from './yaml-reader.ts';

const RESOLVE_TIMEOUT_MS = 5 * 60_000;

/** About Alertmanager itself: what it tells of its own work. */
const NOT_OURS = ['tracing', 'event_recorder'];

/** A template in a field of a receiver. It may be a secret, so that it shows itself nowhere. */
export class TemplatedText {
  readonly #file: YamlFile;
  readonly #node: YamlNode;
  readonly #text: string;

  constructor(file: YamlFile, node: YamlNode, text: string) {
    this.#file = file;
    this.#node = node;
    this.#text = text;
  }

  /** What a parser says against it, at its place in the file; undefined for nothing. */
  problem(
    faultOf: (text: string) => { readonly message: string; readonly offset: number | undefined } | undefined,
  ): ConfigProblem | undefined {
    const fault = faultOf(this.#text);
    if (fault === undefined) return undefined;
    const { message, offset } = fault;
    const problem =
      offset === undefined ? this.#node.asProblem(message) : this.#node.asProblemInside(offset, message);
    return this.#file.withoutSecrets([problem])[0];
  }
}

/** A configuration that was read. */
export interface LoadedAlertmanagerConfig extends AlertmanagerConfig {
  /** They are not parsed: what functions there are, this module does not know. */
  readonly templatedTexts: readonly TemplatedText[];
}

/**
 * Reads an `alertmanager.yml`.
 * @throws ConfigError with every problem
 */
export async function loadAlertmanagerConfig(
  path: string,
  files: ConfigFiles = configFilesOnDisk,
): Promise<LoadedAlertmanagerConfig> {
  const text = await readConfigText(path, files);
  const file = YamlFile.parse(path, text);
  const root = file.map;
  if (file.root === undefined) file.problem(0, 'the file needs a route and receivers');
  const global = root?.map('global');
  const resolveTimeoutMs = global?.durationMs('resolve_timeout') ?? RESOLVE_TIMEOUT_MS;
  const receivers = readReceivers(root, global, path);
  global?.finish();
  const timeIntervals = readTimeIntervals(root);
  const route = readRouteTree(root, {
    receivers: new Set(receivers.map(({ name }) => name)),
    timeIntervals: new Set(timeIntervals.map(({ name }) => name)),
  });
  const inhibitRules = readInhibitRules(root);
  const templateFiles = await readTemplates(root, path, files);
  root?.finish(NOT_OURS);
  file.throwIfProblems();
  return {
    resolveTimeoutMs,
    route,
    receivers,
    inhibitRules,
    timeIntervals,
    templateFiles,
    shownText: shownConfig(text),
    templatedTexts: templatedTextsOf(file, root),
  };
}

/** Every text of a receiver may be a template; those that are hold braces. */
function templatedTextsOf(file: YamlFile, root: YamlMap | undefined): TemplatedText[] {
  return (root?.field('receivers')?.texts() ?? []).flatMap((node) => {
    const text = node.text() ?? '';
    return text.includes('{{') ? [new TemplatedText(file, node, text)] : [];
  });
}

/** As in Alertmanager, a pattern or path that no file answers to is no mistake. */
async function readTemplates(
  root: YamlMap | undefined,
  path: string,
  files: ConfigFiles,
): Promise<readonly string[]> {
  const folder = dirname(resolve(path));
  const found: string[] = [];
  for (const item of root?.items('templates') ?? []) {
    const text = item.text();
    if (text === undefined || text === '') continue;
    checkPattern(item, text);
    for (const file of await expand(isAbsolute(text) ? join(text) : join(folder, text), files))
      if (!found.includes(file)) found.push(file);
  }
  return found;
}

function checkPattern(item: YamlNode, pattern: string): void {
  for (const [bracket] of pattern.matchAll(/\[[^\]]*\]?/g))
    if (!/^\[(?:\^[^\]]+|[^^\]][^\]]*)\]$/.test(bracket))
      item.problem(`${item.path}: the pattern has a [ without a ] after it, or nothing between them`);
}

/** The files that a path stands for of which any element may be a pattern. */
async function expand(path: string, files: ConfigFiles): Promise<string[]> {
  const folder = dirname(path);
  const folders = isGlob(folder) ? await expand(folder, files) : [folder];
  const found = await Promise.all(folders.map((one) => expandGlob(join(one, basename(path)), files)));
  return found.flat();
}
