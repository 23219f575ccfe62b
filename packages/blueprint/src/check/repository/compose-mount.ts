/** What services of a compose file mount: paths of the repository, and volumes. */
import type { YamlValue } from '../yaml-source.ts';
import { withDefaults } from './compose-variable.ts';
import { joined } from './repository-path.ts';
import { type Located, textAt } from './yaml-path.ts';

/** What is mounted where. */
export interface ComposeMount {
  /** A path of the repository; undefined for a volume, and for a path outside or one that is not known. */
  readonly source: string | undefined;
  /** The name of a volume; undefined for a path. */
  readonly volume: string | undefined;
  /** The path in the container. */
  readonly target: string;
  readonly at: Located;
}

/** `source:target:mode`, or the long form; none for a volume without a name, and for what compose fills in. */
export function composeMount(mount: YamlValue, folder: string): ComposeMount[] {
  const at = mount.get('source') ?? mount;
  const [source, target] =
    mount.kind === 'map'
      ? [filled(textAt(mount, 'source')), filled(textAt(mount, 'target'))]
      : (filled(mount.text()?.text)?.split(':') ?? []);
  if (source === undefined || source === '' || target === undefined) return [];
  const type = textAt(mount, 'type') ?? (/^[./~]/.test(source) ? 'bind' : 'volume');
  // Neither the host's own folders nor a home can be looked into.
  const path = type !== 'bind' || /^[/~]/.test(source) ? undefined : joined(folder, source);
  return [
    {
      source: path,
      volume: type === 'volume' ? source : undefined,
      target: target.length > 1 ? target.replace(/\/+$/, '') : target,
      at,
    },
  ];
}

function filled(text: string | undefined): string | undefined {
  return text === undefined ? undefined : withDefaults(text);
}
