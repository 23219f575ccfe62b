/**
 * Reads `http_config`, which receivers of alerts have, and the same fields where they stand directly in a mapping:
 * in `alertmanagers` and `scrape_configs` of `prometheus.yml`. Names, defaults and checks are Prometheus's.
 *
 * What Binnacle does not do is refused by name: values from a secret manager (`*_ref`), OAuth 2 by signed tokens,
 * and proxies that speak SOCKS. `enable_http2` is read and changes nothing, since HTTP/1.1 is spoken.
 */
import type {
  HeaderSetting,
  HttpSettings,
  OAuth2Settings,
  ProxySettings,
  TlsSettings,
  TlsVersion,
} from '../http-settings.ts';
import { Secret } from '../secret.ts';
import { pathBeside, secretField, textField } from './secret-fields.ts';
import type { YamlMap, YamlNode } from './yaml-reader.ts';

const TLS_VERSIONS: Readonly<Record<string, TlsVersion>> = {
  TLS10: 'TLSv1',
  TLS11: 'TLSv1.1',
  TLS12: 'TLSv1.2',
  TLS13: 'TLSv1.3',
};

/** Headers that the client sets itself. */
const RESERVED_HEADERS = new Set([
  'authorization',
  'host',
  'content-encoding',
  'content-length',
  'content-type',
  'user-agent',
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'www-authenticate',
  'accept-encoding',
  'x-prometheus-remote-write-version',
  'x-prometheus-remote-read-version',
  'x-prometheus-scrape-timeout-seconds',
  'x-amz-date',
  'x-amz-security-token',
  'x-amz-content-sha256',
]);

/** A mapping of its own, `http_config`; undefined where it is absent. */
export function readHttpConfig(
  map: YamlMap | undefined,
  name: string,
  configPath: string,
): HttpSettings | undefined {
  const fields = map?.map(name);
  if (fields === undefined) return undefined;
  const settings = readHttpFields(fields, configPath);
  fields.finish();
  return settings;
}

/** The fields of `http_config` in a mapping that has others too. */
export function readHttpFields(map: YamlMap, configPath: string): HttpSettings {
  const basicAuth = readBasicAuth(map.map('basic_auth'), configPath);
  const authorization = readAuthorization(map.map('authorization'), configPath);
  const oauth2 = readOAuth2(map.map('oauth2'), configPath);
  const bearer = secretField(map, 'bearer_token', configPath);
  const ways = { basic_auth: basicAuth, authorization, oauth2, bearer_token: bearer };
  const given = Object.entries(ways).filter(([, value]) => value !== undefined);
  if (given.length > 1)
    map.problemAt(
      given[1]![0],
      `at most one of basic_auth, authorization, oauth2 and bearer_token may be given; here are ${given
        .map(([name]) => name)
        .join(' and ')}`,
    );
  const tls = readTlsConfig(map.map('tls_config'), configPath);
  const proxy = readProxy(map);
  const followRedirects = map.boolean('follow_redirects') ?? true;
  map.boolean('enable_http2');
  const settings: HttpSettings = {
    ...(basicAuth !== undefined && { basicAuth }),
    ...(authorization !== undefined && { authorization }),
    ...(bearer !== undefined && { authorization: { type: 'Bearer', credentials: bearer } }),
    ...(oauth2 !== undefined && { oauth2 }),
    tls,
    proxy,
    followRedirects,
    headers: readHeaders(map.map('http_headers'), configPath),
  };
  return settings;
}

function readBasicAuth(map: YamlMap | undefined, configPath: string): HttpSettings['basicAuth'] {
  if (map === undefined) return undefined;
  refuseReferences(map, ['username_ref', 'password_ref']);
  const username = secretField(map, 'username', configPath);
  const password = secretField(map, 'password', configPath);
  map.finish();
  return { ...(username !== undefined && { username }), ...(password !== undefined && { password }) };
}

function readAuthorization(map: YamlMap | undefined, configPath: string): HttpSettings['authorization'] {
  if (map === undefined) return undefined;
  refuseReferences(map, ['credentials_ref']);
  const type = map.text('type')?.trim() || 'Bearer';
  if (type.toLowerCase() === 'basic')
    map.field('type')?.problem('authorization cannot be of type "basic": use basic_auth');
  const credentials = secretField(map, 'credentials', configPath);
  map.finish();
  return { type, ...(credentials !== undefined && { credentials }) };
}

function readOAuth2(map: YamlMap | undefined, configPath: string): OAuth2Settings | undefined {
  if (map === undefined) return undefined;
  refuseReferences(map, ['client_secret_ref', 'client_certificate_key_ref']);
  const grantType = textField(map, 'grant_type') ?? 'client_credentials';
  if (grantType !== 'client_credentials')
    map.field('grant_type')?.problem('oauth2: Binnacle asks for tokens by client_credentials only');
  const clientId = textField(map, 'client_id');
  const tokenUrl = textField(map, 'token_url');
  if (clientId === undefined) map.problem('oauth2 needs client_id');
  if (tokenUrl === undefined) map.problem('oauth2 needs token_url');
  const clientSecret = secretField(map, 'client_secret', configPath);
  const settings: OAuth2Settings = {
    clientId: clientId ?? '',
    tokenUrl: tokenUrl ?? '',
    ...(clientSecret !== undefined && { clientSecret }),
    scopes: map.items('scopes').flatMap((item) => item.text() ?? []),
    endpointParams: map.texts('endpoint_params'),
    tls: readTlsConfig(map.map('tls_config'), configPath),
    proxy: readProxy(map),
  };
  map.finish([
    'client_certificate_key',
    'client_certificate_key_file',
    'signature_algorithm',
    'iss',
    'claims',
  ]);
  return settings;
}

/** A `tls_config`; the defaults where it is absent. */
export function readTlsConfig(map: YamlMap | undefined, configPath: string): TlsSettings {
  if (map === undefined) return { insecureSkipVerify: false };
  refuseReferences(map, ['ca_ref', 'cert_ref', 'key_ref']);
  const ca = secretField(map, 'ca', configPath);
  const cert = secretField(map, 'cert', configPath);
  const key = secretField(map, 'key', configPath);
  if (cert !== undefined && key === undefined)
    map.problem('a client certificate (cert, cert_file) needs its key (key, key_file)');
  if (key !== undefined && cert === undefined)
    map.problem('a client key (key, key_file) needs its certificate (cert, cert_file)');
  const serverName = textField(map, 'server_name');
  const minVersion = readTlsVersion(map.field('min_version'));
  const maxVersion = readTlsVersion(map.field('max_version'));
  const settings: TlsSettings = {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(serverName !== undefined && { serverName }),
    ...(minVersion !== undefined && { minVersion }),
    ...(maxVersion !== undefined && { maxVersion }),
    insecureSkipVerify: map.boolean('insecure_skip_verify') ?? false,
  };
  map.finish();
  return settings;
}

function readTlsVersion(node: YamlNode | undefined): TlsVersion | undefined {
  const text = node?.text();
  if (node === undefined || text === undefined) return undefined;
  const version = TLS_VERSIONS[text];
  if (version === undefined)
    node.problem(`${node.path} must be one of ${Object.keys(TLS_VERSIONS).join(', ')}`);
  return version;
}

function readProxy(map: YamlMap): ProxySettings {
  map.field('proxy_url')?.hide();
  const text = textField(map, 'proxy_url');
  const noProxy = textField(map, 'no_proxy');
  const fromEnvironment = map.boolean('proxy_from_environment') ?? false;
  const connectHeaders = (map.map('proxy_connect_header')?.entries() ?? []).map(
    ({ name, value }): HeaderSetting => ({
      name,
      values: (value?.items() ?? []).flatMap((item) => secretText(item)),
    }),
  );
  if (text !== undefined && !/^https?:\/\/[^/]/i.test(text))
    map
      .field('proxy_url')
      ?.problem('proxy_url must start with http:// or https://; other proxies are not used');
  if (connectHeaders.length > 0 && !fromEnvironment && text === undefined)
    map.problemAt('proxy_connect_header', 'proxy_connect_header needs proxy_url or proxy_from_environment');
  if (fromEnvironment && text !== undefined)
    map.problemAt('proxy_url', 'proxy_url and proxy_from_environment exclude each other');
  if (fromEnvironment && noProxy !== undefined)
    map.problemAt('no_proxy', 'no_proxy and proxy_from_environment exclude each other');
  if (!fromEnvironment && text === undefined && noProxy !== undefined)
    map.problemAt('no_proxy', 'no_proxy needs proxy_url');
  return {
    ...(text !== undefined && { url: Secret.text(text) }),
    ...(noProxy !== undefined && { noProxy }),
    fromEnvironment,
    connectHeaders,
  };
}

function readHeaders(map: YamlMap | undefined, configPath: string): HeaderSetting[] {
  return (map?.entries() ?? []).flatMap(({ name, value }) => {
    if (RESERVED_HEADERS.has(name.toLowerCase()))
      map?.problemAt(name, `the header ${JSON.stringify(name)} cannot be set: the client sets it`);
    const fields = value?.map();
    if (fields === undefined) return [];
    const values = ['values', 'secrets'].flatMap((list) => fields.items(list).flatMap(secretText));
    const files = fields
      .items('files')
      .flatMap((item) => item.text() ?? [])
      .map((file) => Secret.file(pathBeside(configPath, file)));
    fields.finish();
    return [{ name, values: [...values, ...files] }];
  });
}

function secretText(item: YamlNode): Secret[] {
  item.hide();
  const text = item.text();
  return text === undefined ? [] : [Secret.text(text)];
}

function refuseReferences(map: YamlMap, names: readonly string[]): void {
  for (const name of names) {
    const node = map.field(name);
    node?.problem(
      `${node.path}: Binnacle has no secret manager; name a file (${name.replace(/_ref$/, '_file')})`,
    );
  }
}
