/** Kubernetes manifests, as far as they say by which ports programs are scraped. */
import type { SourceFile } from '../source-file.ts';
import type { YamlValue } from '../yaml-source.ts';
import { itemsAt, textAt, textsAt } from './yaml-path.ts';

/** One object. */
export interface Manifest {
  readonly file: SourceFile;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly spec: YamlValue | undefined;
}

/** The objects of a document, a `List` taken apart; none for anything else. */
export function manifestsOf(root: YamlValue): Manifest[] {
  const kind = textAt(root, 'kind');
  if (textAt(root, 'apiVersion') === undefined || kind === undefined) return [];
  if (kind === 'List') return itemsAt(root, 'items').flatMap(manifestsOf);
  return [
    {
      file: root.file,
      kind,
      name: textAt(root, 'metadata', 'name') ?? '',
      namespace: textAt(root, 'metadata', 'namespace') ?? '',
      labels: textsAt(root, 'metadata', 'labels'),
      spec: root.get('spec'),
    },
  ];
}
