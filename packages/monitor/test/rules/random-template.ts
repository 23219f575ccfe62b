/**
 * Random templates of rules from a grammar that knows types, so that most can be expanded; now and then a value of
 * a wrong type stands in, so that many fail, each at another place.
 */
import fc from 'fast-check';
import { VECTOR_QUERY } from './template-cases.js';

interface Grammar {
  text: string;
  number: string;
  whole: string;
  truth: string;
  vector: string;
  any: string;
  nodes: string;
  node: string;
}

const ROUGH_TEXTS = [
  '""',
  '"a"',
  '"web"',
  '"%d"',
  '"%v|%s"',
  '"é日"',
  '"1.5"',
  '"1h"',
  '"a:1"',
  '"<b>&"',
  '`raw`',
];

const grammar = fc.letrec((tie: fc.LetrecTypedTie<Grammar>): fc.LetrecValue<Grammar> => {
  const call = (name: string, ...args: (keyof Grammar)[]) =>
    fc.tuple(...args.map((arg) => tie(arg))).map((values) => `(${[name, ...values].join(' ')})`);
  const piped = (arg: keyof Grammar, ...names: string[]) =>
    fc.tuple(tie(arg), fc.constantFrom(...names)).map(([value, name]) => `(${value} | ${name})`);
  const wild = { weight: 1, arbitrary: tie('any') };
  return {
    text: fc.oneof(
      { depthSize: 'small' },
      { weight: 8, arbitrary: fc.constantFrom(...ROUGH_TEXTS) },
      {
        weight: 8,
        arbitrary: fc.constantFrom('.Labels.job', '$labels.instance', '$labels.none', '$externalURL'),
      },
      { weight: 4, arbitrary: piped('text', 'toUpper', 'toLower', 'title', 'stripPort', 'stripDomain') },
      {
        weight: 3,
        arbitrary: piped('text', 'html', 'urlquery', 'js', 'safeHtml', 'graphLink', 'printf "%q"'),
      },
      {
        weight: 3,
        arbitrary: piped('number', 'humanize', 'humanize1024', 'humanizeDuration', 'humanizePercentage'),
      },
      {
        weight: 2,
        arbitrary: piped('number', 'humanizeTimestamp', 'toTime', 'printf "%8.3f"', 'printf "%v"'),
      },
      { weight: 2, arbitrary: call('print', 'any', 'any') },
      { weight: 2, arbitrary: call('printf "%s %v|"', 'any', 'any') },
      { weight: 1, arbitrary: call('slice', 'text', 'whole', 'whole') },
      { weight: 1, arbitrary: call('index $labels', 'text') },
      { weight: 1, arbitrary: call('reReplaceAll "(.)[a-z]" "$1-"', 'text') },
      { weight: 1, arbitrary: call('label "instance"', 'vector') },
      wild,
    ),
    number: fc.oneof(
      { depthSize: 'small' },
      {
        weight: 6,
        arbitrary: fc.constantFrom('12.5', '1e3', '0.00123', '-7.0', '98765432.1', '$value', '.Value'),
      },
      { weight: 2, arbitrary: tie('vector').map((vector) => `(${vector} | first | value)`) },
      { weight: 1, arbitrary: tie('vector').map((vector) => `(${vector} | first).Value`) },
      wild,
    ),
    whole: fc.oneof(
      { depthSize: 'small' },
      { weight: 6, arbitrary: fc.constantFrom('0', '1', '2', '-1', '0x3', "'a'") },
      { weight: 2, arbitrary: call('len', 'text') },
      { weight: 1, arbitrary: call('len', 'any') },
      wild,
    ),
    truth: fc.oneof(
      { depthSize: 'small' },
      { weight: 2, arbitrary: fc.constantFrom('true', 'false') },
      { weight: 3, arbitrary: call('eq', 'text', 'text') },
      { weight: 2, arbitrary: call('ne', 'any', 'any') },
      { weight: 3, arbitrary: call('gt', 'number', 'number') },
      { weight: 2, arbitrary: call('le', 'whole', 'whole') },
      { weight: 2, arbitrary: call('and', 'truth', 'any') },
      { weight: 2, arbitrary: call('or', 'any', 'truth') },
      { weight: 1, arbitrary: call('not', 'any') },
      { weight: 1, arbitrary: call('match "[a-z]+"', 'text') },
      wild,
    ),
    vector: fc.oneof(
      { depthSize: 'small' },
      { weight: 4, arbitrary: fc.constantFrom(`(query "${VECTOR_QUERY}")`, '(query "vector(1) > 2")') },
      { weight: 1, arbitrary: tie('vector').map((vector) => `(sortByLabel "instance" ${vector})`) },
      { weight: 1, arbitrary: call('first', 'vector') },
      wild,
    ),
    any: fc.oneof(
      { depthSize: 'small' },
      { weight: 2, arbitrary: tie('text') },
      { weight: 2, arbitrary: tie('number') },
      { weight: 2, arbitrary: tie('whole') },
      { weight: 1, arbitrary: tie('truth') },
      // Not the whole vector: Go prints a list of pointers as addresses, which are different at each run.
      { weight: 1, arbitrary: tie('vector').map((vector) => `(${vector} | first)`) },
      { weight: 1, arbitrary: tie('vector').map((vector) => `(len ${vector})`) },
      {
        weight: 1,
        arbitrary: fc.constantFrom('.', '$', '$labels', '.Missing', 'nil', '$x', '$y', '(args 1 "b")'),
      },
      {
        weight: 1,
        arbitrary: fc.constantFrom('$y.x', '.Labels.job.x', '(args 2.5).arg0.x', '$.ExternalLabels'),
      },
    ),
    node: fc.oneof(
      { depthSize: 'small' },
      { weight: 5, arbitrary: tie('text').map((text) => `{{ ${text} }}`) },
      { weight: 3, arbitrary: tie('any').map((value) => `{{ print ${value} }}`) },
      { weight: 2, arbitrary: fc.constantFrom('text ', ' é\n', '{{- "t" -}} ', ' {{- /* c */}}', '{{ . }}') },
      { weight: 2, arbitrary: tie('any').map((value) => `{{ $x := print ${value} | len }}{{ $x }}`) },
      { weight: 1, arbitrary: tie('text').map((text) => `{{ $y = ${text} }}`) },
      {
        weight: 3,
        arbitrary: fc
          .tuple(fc.constantFrom('range', 'range $y :=', 'range $x, $y :='), tie('vector'), tie('nodes'))
          .map(([word, vector, body]) => `{{ ${word} ${vector} }}${body}{{ .Value }};{{ end }}`),
      },
      {
        weight: 2,
        arbitrary: fc
          .tuple(fc.constantFrom('with', 'with $y :=', 'if', 'range'), tie('any'), tie('nodes'), tie('nodes'))
          .map(([word, value, yes, no]) => `{{ ${word} ${value} }}${yes}{{ else }}${no}{{ end }}`),
      },
      {
        weight: 2,
        arbitrary: fc
          .tuple(tie('truth'), tie('nodes'), tie('nodes'))
          .map(([truth, yes, no]) => `{{ if ${truth} }}${yes}{{ else if ${truth} }}{{ else }}${no}{{ end }}`),
      },
      { weight: 1, arbitrary: tie('any').map((value) => `{{ template "t" ${value} }}`) },
    ),
    nodes: fc.array(tie('node'), { minLength: 1, maxLength: 3, size: 'small' }).map((all) => all.join('')),
  };
});

const whole = grammar.nodes.map(
  (nodes) => `{{ $x := 1 }}{{ $y := "y" }}{{ define "t" }}[{{ . }}{{ len . }}]{{ end }}${nodes}`,
);

/** So many templates, the same ones for the same seed. */
export function randomTemplates(count: number, seed: number): string[] {
  return fc.sample(whole, { numRuns: count, seed }).filter((template) => template.length < 3000);
}

const numberText = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc
    .tuple(fc.integer({ min: -9999999, max: 9999999 }), fc.integer({ min: -9, max: 20 }))
    .map(([a, e]) => `${a}e${e}`),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((value) => value.toFixed(3)),
);

const numberTemplate = fc
  .tuple(
    fc.constantFrom(
      ...['humanize', 'humanize1024', 'humanizeDuration', 'humanizePercentage', 'print', 'printf "%v"'],
      ...['printf "%.2f"', 'printf "%.0f"', 'printf "%g"', 'printf "%.3g"', 'printf "%e"', 'printf "%10.1f"'],
    ),
    numberText,
  )
  .map(
    ([name, number]) =>
      `{{ ${name} ${number.includes('.') || number.includes('e') ? number : `${number}.0`} }}`,
  );

const directive = fc
  .tuple(
    fc.constantFrom('', '', '-', '+', '#', ' ', '0', '-0', '+0', '# '),
    fc.constantFrom('', '', '1', '8', '*', '[1]', '[2]*'),
    fc.constantFrom('', '', '.', '.0', '.3', '.*', '.12'),
    fc.constantFrom(...'vvsqdfgeFGEtxXcoObUT%z'),
  )
  .map((parts) => `%${parts.join('')}`);

// Left out in Go's formats here: hexadecimal and binary floats, `%#v` and `%#` of floats.
const formatTemplate = fc
  .tuple(
    fc.array(directive, { minLength: 1, maxLength: 3 }),
    fc.array(fc.constantFrom('3', '-42', '"é b"', '""', 'true', 'nil', '$labels', "'a'", '0'), {
      maxLength: 4,
    }),
  )
  .map(([directives, values]) => `{{ printf "${directives.join('|')}" ${values.join(' ')} }}`);

/** Durations that fit no 64 bits are left out: what Go makes of them is the processor's affair. */
function isDefined(template: string): boolean {
  return !template.includes('humanizeDuration') || Math.abs(Number(template.split(' ')[2])) < 2 ** 63;
}

/** So many templates that write numbers, and as many of formats. */
export function randomFormats(count: number, seed: number): string[] {
  return [
    ...fc.sample(numberTemplate, { numRuns: count, seed }).filter(isDefined),
    ...fc.sample(formatTemplate, { numRuns: count, seed }),
  ];
}
