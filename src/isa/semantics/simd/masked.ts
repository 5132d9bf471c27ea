// Stores of bytes under a mask: MASKMOVQ, MASKMOVDQU (SDM vol. 2). No flags.
//
// Deviations: they are ordinary stores, not non-temporal ones. No memory is touched, and no page fault raised, below the
// first or above the last byte that is stored (the manual leaves it open).

import type { Insn, int } from '../../insn.ts';
import { store, writePlace } from '../../prims.ts';
import type { Cpu } from '../../state.ts';
import { offset } from '../operand.ts';
import { mmxCheck, mmxEnter } from '../x87/mmx-alias.ts';
import { registerWords, requireSse } from './operand.ts';
import { byteSigns } from './words.ts';

/** MASKMOVQ, MASKMOVDQU - stores those bytes of SRC at DS:eDI whose byte in the mask (second source) has its top bit set. */
export function MASKMOVQ(c: Cpu, i: Insn): void {
  mmxCheck(c);
  const m = registerWords(c, i.src2);
  storeMasked(c, i, byteSigns(c.words[m]) | (byteSigns(c.words[m + 1]) << 4));
  mmxEnter(c);
}
export function MASKMOVDQU(c: Cpu, i: Insn): void {
  requireSse(c);
  const m = registerWords(c, i.src2);
  const low = byteSigns(c.words[m]) | (byteSigns(c.words[m + 1]) << 4);
  storeMasked(c, i, low | (byteSigns(c.words[m + 2]) << 8) | (byteSigns(c.words[m + 3]) << 12));
}

/** Stores the bytes of the source whose bit is set in `mask`; one check from the first to the last of them. */
function storeMasked(c: Cpu, i: Insn, mask: int): void {
  if (mask === 0) return;
  const s = registerWords(c, i.src);
  const first = 31 - Math.clz32(mask & -mask);
  const last = 31 - Math.clz32(mask);
  const at = offset(c, i.dst) + first;
  const place = writePlace(c, i.dst.seg, i.dst.address === 16 ? at & 65535 : at | 0, (last - first + 1) << 3);
  for (let k = first; k <= last; k++) {
    if (mask & (1 << k)) store(c, place, 8, (c.words[s + (k >> 2)] << (24 - ((k & 3) << 3))) >> 24, k - first);
  }
}
