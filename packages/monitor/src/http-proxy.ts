/**
 * Which proxy leads to an address, as Go's `httpproxy` decides it, and the way through it: a tunnel (CONNECT) for
 * `https:` addresses.
 */
import * as http from 'node:http';
import * as https from 'node:https';
import { BlockList, isIP, isIPv4, type Socket } from 'node:net';
import type { ProxySettings } from './http-settings.ts';
import type { SecretScope } from './secret.ts';

/** The proxy of an address; undefined where it is reached directly. */
export async function proxyFor(
  target: URL,
  settings: ProxySettings,
  scope: SecretScope,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<URL | undefined> {
  if (settings.fromEnvironment) {
    const name = target.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
    const text = environment[name] || environment[name.toLowerCase()];
    const except = environment.NO_PROXY || environment.no_proxy || '';
    if (text === undefined || text === '' || bypasses(target, except)) return undefined;
    scope.remember(text);
    return new URL(text.includes('://') ? text : `http://${text}`);
  }
  if (settings.url === undefined) return undefined;
  // A proxy that is named in the configuration is used for this machine's own addresses too, unless excepted.
  if (settings.noProxy !== undefined && bypasses(target, settings.noProxy)) return undefined;
  return new URL(await scope.reveal(settings.url));
}

/** Whether `NO_PROXY` excepts an address: by name, domain, network or `*`; with a port, only that port. */
export function bypasses(target: URL, noProxy: string): boolean {
  const host = target.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = target.port || (target.protocol === 'https:' ? '443' : '80');
  if (host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))) return true;
  return noProxy
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry !== '' && matchesEntry(entry, host, port));
}

function matchesEntry(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  if (entry.includes('/')) return inNetwork(entry, host);
  const withPort = /^(.+?):(\d+)$/.exec(isIP(entry) === 6 ? '' : entry);
  if (withPort !== null && withPort[2] !== port) return false;
  const name = (withPort?.[1] ?? entry).replace(/^\[|\]$/g, '').replace(/^\*\./, '.');
  if (isIP(name) !== 0) return name === host;
  return name.startsWith('.') ? host.endsWith(name) : host === name || host.endsWith(`.${name}`);
}

function inNetwork(entry: string, host: string): boolean {
  const [network = '', bits = ''] = entry.split('/');
  const family = isIP(network) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(network) === 0 || isIP(host) === 0 || !/^\d{1,3}$/.test(bits)) return false;
  const list = new BlockList();
  try {
    list.addSubnet(network, Number(bits), family);
  } catch {
    return false;
  }
  return list.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');
}

/** The header that a proxy's password goes into. */
export function proxyAuthorization(proxy: URL): Record<string, string> {
  if (proxy.username === '' && proxy.password === '') return {};
  const credentials = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` };
}

/** A connection to `target` through the proxy. Rejects with Node's error, or one of code `PROXY_STATUS`. */
export function openTunnel(
  proxy: URL,
  target: URL,
  headers: Readonly<Record<string, string | string[]>>,
  signal: AbortSignal,
): Promise<Socket> {
  const host = `${target.hostname}:${target.port || '443'}`;
  return new Promise((resolve, reject) => {
    const request = (proxy.protocol === 'https:' ? https : http).request({
      host: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
      method: 'CONNECT',
      path: host,
      headers: { host, ...proxyAuthorization(proxy), ...headers },
      agent: false,
      signal,
    });
    request.on('connect', (response, socket: Socket) => {
      if (response.statusCode === 200) resolve(socket);
      else {
        socket.destroy();
        reject(
          Object.assign(new Error('the proxy refuses'), { code: `PROXY_STATUS_${response.statusCode}` }),
        );
      }
    });
    request.on('error', reject);
    request.end();
  });
}
