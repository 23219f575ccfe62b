/**
 * Loads a project: its `binnacle.config.ts`, which Node 20 cannot import by itself, through `jiti`.
 *
 * - Each load reads the project's TypeScript again; JavaScript modules, its own and installed ones, are loaded once, by
 *   Node, for the life of a thread.
 * - Metric definitions go to a registry of their own for the time of the load. So a metric that has changed since the
 *   last load is no second definition of its name, and none of them becomes a metric of this process.
 * - The project has its own copy of `@binnacle/blueprint`, perhaps of another version; what it exports is known by its
 *   mark (`isConfig`) and not by its class.
 */
import { type Config, catalogsOf, isConfig, type ServiceCatalog } from '@binnacle/blueprint';
import { createJiti } from 'jiti';
import { CONFIG_NAMES, findConfig } from './find-config.ts';
import { guarded } from './import-guard.ts';
import { ProjectError, type SourcePlace, shownPath } from './project-error.ts';
import { StackPlaces } from './stack-places.ts';
import { startedBy } from './started.ts';

/** How long loading may take: definitions wait for nothing. */
const LOAD_MS_MAX = 30_000;

/** A project that was loaded. */
export interface Project {
  /** The absolute path of its configuration. */
  readonly path: string;
  readonly config: Config;
  /** What the metric definitions of its services say. */
  readonly catalogs: readonly ServiceCatalog[];
  /** What its author should know, in words. */
  readonly warnings: readonly string[];
}

/**
 * Loads the project at a path, or the nearest one in the working directory and above it.
 * @param path its configuration, or the folder that it is in
 * @throws ProjectError
 */
export async function loadProject(path?: string): Promise<Project> {
  const project = await loadProjectIfAny(path);
  if (project !== undefined) return project;
  throw new ProjectError(
    'project_not_found',
    `there is no ${CONFIG_NAMES[0]} here or above: name one with --config FILE, or write one with binnacle init`,
  );
}

/** The same, and undefined where no path was given and there is none. */
export async function loadProjectIfAny(path?: string): Promise<Project | undefined> {
  const file = findConfig(path);
  if (file === undefined) return undefined;
  const { value, started } = await inTurn(() => importConfig(file));
  if (!isConfig(value)) throw new ProjectError('project_no_config', noConfigText(file, value));
  const warnings =
    started.length === 0
      ? []
      : [
          `importing ${shownPath(file)} started ${started.join(', ')}: import the modules that define metrics, and not the one that starts the service`,
        ];
  return { path: file, config: value, catalogs: catalogsOf(value), warnings };
}

function noConfigText(file: string, value: unknown): string {
  const isModule = typeof value === 'object' && value !== null && Object.hasOwn(value, 'default');
  const what =
    value === undefined || (typeof value === 'object' && !isModule)
      ? 'does not export what defineConfig returns'
      : 'exports something else than what defineConfig returns';
  return `${shownPath(file)} ${what}: end it with export default defineConfig({ ... }) of @binnacle/blueprint`;
}

let last: Promise<unknown> = Promise.resolve();

/** One load after the other, since each takes the registry of the process for itself. */
function inTurn<T>(load: () => Promise<T>): Promise<T> {
  const turn = last.then(load, load);
  last = turn.catch(() => undefined);
  return turn;
}

/**
 * The default export of a module of a project, which may be TypeScript.
 * @throws ProjectError with the place in the project's own code
 */
export async function importDefault(file: string): Promise<unknown> {
  return (await inTurn(() => importConfig(file))).value;
}

async function importConfig(
  file: string,
): Promise<{ readonly value: unknown; readonly started: readonly string[] }> {
  // A module cache of its own: nothing of an earlier load is found in it. No files of compiled code are left behind.
  const compiler = createJiti(file, { fsCache: false });
  const places = new StackPlaces();
  const jiti = createJiti(file, {
    moduleCache: false,
    fsCache: false,
    sourceMaps: true,
    transform: (options) => {
      const code = compiler.transform(options);
      if (options.filename !== undefined) places.note(options.filename, code);
      return { code };
    },
  });
  const giveBack = takeRegistry();
  const uninstall = places.install();
  try {
    return await withTimeLimit(
      file,
      guarded(file, () => startedBy(() => jiti.import(file, { default: true }))),
    );
  } catch (error) {
    throw error instanceof ProjectError ? error : loadError(file, error);
  } finally {
    uninstall();
    giveBack();
  }
}

/** Where `@binnacle/metrics` keeps the registry of the process, in every copy of it. */
const REGISTRY = Symbol.for('@binnacle/metrics/registry/v1');

/** Takes the registry away, so that definitions make one of their own; the answer puts it back. */
function takeRegistry(): () => void {
  const holder = globalThis as { [REGISTRY]?: unknown };
  const own = holder[REGISTRY];
  delete holder[REGISTRY];
  return () => {
    if (own === undefined) delete holder[REGISTRY];
    else holder[REGISTRY] = own;
  };
}

async function withTimeLimit<T>(file: string, loading: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new ProjectError(
          'project_too_slow',
          `${shownPath(file)} has not loaded within ${LOAD_MS_MAX / 1000} s: does a module that it imports wait for something?`,
        ),
      );
    }, LOAD_MS_MAX);
  });
  try {
    return await Promise.race([loading, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What was thrown while loading, with the place in the project's own code. */
function loadError(file: string, error: unknown): ProjectError {
  if (!isErrorLike(error))
    return new ProjectError('project_not_loaded', `${shownPath(file)} threw ${JSON.stringify(error)}`);
  const syntax = /^ParseError: (.*?)\s*\n\s*(.+):(\d+):(\d+)/s.exec(error.message);
  if (syntax !== null) {
    const [, message, path, line, column] = syntax;
    // The parser counts columns from 0.
    const place = { file: path!, line: Number(line), column: Number(column) + 1 };
    return new ProjectError('project_not_loaded', message!, place);
  }
  const message = messageOf(error);
  const place = placeOf(error.stack ?? '');
  return place === undefined
    ? new ProjectError('project_not_loaded', `${shownPath(file)}: ${message}`)
    : new ProjectError('project_not_loaded', message, place);
}

/** Errors of the project's copies of our packages are of other classes than ours. */
function isErrorLike(
  error: unknown,
): error is { message: string; name?: string; stack?: string; code?: string } {
  return (
    typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string'
  );
}

function messageOf(error: {
  readonly message: string;
  readonly name?: string;
  readonly code?: string;
  readonly stack?: string;
}): string {
  const missing = /^Cannot find (?:module|package) '([^']+)'/.exec(error.message)?.[1];
  if (missing !== undefined) {
    const isOurs = missing.startsWith('@binnacle/');
    return `there is no ${missing}${isOurs ? `: npm install --save-dev ${missing.split('/').slice(0, 2).join('/')}` : ''}`;
  }
  const absent = /^\(0 , [\w$]+\.([\w$]+)\) is not a function$/.exec(error.message)?.[1];
  if (absent !== undefined) return `what is imported as ${absent} is no function: does the module export it?`;
  const wanted = /^Cannot read properties of undefined \(reading '([\w$]+)'\)$/.exec(error.message)?.[1];
  if (wanted !== undefined && !isOfProject(error.stack?.split('\n')[1] ?? ''))
    return `undefined is given where something with ${wanted} is wanted: is each name spelt as its module exports it?`;
  const isOwn = error.name === 'DefinitionError' || error.name === 'TypeError' || error.name === 'Error';
  return isOwn || error.name === undefined ? error.message : `${error.name}: ${error.message}`;
}

const FRAME = /(?:\(|at (?:async )?)((?:[a-zA-Z]:)?[\\/][^()]*?):(\d+):(\d+)\)?$/;

/**
 * The innermost frame of a file that `jiti` has evaluated: the project's own. Installed modules are loaded by Node,
 * whose frames are addresses (`file://`), or lie below `node_modules`.
 */
function placeOf(stack: string): SourcePlace | undefined {
  const [, file, row, column] = FRAME.exec(stack.split('\n').find(isOfProject) ?? '') ?? [];
  if (file === undefined) return undefined;
  // Of the first line columns are not known.
  return { file, line: Number(row), column: row === '1' ? 0 : Number(column) };
}

/** Whether a line of a stack is in code of the project. */
function isOfProject(line: string): boolean {
  const file = FRAME.exec(line)?.[1];
  return file !== undefined && !/[\\/]node_modules[\\/]/.test(file);
}
