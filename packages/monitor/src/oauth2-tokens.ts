/** Tokens by OAuth 2's client credentials: asked for when one is needed, kept until shortly before they end. */
import type { Clock } from './clock.ts';
import { HttpFailure, type HttpSend } from './http-exchange.ts';
import type { OAuth2Settings } from './http-settings.ts';
import type { SecretScope } from './secret.ts';

/** A token that ends within this time is not used any more; Go's margin. */
const MARGIN_MS = 10_000;

/** The tokens of one client. */
export class OAuth2Tokens {
  readonly #settings: OAuth2Settings;
  readonly #send: HttpSend;
  readonly #clock: Clock;
  #token: { readonly value: string; readonly endsAtMs: number } | undefined;
  /** Whether the endpoint wants the secret in the form instead of the header; found out by trying. */
  #secretInForm = false;

  constructor(settings: OAuth2Settings, send: HttpSend, clock: Clock) {
    this.#settings = settings;
    this.#send = send;
    this.#clock = clock;
  }

  /** A token that is valid now. */
  async get(scope: SecretScope, signal: AbortSignal): Promise<string> {
    if (this.#token !== undefined && this.#clock.now() < this.#token.endsAtMs - MARGIN_MS) {
      scope.remember(this.#token.value);
      return this.#token.value;
    }
    let answer = await this.#ask(scope, signal);
    if (!isSuccess(answer.status) && !this.#secretInForm) {
      this.#secretInForm = true;
      answer = await this.#ask(scope, signal);
      if (!isSuccess(answer.status)) this.#secretInForm = false;
    }
    if (!isSuccess(answer.status))
      throw new HttpFailure('OAUTH2_STATUS', `the token endpoint answered ${answer.status}`);
    const token = tokenOf(answer.text);
    if (token === undefined) throw new HttpFailure('OAUTH2_ANSWER', 'the token endpoint answered no token');
    scope.remember(token.value);
    const { expiresInS } = token;
    const endsAtMs = expiresInS > 0 ? this.#clock.now() + expiresInS * 1000 : Number.POSITIVE_INFINITY;
    this.#token = { value: token.value, endsAtMs };
    return token.value;
  }

  async #ask(scope: SecretScope, signal: AbortSignal) {
    const { clientId, clientSecret, tokenUrl, scopes, endpointParams } = this.#settings;
    const secret = clientSecret === undefined ? '' : await scope.reveal(clientSecret);
    const form = new URLSearchParams({ grant_type: 'client_credentials', ...endpointParams });
    if (scopes.length > 0) form.set('scope', scopes.join(' '));
    const headers: Record<string, string> = { 'content-type': 'application/x-www-form-urlencoded' };
    if (this.#secretInForm) {
      form.set('client_id', clientId);
      form.set('client_secret', secret);
    } else {
      const credentials = `${encodeURIComponent(clientId)}:${encodeURIComponent(secret)}`;
      headers.authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
    }
    return await this.#send({ method: 'POST', url: tokenUrl, headers, body: form.toString(), signal, scope });
  }
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

function tokenOf(text: string): { readonly value: string; readonly expiresInS: number } | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof answer !== 'object' || answer === null || !('access_token' in answer)) return undefined;
  if (typeof answer.access_token !== 'string' || answer.access_token === '') return undefined;
  const expires = 'expires_in' in answer ? Number(answer.expires_in) : 0;
  return { value: answer.access_token, expiresInS: Number.isFinite(expires) ? expires : 0 };
}
