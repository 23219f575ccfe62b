/** YAML as all generated files have it: the same bytes for the same value, and nothing that two readers read apart. */
import { Document, isNode, isPair, isScalar, type Node, Scalar, visit } from 'yaml';
import { GENERATED_HEADER } from './generated-file.ts';

/** A comment in front of what a path leads to: keys of maps, indexes of lists. */
export type YamlNote = readonly [path: readonly (string | number)[], comment: string];

/** How a text is written. */
export interface YamlOptions {
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
  return `${comment}\n${textOf(document)}`;
}

/** Several values as one file of YAML documents, below one header. */
export function yamlDocuments(values: readonly unknown[], about: readonly string[] = []): string {
  const comment = [GENERATED_HEADER, ...about].map((line) => `# ${line}`).join('\n');
  return `${comment}\n${values.map((value) => textOf(documentOf(value))).join('---\n')}`;
}

/** The value, or nothing where it holds nothing: an empty list says no more than a missing one. */
export function filled<T extends object>(value: T): T | undefined {
  return Object.keys(value).length === 0 ? undefined : value;
}

function documentOf(value: unknown): Document {
  const document = new Document(value, { compat: 'yaml-1.1', aliasDuplicateObjects: false });
  visit(document, {
    Scalar(key, scalar) {
      // Scripts and templates of several lines are read as they are, not between quotes.
      if (key !== 'key' && typeof scalar.value === 'string' && /\n./.test(scalar.value))
        scalar.type = Scalar.BLOCK_LITERAL;
    },
  });
  return document;
}

function textOf(document: Document): string {
  return document.toString({ lineWidth: 0, singleQuote: true });
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
