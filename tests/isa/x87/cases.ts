// Inputs for x87 instructions: values at the edges of the formats and random ones.

import { MEM } from '../../../src/isa/insn.ts';
import { FORMS, type Form } from './forms.ts';

export interface Case {
  form: number;
  fcw: number;
  /** Status word with TOP. */
  fsw: number;
  /** Abridged tag. */
  ftag: number;
  eflags: number;
  /** ST(0)..ST(7), ten bytes each. */
  st: Uint8Array;
  /** The memory operand's ten bytes. */
  mem: Uint8Array;
}

export class Random {
  private s: number;
  constructor(seed: number) {
    this.s = seed | 0 || 1;
  }
  u32(): number {
    let s = this.s;
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    this.s = s;
    return Math.imul(s, 0x9e3779b1) >>> 0;
  }
  below(n: number): number {
    return Math.floor((this.u32() / 4294967296) * n);
  }
  of<T>(a: readonly T[]): T {
    return a[this.below(a.length)];
  }
}

type Value = { se: number; sig: bigint };

const J = 1n << 63n;
const v = (se: number, sig: bigint): Value => ({ se, sig });
/** Special values; each also negated. */
const SPECIAL: Value[] = [
  v(0, 0n),
  v(0, 1n),
  v(0, 0x7fffffffffffffffn),
  v(0, 0x4000000000000000n),
  v(0, 0x123456789abcn),
  v(0, 0x800n),
  v(0, J),
  v(0, J | 1n),
  v(0, 0xffffffffffffffffn),
  v(0x7fff, J),
  v(0x7fff, 0xc000000000000000n),
  v(0x7fff, 0xc000000000000001n),
  v(0x7fff, 0xffffffffffffffffn),
  v(0x7fff, 0xc123456789abcdefn),
  v(0x7fff, 0xd000000000000000n),
  v(0x7fff, 0x8000000000000001n),
  v(0x7fff, 0xbfffffffffffffffn),
  v(0x7fff, 0xa000000000000000n),
  v(0x7fff, 0x80000000000003ffn),
  v(0x7fff, 0n),
  v(0x7fff, 0x4000000000000000n),
  v(0x7fff, 1n),
  v(0x3fff, 0n),
  v(0x4000, 0x7fffffffffffffffn),
  v(1, 0x4000000000000000n),
  v(0x7ffe, 0xffffffffffffffffn),
  v(0x7ffe, J),
  v(0x7ffe, 0xfffffffffffff800n),
  v(0x7ffe, 0xffffff0000000000n),
  v(0x7ffe, 0xfffffffffffffbffn),
  v(1, J),
  v(1, J | 1n),
  v(1, 0xffffffffffffffffn),
  v(2, J),
  v(0x3f, J),
  v(0x41, 0xf000000000000001n),
];
const NUMBERS: Value[] = [
  v(0x3fff, J),
  v(0x3fff, J | 1n),
  v(0x3ffe, 0xffffffffffffffffn),
  v(0x3ffe, J),
  v(0x4000, 0xc000000000000000n),
  v(0x4000, 0xa000000000000000n),
  v(0x3fff, 0xc000000000000000n),
  v(0x3ffd, J),
  v(0x3ffe, J | 1n),
  v(0x3ffd, 0xffffffffffffffffn),
  v(0x4002, 0xa000000000000000n),
  v(0x4000, 0xc90fdaa22168c235n),
  v(0x3fff, 0xc90fdaa22168c235n),
  v(0x3ffe, 0xc90fdaa22168c235n),
  v(0x3ffe, 0xb17217f7d1cf79acn),
  // Around 2^15, 2^16, 2^31, 2^32, 2^53, 2^63, 2^64 and 10^18.
  v(0x400d, 0xfffe000000000000n),
  v(0x400d, 0xffff000000000000n),
  v(0x400e, J),
  v(0x400e, 0x8000800000000000n),
  v(0x400e, 0x8000800000000001n),
  v(0x400e, 0x8000400000000000n),
  v(0x401d, 0xfffffffe00000000n),
  v(0x401d, 0xffffffff00000000n),
  v(0x401d, 0xfffffffeffffffffn),
  v(0x401e, J),
  v(0x401e, 0x8000000080000000n),
  v(0x401e, 0x8000000040000000n),
  v(0x401e, 0x80000000c0000000n),
  v(0x403d, 0xffffffffffffffffn),
  v(0x403d, 0xfffffffffffffffen),
  v(0x403e, J),
  v(0x403e, J | 1n),
  v(0x403e, 0xffffffffffffffffn),
  v(0x403f, J),
  v(0x403a, 0xde0b6b3a763ffff0n),
  v(0x403a, 0xde0b6b3a763ffff8n),
  v(0x403a, 0xde0b6b3a763ffff7n),
  v(0x403a, 0xde0b6b3a76400000n),
  // The ranges of double and single.
  v(0x43fe, 0xfffffffffffff800n),
  v(0x43fe, 0xfffffffffffffc00n),
  v(0x43fe, 0xfffffffffffffbffn),
  v(0x43ff, J),
  v(0x3c01, J),
  v(0x3c00, 0xffffffffffffffffn),
  v(0x3c00, 0xfffffffffffff800n),
  v(0x3c00, 0xfffffffffffffc00n),
  v(0x3c00, 0xfffffffffffff400n),
  v(0x3bcd, J),
  v(0x3bcc, J),
  v(0x3bcc, J | 1n),
  v(0x3bcb, J),
  v(0x407e, 0xffffff0000000000n),
  v(0x407e, 0xffffff8000000000n),
  v(0x407e, 0xffffff7fffffffffn),
  v(0x407f, J),
  v(0x3f81, J),
  v(0x3f80, 0xffffffffffffffffn),
  v(0x3f80, 0xffffff0000000000n),
  v(0x3f80, 0xffffff8000000000n),
  v(0x3f6a, J),
  v(0x3f69, J),
  v(0x3f69, J | 1n),
  v(0x3f68, J),
  // Ties at 24, 53 and 64 bits.
  v(0x3fff, 0x8000008000000000n),
  v(0x3fff, 0x8000018000000000n),
  v(0x3fff, 0x8000000000000400n),
  v(0x3fff, 0x8000000000000c00n),
  v(0x3fff, 0xffffffffffffffffn),
  v(0x3fff, 0xfffffffffffffc00n),
  v(0x3fff, 0xffffff8000000000n),
  // Exponents for FSCALE.
  v(0x400c, 0xffff000000000000n),
  v(0x400d, 0x8000000000000000n),
  v(0x400e, 0xc000000000000000n),
  v(0x4004, 0xfc00000000000000n),
];

function sig64(r: Random): bigint {
  return (BigInt(r.u32()) << 32n) | BigInt(r.u32());
}

/** A significand: of 64, 53, 24 or few random bits, or runs of ones and zeros. */
function significand(r: Random): bigint {
  const k = r.below(8);
  if (k < 3) return sig64(r) | J;
  if (k === 3) return (sig64(r) | J) & ~0x7ffn;
  if (k === 4) return (sig64(r) | J) & ~0xffffffffffn;
  if (k === 5) return (BigInt(r.below(64) + 64) << 57n) | J;
  const run = ((1n << BigInt(r.below(64))) - 1n) << BigInt(r.below(64));
  return ((k === 6 ? run : ~run) & 0xffffffffffffffffn) | J;
}

function value(r: Random): Value {
  const k = r.below(20);
  let x: Value;
  if (k < 3) x = r.of(SPECIAL);
  else if (k < 6) x = r.of(NUMBERS);
  else if (k < 7) x = v(r.below(0x8000), sig64(r));
  else if (k < 8) x = v(1 + r.below(0x7ffe), significand(r));
  else if (k < 9) x = v(0x3bb0 + r.below(0x860), significand(r));
  else if (k < 10) x = v(0x3f60 + r.below(0x130), significand(r));
  else if (k < 14) x = v(0x3fff + r.below(70) - 5, significand(r));
  else x = v(0x3fff + r.below(20) - 10, significand(r));
  return r.below(2) === 0 ? x : v(x.se ^ 0x8000, x.sig);
}

/** A value that has to do with `a`. */
function near(r: Random, a: Value): Value {
  const sign = r.below(2) << 15;
  const e = a.se & 0x7fff;
  const d = r.below(3) === 0 ? 0 : r.below(140) - 70;
  const f = Math.min(0x7ffe, Math.max(1, e + d));
  const k = r.below(4);
  if (k === 0) return v(f | sign, a.sig | J);
  if (k === 1) return v(e | sign, (a.sig + BigInt(r.below(5) - 2)) & 0xffffffffffffffffn);
  return v(f | sign, significand(r));
}

function write(x: Value, b: Uint8Array, at: number): void {
  const d = new DataView(b.buffer, b.byteOffset + at, 10);
  d.setBigUint64(0, x.sig, true);
  d.setUint16(8, x.se, true);
}

const scratch = new DataView(new ArrayBuffer(8));

function operandBytes(r: Random, f: Form, a: Value, b: Uint8Array): void {
  const d = new DataView(b.buffer, b.byteOffset, 10);
  b.fill(0xa5);
  if (f.insn.dst.kind === MEM) return;
  if (f.kind === 'fp' && f.memory < 80) {
    const k = r.below(8);
    const E = f.memory === 32 ? 8 : 11;
    const F = f.memory === 32 ? 23 : 52;
    let e: number;
    let s = sig64(r) >> BigInt(64 - F);
    const top = (1 << E) - 1;
    const bias = top >> 1;
    if (k === 0) e = 0;
    else if (k === 1) e = top;
    else if (k === 2) e = r.of([1, 2, top - 1, top - 2]);
    else if (k < 5) e = Math.min(top - 1, Math.max(0, (a.se & 0x7fff) - 16383 + bias + r.below(20) - 10));
    else e = bias + r.below(24) - 12;
    const j = r.below(8);
    if (j === 0) s = 0n;
    else if (j === 1) s = 1n << BigInt(F - 1);
    else if (j === 2) s = (1n << BigInt(F)) - 1n;
    else if (j === 3) s = 1n;
    else if (j === 4) s &= ~0xfffffn;
    scratch.setBigUint64(0, (BigInt(r.below(2)) << BigInt(E + F)) | (BigInt(e) << BigInt(F)) | s, true);
    for (let n = 0; n < f.memory / 8; n++) b[n] = scratch.getUint8(n);
  } else if (f.kind === 'fp') write(value(r), b, 0);
  else if (f.kind === 'int') {
    const k = r.below(4);
    if (k === 0) d.setBigInt64(0, BigInt(r.of([0, 1, -1, 2, 10, 100, -3, 32767, -32768])), true);
    else if (k === 1)
      d.setBigInt64(
        0,
        r.of([
          0x7fffffffn,
          -0x80000000n,
          0x80000000n,
          -1n << 63n,
          (1n << 63n) - 1n,
          1n << 53n,
          (1n << 53n) + 1n,
          1n << 32n,
        ]),
        true,
      );
    else d.setBigInt64(0, BigInt.asIntN(64, sig64(r)) >> BigInt(r.below(64)), true);
    b.fill(0xa5, f.memory / 8);
  } else if (f.kind === 'word') d.setUint16(0, r.u32() & 0xffff, true);
  else if (f.kind === 'bcd') for (let n = 0; n < 10; n++) b[n] = r.below(256);
  if (f.kind === 'bcd' && r.below(8) !== 0) {
    for (let n = 0; n < 9; n++) b[n] = r.below(10) * 16 + r.below(10);
    if (r.below(4) === 0) for (let n = r.below(9); n < 9; n++) b[n] = 0;
    b[9] = r.of([0, 0x80, 0, 0x80, 0x7f, 0xff]);
  }
}

/** ST(3)..ST(7) as every case has them; the others zero. */
export function constantRegisters(): Uint8Array {
  const st = new Uint8Array(80);
  for (let n = 3; n < 8; n++) write(v(0x4000 + n, J | BigInt(n)), st, 10 * n);
  return st;
}

/** A random case of FORMS[form]. */
export function randomCase(r: Random, form: number): Case {
  const f = FORMS[form];
  const st = constantRegisters();
  const mem = new Uint8Array(10);
  let fcw = 0x40 | (r.of([0, 2, 3, 3, 3, 2]) << 8) | (r.of([0, 0, 0, 1, 2, 3]) << 10) | 0x3f;
  const k = r.below(8);
  // Masks: mostly all, or one exception unmasked, or random.
  if (k === 0) fcw &= ~(1 << r.below(6));
  else if (k === 1) fcw &= ~r.below(64);
  if (r.below(100) === 0) fcw ^= 0x1000;
  let fsw = r.below(8) << 11;
  if (r.below(3) === 0) fsw |= r.u32() & 0x477f;
  // A pending exception now and then only.
  if ((fsw & ~fcw & 0x3f) !== 0 && r.below(10) !== 0) fsw &= ~0x3f | (fcw & 0x3f);
  if ((fsw & ~fcw & 0x3f) !== 0) fsw |= 0x8080;
  let ftag = 0xff;
  const top = (fsw >> 11) & 7;
  const pushes = /^(FLD|FILD|FBLD|FPTAN|FXTRACT|FSINCOS)/.test(f.insn.op);
  if (pushes && r.below(16) !== 0) ftag &= ~(1 << ((top + 7) & 7));
  if (r.below(16) === 0) ftag &= ~(1 << ((top + r.below(3)) & 7));
  if (r.below(16) === 0) ftag &= r.u32() & 0xff;
  const a = value(r);
  write(a, st, 0);
  const other =
    f.insn.op === 'FSCALE' && r.below(2) === 0
      ? v(0x4000 + r.below(16) + (r.below(2) << 15), significand(r))
      : r.below(2) === 0
        ? near(r, a)
        : value(r);
  write(other, st, 10);
  write(other, st, 20);
  operandBytes(r, f, a, mem);
  if (f.insn.op === 'FLDCW' && r.below(2) === 0) mem[0] |= 0x3f;
  return { form, fcw, fsw, ftag, eflags: 0x202 | r.of([0, 1, 4, 0x40, 0x41, 5, 0x44, 0x8d5]), st, mem };
}
