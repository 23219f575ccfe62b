/** Asks Prometheus to format random queries: the pretty printer does the same with them. */
import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse, prettyExpr } from '../packages/promql/dist/index.js';
import { parses } from '../packages/promql/test/queries.ts';
import { startProgram, temporaryFolder } from '../test/children.ts';
import { freePort } from '../test/free-port.ts';
import { answering, outside } from '../test/outside.ts';
import { anyQuery } from './random-queries.ts';

test('long queries are broken into lines as Prometheus does it', { timeout: 300_000 }, async (ctx) => {
  const prometheus = outside(ctx, 'prometheus');
  const folder = temporaryFolder();
  writeFileSync(`${folder}/prometheus.yml`, 'global: {}\n');
  const address = `127.0.0.1:${await freePort()}`;
  startProgram(prometheus, [
    `--config.file=${folder}/prometheus.yml`,
    `--storage.tsdb.path=${folder}/data`,
    `--web.listen-address=${address}`,
  ]);
  const url = `http://${address}`;
  await answering(`${url}/-/ready`);

  let long = 0;
  // Pairs of queries, since most single ones fit into a line.
  for (const [a, b] of fc.sample(fc.tuple(anyQuery, anyQuery), { numRuns: 300, seed: 7 })) {
    const query = `sum by (job, instance) ((${a}) or ignoring (some_label) (${b}))`;
    // Infinity is printed without its sign, which would bind weaker than a power behind it.
    if (/inf/i.test(query) || !parses(query)) continue;
    const body = new URLSearchParams({ query });
    const response = await fetch(`${url}/api/v1/format_query`, { method: 'POST', body });
    const { data } = (await response.json()) as { data?: string };
    // What only one of the versions refuses is no question of format.
    if (data === undefined) continue;
    // Prometheus does not indent a subquery that fits into its line.
    const comparable = (text: string): string => (/\[\w+:/.test(query) ? text.replaceAll(/^ +/gm, '') : text);
    expect(comparable(prettyExpr(parse(query))), query).toBe(comparable(data));
    if (data.includes('\n')) long++;
  }
  expect(long).toBeGreaterThan(100);
});
