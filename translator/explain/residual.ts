// The residual language as text, one statement a line: what `dump --stages` and `explain` show of it.

import { WORD } from '../../src/isa/register-file.ts';
import { isComparison } from '../fold.ts';
import type { Expr, Stmt } from '../ir.ts';
import type { Callout, Guarded, Step } from '../specialise.ts';

const REGISTERS = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi', '0'];
const RELATIONS: Readonly<Record<string, string>> = {
  lt: '<',
  le: '<=',
  gt: '>',
  ge: '>=',
  ltu: '<u',
  leu: '<=u',
  gtu: '>u',
  geu: '>=u',
  eq: '==',
  ne: '!=',
};
const SEGMENTS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'];

/** Lines of a block's residual. Words of the state and registers by name, temporaries `t1`, holes `<imm>`. */
export function residualLines(body: readonly (Stmt | Step | Callout | Guarded)[], indent = ''): string[] {
  return body.flatMap((s) => statement(s).map((line) => indent + line));
}

function statement(s: Stmt | Callout | Guarded): string[] {
  switch (s.k) {
    case 'let':
      return [`t${s.i} = ${residual(s.e)}`];
    case 'set':
      return [`${residual(s.to)} = ${residual(s.e)}`];
    case 'load':
      return [`t${s.i} = load${s.size} ${memory(s.p, s.at)}`];
    case 'store':
      return [`store${s.size} ${memory(s.p, s.at)} = ${residual(s.e)}`];
    case 'place':
      return [`t${s.i} = place${s.size} ${s.write ? 'write' : 'read'} ${segment(s.seg)}:[${residual(s.a)}]`];
    case 'exit':
      return [`leave if ${residual(s.e)}`];
    case 'quick':
      return [`leave unless ${s.f}(${s.args.map((a) => residual(a)).join(', ')})`];
    case 'holds':
      return [`holds ${residual(s.to)} = ${residual(s.e)}`];
    case 'if': {
      const lines = [`if ${residual(s.e)}`, ...residualLines(s.then, '  ')];
      return s.else.length ? [...lines, 'else', ...residualLines(s.else, '  ')] : lines;
    }
    case 'branch':
      return [`branch if ${residual(s.e)}`];
    case 'jump':
      return ['jump'];
    case 'jumpTo':
      return [`jump to ${residual(s.e)}`];
    case 'callout':
      return ['callout'];
    case 'guarded':
      return ['callout where it leaves', ...residualLines(s.body, '  ')];
  }
}

const memory = (p: Expr, at: number): string => `[${residual(p)}${at ? `+${at}` : ''}]`;

const segment = (e: Expr): string => (e.k === 'n' ? (SEGMENTS[e.v] as string) : residual(e));

/** An expression. Operators inside others are in parentheses. */
export function residual(e: Expr, inside = false): string {
  switch (e.k) {
    case 'n':
      return number(e.v);
    case 'd':
      return String(e.v);
    case 't':
      return `t${e.i}`;
    case 'h':
      return `<${e.name}>`;
    case 's':
      return e.name;
    case 'r':
      return e.n.k === 'n' ? element(e.array, e.n.v) : `${e.array}[${residual(e.n)}]`;
    case 'u':
      return `~${residual(e.a, true)}`;
    case 'b':
      return wrap(`${residual(e.a, true)} ${e.op} ${residual(e.b, true)}`, inside);
    case 'q':
      return wrap(`${residual(e.test, true)} ? ${residual(e.a, true)} : ${residual(e.b, true)}`, inside);
    case 'c': {
      const [a, b] = e.args as [Expr, Expr];
      if (isComparison(e.f)) return wrap(`${residual(a, true)} ${RELATIONS[e.f]} ${residual(b, true)}`, inside);
      return `${e.f}(${e.args.map((x) => residual(x)).join(', ')})`;
    }
  }
}

/** Element `n` of an array of the state: of lanes, by the name of its part of the register. */
function element(array: string, n: number): string {
  switch (array) {
    case 'reg':
      return REGISTERS[n] as string;
    case 'doubleLanes':
      return lane(n, 2, 'd');
    case 'wordLanes':
      return lane(n, 4, 'w');
    case 'vectorLanes':
      return `xmm${n - WORD.xmm / 4}`;
    case 'words':
    case 'singles':
    case 'doubles':
      return `${array}[${number(n)}]`;
  }
  return `${array}[${SEGMENTS[n] ?? number(n)}]`;
}

/** Of `parts` in a register, `xmm0.d1`. */
function lane(n: number, parts: number, letter: string): string {
  const of = n - (WORD.xmm / 4) * parts;
  return `xmm${Math.floor(of / parts)}.${letter}${of % parts}`;
}

const wrap = (text: string, inside: boolean): string => (inside ? `(${text})` : text);

/** Small numbers in decimal, others hexadecimal. */
export function number(v: number): string {
  if (v > -10 && v < 10) return String(v);
  return v < 0 ? `-0x${(-v).toString(16)}` : `0x${v.toString(16)}`;
}
