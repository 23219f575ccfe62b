/**
 * Asks Prometheus and the engine which series `limitk` and `limit_ratio` keep: the same ones, whatever the labels are
 * made of.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { Labels } from '@binnacle/metrics/model';
import { expect, test } from 'vitest';
import { Engine, MemoryStorage } from '../packages/promql/dist/index.js';
import { startProgram, temporaryFolder } from '../test/children.ts';
import { freePort } from '../test/free-port.ts';
import { answering, outside } from '../test/outside.ts';

const TIME_S = 1_700_000_000;
const QUERIES = [
  ...[0.1, 0.5, 0.9, -0.1, -0.5, -0.99, 1, -1].map((ratio) => `limit_ratio(${ratio}, places)`),
  'limit_ratio by (zone) (0.4, places)',
  'limit_ratio(0.4, abs(places))',
  'limit_ratio(0.4, sum by (zone) (places))',
  'limitk(7, places)',
  'limitk by (zone) (2, places)',
  'limitk(3, sum without (zone) (places))',
  'limitk(2, count by (zone) (places))',
];

/** Label sets with texts short and long, plain and not. */
function labelSets(): Labels[] {
  const names = [
    '',
    'é',
    '日本語',
    '🦊🦊',
    'x'.repeat(31),
    'y'.repeat(254),
    'z'.repeat(255),
    'ü'.repeat(300),
  ];
  return Array.from({ length: 160 }, (_, i) =>
    Labels.of({
      __name__: 'places',
      number: String((i * 7919) % 160),
      zone: `zone-${i % 5}`,
      note: names[i % names.length]!,
    }),
  );
}

test('limitk and limit_ratio keep the series that Prometheus keeps', { timeout: 300_000 }, async (ctx) => {
  const [prometheus, promtool] = [outside(ctx, 'prometheus'), outside(ctx, 'promtool')];
  const folder = temporaryFolder();
  const storage = new MemoryStorage();
  const lines = ['# TYPE places gauge'];
  for (const [i, labels] of labelSets().entries()) {
    storage.append(labels, TIME_S * 1000, i);
    const pairs = labels.names.flatMap((name, at) =>
      name === '__name__' ? [] : [`${name}=${JSON.stringify(labels.values[at])}`],
    );
    lines.push(`places{${pairs.join(',')}} ${i} ${TIME_S}`);
  }
  writeFileSync(`${folder}/places.om`, `${lines.join('\n')}\n# EOF\n`);
  writeFileSync(`${folder}/prometheus.yml`, 'global: {}\n');
  const blocks = ['tsdb', 'create-blocks-from', 'openmetrics', `${folder}/places.om`, `${folder}/data`];
  execFileSync(promtool, blocks, { stdio: 'ignore' });
  const address = `http://127.0.0.1:${await freePort()}`;
  startProgram(prometheus, [
    `--config.file=${folder}/prometheus.yml`,
    `--storage.tsdb.path=${folder}/data`,
    '--storage.tsdb.retention.time=100y',
    '--enable-feature=promql-experimental-functions',
    `--web.listen-address=${address.slice('http://'.length)}`,
  ]);
  await answering(`${address}/-/ready`);

  const engine = new Engine({ experimental: true });
  for (const query of QUERIES) {
    const response = await fetch(`${address}/api/v1/query?time=${TIME_S}&query=${encodeURIComponent(query)}`);
    const { data } = (await response.json()) as {
      data: { result: { metric: Record<string, string> }[] };
    };
    const theirs = data.result.map(({ metric }) => Labels.of(metric).toString()).sort();
    const { value } = await engine.instant(storage, query, TIME_S * 1000);
    const ours = value.type === 'vector' ? value.samples.map(({ labels }) => labels.toString()).sort() : [];
    expect.soft(ours, query).toEqual(theirs);
    expect.soft(theirs.length, query).toBeGreaterThan(0);
  }
});
