import { expect, test } from 'vitest';
import { createRegistry, label, operation } from '../dist/index.js';
import { changes, value } from '../dist/testing.js';

test('an operation is counted by outcome, timed, and shown while it is under way', async () => {
  const registry = createRegistry();
  const upload = operation({ name: 'upload', help: 'Upload of a file', buckets: [1], registry });
  expect(upload.run(() => [value(upload.inProgress), 'result'])).toEqual([1, 'result']);
  expect(() =>
    upload.run(() => {
      throw new Error('no');
    }),
  ).toThrow('no');
  const reason = AbortSignal.abort().reason as Error;
  await expect(upload.run(async () => Promise.reject(reason))).rejects.toBe(reason);
  expect(await upload.run(async () => 3)).toBe(3);
  const outcomes = (['success', 'error', 'aborted'] as const).map((outcome) =>
    value(upload.total, { outcome }),
  );
  expect(outcomes).toEqual([2, 1, 1]);
  expect(value(upload.duration)).toMatchObject({ count: 4, buckets: { '1': 4, '+Inf': 4 } });
  expect(value(upload.inProgress)).toBe(0);
});

test('its names are whole, and in the types', () => {
  const registry = createRegistry();
  const upload = operation({ name: 'upload', help: 'U', registry });
  const total: 'uploads_total' = upload.total.name;
  const duration: 'upload_duration_seconds' = upload.duration.name;
  const inProgress: 'uploads_in_progress' = upload.inProgress.name;
  expect([total, duration, inProgress]).toEqual([
    'uploads_total',
    'upload_duration_seconds',
    'uploads_in_progress',
  ]);
  const query = operation({ name: 'db_query', plural: 'db_queries', help: 'Q', registry });
  const plural: 'db_queries_total' = query.total.name;
  expect([plural, query.duration.name, query.inProgress.name]).toEqual([
    'db_queries_total',
    'db_query_duration_seconds',
    'db_queries_in_progress',
  ]);
});

test('its labels are on all three metrics', () => {
  const registry = createRegistry();
  const upload = operation({
    name: 'upload',
    help: 'U',
    labels: { kind: ['image', 'video'], customer: label },
    registry,
  });
  const changed = changes(upload, () => upload.run({ kind: 'image', customer: 'a' }, () => {}));
  expect(changed).toMatchObject({
    'uploads_total{kind="image",customer="a",outcome="success"}': 1,
    'upload_duration_seconds_count{kind="image",customer="a"}': 1,
  });
  expect(value(upload.inProgress, { kind: 'image', customer: 'a' })).toBe(0);
});

test('what would give wrong names or labels is refused', () => {
  const registry = createRegistry();
  expect(() => operation({ name: 'query' as string, help: 'Q', registry })).toThrow('needs its plural');
  expect(() =>
    operation({
      name: 'upload',
      help: 'U',
      labels: { outcome: label } as unknown as Record<never, never>,
      registry,
    }),
  ).toThrow('label outcome says how it ended');
  const never = () => {
    // @ts-expect-error the plural of query is not querys
    operation({ name: 'query', help: 'Q', registry });
    // @ts-expect-error the outcome is the operation's own label
    operation({ name: 'upload', help: 'U', labels: { outcome: label }, registry });
    const upload = operation({ name: 'upload', help: 'U', labels: { kind: ['image'] }, registry });
    // @ts-expect-error labels are missing
    upload.run(() => 1);
    // @ts-expect-error a value that is not in the list
    upload.run({ kind: 'audio' }, () => 1);
    // @ts-expect-error an outcome that there is not
    value(upload.total, { kind: 'image', outcome: 'failed' });
  };
  expect(never).toBeTypeOf('function');
});
