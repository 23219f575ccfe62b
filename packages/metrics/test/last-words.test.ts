/** A writer that publishes something and is gone while a reader looks at it: nothing of it is lost by folding. */
import path from 'node:path';
import { expect, test } from 'vitest';
import { counter, createRegistry, label, serveMetrics } from '../dist/index.js';
import { MetricsDirectory } from '../dist/store/directory.js';
import { type LockMode, nativeFilesOrNone } from '../dist/store/native.js';
import { DirectoryReader } from '../dist/store/reader.js';
import { metricsDirectory } from './members.js';

test('what a writer has published just before its lock was found free is folded with the rest', async (context) => {
  const native = await nativeFilesOrNone();
  if (native === undefined) return context.skip('files cannot be mapped here');
  const directory = path.join(metricsDirectory(), 'metrics');
  const registry = createRegistry();
  const told = counter({ name: 'told_total', help: 'T', labels: { when: label }, registry });
  const server = await serveMetrics({ service: 'test', directory, registry, port: 0 });
  told.inc({ when: 'early' });

  // Its last words come between listing the files and looking at its lock, which is then found free.
  let dying = false;
  const observed = Object.assign(Object.create(native) as typeof native, {
    tryLock(fd: number, mode: LockMode): boolean {
      if (!dying || mode !== 'shared') return native.tryLock(fd, mode);
      dying = false;
      told.inc({ when: 'late' }, 5);
      return true;
    },
  });
  const reader = new DirectoryReader(MetricsDirectory.open(directory, 'test', '', observed));
  const values = () => {
    const family = reader.read().families.find(({ name }) => name === 'told_total');
    return family?.type === 'counter'
      ? Object.fromEntries(family.series.map(({ labelValues, value }) => [labelValues[0], value]))
      : undefined;
  };
  expect(values()).toEqual({ early: 1 });
  dying = true;
  expect(reader.fold()).toBe(1);
  expect(values()).toEqual({ early: 1, late: 5 });
  reader.close();
  await server.close();
});
