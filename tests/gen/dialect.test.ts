// What the generator refuses. Each case is a semantic function in place of those of exchange.ts.

import { describe, expect, test } from 'vitest';
import { readDialect, readSemantics } from '../../translator/gen/dialect.ts';
import { allShapes, type Shape } from '../../translator/gen/shapes.ts';
import { specialise } from '../../translator/gen/specialise.ts';
import { show } from './notation.ts';

const dialect = (text: string) => readDialect((file) => (file.endsWith('exchange.ts') ? text : readSemantics(file)));

/** A function of two registers, `TRY32.d,d`. */
const shape: Shape = { ...(allShapes().find((s) => s.key === 'MOV32.d,d') as Shape), op: 'TRY' };
const memoryShape: Shape = { ...(allShapes().find((s) => s.key === 'MOV32.m32,d') as Shape), op: 'TRY' };

/** The residual of a function body, for registers or for memory. */
function residual(body: string, of: Shape = shape): string[] {
  const made = specialise(dialect(`export function TRY(c: Cpu, i: Insn): void {\n${body}\n}`), of, {
    effectiveAddress: true,
  });
  return show(made.body);
}

describe('syntax that is not in the dialect, with its place', () => {
  test.each([
    ['a loop', 'for (;;) {}', 'ForStatement'],
    ['a while loop', 'while (c.fz) c.fz = 0;', 'WhileStatement'],
    ['a switch', 'switch (c.fz) {}', 'SwitchStatement'],
    ['a closure', 'const f = () => 1;', 'ArrowFunctionExpression'],
    ['an object', 'const o = {};', 'ObjectExpression'],
    ['an exception', 'throw 1;', 'ThrowStatement'],
    ['a variable', 'let a = 1;', 'a local is bound once: const'],
    ['a change of a local', 'const a = 1; a = 2;', 'only state is assigned, with ='],
    ['a compound assignment', 'c.fz += 1;', 'only state is assigned, with ='],
    ['a method', 'c.memory.load8(0, 0);', 'calls are of named functions'],
  ])('%s', (_name, body, rule) => {
    expect(() => residual(body)).toThrow(`semantics/exchange.ts:2: ${rule}`);
  });
});

describe('what no instruction may do', () => {
  test('leave after it has committed something to a register', () => {
    const body = 'c.reg[0] = 1; const p = writable(c, i.dst); put(c, i.dst, p, 1);';
    expect(() => residual(body, memoryShape)).toThrow('MOV32.m32,d: may leave after a commit');
  });

  test('leave after a store', () => {
    const body = 'const p = writable(c, i.dst); put(c, i.dst, p, 1); raiseIf(c, c.fz, 0);';
    expect(() => residual(body, memoryShape)).toThrow('may leave after a commit');
  });

  test('leave under a condition', () => {
    const body = 'if (eq(c.fz, 0)) { const p = writable(c, i.dst); }';
    expect(() => residual(body, memoryShape)).toThrow('may leave under an if');
  });

  test('return under a condition that is not known', () => {
    const body = 'c.fz = half(c); }\nfunction half(c: Cpu): int { if (eq(c.fz, 0)) return 1; return 2;';
    expect(() => residual(body)).toThrow('no return under a dynamic if');
  });

  test('compare values with ===', () => {
    expect(() => residual('if (c.fz === 0) c.fr = 1;')).toThrow('=== is for what is known now; eq() for values');
  });

  test('call what is neither a primitive nor in the dialect', () => {
    expect(() => residual('updateSpans(c, 0);')).toThrow('updateSpans is neither a primitive nor in the dialect');
  });

  test('call a residual function', () => {
    expect(() => residual('PUSHA(c, i);')).toThrow('PUSHA is neither');
  });

  test('ask for what its shape does not have', () => {
    expect(() => residual('c.fz = i.dst.colour;')).toThrow('no colour in this shape');
  });
});

describe('what is left of a function', () => {
  test('nothing of what its shape decides', () => {
    const body = 'if (i.size === 32) c.reg[i.dst.n] = get(c, i.src, 0); else c.fz = 1;';
    expect(residual(body)).toEqual(['t0 = reg[sn]', 'reg[dn] := t0']);
  });

  test('both arms of a condition on state', () => {
    expect(residual('if (eq(c.fz, 0)) c.fr = 1; else c.fr = 2;')).toEqual([
      't0 = fz',
      't1 = eq(t0, 0)',
      'if t1',
      '  fr := 1',
      'else',
      '  fr := 2',
    ]);
  });

  test('checks before commits', () => {
    const body = 'const p = writable(c, i.dst); const v = load(c, p, 32); store(c, p, 32, v + 1); c.fz = v;';
    expect(residual(body, memoryShape)).toEqual([
      't0 = writePlace32 ea',
      't1 = load32 t0 + 0',
      't2 = (t1 + 1)',
      'store32 t0 + 0, t2',
      'fz := t1',
    ]);
  });
});

test('every template leaves before it commits', () => {
  // specialise() throws otherwise; that it is called for all of them is what is tested.
  const whole = readDialect();
  const bodies = allShapes().map((s) => specialise(whole, s, { effectiveAddress: false }).body);
  const leaving = bodies.filter((b) => b.some((s) => s.k === 'place'));
  expect(leaving.length).toBeGreaterThan(100);
});
