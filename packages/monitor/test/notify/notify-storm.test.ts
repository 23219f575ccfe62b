/** A storm of 10,000 alerts, as `bench/notify-storm.mjs` makes it, which prints the figures. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { SENDS_AT_ONCE_MAX } from '../../dist/notify/message-sender.js';

const BENCH = fileURLToPath(new URL('../../../../bench/notify-storm.mjs', import.meta.url));
const ALERTS = 10_000;
const MEMORY_MB_MAX = 500;

interface Storm {
  readonly firing: { readonly messages: number; readonly told: number };
  readonly sockets: number;
  readonly memoryMb: number;
}

it.concurrent.each([1, ALERTS])(
  'tells 10,000 alerts in %i groups, each once, with bounded memory and sockets',
  async (groups) => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [BENCH, String(ALERTS), '--json', String(groups)],
      { env: { ...process.env, BINNACLE_STORM_SECONDS: '400' } },
    );
    const [storm] = JSON.parse(stdout) as [Storm];
    expect(storm.firing).toMatchObject({ messages: groups, told: ALERTS });
    expect(storm.memoryMb).toBeLessThan(MEMORY_MB_MAX);
    expect(storm.sockets).toBeLessThanOrEqual(SENDS_AT_ONCE_MAX);
  },
  900_000,
);
