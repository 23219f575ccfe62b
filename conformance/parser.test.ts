/**
 * Runs Prometheus's parser and printer tables. Trees are compared with positions, errors with all their texts and
 * positions. `NOT_YET` names what does not pass; everything else must, so the number that passes cannot fall.
 */
import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  type DurationOperand,
  type Expr,
  FUNCTIONS,
  type Matcher,
  ParseError,
  parse,
  printExpr,
  type TimeModifiers,
  type VectorSelector,
} from '../packages/promql/dist/index.js';
import { vectors } from './vectors.ts';

/** Inputs that fail, with the reason. */
const NOT_YET: Readonly<Record<string, string>> = {};

interface Table {
  readonly func: string;
  readonly name: string;
  readonly value: readonly Readonly<Record<string, unknown>>[];
}

test("Prometheus's parser table gives the same trees and the same errors", (ctx) => {
  const path = vectors('parser/parse_test.json', ctx);
  if (path === undefined) return;
  const { tables } = JSON.parse(readFileSync(path, 'utf8')) as { tables: Table[] };
  const cases = tables.find(({ name }) => name === 'testExpr')!.value;
  expect(cases.length).toBe(356);
  const failed: string[] = [];
  for (const [i, { input: coded, expected, fail, errors }] of cases.entries()) {
    const input = goText(coded);
    const got = outcome(input);
    const wanted = fail === true ? { errors: wantedErrors(errors) } : { tree: wantedTree(expected) };
    if (JSON.stringify(got) !== JSON.stringify(wanted)) {
      const name = input.length > 60 ? `${input.slice(0, 60)}...` : input;
      failed.push(`#${i}: ${name}`);
      if (process.env.CONFORMANCE_VERBOSE !== undefined)
        console.log(
          `#${i} ${name}\n  got    ${JSON.stringify(got).slice(0, 1500)}\n  wanted ${JSON.stringify(wanted).slice(0, 1500)}`,
        );
    }
  }
  expect(failed).toEqual(Object.keys(NOT_YET));
});

test("Prometheus's printer tables print the same", (ctx) => {
  const path = vectors('parser/printer_test.json', ctx);
  if (path === undefined) return;
  const { tables } = JSON.parse(readFileSync(path, 'utf8')) as { tables: Table[] };
  const failed: string[] = [];
  let count = 0;
  for (const table of tables) {
    for (const row of table.value) {
      count++;
      let input: string;
      let got: string;
      let wanted: string;
      if (typeof row === 'string') {
        input = row;
        got = printExpr(parse(printExpr(parse(input)), { experimental: true }));
        wanted = printExpr(parse(input));
      } else if (row.vs !== undefined) {
        input = String(row.name);
        got = printExpr(selectorOf(row.vs as Record<string, unknown>));
        wanted = String(row.expected);
      } else {
        input = String(row.in ?? row.input);
        got = printExpr(parse(input, { experimental: true }));
        wanted = String(row.out ?? row.expected ?? input);
      }
      if (got !== wanted) failed.push(`${input}: ${got} instead of ${wanted}`);
    }
  }
  expect(count).toBe(106);
  expect(failed).toEqual([]);
});

type Json = Record<string, unknown>;

function outcome(input: string): unknown {
  try {
    return { tree: tree(parse(input, { experimental: true })) };
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return { errors: error.problems.map(({ message, start, end }) => [start, end, message]) };
  }
}

function wantedErrors(errors: unknown): unknown {
  const { $items, $call, args } = errors as { $items?: Json[]; $call?: string; args?: unknown[] };
  if ($call === 'append') return args!.flatMap((list) => wantedErrors(list) as unknown[]);
  if ($call === 'repeatError') {
    const [, message, start, startStep, end, endStep, count] = args as [unknown, string, ...number[]];
    return Array.from({ length: count! }, (_, i) => [start! + i * startStep!, end! + i * endStep!, message]);
  }
  return $items!.map((item) => {
    const { Start = 0, End = 0 } = (item.PositionRange ?? {}) as { Start?: number; End?: number };
    return [Start, End, goText(item.Err)];
  });
}

/** Bytes as text; those that are not UTF-8 as the parser keeps them. */
function keptBytes(base64: string): string {
  const bytes = Buffer.from(base64, 'base64');
  let text = '';
  for (let i = 0; i < bytes.length; ) {
    const character = [1, 2, 3, 4]
      .map((length) => bytes.subarray(i, i + length))
      .find((part) => isUtf8(part));
    text += character?.toString() ?? String.fromCharCode(0xdc00 + bytes[i]!);
    i += character?.length ?? 1;
  }
  return text;
}

/** A Go string expression of the tables as text. */
function goText(coded: unknown): string {
  if (typeof coded === 'string') return coded;
  const { $bytes, $op, $call, l, r, args, $bigint } = coded as {
    $bytes?: string;
    $op?: string;
    $call?: string;
    $bigint?: string;
    l?: unknown;
    r?: unknown;
    args?: [string, unknown];
  };
  if ($bytes !== undefined) return keptBytes($bytes);
  if ($op === '+') return `${goText(l)}${goText(r)}`;
  if ($call === 'strings.Repeat') return String(args![0]).repeat(Number(args![1]));
  if ($call === 'fmt.Sprintf' || $call === 'fmt.Errorf') {
    // The only number printed is one beyond 2^63, where the one that is added or taken has no weight.
    const { l: base } = args![1] as { l: { $bigint: string } };
    return args![0].replace('%f', `${BigInt(Number(base.$bigint))}.000000`);
  }
  throw new Error(`unknown Go expression ${JSON.stringify(coded)}${$bigint ?? ''}`);
}

const OPS: Readonly<Record<string, string>> = {
  ...{ ADD: '+', SUB: '-', MUL: '*', DIV: '/', MOD: '%', POW: '^', ATAN2: 'atan2' },
  ...{ EQLC: '==', NEQ: '!=', GTR: '>', GTE: '>=', LSS: '<', LTE: '<=' },
  ...{ LAND: 'and', LOR: 'or', LUNLESS: 'unless', TRIM_UPPER: '</', TRIM_LOWER: '>/' },
};

/** The table's tree and ours, both in one neutral form. */
function wantedTree(node: unknown): unknown {
  if (node === null || node === undefined) return null;
  const n = node as Json;
  const ref = (key: string): string => {
    const name = (n[key] as { $ref?: string } | undefined)?.$ref ?? '';
    return OPS[name] ?? name.toLowerCase();
  };
  const range = (): number[] => {
    const { Start = 0, End = 0 } = (n.PosRange ?? {}) as { Start?: number; End?: number };
    return [Start, End];
  };
  const number = (value: unknown): number | string => {
    if (typeof value === 'number') return value;
    const { $dur, $neg, $float } = (value ?? {}) as { $dur?: number; $neg?: unknown; $float?: string };
    if ($float !== undefined) return $float;
    if ($neg !== undefined) return -Number(number($neg));
    return $dur ?? 0;
  };
  const modifiers = (): unknown[] => [
    number(n.OriginalOffset),
    wantedTree(n.OriginalOffsetExpr),
    n.Timestamp ?? null,
    ref('StartOrEnd'),
  ];
  const list = (value: unknown): unknown[] =>
    ((value as { $items?: unknown[] })?.$items ?? []).map(wantedTree);
  switch (n.$type) {
    case 'NumberLiteral':
      return ['number', range(), number(n.Val), n.Duration ?? false];
    case 'StringLiteral':
      return ['string', range(), goText(n.Val ?? '')];
    case 'ParenExpr':
      return ['paren', range(), wantedTree(n.Expr)];
    case 'UnaryExpr':
      return ['unary', n.StartPos ?? 0, ref('Op'), wantedTree(n.Expr)];
    case 'AggregateExpr':
      return [
        'aggregation',
        range(),
        ref('Op'),
        wantedTree(n.Expr),
        wantedTree(n.Param),
        n.Grouping ?? [],
        n.Without ?? false,
      ];
    case 'BinaryExpr': {
      const m = n.VectorMatching as Json | undefined;
      const card = ((m?.Card as { $ref?: string } | undefined)?.$ref ?? 'CardOneToOne').slice(4);
      return [
        'binary',
        ref('Op'),
        wantedTree(n.LHS),
        wantedTree(n.RHS),
        n.ReturnBool ?? false,
        m === undefined ? null : [card, m.MatchingLabels ?? [], m.On ?? false, m.Include ?? []],
      ];
    }
    case 'Call':
      return ['call', range(), ((n.Func as Json).args as string[])[0], list(n.Args)];
    case 'VectorSelector':
      return [
        'vector',
        range(),
        n.Name ?? '',
        ((n.LabelMatchers ?? []) as Json[]).map((m) => [m.name, m.matcher, m.value]),
        modifiers(),
        n.BypassEmptyMatcherCheck ?? false,
      ];
    case 'MatrixSelector':
      return ['matrix', n.EndPos, wantedTree(n.VectorSelector), number(n.Range), wantedTree(n.RangeExpr)];
    case 'SubqueryExpr':
      return [
        'subquery',
        n.EndPos,
        wantedTree(n.Expr),
        number(n.Range),
        wantedTree(n.RangeExpr),
        number(n.Step),
        wantedTree(n.StepExpr),
        modifiers(),
      ];
    case 'DurationExpr':
      return [
        'duration',
        ref('Op'),
        wantedTree(n.LHS),
        wantedTree(n.RHS),
        n.Wrapped ?? false,
        // Prometheus notes the start of operators with one side or none only.
        n.LHS === null || n.LHS === undefined ? (n.StartPos ?? 0) : null,
      ];
    default:
      throw new Error(`unknown node ${JSON.stringify(n).slice(0, 200)}`);
  }
}

function tree(expr: Expr | DurationOperand | undefined): unknown {
  if (expr === undefined) return null;
  const range = [expr.start, expr.end];
  const modifiers = ({ offsetMs, offsetExpr, timestampMs, startOrEnd }: TimeModifiers): unknown[] => [
    offsetMs,
    tree(offsetExpr),
    timestampMs ?? null,
    startOrEnd ?? '',
  ];
  const number = (value: number): number | string =>
    Number.isNaN(value) ? 'NaN' : Number.isFinite(value) ? value : value > 0 ? '+Inf' : '-Inf';
  switch (expr.type) {
    case 'numberLiteral':
      return ['number', range, number(expr.value), expr.duration];
    case 'stringLiteral':
      return ['string', range, expr.value];
    case 'parenExpr':
      return ['paren', range, tree(expr.expr)];
    case 'unaryExpr':
      return ['unary', expr.start, expr.op, tree(expr.expr)];
    case 'aggregation':
      return ['aggregation', range, expr.op, tree(expr.expr), tree(expr.param), expr.grouping, expr.without];
    case 'binaryExpr': {
      const m = expr.matching;
      const card = m?.card.replace(/(^|-)./g, (part) => part.slice(-1).toUpperCase());
      return [
        'binary',
        expr.op,
        tree(expr.lhs),
        tree(expr.rhs),
        expr.returnBool,
        m === undefined ? null : [card, m.labels, m.on, m.include],
      ];
    }
    case 'call':
      if (!FUNCTIONS.has(expr.func)) throw new Error(`unknown function ${expr.func}`);
      return ['call', range, expr.func, expr.args.map(tree)];
    case 'vectorSelector':
      return [
        'vector',
        range,
        expr.name,
        expr.matchers.map((m) => [m.name, m.op, m.value]),
        modifiers(expr),
        expr.mayMatchAll,
      ];
    case 'matrixSelector':
      return ['matrix', expr.end, tree(expr.selector), expr.rangeMs, tree(expr.rangeExpr)];
    case 'subquery':
      return [
        'subquery',
        expr.end,
        tree(expr.expr),
        expr.rangeMs,
        tree(expr.rangeExpr),
        expr.stepMs,
        tree(expr.stepExpr),
        modifiers(expr),
      ];
    case 'durationExpr':
      return [
        'duration',
        expr.op,
        tree(expr.lhs),
        tree(expr.rhs),
        expr.wrapped,
        expr.lhs === undefined ? expr.start : null,
      ];
  }
}

function selectorOf(node: Record<string, unknown>): VectorSelector {
  const matchers = ((node.LabelMatchers ?? []) as Json[]).map(
    (m): Matcher => ({
      name: String(m.name),
      op: m.matcher as Matcher['op'],
      value: String(m.value),
    }),
  );
  return {
    type: 'vectorSelector',
    name: String(node.Name ?? ''),
    matchers,
    offsetMs: 0,
    mayMatchAll: false,
    anchored: false,
    smoothed: false,
    start: 0,
    end: 0,
  };
}
