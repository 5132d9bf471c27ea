// What is around the cases in the generated function, as text.

import {
  BUDGET,
  ENOUGH,
  ENTERED,
  IN_REGIONS,
  NO_SITE,
  PAGE_EIP,
  SAMPLED,
  SITE,
  STAMP,
  TABLE,
} from '../../src/cpu/engine-words.ts';
import { EXIT_HEAT, REGION_LEFT } from '../../src/cpu/regions.ts';
import { OTHER_WAY } from '../../src/cpu/tags.ts';
import { WORD } from '../../src/isa/register-file.ts';
import { text } from '../estree.ts';
import { LINK_OF_A, TAG_OF_A } from './packed.ts';

export function skeleton(table: string, temporaries: number, heat: number): string {
  const locals = Array.from({ length: temporaries }, (_, k) => `, t${k} = 0`).join('');
  return `export function makeInterpreter({ R, H8, H16, H32, CODE, TAGS, LINKS, mulhu, divu, quickMoves, quickStores, quickScans, quickCompares, quickSegment, slow, lookup, region, run, left, overshoot }) {
return function interpret(o, n) {
o = o | 0; n = n | 0;
let a = 0, b = 0, w = 0, pb = R[${PAGE_EIP}], tab = R[${TABLE}], stamp = R[${STAMP}]${locals};
for (;;) {
jump: {
indirect: {
known: {
region: {
slow: {
w = CODE[o];
if (w < 0) {
a = R[w >> 18 & 15] + (R[w >> 22 & 15] << (w >> 26 & 3)) + CODE[o + 2] | 0;
if ((w & 0x40000000) !== 0) {
// Not a flat segment: base, limit and a 16-bit wrap, whose registers word 3 names.
b = CODE[o + 3];
if ((b & 0x100) !== 0) a = a & 65535;
if (a >>> 0 >= R[b >>> 16] >>> 0) break slow;
a = a + R[b >>> 9 & 127] | 0;
}
}
next: ${table}
o = o + 4 | 0;
continue;
}
// The reference executes this one: a miss, a fault, an unaligned access, a residual.
R[${BUDGET}] = n; R[${PAGE_EIP}] = pb;
o = slow(o) | 0;
if (o < 0) return o;
n = R[${BUDGET}]; pb = R[${PAGE_EIP}]; tab = R[${TABLE}]; stamp = R[${STAMP}];
break jump;
}
// Translated code for the first time with this stamp and page. Everything is in the register file meanwhile.
R[${BUDGET}] = n; R[${PAGE_EIP}] = pb;
o = region(o) | 0;
if (o < 0) return o;
n = R[${BUDGET}]; pb = R[${PAGE_EIP}]; tab = R[${TABLE}]; stamp = R[${STAMP}];
break jump;
}
// Translated code.
a = pb + (w >> 10 & 4095) | 0;
b = ${text(LINK_OF_A)};
LINKS[b] = a;
LINKS[b + 1] = stamp;
LINKS[b + 2] = CODE[o + 1];
R[${BUDGET}] = n; R[${PAGE_EIP}] = pb; R[${WORD.eip}] = a; R[${SITE}] = ${NO_SITE};
R[${ENTERED}] = R[${ENTERED}] + 1 | 0;
w = run(CODE[o + 1]) | 0;
b = n;
n = R[${BUDGET}];
R[${IN_REGIONS}] = R[${IN_REGIONS}] + (b - n | 0) | 0;
if (w === ${REGION_LEFT} || R[${SAMPLED}] !== 0) {
o = left(w) | 0;
if (o < 0) return o;
n = R[${BUDGET}]; pb = R[${PAGE_EIP}]; tab = R[${TABLE}]; stamp = R[${STAMP}];
break jump;
}
if (n < R[${ENOUGH}]) return -1;
a = R[${WORD.eip}]; tab = R[${TABLE}]; stamp = R[${STAMP}];
b = ${text(TAG_OF_A)};
if (TAGS[b] === a && TAGS[b + 1] === stamp) {
o = TAGS[b + 2];
pb = a & -4096;
if (CODE[o] === ${heat}) CODE[o + 1] = CODE[o + 1] - ${EXIT_HEAT} | 0;
break jump;
}
}
// A return, an indirect or a cross-page transfer to EIP a.
b = ${text(TAG_OF_A)};
if (TAGS[b] === a && TAGS[b + 1] === stamp) {
o = TAGS[b + 2];
pb = a & -4096;
} else if (TAGS[b ^ ${OTHER_WAY}] === a && TAGS[(b ^ ${OTHER_WAY}) + 1] === stamp) {
o = TAGS[(b ^ ${OTHER_WAY}) + 2];
pb = a & -4096;
} else {
R[${BUDGET}] = n;
o = lookup(a) | 0;
if (o < 0) return o;
n = R[${BUDGET}]; pb = R[${PAGE_EIP}]; tab = R[${TABLE}]; stamp = R[${STAMP}];
}
}
if (n < 0) { R[${BUDGET}] = n; R[${PAGE_EIP}] = pb; return o; }
// A head that counts is mostly passed: without a turn of its own.
if (CODE[o] === ${heat}) {
b = CODE[o + 1] - 1 | 0;
CODE[o + 1] = b;
if (b >= 0) o = o + 4 | 0;
}
}
};
}
`;
}
