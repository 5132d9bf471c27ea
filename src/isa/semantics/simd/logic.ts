// Bitwise logic on MMX and XMM registers, integer and floating (SDM vol. 2): the type makes no difference. No flags.

import { type Insn, MMX } from '../../insn.ts';
import type { Cpu } from '../../state.ts';
import { destination, requireUnit, source } from './operand.ts';

/** PAND - DEST <- DEST and SRC. */
export function PAND(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = w[d] & w[s];
  w[d + 1] = w[d + 1] & w[s + 1];
  if (i.dst.kind !== MMX) {
    w[d + 2] = w[d + 2] & w[s + 2];
    w[d + 3] = w[d + 3] & w[s + 3];
  }
}

/** PANDN - DEST <- not DEST and SRC. */
export function PANDN(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = ~w[d] & w[s];
  w[d + 1] = ~w[d + 1] & w[s + 1];
  if (i.dst.kind !== MMX) {
    w[d + 2] = ~w[d + 2] & w[s + 2];
    w[d + 3] = ~w[d + 3] & w[s + 3];
  }
}

/** POR - DEST <- DEST or SRC. */
export function POR(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = w[d] | w[s];
  w[d + 1] = w[d + 1] | w[s + 1];
  if (i.dst.kind !== MMX) {
    w[d + 2] = w[d + 2] | w[s + 2];
    w[d + 3] = w[d + 3] | w[s + 3];
  }
}

/** PXOR - DEST <- DEST xor SRC. */
export function PXOR(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = w[d] ^ w[s];
  w[d + 1] = w[d + 1] ^ w[s + 1];
  if (i.dst.kind !== MMX) {
    w[d + 2] = w[d + 2] ^ w[s + 2];
    w[d + 3] = w[d + 3] ^ w[s + 3];
  }
}

/** ANDPS, ANDPD - as PAND. */
export function ANDPS(c: Cpu, i: Insn): void {
  PAND(c, i);
}
export function ANDPD(c: Cpu, i: Insn): void {
  PAND(c, i);
}

/** ANDNPS, ANDNPD - as PANDN. */
export function ANDNPS(c: Cpu, i: Insn): void {
  PANDN(c, i);
}
export function ANDNPD(c: Cpu, i: Insn): void {
  PANDN(c, i);
}

/** ORPS, ORPD - as POR. */
export function ORPS(c: Cpu, i: Insn): void {
  POR(c, i);
}
export function ORPD(c: Cpu, i: Insn): void {
  POR(c, i);
}

/** XORPS, XORPD - as PXOR. */
export function XORPS(c: Cpu, i: Insn): void {
  PXOR(c, i);
}
export function XORPD(c: Cpu, i: Insn): void {
  PXOR(c, i);
}
