/**
 * The default labels of a service: a primary that answers for its workers shows the labels that these have set, as
 * prom-client's does, to which the workers send their values with the labels on them.
 *
 * They lie in a file beside the metrics, `default-labels.json`: `{"epoch":"...","labels":{"app":"api"}}`. Those of
 * an epoch that is over count for nothing. The last process that has set some decides.
 */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { type GivenLabels, isObject } from './labels.ts';

const FILE = 'default-labels.json';

/** Notes default labels for the other processes. Never throws: without them, series have fewer labels. */
export function writeDefaultLabels(directory: string, labels: GivenLabels): void {
  const temporary = path.join(directory, `${randomBytes(8).toString('hex')}.tmp`);
  try {
    const epoch = epochOf(directory);
    fs.writeFileSync(temporary, `${JSON.stringify({ epoch, labels })}\n`, { mode: 0o600 });
    fs.renameSync(temporary, path.join(directory, FILE));
  } catch {
    fs.rmSync(temporary, { force: true });
  }
}

/** The default labels that a process of the service has noted; none where it is not so. */
export function readDefaultLabels(directory: string): GivenLabels {
  const noted = readJson(path.join(directory, FILE));
  return isObject(noted) && isObject(noted.labels) && noted.epoch === epochOf(directory) ? noted.labels : {};
}

function epochOf(directory: string): unknown {
  const manifest = readJson(path.join(directory, 'service.json'));
  return isObject(manifest) ? manifest.epoch : undefined;
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
