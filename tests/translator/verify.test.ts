// The verifier: a module as the printer writes it, and what is refused when a piece of it is another.

import { expect, test } from 'vitest';
import { WORD } from '../../src/isa/register-file.ts';
import { Refused, verify } from '../../translator/verify.ts';

const REGISTERS_AT = 16 << 20;
const word = (n: number): number => REGISTERS_AT / 4 + n;
const [BUDGET, PAGE_EIP, TABLE] = [word(WORD.engine), word(WORD.engine + 1), word(WORD.engine + 2)];
const EAX = word(WORD.reg);

/** Stores EAX at [EAX], counts down, and calls out now and then: a loop in a loop. */
const MODULE = `"use asm";
var H8 = new stdlib.Int8Array(heap);
var H32 = new stdlib.Int32Array(heap);
var callout = foreign.callout;
function region1() {
var rc = 0, ip = 0, cnt = 0, pb = 0, tab = 0, a = 0, eax = 0, t1 = 0, t2 = 0;
cnt = H32[${BUDGET}] | 0;
pb = H32[${PAGE_EIP}] | 0;
tab = H32[${TABLE}] << 2;
eax = H32[${EAX}] | 0;
Y: {
X: {
L0: for (; ; ) {
if ((cnt | 0) < 201) {
ip = pb + 0 | 0;
break X;
}
cnt = cnt - 3 | 0;
t1 = H32[(tab + (eax >>> 12 << 2) | 0) >> 2] ^ eax;
if ((t1 & -1073741821 | 0) != 0) {
cnt = cnt + 3 | 0;
ip = pb + 4 | 0;
rc = 1;
break X;
}
H32[t1 >> 2] = eax;
H32[${EAX}] = eax;
H32[${BUDGET}] = cnt + 1 | 0;
rc = callout(7) | 0;
if (rc) {
break Y;
}
cnt = (H32[${BUDGET}] | 0) - 1 | 0;
L8: for (; ; ) {
if ((cnt | 0) < 201) {
ip = pb + 8 | 0;
break X;
}
if ((eax | 0) == 0) {
continue L0;
}
cnt = cnt - 1 | 0;
eax = eax - 1 | 0;
}
}
}
H32[${EAX}] = eax;
H32[${BUDGET}] = cnt;
}
return rc | 0;
}
return { region1: region1 };`;

const check = (text: string): void => verify(text, { registersAt: REGISTERS_AT });

test('what the printer writes is accepted, also a turn of the outer loop from within the inner one', () => {
  check(MODULE);
});

test.each([
  ['a turn without budget', 'cnt = cnt - 1 | 0;\neax', 'eax', /uses up no budget/],
  ['budget that is given back', 'eax = eax - 1 | 0;', 'cnt = cnt + 1 | 0;', /uses up no budget/],
  ['more given back than used', 'cnt = cnt - 1 | 0;', 'cnt = cnt + 9 | 0;\ncnt = cnt - 1 | 0;', /uses up no budget/],
  ['an outer turn with budget given back', 'continue L0;', 'cnt = cnt + 3 | 0;\ncontinue L0;', /uses up no budget/],
  ['budget from nowhere', 'cnt = (H32[', 'cnt = (H32[1', /constant outside|cnt only counts/],
  ['a callout with other budget', '] = cnt + 1 | 0;', '] = cnt + 4 | 0;', /uses up no budget/],
  [
    'a loop that does not poll',
    'L8: for (; ; ) {\nif ((cnt | 0) < 201)',
    'L8: for (; ; ) {\nif ((eax | 0) < 201)',
    /poll/,
  ],
  ['a poll that goes on', 'ip = pb + 8 | 0;\nbreak X;', 'ip = pb + 8 | 0;', /poll that goes on/],
  ['a store that was not checked', 'H32[t1 >> 2]', 'H32[t2 >> 2]', /was not checked/],
  ['a store by an address', 'H32[t1 >> 2]', 'H32[eax >> 2]', /was not checked/],
  ['a check of another place', '(t1 & -1073741821', '(t2 & -1073741821', /was not checked/],
  ['a check that goes on', 'rc = 1;\nbreak X;', 'rc = 1;', /was not checked/],
  ['a store checked for reading', '-1073741821', '-2147483645', /checked for reading/],
  ['a store wider than the check', '-1073741821', '-1073741824', /beyond what was checked/],
  ['a place kept over a callout', 'cnt = (H32[', 'H32[t1 >> 2] = eax;\ncnt = (H32[', /was not checked/],
  ['a place of the turn before', 't1 = H32[', 'H32[t1 >> 2] = eax;\nt1 = H32[', /was not checked/],
  ['a write to the tables', `H32[${EAX}] = eax;\nH32[${BUDGET}] = cnt;`, `H32[${TABLE}] = eax;`, /engine's words/],
  ['an answer that is none', 'rc = 1;', 'rc = 3;', /no answer/],
  ['a name of the host', 'eax = eax - 1 | 0;', 'eax = process | 0;', /no local/],
  ['a call of the host', 'eax = eax - 1 | 0;', 'eax = fetch(1) | 0;', /a call/],
  ['another import', 'foreign.callout', 'foreign.constructor', /none of the ABI/],
  ['a view of something else', 'new stdlib.Int8Array(heap)', 'new stdlib.Int8Array(foreign)', /no view/],
  ['code outside functions', 'function region1', 'eval(1);\nfunction region1', /in the module/],
  ['a parameter', 'function region1()', 'function region1(a)', /parameters/],
  ['a string', 'eax = eax - 1 | 0;', "eax = eax + 'a';", /no number/],
] as const)('%s', (_, from, to, message) => {
  expect(MODULE.split(from).length).toBeGreaterThan(1);
  const text = MODULE.replace(from, to);
  expect(() => check(text)).toThrowError(message);
});

test('a refusal is an error of its own type that quotes the place', () => {
  const text = MODULE.replace('rc = 1;', 'rc = 3;');
  expect(() => check(text)).toThrowError(Refused);
  expect(() => check(text)).toThrowError(/: 3; break X/);
});

/** With a place for several operands: 20 bytes from EAX on. */
const SHARED = MODULE.replace('(t1 & -1073741821 | 0)', '(t1 & -1073741821 | (t1 & 4095) > 4076 | 0)').replace(
  'H32[t1 >> 2] = eax;',
  'H32[(t1 + 16 | 0) >> 2] = eax;\nH8[(t1 + 3 | 0) >> 0] = eax;',
);

test('operands that share a place are accepted within the bytes that were checked', () => {
  check(SHARED);
  expect(() => check(SHARED.replace('t1 + 16', 't1 + 20'))).toThrowError(/beyond what was checked/);
  expect(() => check(SHARED.replace('t1 + 16', 't1 + -4'))).toThrowError(/beyond what was checked/);
  expect(() => check(SHARED.replace('> 4076', '> 4077'))).toThrowError(/beyond what was checked/);
  expect(() => check(SHARED.replace('(t1 & 4095) > 4076', '(t2 & 4095) > 4076'))).toThrowError(/was not checked/);
});

const CALLOUT = `H32[${BUDGET}] = cnt + 1 | 0;
rc = callout(8) | 0;
if (rc) {
break Y;
}
cnt = (H32[${BUDGET}] | 0) - 1 | 0;
`;
/** A place of before the inner loop, which it writes to at each turn. */
const HELD = MODULE.replace(
  'L8: for',
  `t2 = H32[(tab + (eax >>> 12 << 2) | 0) >> 2] ^ eax;
if ((t2 & -1073741821 | 0) != 0) {
ip = pb + 8 | 0;
break X;
}
L8: for`,
).replace('cnt = cnt - 1 | 0;\neax', 'H32[t2 >> 2] = eax;\ncnt = cnt - 1 | 0;\neax');

test('a place is good in a loop behind it, unless a callout comes on the way round', () => {
  check(HELD);
  check(HELD.replace('continue L0;', `${CALLOUT}continue L0;`));
  expect(() => check(HELD.replace('continue L0;', CALLOUT))).toThrowError(/was not checked/);
  expect(() => check(HELD.replace('eax = eax - 1 | 0;', `eax = eax - 1 | 0;\n${CALLOUT}`))).toThrowError(
    /was not checked/,
  );
});
