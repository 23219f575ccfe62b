/** What a job has counted: all processes of its service where it has one, else its own. */
import type { Family } from '../exposition/families.ts';
import { defaultRegistry, type Registry } from '../registry.ts';
import { MetricsServer } from '../serve/server.ts';
import { serverOf } from '../serve/serving.ts';

/** The families of a registry now, after its callbacks were asked. */
export async function countedFamilies(registry: Registry = defaultRegistry()): Promise<readonly Family[]> {
  const server = (await serverOf(registry)) ?? new MetricsServer(registry);
  await server.collect();
  return server.families();
}
