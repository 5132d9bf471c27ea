// Compares the outcome of a case with the real processor's.

import type { Case } from './cases.ts';
import { APPROXIMATE, FORMS } from './forms.ts';
import { type Outcome, statusMask, undefinedResult } from './replay.ts';

const reversed = (b: Uint8Array) => Buffer.from(b).reverse().toString('hex');

/** Distance in units of the last place between two ten-byte numbers of like sign; Infinity if they do not compare. */
function units(a: Uint8Array, b: Uint8Array): number {
  const x = BigInt('0x' + reversed(a));
  const y = BigInt('0x' + reversed(b));
  if (x === y) return 0;
  const ordinal = (z: bigint) => {
    const e = (z >> 64n) & 0x7fffn;
    // Consecutive numbers differ by one: the significand's top bit is implied by the exponent.
    return (e << 63n) | (z & ((1n << 63n) - 1n));
  };
  if (x >> 79n !== y >> 79n) return Number.POSITIVE_INFINITY;
  const d = ordinal(x) - ordinal(y);
  return Number(d < 0n ? -d : d);
}

/** What differs, in words; '' if nothing does. */
export function difference(c: Case, ours: Outcome, real: Outcome): string {
  const f = FORMS[c.form];
  if (undefinedResult(c)) return '';
  const found: string[] = [];
  const check = (what: string, a: number, b: number) => {
    if (a !== b) found.push(`${what} ${(a >>> 0).toString(16)} should be ${(b >>> 0).toString(16)}`);
  };
  check('fault', ours.fault, real.fault);
  const mask = statusMask(c);
  check('status', ours.fsw & mask, real.fsw & mask);
  check('tag', ours.ftag, real.ftag);
  const tolerance = APPROXIMATE.has(f.insn.op) ? 1 : 0;
  for (let n = 0; n < 8; n++) {
    const a = ours.st.subarray(10 * n, 10 * n + 10);
    const b = real.st.subarray(10 * n, 10 * n + 10);
    const u = units(a, b);
    if (u > tolerance) found.push(`ST(${n}) ${reversed(a)} should be ${reversed(b)} (${u})`);
  }
  if (real.fault < 0) {
    check('control', ours.fcw, real.fcw);
    if (reversed(ours.mem) !== reversed(real.mem))
      found.push(`memory ${reversed(ours.mem)} should be ${reversed(real.mem)}`);
    check('eax', ours.eax, real.eax);
    check('eflags', ours.eflags, real.eflags);
    check('fip', ours.fip, real.fip);
    check('fcs', ours.fcs, real.fcs);
    check('fdp', ours.fdp, real.fdp);
    check('fds', ours.fds, real.fds);
    // FOP is only recorded with an unmasked exception.
    if ((real.fsw & 0x80) !== 0 && (c.fsw & 0x80) === 0 && real.fip !== 0) check('fop', ours.fop, real.fop);
  }
  if (found.length === 0) return '';
  const st = [0, 1].map((n) => reversed(c.st.subarray(10 * n, 10 * n + 10))).join(' ');
  return `${f.name} fcw ${c.fcw.toString(16)} fsw ${c.fsw.toString(16)} tag ${c.ftag.toString(16)} st ${st} mem ${reversed(c.mem)}: ${found.join('; ')}`;
}
