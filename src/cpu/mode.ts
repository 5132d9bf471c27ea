// What packed and translated code depends on besides its bytes: sizes, segments, privilege. Most segments are flat (base 0,
// limit 4 GiB, readable and writable); where code was made for that, nothing is checked or added.

import { CS, DS, ES, FS, GS, type int, SS } from '../isa/insn.ts';
import { WORD } from '../isa/register-file.ts';
import { FLAT_SPAN } from '../isa/segment.ts';
import type { Cpu } from '../isa/state.ts';
import { ACCESS_BIG } from '../isa/system-bits.ts';

/** Code and stack of 32 bits. */
const WIDE = 3;
const USER = 0x100;
const BENT_SHIFT = 2;
/** Segments that always go through their base, a bit each. */
export const NEVER_FLAT = (1 << FS) | (1 << GS);

/** Modes are less than that. */
export const MODES = 2 * USER;

/**
 * The mode: CS.D (bit 0), SS.B (bit 1), which of the segments are not flat (bits 2 to 7, by their numbers); and user
 * rights (bit 8), since a head leads to a region, and which pages that may span depends on them.
 */
export function modeOf(c: Cpu): int {
  const w = c.words;
  const code = (w[WORD.access + CS] & ACCESS_BIG) >> 14;
  const stack = (w[WORD.access + SS] & ACCESS_BIG) >> 13;
  // CS is one that is not flat, since it cannot be written.
  const bent = bentBit(w, ES) | bentBit(w, CS) | bentBit(w, SS) | bentBit(w, DS) | NEVER_FLAT;
  return code | stack | (bent << BENT_SHIFT) | (w[WORD.cpl] === 3 ? USER : 0);
}

/** Whether a segment is not flat in a mode. */
export function isBent(mode: int, seg: int): boolean {
  return ((mode >> (BENT_SHIFT + seg)) & 1) !== 0;
}

/** Whether a segment is flat now. */
export function isFlatData(c: Cpu, seg: int): boolean {
  return bentBit(c.words, seg) === 0;
}

/** Code of 32 bits at base 0 up to 4 GiB, and a stack that needs no check. */
export function isFlatCode(c: Cpu, mode: int): boolean {
  return (mode & WIDE) === WIDE && c.base[CS] === 0 && c.limit[CS] === -1 && !isBent(mode, SS);
}

function bentBit(w: Int32Array, s: int): int {
  const isFlat = (w[WORD.base + s] | (w[WORD.readSpan + s] - FLAT_SPAN) | (w[WORD.writeSpan + s] - FLAT_SPAN)) === 0;
  return isFlat ? 0 : 1 << s;
}
