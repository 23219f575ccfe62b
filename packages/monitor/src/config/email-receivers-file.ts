/** Reads `email_configs`. */
import type { Secret } from '../secret.ts';
import { readTlsConfig } from './http-config.ts';
import { hostPortField, type ReceiverGlobals } from './receiver-globals.ts';
import type { EmailConfig } from './receivers.ts';
import { secretField, textField } from './secret-fields.ts';
import type { YamlMap, YamlNode } from './yaml-reader.ts';

/** One of `email_configs`. */
export function readEmail(
  map: YamlMap,
  node: YamlNode,
  { smtp }: ReceiverGlobals,
  configPath: string,
): EmailConfig {
  const to = textField(map, 'to');
  if (to === undefined) node.problem(`${node.path} needs to: the address that mail goes to`);
  const from = textField(map, 'from') ?? smtp.from;
  if (from === undefined) node.problem(`${node.path} needs from, or smtp_from in global`);
  const smarthost = hostPortField(map, 'smarthost') ?? smtp.smarthost;
  if (smarthost === undefined) node.problem(`${node.path} needs smarthost, or smtp_smarthost in global`);
  const authPassword: Secret | undefined = secretField(map, 'auth_password', configPath) ?? smtp.authPassword;
  const authSecret: Secret | undefined = secretField(map, 'auth_secret', configPath) ?? smtp.authSecret;
  const forceImplicitTls = map.boolean('force_implicit_tls') ?? smtp.forceImplicitTls;
  const tlsMap = map.map('tls_config');
  const headers = readHeaders(map);
  const config: EmailConfig = {
    sendResolved: map.boolean('send_resolved') ?? false,
    to: to ?? '',
    from: from ?? '',
    hello: textField(map, 'hello') ?? smtp.hello,
    host: smarthost?.host ?? '',
    port: smarthost?.port ?? '',
    authUsername: textField(map, 'auth_username') ?? smtp.authUsername,
    ...(authPassword !== undefined && { authPassword }),
    ...(authSecret !== undefined && { authSecret }),
    authIdentity: textField(map, 'auth_identity') ?? smtp.authIdentity,
    headers: {
      Subject: '{{ template "email.default.subject" . }}',
      To: to ?? '',
      From: from ?? '',
      ...headers,
    },
    html: map.text('html') ?? '{{ template "email.default.html" . }}',
    text: map.text('text') ?? '',
    requireTls: map.boolean('require_tls') ?? smtp.requireTls,
    ...(forceImplicitTls !== undefined && { forceImplicitTls }),
    tls: tlsMap === undefined ? smtp.tls : readTlsConfig(tlsMap, configPath),
    threading: readThreading(map.map('threading'), map, headers),
  };
  map.finish();
  return config;
}

/** Headers by canonical name; names that differ in case only are the same. */
function readHeaders(map: YamlMap): Record<string, string> {
  const headers: Record<string, string> = {};
  const fields = map.map('headers');
  for (const { name, value } of fields?.entries() ?? []) {
    const canonical = canonicalHeader(name);
    if (canonical in headers)
      fields?.problemAt(name, `the header ${JSON.stringify(canonical)} is given twice`);
    headers[canonical] = value?.text() ?? '';
  }
  return headers;
}

/** `reply-TO` as `Reply-To`, as Go writes names of headers; names that are none stay as they are. */
export function canonicalHeader(name: string): string {
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) return name;
  return name.toLowerCase().replace(/(?:^|-)[a-z]/g, (start) => start.toUpperCase());
}

function readThreading(
  map: YamlMap | undefined,
  email: YamlMap,
  headers: Readonly<Record<string, string>>,
): EmailConfig['threading'] {
  if (map === undefined) return 'off';
  const enabled = map.boolean('enabled') ?? false;
  const byDate = map.text('thread_by_date') ?? '';
  map.finish();
  if (!enabled) return 'off';
  for (const name of ['References', 'In-Reply-To']) {
    if (name in headers)
      email.problemAt('threading', `threading sets the header ${name}, which headers sets too`);
  }
  if (byDate !== 'none' && byDate !== 'daily')
    email.problemAt('threading', "threading needs thread_by_date: 'none' or 'daily'");
  return byDate === 'none' ? 'all' : 'daily';
}
