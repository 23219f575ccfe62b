/**
 * The shared store against a model: random programs of counting, removing, resetting, leaving, joining and folding,
 * by several members of one directory. After each step two readers, one that has been there all the time and one
 * that has just come, must show what the model says.
 *
 * The members are registries of this process; one that leaves without cleaning up stands for one that was killed.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Family, HistogramFamily, ScalarFamily, SummaryFamily } from '../../dist/exposition/index.js';
import {
  type Counter,
  counter,
  createRegistry,
  type Gauge,
  gauge,
  type Histogram,
  histogram,
  label,
  type OpenLabel,
  type Registry,
  type Summary,
  summary,
} from '../../dist/index.js';
import { MetricsDirectory } from '../../dist/store/directory.js';
import { loadNativeFiles } from '../../dist/store/native.js';
import { DirectoryReader } from '../../dist/store/reader.js';
import { SharedStore } from '../../dist/store/shared.js';
import { metricsDirectory } from '../members.ts';

const native = await loadNativeFiles();
const RUNS = process.env.BINNACLE_SOAK === '1' ? 1_500 : 120;

type Labels = { l: OpenLabel };

/** One member, its metrics, and the children that it has kept. */
interface Member {
  readonly registry: Registry;
  readonly store: SharedStore;
  readonly metrics: {
    readonly c_total: Counter<Labels>;
    readonly h: Histogram<Labels>;
    readonly n: Histogram<Labels>;
    readonly s: Summary<Labels>;
    readonly sum: Gauge<Labels>;
    readonly max: Gauge<Labels>;
    readonly recent: Gauge<Labels>;
  };
  readonly kept: Map<string, { count(value: number): void }>;
}

type Name = keyof Member['metrics'];
const NAMES: readonly Name[] = ['c_total', 'h', 'n', 's', 'sum', 'max', 'recent'];
/** Whose series outlive their writers, and are removed for all. */
const LASTING: readonly Name[] = ['c_total', 'h', 'n', 's', 'recent'];
const VALUES = ['a', 'b'] as const;

/** What one member has said of a series; of sums how much and how often. */
interface Said {
  sum: number;
  count: number;
  /** For the value that was set last: when. */
  at: number;
  /** Whether the member has said anything since it was erased. */
  shown: boolean;
}

/** By member (or `gone`) and series, what counts. */
class Model {
  readonly #said = new Map<string, Map<string, Said>>();
  /** By member, the series that it has children of, also where another member has removed them. */
  readonly #children = new Map<string, Set<string>>();
  #clock = 0;

  of(who: string): Map<string, Said> {
    let said = this.#said.get(who);
    if (said === undefined) {
      said = new Map();
      this.#said.set(who, said);
    }
    return said;
  }

  say(who: string, name: Name, value: string, amount: number): void {
    const said = this.of(who);
    const key = `${name}/${value}`;
    this.#childrenOf(who).add(key);
    const before = said.get(key) ?? { sum: 0, count: 0, at: 0, shown: false };
    const sets = name === 'sum' || name === 'max' || name === 'recent';
    said.set(key, {
      sum: sets ? amount : before.sum + amount,
      count: before.count + 1,
      at: ++this.#clock,
      shown: true,
    });
  }

  #childrenOf(who: string): Set<string> {
    const children = this.#children.get(who) ?? new Set();
    this.#children.set(who, children);
    return children;
  }

  remove(who: string, name: Name, value: string | undefined): void {
    const meant = (key: string) =>
      value === undefined ? key.startsWith(`${name}/`) : key === `${name}/${value}`;
    for (const key of this.#childrenOf(who)) if (meant(key)) this.#childrenOf(who).delete(key);
    for (const [member, said] of this.#said) {
      if (member !== who && !LASTING.includes(name)) continue;
      for (const key of [...said.keys()]) if (meant(key)) said.delete(key);
    }
  }

  reset(who: string, name: Name): void {
    const own = [...this.#childrenOf(who)].filter((key) => key.startsWith(`${name}/`));
    this.remove(who, name, undefined);
    for (const key of own) {
      this.#childrenOf(who).add(key);
      // Nobody has set a gauge of which the last value counts.
      this.of(who).set(key, { sum: 0, count: 0, at: 0, shown: name !== 'recent' });
    }
  }

  leave(who: string): void {
    const gone = this.of(`gone ${who}`);
    for (const [key, said] of this.of(who))
      if (LASTING.includes(key.split('/')[0] as Name)) gone.set(key, said);
    this.#said.delete(who);
  }

  /** `name/label` with what is exposed of it. */
  exposed(): Record<string, unknown> {
    const all = new Map<string, Said[]>();
    for (const said of this.#said.values()) {
      for (const [key, one] of said) if (one.shown) all.set(key, [...(all.get(key) ?? []), one]);
    }
    const shown: Record<string, unknown> = {};
    for (const [key, parts] of all) {
      const sum = parts.reduce((total, part) => total + part.sum, 0);
      const count = parts.reduce((total, part) => total + part.count, 0);
      const name = key.split('/')[0] as Name;
      if (name === 'c_total' || name === 'sum') shown[key] = sum;
      else if (name === 'max') shown[key] = Math.max(...parts.map((part) => part.sum));
      else if (name === 'recent') shown[key] = parts.toSorted((a, b) => b.at - a.at)[0]!.sum;
      else shown[key] = { sum, count };
    }
    return shown;
  }
}

function shownBy(families: readonly Family[]): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const family of families) {
    for (const series of family.series) {
      const key = `${family.name}/${series.labelValues[0]}`;
      if (family.type === 'histogram') {
        const { counts, sum, native } = series as HistogramFamily['series'][number];
        const count = Array.from(counts).reduce((total, one) => total + one, 0);
        shown[key] = { sum, count };
        if (family.name === 'n') expect({ sum: native!.sum, count: native!.count }).toEqual(shown[key]);
      } else if (family.type === 'summary') {
        const { sum, count } = series as SummaryFamily['series'][number];
        shown[key] = { sum, count };
      } else shown[key] = (series as ScalarFamily['series'][number]).value;
    }
  }
  return shown;
}

type Step =
  | {
      readonly kind: 'count';
      readonly who: number;
      readonly name: Name;
      readonly value: string;
      readonly amount: number;
      readonly kept: boolean;
    }
  | { readonly kind: 'remove'; readonly who: number; readonly name: Name; readonly value: string | undefined }
  | { readonly kind: 'reset'; readonly who: number; readonly name: Name }
  | { readonly kind: 'leave' | 'join' | 'fold'; readonly who: number };

const who = fc.nat(3);
const value = fc.constantFrom(...VALUES);
/** Programs about one or two metrics, so that what is removed has been counted. */
const steps: fc.Arbitrary<Step[]> = fc
  .uniqueArray(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 2 })
  .chain((names) => {
    const name = fc.constantFrom(...names);
    return fc.array(
      fc.oneof(
        {
          weight: 12,
          arbitrary: fc.record({
            kind: fc.constant('count' as const),
            who,
            name,
            value,
            // What grows by nothing says nothing that others could see after it was erased.
            amount: fc.integer({ min: 1, max: 9 }),
            kept: fc.boolean(),
          }),
        },
        {
          weight: 3,
          arbitrary: fc.record({
            kind: fc.constant('remove' as const),
            who,
            name,
            value: fc.option(value, { nil: undefined }),
          }),
        },
        { weight: 1, arbitrary: fc.record({ kind: fc.constant('reset' as const), who, name }) },
        {
          weight: 4,
          arbitrary: fc.record({
            kind: fc.constantFrom('leave' as const, 'join' as const, 'fold' as const),
            who,
          }),
        },
      ),
      { minLength: 1, maxLength: 40, size: 'max' },
    );
  });

async function newMember(directory: MetricsDirectory): Promise<Member> {
  const registry = createRegistry();
  const labels = { l: label };
  const metrics = {
    c_total: counter({ name: 'c_total', help: 'C', labels, registry }),
    h: histogram({ name: 'h', help: 'H', labels, buckets: [2, 5], registry }),
    n: histogram({ name: 'n', help: 'N', labels, native: true, registry }),
    s: summary({ name: 's', help: 'S', labels, registry }),
    sum: gauge({ name: 'sum', help: 'S', labels, registry }),
    max: gauge({ name: 'max', help: 'M', labels, mode: 'live max', registry }),
    recent: gauge({ name: 'recent', help: 'R', labels, mode: 'mostrecent', registry }),
  };
  const store = await SharedStore.join(directory, (error) => {
    throw error;
  });
  registry.attach(store);
  return { registry, store, metrics, kept: new Map() };
}

function counting({ metrics }: Member, name: Name, value: string): { count(amount: number): void } {
  const labels = { l: value };
  switch (name) {
    case 'c_total': {
      const child = metrics.c_total.bind(labels);
      return { count: (amount) => child.inc(amount) };
    }
    case 'h':
    case 'n': {
      const child = metrics[name].bind(labels);
      return { count: (amount) => child.observe(amount) };
    }
    case 's': {
      const child = metrics.s.bind(labels);
      return { count: (amount) => child.observe(amount) };
    }
    default: {
      const child = metrics[name].bind(labels);
      return { count: (amount) => child.set(amount) };
    }
  }
}

/** Two members that set in one millisecond have no order. */
async function nextMillisecond(): Promise<void> {
  const now = Date.now();
  while (Date.now() === now) await new Promise((resolve) => setImmediate(resolve));
}

async function run(program: readonly Step[]): Promise<void> {
  const directory = MetricsDirectory.open(metricsDirectory(), 'test', '', native);
  const model = new Model();
  const steady = new DirectoryReader(directory);
  const members = new Map<number, Member>();
  let named = 0;
  const names = new Map<Member, string>();
  const join = async (slot: number) => {
    const member = await newMember(directory);
    members.set(slot, member);
    names.set(member, `member ${named++}`);
  };
  await join(0);
  for (const step of program) {
    const member = members.get(step.who) ?? members.values().next().value!;
    const id = names.get(member)!;
    if (step.kind === 'count') {
      const { name, value, amount, kept } = step;
      const key = `${name}/${value}`;
      let child = kept ? member.kept.get(key) : undefined;
      if (child === undefined) {
        child = counting(member, name, value);
        member.kept.set(key, child);
      }
      if (name === 'recent') await nextMillisecond();
      child.count(amount);
      model.say(id, name, value, amount);
    } else if (step.kind === 'remove') {
      member.metrics[step.name].remove(step.value === undefined ? {} : { l: step.value });
      model.remove(id, step.name, step.value);
      // What the remover has kept counts for nobody; it binds anew.
      for (const key of [...member.kept.keys()])
        if (key.startsWith(`${step.name}/`) && (step.value === undefined || key.endsWith(`/${step.value}`)))
          member.kept.delete(key);
    } else if (step.kind === 'reset') {
      member.metrics[step.name].reset();
      model.reset(id, step.name);
    } else if (step.kind === 'join') {
      if (!members.has(step.who)) await join(step.who);
    } else if (step.kind === 'leave') {
      if (members.size > 1) {
        const slot = [...members].find(([, one]) => one === member)![0];
        members.delete(slot);
        member.registry.detach();
        member.store.close();
        model.leave(id);
      }
    } else {
      steady.read();
      steady.fold();
    }
    for (const one of members.values()) await one.registry.collect();
    const expected = model.exposed();
    expect(shownBy(steady.read().families)).toEqual(expected);
    const fresh = new DirectoryReader(directory);
    expect(shownBy(fresh.read().families)).toEqual(expected);
    fresh.close();
  }
  for (const one of members.values()) {
    one.registry.detach();
    one.store.close();
  }
  steady.close();
}

test('what members count, remove and leave behind is what every reader sees', async () => {
  await fc.assert(fc.asyncProperty(steps, run), { numRuns: RUNS });
}, 600_000);
