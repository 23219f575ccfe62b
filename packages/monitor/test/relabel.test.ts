// biome-ignore-all lint/suspicious/noTemplateCurlyInString: rules refer to groups like this
import { Labels } from '@binnacle/metrics/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../dist/config/config-error.js';
import { readRelabelRules } from '../dist/config/relabel.js';
import { YamlFile } from '../dist/config/yaml-reader.js';
import { relabel } from '../dist/relabel.js';

/** The label set after rules in YAML; undefined when they drop it. */
function relabelled(labels: Record<string, string>, ...rules: string[]): Record<string, string> | undefined {
  const file = YamlFile.parse('r.yml', `rules:\n${rules.map((rule) => `- ${rule}\n`).join('')}`);
  const read = readRelabelRules(file.map, 'rules');
  file.throwIfProblems();
  return relabel(Labels.of(labels), read)?.toObject();
}

const ABC = { a: 'foo', b: 'bar', c: 'baz' };

describe('relabelling', () => {
  it.each<[string, Record<string, string>, string[], Record<string, string> | undefined]>([
    [
      'replaces by groups',
      ABC,
      ['{ source_labels: [a], regex: "f(.*)", target_label: d, replacement: "ch${1}-ch$1" }'],
      { ...ABC, d: 'choo-choo' },
    ],
    [
      'by names of groups',
      ABC,
      ['{ source_labels: [a], regex: "(?P<x>.)oo", target_label: d, replacement: "${x}$$y" }'],
      { ...ABC, d: 'f$y' },
    ],
    [
      'joins with the separator',
      ABC,
      ['{ source_labels: [a, b], regex: "f(.*);(.*)r", target_label: a, replacement: "b${1}${2}m" }'],
      { ...ABC, a: 'boobam' },
    ],
    [
      'one rule after the other',
      ABC,
      [
        '{ source_labels: [a], target_label: d }',
        '{ source_labels: [d], regex: foo, target_label: d, replacement: x }',
      ],
      { ...ABC, d: 'x' },
    ],
    ['only what matches as a whole', ABC, ['{ source_labels: [a], regex: fo, target_label: d }'], ABC],
    [
      'and deletes what becomes empty',
      ABC,
      ['{ source_labels: [a], regex: "(f).*", target_label: a, replacement: "$2" }'],
      { b: 'bar', c: 'baz' },
    ],
    [
      'a label that is named by groups',
      ABC,
      ['{ source_labels: [a], regex: "(.).*", target_label: "x_${1}", replacement: y }'],
      { ...ABC, x_f: 'y' },
    ],
    ['a label without a source', ABC, ['{ target_label: d, replacement: e }'], { ...ABC, d: 'e' }],
    [
      'line ends too',
      { a: 'x\ny' },
      ['{ source_labels: [a], regex: "x.y", target_label: b, replacement: z }'],
      { a: 'x\ny', b: 'z' },
    ],
    ['keeps', ABC, ['{ source_labels: [a], regex: f.*, action: keep }'], ABC],
    ['keeps nothing else', ABC, ['{ source_labels: [a], regex: no, action: keep }'], undefined],
    ['drops', ABC, ['{ source_labels: [a], regex: ".*o.*", action: drop }'], undefined],
    ['drops nothing else', ABC, ['{ source_labels: [a], regex: no, action: drop }'], ABC],
    [
      'keeps equal ones',
      { a: 'x', b: 'x' },
      ['{ source_labels: [a], target_label: b, action: keepequal }'],
      { a: 'x', b: 'x' },
    ],
    ['keeps no unequal ones', ABC, ['{ source_labels: [a], target_label: b, action: KeepEqual }'], undefined],
    [
      'drops equal ones',
      { a: 'x', b: 'x' },
      ['{ source_labels: [a], target_label: b, action: dropequal }'],
      undefined,
    ],
    [
      'spreads',
      ABC,
      ['{ source_labels: [c], target_label: d, action: hashmod, modulus: 1000 }'],
      { ...ABC, d: '976' },
    ],
    [
      'maps names',
      { __meta_a: 'x', b: 'y' },
      ['{ regex: "__meta_(.*)", action: labelmap }'],
      { __meta_a: 'x', a: 'x', b: 'y' },
    ],
    [
      'maps names by a replacement',
      { a: 'x' },
      ['{ regex: "(a)", replacement: "bar_${1}", action: labelmap }'],
      { a: 'x', bar_a: 'x' },
    ],
    ['drops names', ABC, ['{ regex: "a|c", action: labeldrop }'], { b: 'bar' }],
    ['keeps names', ABC, ['{ regex: "a|c", action: labelkeep }'], { a: 'foo', c: 'baz' }],
    [
      'in small letters',
      { a: 'FoO' },
      ['{ source_labels: [a], target_label: b, action: lowercase }'],
      { a: 'FoO', b: 'foo' },
    ],
    [
      'in capitals',
      { a: 'FoO' },
      ['{ source_labels: [a], target_label: a, action: uppercase }'],
      { a: 'FOO' },
    ],
  ])('%s', (_, labels, rules, expected) => {
    expect(relabelled(labels, ...rules)).toEqual(expected);
  });

  it.each<[string, RegExp]>([
    ['{ action: rename }', /action must be one of/],
    ['{ regex: "a(" , target_label: x }', /not a valid regular expression/],
    ['{ source_labels: [a] }', /replace needs target_label/],
    ['{ source_labels: [a], target_label: b, action: hashmod }', /needs a modulus/],
    [
      '{ source_labels: [a], target_label: b, action: lowercase, replacement: x }',
      /replacement does not go with/,
    ],
    ['{ source_labels: [a], target_label: b, action: keepequal, regex: x }', /and nothing else/],
    ['{ action: labeldrop, regex: a, source_labels: [a] }', /and nothing else/],
    ['{ action: labelkeep, regex: a, target_label: a }', /and nothing else/],
    ['{ target_label: a, colour: red }', /unknown field "colour"/],
  ])('refuses %s', (rule, words) => {
    expect(() => relabelled(ABC, rule)).toThrow(words);
    expect(() => relabelled(ABC, rule)).toThrow(ConfigError);
  });

  it('leaves sets alone that it has no rules for', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), fc.string({ minLength: 1 })), (labels) => {
        const set = Labels.of(labels);
        expect(relabel(set, [])).toBe(set);
        expect(relabelled(labels, '{ source_labels: [__none__], regex: x, target_label: y }')).toEqual(
          set.toObject(),
        );
      }),
    );
  });
});
