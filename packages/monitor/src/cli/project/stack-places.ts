/**
 * Places in stacks, as they are in the sources. What was compiled keeps its lines and not its columns; the compiler's
 * source maps know both. While a project is loaded, its frames say where its author wrote them: a definition remembers
 * the place that it reads from a stack, and a problem that is found later points there.
 */
import { SourceMap, type SourceMapPayload } from 'node:module';

const INLINE_MAP = /\/\/# sourceMappingURL=data:application\/json;[^,]*base64,([\w+/=]+)\s*$/;

/** A module's source map, and the lines of its source. */
interface MappedModule {
  readonly map: SourceMap;
  readonly lines: readonly string[];
}

/** The source maps of the modules of one load. */
export class StackPlaces {
  readonly #modules = new Map<string, MappedModule>();

  /** Takes the map that stands at the end of compiled code. */
  note(file: string, code: string): void {
    const inline = INLINE_MAP.exec(code)?.[1];
    if (inline === undefined) return;
    const payload = JSON.parse(Buffer.from(inline, 'base64').toString()) as SourceMapPayload;
    const lines = (payload.sourcesContent?.[0] ?? '').split('\n');
    this.#modules.set(file, { map: new SourceMap(payload), lines });
  }

  /** From now on stacks have the places of the sources; the answer ends that. */
  install(): () => void {
    const before = Error.prepareStackTrace;
    Error.prepareStackTrace = (error, frames) =>
      [String(error), ...frames.map((frame) => `    at ${this.#shown(frame)}`)].join('\n');
    return () => {
      if (before === undefined) Reflect.deleteProperty(Error, 'prepareStackTrace');
      else Error.prepareStackTrace = before;
    };
  }

  #shown(frame: NodeJS.CallSite): string {
    const shown = frame.toString();
    const module = this.#modules.get(frame.getFileName() ?? '');
    const line = frame.getLineNumber() ?? 0;
    if (module === undefined || line === 0) return shown;
    // What the loader puts before a module stands in its first line.
    const place = line === 1 ? '1:1' : sourcePlace(module, line, frame.getColumnNumber() ?? 1);
    return place === undefined ? shown : shown.replace(/:\d+:\d+(\)?)$/, `:${place}$1`);
  }
}

function sourcePlace({ map, lines }: MappedModule, line: number, column: number): string | undefined {
  // Maps count from 0.
  const entry = map.findEntry(line - 1, column - 1);
  if (!('originalLine' in entry)) return undefined;
  const { originalLine, originalColumn } = entry;
  const before = (lines[originalLine] ?? '').slice(0, originalColumn);
  // The call of what was imported is mapped to its parenthesis; people look for its name.
  const isCall = lines[originalLine]?.[originalColumn] === '(';
  const name = isCall ? /[\w$.]*$/.exec(before)![0] : '';
  return `${originalLine + 1}:${originalColumn - name.length + 1}`;
}
