/** YAML as all generated files have it: the same bytes for the same value, and nothing that two readers read apart. */
import { Document, isNode, isPair, isScalar, type Node } from 'yaml';
import { printYaml } from '../yaml-print.ts';
import { GENERATED_HEADER } from './generated-file.ts';

/** Texts that need quotes hold double ones themselves, being PromQL and templates. */
const QUOTES = { singleQuote: true } as const;

/** A comment in front of what a path leads to: keys of maps, indexes of lists. */
export type YamlNote = readonly [path: readonly (string | number)[], comment: string];

/** How a text is written. */
interface YamlOptions {
  /** Lines below the header, each without `#`. */
  readonly about?: readonly string[];
  readonly notes?: readonly YamlNote[];
}

/**
 * A value as YAML, below the header of generated files. Keys stand in the order of the value, what is undefined is left
 * out, and a text that an older reader would take for something else (`on`, `1_000`) is quoted.
 */
export function yamlText(value: unknown, { about = [], notes = [] }: YamlOptions = {}): string {
  const document = documentOf(value);
  for (const [path, comment] of notes) note(document, path, comment);
  const comment = [GENERATED_HEADER, ...about].map((line) => (line === '' ? '#' : `# ${line}`)).join('\n');
  return `${comment}\n${printYaml(document, QUOTES)}`;
}

/** Several values as one file of YAML documents, below one header. */
export function yamlDocuments(values: readonly unknown[], about: readonly string[] = []): string {
  const comment = [GENERATED_HEADER, ...about].map((line) => `# ${line}`).join('\n');
  return `${comment}\n${values.map((value) => printYaml(documentOf(value), QUOTES)).join('---\n')}`;
}

/** The value, or nothing where it holds nothing: an empty list says no more than a missing one. */
export function filled<T extends object>(value: T): T | undefined {
  return Object.keys(value).length === 0 ? undefined : value;
}

function documentOf(value: unknown): Document {
  return new Document(value, { compat: 'yaml-1.1', aliasDuplicateObjects: false });
}

function note(document: Document, path: readonly (string | number)[], comment: string): void {
  const text = comment
    .split('\n')
    .map((line) => ` ${line}`)
    .join('\n');
  const last = path.at(-1);
  const parent = document.getIn(path.slice(0, -1), true) as
    | { readonly items?: readonly unknown[] }
    | undefined;
  const item = parent?.items?.find((candidate, index) =>
    isPair(candidate)
      ? (isScalar(candidate.key) ? candidate.key.value : candidate.key) === last
      : index === last,
  );
  const node = isPair(item) ? item.key : item;
  if (isNode(node)) (node as Node).commentBefore = text;
}
