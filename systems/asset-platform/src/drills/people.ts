/** What people do in drills: they ask, create assets and upload files, over HTTP as everybody. */
import type { DrillStage } from '@binnacle/system-parts/drill';

/** A service of the platform by its word. */
export type ServiceWord = 'gateway' | 'assets' | 'files' | 'search' | 'transcode';

/** The address of a service, past the gateway. */
export function serviceUrl({ listening }: DrillStage, service: ServiceWord): string {
  const services = listening.services as Readonly<Record<ServiceWord, { readonly url: string }>>;
  return services[service].url;
}

/** Asks the gateway, and reads the answer to its end. @throws what `fetch` throws where there is none */
export async function ask(
  { url }: DrillStage,
  path: string,
  init: RequestInit = {},
): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(new URL(path, url), init);
  return (await response.json()) as Readonly<Record<string, unknown>>;
}

/** Creates an asset; gives its identifier. */
export async function createAsset(stage: DrillStage, name: string, description = ''): Promise<string> {
  const answer = await ask(stage, '/api/v1/assets', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, description }),
  });
  if (typeof answer.asset_id !== 'string')
    throw new Error(`the asset was not created: ${JSON.stringify(answer)}`);
  return answer.asset_id;
}

/** Uploads a file to an asset; gives the answer, whatever it is. */
export function upload(
  stage: DrillStage,
  assetId: string,
  name: string,
  body: Uint8Array<ArrayBuffer>,
): Promise<Readonly<Record<string, unknown>>> {
  return ask(stage, `/api/v1/assets/${assetId}/files?name=${name}`, { method: 'POST', body });
}

/** Searches; gives how much was found. */
export async function search(stage: DrillStage, text: string): Promise<number> {
  return Number((await ask(stage, `/api/v1/search?q=${text}`)).count);
}
