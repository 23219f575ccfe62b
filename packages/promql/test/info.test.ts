/** `info`: what is asked of storage, what is added, and what contradicts itself. */
import { expect, test } from 'vitest';
import { Engine, type MemoryStorage, type Queryable, type SelectRequest } from '../dist/index.js';
import { loaded } from './script.ts';

const engine = new Engine({ experimental: true });
const MINUTE = 60_000;

async function at(storage: Queryable, query: string, timeMs: number): Promise<string[]> {
  const { value } = await engine.instant(storage, query, timeMs);
  return value.type === 'vector' ? value.samples.map(({ labels, value }) => `${labels} ${value}`).sort() : [];
}

function recorded(storage: MemoryStorage): { storage: Queryable; calls: (readonly SelectRequest[])[] } {
  const calls: (readonly SelectRequest[])[] = [];
  const select: Queryable['select'] = (requests, signal) => {
    calls.push(requests);
    return storage.select(requests, signal);
  };
  return { storage: { select }, calls };
}

test('storage is asked for the info series of the targets that the argument names, and for no others', async () => {
  const { storage, calls } = recorded(
    loaded(
      MINUTE,
      'up{instance="a.b:1",job="x",path="/"} 1x9',
      'up{instance="c",job="x",path="/"} 1x9',
      'up{instance="d",job="y",path="/"} 1x9',
      'target_info{instance="a.b:1",job="x",version="1"} 1x9',
      'target_info{instance="d",job="y",version="2"} 1x9',
    ),
  );
  expect(await at(storage, 'info(up{job="x"} offset 1m, {version=~".+"})', 5 * MINUTE)).toEqual([
    'up{instance="a.b:1", job="x", path="/", version="1"} 1',
  ]);
  expect(calls).toHaveLength(2);
  expect(calls[0]).toHaveLength(1);
  expect(calls[1]).toMatchObject([
    {
      matchers: [
        { name: 'instance', op: '=~', value: String.raw`a\.b:1|c` },
        { name: 'job', op: '=~', value: 'x' },
        { name: 'version', op: '=~', value: '.+' },
        { name: '__name__', op: '=', value: 'target_info' },
      ],
      startMs: -1 * MINUTE,
      endMs: 4 * MINUTE,
      hints: { func: 'info', rangeMs: 0, stepMs: 0 },
    },
  ]);
});

test('nothing is asked where no series has an instance or a job', async () => {
  const { storage, calls } = recorded(loaded(MINUTE, 'm{a="1"} 1', 'target_info{version="1"} 1'));
  expect(await at(storage, 'info(m)', 0)).toEqual(['m{a="1"} 1']);
  expect(await at(storage, 'info(vector(1), {version=~".+"})', 0)).toEqual([]);
  expect(calls).toHaveLength(1);
});

test('two info series as late as each other are an error', async () => {
  const storage = loaded(
    MINUTE,
    'm{instance="a",job="x"} 1 1 1',
    'target_info{instance="a",job="x",version="1"} 1 1 1',
    'target_info{instance="a",job="x",version="2"} _ 1 _',
  );
  expect(await at(storage, 'info(m)', 0)).toEqual(['m{instance="a", job="x", version="1"} 1']);
  await expect(at(storage, 'info(m)', MINUTE)).rejects.toThrow(
    /^found duplicate series for info metric: existing target_info\{.*\} @ 60000, new target_info\{.*\} @ 60000$/,
  );
  expect(await at(storage, 'info(m)', 2 * MINUTE)).toEqual(['m{instance="a", job="x", version="1"} 1']);
  // Nobody asks there.
  expect(await at(storage, 'info(m > 1)', MINUTE)).toEqual([]);
});

test('info metrics that contradict each other are an error, unless the series has the label itself', async () => {
  const infos = ['a_info{job="x",v="1"} 1x3', 'b_info{job="x",v="2"} 1x3'];
  const query = 'info(m, {__name__=~".+_info"})';
  await expect(at(loaded(MINUTE, 'm{job="x"} 1', ...infos), query, 0)).rejects.toThrow(
    'conflicting label: v',
  );
  expect(await at(loaded(MINUTE, 'm{job="x",v="0"} 1', ...infos), query, 0)).toEqual(['m{job="x", v="0"} 1']);
});

test('series that become the same by their info labels are an error', async () => {
  const storage = loaded(MINUTE, 'm{job="x",v="1"} 1', 'm{job="x"} 1', 'target_info{job="x",v="1"} 1');
  await expect(at(storage, 'info(m)', 0)).rejects.toThrow(
    'vector cannot contain metrics with the same labelset',
  );
});

test('each step of a range query has the labels that an instant query has', async () => {
  const storage = loaded(
    MINUTE,
    'm{instance="a",job="x"} 0+1x20',
    'm{instance="b",job="x"} _ _ 0+1x9 stale _ 5x4',
    'target_info{instance="a",job="x",v="1"} 1x4 stale',
    'target_info{instance="a",job="x",v="2"} _x5 1x9',
    'target_info{instance="b",job="x",v="3"} _ _ _ 1x5',
    'build_info{instance="b",job="x",build="7"} 1 _ 1x3',
  );
  for (const query of [
    'info(m)',
    'info(m, {v=~"1|3"})',
    'info(rate(m[3m]), {__name__=~".+_info"})',
    'info(m @ 300)',
    'sum by (v) (info(m offset 2m))',
    'max_over_time(info(m)[4m:1m])',
  ]) {
    const { value } = await engine.range(storage, query, 0, 20 * MINUTE, MINUTE);
    for (let time = 0; time <= 20 * MINUTE; time += MINUTE) {
      const ranged = (value.type === 'matrix' ? value.series : []).flatMap(
        ({ labels, timestamps, values }) => {
          const i = timestamps.indexOf(time);
          return i < 0 ? [] : [`${labels} ${values[i]}`];
        },
      );
      expect(ranged.sort(), `${query} at ${time}`).toEqual(await at(storage, query, time));
    }
  }
});
