/** Variables, copies, links and annotations, before anything of them is drawn. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: dashboards write references this way
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PrometheusApi, ResultSeries } from '../src/api/prometheus.js';
import { readAnnotations } from '../src/dashboard/annotations.js';
import { askOptions, optionsOf } from '../src/dashboard/ask-variables.js';
import { type Chosen, escapeRegex, writeChoice } from '../src/dashboard/choices.js';
import { displayNameOf, type LinkContext, linksOf, readLinks } from '../src/dashboard/data-links.js';
import { compacted } from '../src/dashboard/layout.js';
import { loadAnnotation, MARKS_MOST } from '../src/dashboard/load-annotations.js';
import { fillIn, fillText } from '../src/dashboard/macros.js';
import { readDashboard } from '../src/dashboard/model.js';
import { COPIES_MOST, placed } from '../src/dashboard/repeat.js';
import { resolveVariables, type VariableAnswer } from '../src/dashboard/variable-values.js';
import { readVariables } from '../src/dashboard/variables.js';
import { hrefOf, parseRoute } from '../src/shell/route.js';
import { nextChoice } from '../src/variable/value-list.js';

const CONTEXT = { intervalMs: 15_000, scrapeMs: 15_000, rangeMs: 3_600_000 };
const WINDOW = { fromMs: 0, toMs: 60_000 };
const option = (value: string, text = value) => ({ value, text });

function api(parts: Partial<PrometheusApi>): PrometheusApi {
  const unasked = () => Promise.reject(new Error('not asked for'));
  return {
    queryRange: unasked,
    queryInstant: unasked,
    labelValues: unasked,
    labelNames: unasked,
    series: unasked,
    ...parts,
  };
}

test('what is chosen is read from the address as it was written', () => {
  const name = fc.stringMatching(/^\w{1,8}$/).filter((one) => one !== '__proto__');
  fc.assert(
    fc.property(fc.dictionary(name, fc.array(fc.string(), { minLength: 1, maxLength: 4 })), (variables) => {
      const route = parseRoute(hrefOf('dashboard', 'a/b', { from: 'now-1h' }, variables));
      expect(route).toEqual({
        page: 'dashboard',
        uid: 'a/b',
        params: { from: 'now-1h' },
        variables: { ...variables },
      });
    }),
  );
});

test.each<[string, Chosen, string]>([
  ['csv', { values: ['a', 'b'] }, 'a,b'],
  ['raw', { values: ['a', 'b'] }, 'a,b'],
  ['pipe', { values: ['a', 'b'] }, 'a|b'],
  ['regex', { values: ['a.b', 'c'] }, '(a\\.b|c)'],
  ['regex', { values: ['a.b'] }, 'a\\.b'],
  ['regex', { values: ['a'], pattern: '.+', all: true }, '.+'],
  ['json', { values: ['a"', 'b'] }, '["a\\"","b"]'],
  ['json', { values: ['a'] }, '"a"'],
  ['singlequote', { values: ["a'", 'b'] }, "'a\\'','b'"],
  ['doublequote', { values: ['a"', 'b'] }, '"a\\"","b"'],
  ['sqlstring', { values: ["a'"] }, "'a'''"],
  ['text', { values: ['1', '2'], texts: ['One', 'Two'] }, 'One + Two'],
  ['text', { values: ['1', '2'], all: true }, 'All'],
  ['percentencode', { values: ['a b', 'c'] }, '%7Ba%20b%2Cc%7D'],
  ['queryparam', { values: ['a b', 'c&d'] }, 'var-job=a%20b&var-job=c%26d'],
  ['queryparam', { values: ['a'], all: true }, 'var-job=%24__all'],
  ['glob', { values: ['a', 'b'] }, '{a,b}'],
  ['unheard-of', { values: ['a'] }, 'a'],
])('the format %s of %j is %s', (format, chosen, expected) => {
  expect(writeChoice('job', chosen, format)).toBe(expected);
  if (format !== 'regex')
    expect(fillIn(`x ${'$'}{job:${format}}`, CONTEXT, { job: chosen })).toBe(`x ${expected}`);
});

describe('in a query', () => {
  const check = (expr: string, chosen: Chosen): string => fillIn(expr, CONTEXT, { v: chosen });
  test.each<[string, Chosen, string]>([
    // A single choice may be a pattern itself.
    ['a{b=~"$v"}', { values: ['5..|4..'] }, 'a{b=~"5..|4.."}'],
    ['a{b=~"$v"}', { values: ['a.b'], several: true }, 'a{b=~"a\\\\.b"}'],
    ['a{b!~"x|$v"}', { values: ['a.b'], several: true }, 'a{b!~"x|a\\\\.b"}'],
    ['a{b="$v"}', { values: ['a.b'], several: true }, 'a{b="a.b"}'],
    ['a{b=~"$v", c="$v"}', { values: ['a.b'], several: true }, 'a{b=~"a\\\\.b", c="a.b"}'],
    ['a{b=~"$v"}', { values: ['x"y', 'z'] }, 'a{b=~"(x\\"y|z)"}'],
    ['a{b=~"$v"}', { values: ['x', 'y'], pattern: '.*' }, 'a{b=~".*"}'],
    ['a[$__from]', { values: [] }, 'a[$__from]'],
    ['$toString $constructor [[__proto__]]', { values: [] }, '$toString $constructor [[__proto__]]'],
  ])('%s of %j', (expr, chosen, expected) => {
    expect(check(expr, chosen)).toBe(expected);
  });

  test('several values match themselves and nothing else', () => {
    const values = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 6 }), { minLength: 2, maxLength: 4 });
    fc.assert(
      fc.property(values, fc.string({ maxLength: 6 }), (chosen, other) => {
        const filled = /^a\{b=~(".*")\}$/s.exec(check('a{b=~"$v"}', { values: chosen }))![1]!;
        // The string of PromQL around it has the escapes of JSON, as far as these texts go.
        const regex = new RegExp(`^(?:${JSON.parse(filled)})$`);
        for (const value of chosen) expect(regex.test(value)).toBe(true);
        if (!chosen.includes(other)) expect(regex.test(other)).toBe(false);
      }),
    );
  });
});

test('words for people hold what is shown', () => {
  const choices = { a: { values: ['1', '2'], texts: ['One', 'Two'] }, b: { values: ['x'], all: true } };
  expect(fillText('$a of [[b]], ${a:csv}, $c, 5 $', choices)).toBe('One + Two of All, 1,2, $c, 5 $');
});

describe('values that depend on each other', () => {
  const variables = readVariables([
    { type: 'query', name: 'system', query: 'label_values(up, system)', current: { value: 'b' } },
    {
      type: 'query',
      name: 'instance',
      query: 'label_values(up{system="$system"}, instance)',
      multi: true,
      includeAll: true,
    },
    { type: 'query', name: 'path', query: 'label_values(x{i=~"$instance", r="$__range"}, path)', refresh: 2 },
    { type: 'textbox', name: 'words', query: '' },
  ]);
  const answer = (...values: string[]): VariableAnswer => ({ options: values.map((value) => option(value)) });

  test('are asked for one after the other, and again when what they depend on is another', () => {
    const answers = new Map<string, VariableAnswer>();
    const step = (address = {}, context = CONTEXT) => resolveVariables(variables, address, answers, context);
    const questions = () => step().questions.map(({ query }) => query);
    expect(questions()).toEqual([{ kind: 'label_values', selector: 'up', label: 'system' }]);
    expect(step().complete).toBe(false);
    answers.set(step().questions[0]!.key, answer('a', 'b'));
    expect(questions()).toEqual([{ kind: 'label_values', selector: 'up{system="b"}', label: 'instance' }]);
    answers.set(step().questions[0]!.key, answer('b1', 'b2'));
    expect(questions()).toEqual([
      { kind: 'label_values', selector: 'x{i=~"(b1|b2)", r="1h"}', label: 'path' },
    ]);
    answers.set(step().questions[0]!.key, answer('/'));
    expect(step()).toMatchObject({
      complete: true,
      questions: [],
      choices: { system: { values: ['b'] }, words: { values: [''] } },
    });

    const other = { system: ['a'], instance: ['b1'] };
    answers.set(step(other).questions[0]!.key, answer('a1'));
    // What was chosen of the other system is not there.
    expect(step(other).choices.instance).toMatchObject({ values: ['a1'], all: true });
    // Only what follows the time is asked again with another range.
    expect(step({}, { ...CONTEXT, rangeMs: 60_000 }).questions).toHaveLength(1);
  });

  test('in a circle are asked all the same, and what failed offers nothing and says why', () => {
    const circle = readVariables([
      { type: 'query', name: 'a', query: 'label_values(up{b="$b"}, a)' },
      { type: 'query', name: 'b', query: 'label_values(up{a="$a"}, b)' },
    ]);
    const answers = new Map<string, VariableAnswer>();
    for (let i = 0; i < 3; i++)
      for (const { key } of resolveVariables(circle, {}, answers, CONTEXT).questions)
        answers.set(key, { options: [], problem: 'no' });
    expect(resolveVariables(circle, {}, answers, CONTEXT)).toMatchObject({
      complete: true,
      problems: { a: 'no', b: 'no' },
      failed: [{}, {}],
    });
  });
});

describe('what a variable offers', () => {
  const answered = ['web-10', 'web-9', 'db-1', 'Web-9', 'web-9'];
  test.each([
    ['', 0, ['web-10', 'web-9', 'db-1', 'Web-9']],
    ['', 1, ['Web-9', 'db-1', 'web-10', 'web-9']],
    ['', 2, ['web-9', 'web-10', 'db-1', 'Web-9']],
    ['', 3, ['db-1', 'web-9', 'Web-9', 'web-10']],
    ['', 7, ['db-1', 'web-9', 'Web-9', 'web-10']],
    ['', 99, ['web-10', 'web-9', 'db-1', 'Web-9']],
    ['/^web/', 0, ['web-10', 'web-9']],
    ['/^web-(\\d+)/i', 0, ['10', '9']],
    ['web-.*', 0, ['web-10', 'web-9']],
    ['/(/', 0, ['web-10', 'web-9', 'db-1', 'Web-9']],
    ['/\\d/g', 1, ['Web-9', 'db-1', 'web-10', 'web-9']],
  ])('by the pattern %j in order %s', (regex, sort, expected) => {
    expect(optionsOf({ regex, sort }, answered).map(({ value }) => value)).toEqual(expected);
  });

  test('has other words where the pattern names them', () => {
    expect(optionsOf({ regex: '/(?<text>\\w+)-(?<value>\\d+)/', sort: 0 }, ['web-1'])).toEqual([
      option('1', 'web'),
    ]);
    expect(optionsOf({ regex: '/(?<value>\\d+)/', sort: 0 }, ['web-1'])).toEqual([option('1')]);
  });

  test('is asked as the question says', async () => {
    const ask = (query: string, parts: Partial<PrometheusApi>) => {
      const [variable] = readVariables([{ type: 'query', name: 'x', query }]);
      const [question] = resolveVariables([variable!], {}, new Map(), CONTEXT).questions;
      return askOptions(question!, WINDOW, new AbortController().signal, api(parts)).then((all) =>
        all.map(({ value }) => value),
      );
    };
    expect(await ask('label_names()', { labelNames: async () => ['a', 'b'] })).toEqual(['a', 'b']);
    expect(await ask('metrics(^b_)', { labelValues: async () => ['ab_', 'b_c'] })).toEqual(['b_c']);
    expect(await ask('label_values(x)', { labelValues: async (label) => [label] })).toEqual(['x']);
    expect(await ask('up{a="b"}', { series: async () => [{ __name__: 'up', a: 'b' }] })).toEqual([
      'up{a="b"}',
    ]);
    const series: ResultSeries[] = [{ metric: { __name__: 'n', l: 'v' }, value: [1.5, '+Inf'] }];
    expect(
      await ask('query_result(topk(1, n))', { queryInstant: async () => ({ series, warnings: [] }) }),
    ).toEqual(['n{l="v"} Infinity 1500']);
  });
});

test.each([
  ['a', [], true, ['a']],
  ['b', ['a'], true, ['a', 'b']],
  ['a', ['a', 'b'], true, ['b']],
  ['a', ['a'], true, []],
  ['$__all', ['a'], true, ['$__all']],
  ['b', ['a'], false, ['b']],
] as const)('pressing %s beside %j leaves the right choice', (value, picked, multi, expected) => {
  expect(nextChoice(value, picked, multi)).toEqual(expected);
});

describe('places', () => {
  const area = fc.record({
    x: fc.nat(23),
    y: fc.nat(1e6),
    w: fc.integer({ min: 1, max: 24 }),
    h: fc.integer({ min: 1, max: 20 }),
  });
  const within = area.map(({ x, y, w, h }) => ({ gridPos: { x: Math.min(x, 24 - w), y, w, h } }));

  test('never overlap, and none could stand higher', () => {
    fc.assert(
      fc.property(fc.array(within, { maxLength: 20 }), (panels) => {
        const all = compacted(panels).map(({ gridPos }) => gridPos);
        all.forEach((a, i) => {
          const touches = (b: typeof a, y: number): boolean =>
            a.x < b.x + b.w && b.x < a.x + a.w && y < b.y + b.h && b.y < y + a.h;
          const before = all.slice(0, i);
          expect(before.some((b) => touches(b, a.y))).toBe(false);
          expect(a.y === 0 || before.some((b) => touches(b, a.y - 1))).toBe(true);
        });
      }),
    );
  });

  test('of copies hold one for each value, at most as many as anybody reads', () => {
    const model = readDashboard({
      panels: [{ type: 'stat', title: '$v', repeat: 'v', gridPos: { w: 6, h: 4 } }],
    });
    const values = Array.from({ length: 1000 }, (_, i) => `v${i}`);
    const [section] = placed(model.sections, { v: { values } });
    expect(section!.panels).toHaveLength(COPIES_MOST);
    expect(section!.panels[7]).toMatchObject({
      choices: { v: { values: ['v7'] } },
      panel: { gridPos: { x: 18, y: 4, w: 6, h: 4 } },
    });
    const [unchosen] = placed(model.sections, {});
    expect(unchosen!.panels).toMatchObject([{ panel: { gridPos: { x: 0, y: 0, w: 6, h: 4 } } }]);
  });
});

describe('links', () => {
  const context: LinkContext = {
    range: { from: 'now-1h', to: 'now' },
    window: { fromMs: 1000.4, toMs: 2000 },
    choices: { job: { values: ['a b', 'c'] }, base: { values: ['https://example.org'] } },
  };
  const subject = { name: 'web/1', labels: { job: 'x&y' }, value: 1.5, text: '1.5 s', timeMs: 1500.2 };
  test.each([
    ['/d/uid/name?var-job=$job', '#/d/uid?var-job=%7Ba%20b%2Cc%7D'],
    ['d/uid', '#/d/uid'],
    ['/d/uid?${job:queryparam}&${__url_time_range}', '#/d/uid?from=now-1h&to=now&var-job=a%20b&var-job=c'],
    ['$base/path?q=${__series.name}', 'https://example.org/path?q=web%2F1'],
    ['https://x/${__field.labels.job}/${__field.labels["job"]}', 'https://x/x%26y/x%26y'],
    ['https://x/?v=${__value.raw}&t=${__value.time}&w=${__value.text}', 'https://x/?v=1.5&t=1500&w=1.5%20s'],
    ['https://x/?from=${__from}&to=${__to}&c=${__data.fields.job}', 'https://x/?from=1000&to=2000&c=x%26y'],
    [
      'https://x/?${__all_variables}',
      'https://x/?var-job=a%20b&var-job=c&var-base=https%3A%2F%2Fexample.org',
    ],
    ['https://x/$unknown', 'https://x/$unknown'],
  ])('%s leads to %s', (url, href) => {
    expect(linksOf(readLinks([{ title: 'Of $job', url }]), context, subject)).toEqual([
      { title: 'Of a b + c', href, newTab: false },
    ]);
  });

  test('that would run something, or lead nowhere, are none', () => {
    const wrong = [
      { url: 'javascript:alert(1)' },
      { url: '//evil.example.org' },
      { url: ' ' },
      {},
      null,
      { url: '$js' },
    ];
    const choices = { js: { values: ['javascript:alert(1)'] } };
    expect(linksOf(readLinks(wrong), { ...context, choices }, subject)).toEqual([]);
  });

  test('names refer to labels and to the name', () => {
    expect(
      displayNameOf(
        '${__field.labels.job}: ${__series.name} $base ${__field.labels.toString}',
        subject,
        context.choices,
      ),
    ).toBe('x&y: web/1 https://example.org ${__field.labels.toString}');
  });
});

describe('annotations', () => {
  const [annotation, ...others] = readAnnotations([
    { builtIn: 1, expr: 'x' },
    {
      name: 'N',
      expr: 'changes(a[$__interval]) > 0',
      step: '10s',
      titleFormat: '{{a}} {{none}}',
      tagKeys: 'a,b',
      filter: { ids: [3], exclude: true },
    },
    { name: 'Old', target: { expr: 'b' }, filter: { exclude: false, ids: [1] } },
    { name: 'Loki', expr: 'c', datasource: { type: 'loki' } },
    { name: 'Empty', expr: ' ' },
    null,
  ]);
  const load = async (values: [number, string][], model = annotation!) => {
    const asked: string[] = [];
    const server = api({
      queryRange: async (expr, { step }) => {
        asked.push(`${expr} each ${step}`);
        return { series: [{ metric: { a: 'x', instance: 'i' }, values }], warnings: [] };
      },
    });
    const asking = { window: WINDOW, scrapeMs: 5000, choices: {} };
    return { marks: await loadAnnotation(model, asking, new AbortController().signal, server), asked };
  };

  test('are read as far as they can be asked', () => {
    expect(others.map(({ name, expr }) => [name, expr])).toEqual([['Old', 'b']]);
    expect([1, 3].map((id) => annotation!.appliesTo(id))).toEqual([true, false]);
    expect([1, 3].map((id) => others[0]!.appliesTo(id))).toEqual([true, false]);
  });

  test('mark moments, and stretches where these follow each other', async () => {
    const { marks, asked } = await load([
      [0, '1'],
      [10, '1'],
      [20, '0'],
      [30, '2'],
      [40, 'NaN'],
      [50, '-1'],
      [60, '+Inf'],
    ]);
    expect(asked).toEqual(['changes(a[10s]) > 0 each 10']);
    expect(marks.map(({ fromMs, toMs }) => [fromMs, toMs])).toEqual([
      [0, 10_000],
      [30_000, 30_000],
      [50_000, 60_000],
    ]);
    expect(marks[0]).toMatchObject({ title: 'x', text: 'i', tags: ['x'] });
  });

  test('may have the moment as their value, and are never endless', async () => {
    const { marks } = await load(
      [
        [0, '5000'],
        [10, '5000'],
        [20, '99999999'],
      ],
      { ...annotation!, valueIsTime: true },
    );
    expect(marks.map(({ fromMs }) => fromMs)).toEqual([5000]);
    const many = Array.from({ length: 3000 }, (_, i): [number, string] => [i * 0.02, String(i + 1)]);
    expect((await load(many, { ...annotation!, valueIsTime: true })).marks).toHaveLength(MARKS_MOST);
  });
});

test('a text as a pattern matches itself alone', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (text, other) => {
      const regex = new RegExp(`^${escapeRegex(text)}$`);
      expect(regex.test(text)).toBe(true);
      if (other !== text) expect(regex.test(other)).toBe(false);
    }),
  );
});
