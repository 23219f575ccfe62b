/**
 * Hosts: what calls are told apart by, so that their number has a bound.
 *
 * The value of the label is the name that is called, with its port where that is not the usual one of the protocol:
 * `api.stripe.com`, `ollama:11434`. Where hosts are named, these are told apart and all others are {@link OTHER_HOST}.
 * Where none are, each is told apart until there are too many:
 *
 *     tenant-1.shop.example ...    further names right below the same domain, after the first few, are `*.shop.example`
 *     localhost:40001 ...          further ports of a name without a domain are `localhost:*`
 *     10.0.3.17:8080               addresses come and go, and may belong to people: all are `address`, but loopback
 *     (hosts beyond the limit)     `other`
 */
import { isIP } from 'node:net';

/** So many hosts are told apart where none are named; further ones are {@link OTHER_HOST}. */
export const HOSTS_MAX = 50;

/** So many names right below one domain, or ports of one name, are told apart where none are named. */
export const SUBDOMAINS_MAX = 10;

/** The host of calls to hosts that are not named, and of those beyond {@link HOSTS_MAX}. */
export const OTHER_HOST = 'other';

/** The host of calls to IP addresses that are not named and not those of this machine. */
export const ADDRESS_HOST = 'address';

/** Names of hosts, or `*.` and a domain for all below it; with a port for this one, without for any. */
export type HostPattern = string;

/** A host as it is matched: `name` or, of all below a domain, `.domain`. */
interface Matcher {
  readonly name: string;
  readonly port: string | undefined;
  readonly label: string;
}

/** The hosts that one instrument tells apart. */
export class Hosts {
  readonly #named: readonly Matcher[] | undefined;
  readonly #ignored: readonly Matcher[];
  readonly #max: number;
  readonly #labels = new Set<string>();
  /** How many hosts are told apart by what they have in common. */
  readonly #groups = new Map<string, number>();

  /**
   * @throws TypeError for what is no host and no pattern
   * @throws RangeError for a limit that is none
   */
  constructor(
    named: readonly HostPattern[] | undefined,
    ignored: readonly HostPattern[] | undefined,
    max = HOSTS_MAX,
  ) {
    if (!(Number.isInteger(max) && max > 0))
      throw new RangeError(`hostsMax must be a positive integer, not ${max}`);
    this.#named = named?.map(matcherOf);
    this.#ignored = (ignored ?? []).map(matcherOf);
    this.#max = max;
  }

  /**
   * The label of the host of an origin; undefined where its calls are not counted. What it says of an origin may
   * change only from one that was not told apart to another, so that it can be kept.
   * @param origin `https://api.example.com:8443`
   */
  labelOf(origin: string): string | undefined {
    const url = URL.canParse(origin) ? new URL(origin) : undefined;
    if (url === undefined || url.hostname === '') return this.#admitted(OTHER_HOST);
    const name = url.hostname.replace(/\.$/, '');
    const port = url.port || (url.protocol === 'https:' ? '443' : '80');
    if (this.#ignored.some((matcher) => matches(matcher, name, port))) return undefined;
    if (this.#named !== undefined)
      return this.#named.find((matcher) => matches(matcher, name, port))?.label ?? OTHER_HOST;
    return this.#apart(name, url.port === '' ? name : `${name}:${url.port}`);
  }

  #apart(name: string, label: string): string {
    if (this.#labels.has(label)) return label;
    if (isAddress(name) && !isLoopback(name)) return this.#admitted(ADDRESS_HOST);
    const domain = isAddress(name) ? undefined : domainAbove(name);
    const group = domain ?? name;
    const known = this.#groups.get(group) ?? 0;
    if (known >= SUBDOMAINS_MAX) return this.#admitted(domain === undefined ? `${name}:*` : `*.${domain}`);
    const admitted = this.#admitted(label);
    if (admitted === label) this.#groups.set(group, known + 1);
    return admitted;
  }

  #admitted(label: string): string {
    if (this.#labels.has(label)) return label;
    if (this.#labels.size >= this.#max) return OTHER_HOST;
    this.#labels.add(label);
    return label;
  }
}

const PATTERN = /^(\*?\.)?(?:([^\s*/:@[\]]+)|(\[[\da-fA-F:.]+\]))(?::(\d{1,5}))?$/;

function matcherOf(pattern: HostPattern): Matcher {
  const found = PATTERN.exec(pattern);
  if (found === null)
    throw new TypeError(
      `${JSON.stringify(pattern)} is no host: write api.example.com, localhost:8080 or *.example.com`,
    );
  const [, above, plain, address, port] = found;
  const name = (plain ?? address)!.toLowerCase();
  return { name: above === undefined ? name : `.${name}`, port, label: pattern };
}

function matches(matcher: Matcher, name: string, port: string): boolean {
  if (matcher.port !== undefined && matcher.port !== port) return false;
  return matcher.name.startsWith('.') ? name.endsWith(matcher.name) : name === matcher.name;
}

/** The domain that a name lies in, where that has two parts itself: `shop.example` of `a.shop.example`. */
function domainAbove(name: string): string | undefined {
  const dot = name.indexOf('.');
  if (dot < 0) return undefined;
  const above = name.slice(dot + 1);
  return above.includes('.') ? above : name;
}

/** As a URL writes it: IPv6 in brackets. */
export function isAddress(name: string): boolean {
  return name.startsWith('[') || isIP(name) !== 0;
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '[::1]';
}
