/**
 * A YAML file with the place of everything in it. Aliases and merged mappings (`<<`) are followed; what is not there
 * or of another type reads as absent, because whoever must know whether a file is right asks its own reader.
 */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseAllDocuments,
  type YAMLMap,
} from 'yaml';
import type { Place, SourceText } from './problem.ts';
import type { SourceFile } from './source-file.ts';
import { offsetsOf } from './yaml-text.ts';

/** The largest file that is read. */
export const YAML_CHARACTERS_MAX = 8 * 1024 * 1024;

/** What a document of the file cannot be read for. */
export interface YamlProblem {
  readonly place: Place;
  readonly message: string;
}

/** A value of a file. */
export class YamlValue {
  readonly file: SourceFile;
  readonly #document: Document;
  readonly #node: Node;
  /** Found with the first question. */
  #fields: ReadonlyMap<string, YamlFieldEntry> | undefined;

  constructor(file: SourceFile, document: Document, node: Node) {
    this.file = file;
    this.#document = document;
    this.#node = node;
  }

  /** Where the value stands. */
  get place(): Place {
    const [start, end] = this.#node.range ?? [0, 0];
    return this.file.place(start, end);
  }

  /** The fields of a mapping; none of anything else. */
  fields(): YamlFieldEntry[] {
    return [...this.#byName().values()];
  }

  #byName(): ReadonlyMap<string, YamlFieldEntry> {
    if (this.#fields !== undefined) return this.#fields;
    const node = this.#followed(this.#node);
    const found = new Map<string, YamlFieldEntry>();
    if (isMap(node)) this.#collect(node, found, new Set());
    this.#fields = found;
    return found;
  }

  #collect(map: YAMLMap, found: Map<string, YamlFieldEntry>, seen: Set<YAMLMap>): void {
    // A mapping may merge itself.
    if (seen.has(map)) return;
    seen.add(map);
    const merged: YAMLMap[] = [];
    for (const { key, value } of map.items as { key: Node; value: Node | null }[]) {
      const name = isScalar(key) ? String(key.value) : '';
      if (name === '<<') {
        const target = this.#followed(value);
        for (const one of isSeq(target) ? (target.items as Node[]) : [target]) {
          const other = this.#followed(one ?? null);
          if (isMap(other)) merged.push(other);
        }
        continue;
      }
      if (found.has(name)) continue;
      const { file } = this;
      const [start, end] = key.range ?? [0, 0];
      found.set(name, {
        name,
        get place() {
          return file.place(start, end);
        },
        value: isEmpty(value) ? undefined : new YamlValue(this.file, this.#document, value!),
      });
    }
    for (const other of merged) this.#collect(other, found, seen);
  }

  /** A field of a mapping, whether or not it has a value. */
  entry(name: string): YamlFieldEntry | undefined {
    return this.#byName().get(name);
  }

  /** The value of a field of a mapping. */
  get(name: string): YamlValue | undefined {
    return this.entry(name)?.value;
  }

  /** The items of a list that have a value; none of anything else. */
  items(): YamlValue[] {
    const node = this.#followed(this.#node);
    if (!isSeq(node)) return [];
    return (node.items as (Node | null)[]).flatMap((item) =>
      isEmpty(item) ? [] : [new YamlValue(this.file, this.#document, item!)],
    );
  }

  /** Whether it is a mapping, a list, or a single value. */
  get kind(): 'map' | 'list' | 'scalar' {
    const node = this.#followed(this.#node);
    return isMap(node) ? 'map' : isSeq(node) ? 'list' : 'scalar';
  }

  /** A single value as text with the places of its characters; undefined of anything else. */
  text(): SourceText | undefined {
    const node = this.#followed(this.#node);
    if (!isScalar(node)) return undefined;
    const text = typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
    let offsets: Uint32Array | undefined;
    let isKnown = false;
    return {
      text,
      locate: (start, end) => {
        if (!isKnown) offsets = offsetsOf(node, this.file.text);
        isKnown = true;
        if (offsets === undefined) return this.place;
        const from = offsets[Math.min(start, text.length)]!;
        // The end is that of the last character: what follows may be on another line.
        const last = end > start ? offsets[Math.min(end, text.length) - 1]! + 1 : from;
        return this.file.place(from, last);
      },
    };
  }

  #followed(node: Node | null): Node | null {
    if (node === null || !isAlias(node)) return node;
    return (node as Alias).resolve(this.#document) ?? null;
  }
}

/** A field of a mapping. */
export interface YamlFieldEntry {
  readonly name: string;
  /** Of the name. */
  readonly place: Place;
  /** Undefined where there is nothing behind the colon. */
  readonly value: YamlValue | undefined;
}

/** A file as YAML. */
export interface YamlFile {
  readonly documents: readonly YamlValue[];
  readonly problems: readonly YamlProblem[];
}

/** Files that were read: a manifest is asked for its rules, for what it scrapes and for its ports. */
const READ = new WeakMap<SourceFile, YamlFile>();

/** The documents of a file, and what is wrong with its YAML. A file is parsed once. */
export function readYaml(file: SourceFile): YamlFile {
  const known = READ.get(file);
  if (known !== undefined) return known;
  const read = parseYaml(file);
  READ.set(file, read);
  return read;
}

function parseYaml(file: SourceFile): YamlFile {
  if (file.text.length > YAML_CHARACTERS_MAX) {
    const message = `the file has ${file.text.length} characters; at most ${YAML_CHARACTERS_MAX} are read`;
    return { documents: [], problems: [{ place: file.place(0), message }] };
  }
  const parsed = parseAllDocuments(file.text, { prettyErrors: false, stringKeys: true });
  const documents: YamlValue[] = [];
  const problems: YamlProblem[] = [];
  for (const document of Array.isArray(parsed) ? parsed : []) {
    for (const { pos, message } of document.errors)
      problems.push({ place: file.place(pos[0], pos[1]), message });
    const { contents } = document;
    if (contents !== null && !isEmpty(contents)) documents.push(new YamlValue(file, document, contents));
  }
  return { documents, problems };
}

function isEmpty(node: Node | null): boolean {
  return node === null || (isScalar(node) && node.value === null);
}
