/** Ports that services of a compose file publish on the host. */
import type { YamlValue } from '../yaml-source.ts';
import { withDefaults } from './compose-variable.ts';
import { type Located, textAt } from './yaml-path.ts';

/** Ranges are cut to this length: nobody publishes so many ports by name. */
const PORTS_MAX = 64;

/** A port that can be reached from outside the network of the services. */
export interface PublishedPort {
  /** `0.0.0.0` where all addresses of the host are bound. */
  readonly host: string;
  /** Not a number where the host chooses one. */
  readonly published: number;
  /** The port in the container. */
  readonly target: number;
  readonly protocol: string;
  readonly at: Located;
}

/** `127.0.0.1:9090:9090/tcp`, where all but the last port may be missing; a range gives all its ports. */
const SHORT = /^(?:(\[[^\]]+\]|\d+\.[\d.]+|localhost):)?(?:(\d*(?:-\d+)?):)?(\d+(?:-\d+)?)(?:\/(\w+))?$/;

/** The ports of one entry, in the short or the long form; none for what compose fills in. */
export function publishedPorts(port: YamlValue): PublishedPort[] {
  if (port.kind === 'map') {
    const published = Number.parseInt(withDefaults(textAt(port, 'published') ?? '') ?? '', 10);
    const target = Number.parseInt(textAt(port, 'target') ?? '', 10);
    const protocol = textAt(port, 'protocol') ?? 'tcp';
    return Number.isInteger(target)
      ? [{ host: textAt(port, 'host_ip') ?? '0.0.0.0', published, target, protocol, at: port }]
      : [];
  }
  const match = SHORT.exec(withDefaults(port.text()?.text ?? '') ?? '');
  if (match === null) return [];
  const [, host = '0.0.0.0', published = '', target = '', protocol = 'tcp'] = match;
  const outside = published === '' ? [] : rangeOf(published);
  return rangeOf(target).map((inside, i) => ({
    host,
    published: outside[i] ?? Number.NaN,
    target: inside,
    protocol,
    at: port,
  }));
}

function rangeOf(text: string): number[] {
  const [first = 0, last = first] = text.split('-').map(Number);
  const length = Math.min(PORTS_MAX, Math.max(1, last - first + 1));
  return Array.from({ length }, (_, i) => first + i);
}
