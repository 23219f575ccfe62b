/** How an HTTP client proves who it is and reaches its server: the settings that `http_config` has everywhere. */
import type { Secret } from './secret.ts';

/** Versions of TLS as Node names them. */
export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

/** How a server is trusted, and the client's own certificate. Certificates and keys are PEM. */
export interface TlsSettings {
  readonly ca?: Secret;
  readonly cert?: Secret;
  readonly key?: Secret;
  /** The name that the server's certificate must have, where it is not the host's. */
  readonly serverName?: string;
  readonly insecureSkipVerify: boolean;
  readonly minVersion?: TlsVersion;
  readonly maxVersion?: TlsVersion;
}

/** Which proxy is used for which host. */
export interface ProxySettings {
  /** `http://` or `https://`; a secret, since it may hold a password. */
  readonly url?: Secret;
  /** Hosts, domains and networks that are reached without it, as in the variable `NO_PROXY`. */
  readonly noProxy?: string;
  /** Whether `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` say which proxy is used. */
  readonly fromEnvironment: boolean;
  /** Sent to the proxy with CONNECT. */
  readonly connectHeaders: readonly HeaderSetting[];
}

/** A header with its values, each of which may be a secret. */
export interface HeaderSetting {
  readonly name: string;
  readonly values: readonly Secret[];
}

/** Tokens by OAuth 2's client credentials. */
export interface OAuth2Settings {
  readonly clientId: string;
  readonly clientSecret?: Secret;
  readonly tokenUrl: string;
  readonly scopes: readonly string[];
  readonly endpointParams: Readonly<Record<string, string>>;
  readonly tls: TlsSettings;
  readonly proxy: ProxySettings;
}

/** The settings of one client. At most one of `basicAuth`, `authorization` and `oauth2` is given. */
export interface HttpSettings {
  readonly basicAuth?: { readonly username?: Secret; readonly password?: Secret };
  /** `Authorization: TYPE CREDENTIALS`. */
  readonly authorization?: { readonly type: string; readonly credentials?: Secret };
  readonly oauth2?: OAuth2Settings;
  readonly tls: TlsSettings;
  readonly proxy: ProxySettings;
  readonly followRedirects: boolean;
  readonly headers: readonly HeaderSetting[];
}

/** Settings that say nothing: Alertmanager's and Prometheus's defaults. */
export const DEFAULT_HTTP_SETTINGS: HttpSettings = {
  tls: { insecureSkipVerify: false },
  proxy: { fromEnvironment: false, connectHeaders: [] },
  followRedirects: true,
  headers: [],
};
