/**
 * Which hosts may be asked. Whoever can have a service fetch what he names can have it fetch what only the service can
 * reach: in production no address of its own machine or network is asked, whatever name it has.
 *
 * The check is made where names become addresses, at the connection itself, so that a name cannot have another address
 * a moment later. Sources: RFC 6890, RFC 4193, RFC 4291.
 */
import { type LookupAddress, type LookupAllOptions, type LookupOneOptions, lookup } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import { VideoError } from '../errors.ts';

const OWN = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const)
  OWN.addSubnet(network, bits, 'ipv4');
for (const [network, bits] of [
  ['::', 127],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  OWN.addSubnet(network, bits, 'ipv6');

/** Whether an address is one of this machine or of a network that is not public. */
export function isOwnAddress(address: string): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  const plain = mapped ?? address;
  return OWN.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
}

/** @throws VideoError where the host of an address is written as a number that may not be asked */
export function checkHost(url: URL): void {
  const host = url.hostname.replaceAll(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && isOwnAddress(host)) throw refused(host);
}

type Found = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

/** As `dns.lookup`, but fails for hosts that may not be asked. */
export function lookupPublic(host: string, options: LookupOneOptions | LookupAllOptions, found: Found): void {
  lookup(host, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return found(error, []);
    const [first] = addresses;
    if (first === undefined || addresses.some(({ address }) => isOwnAddress(address)))
      return found(refused(host), []);
    if (options.all === true) found(null, addresses);
    else found(null, first.address, first.family);
  });
}

function refused(host: string): VideoError {
  return new VideoError(
    'INVALID_URL',
    `${host} is no public address; set SHORTS_PRIVATE_ADDRESSES=allow to ask it`,
  );
}
