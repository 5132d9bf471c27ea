// Flat segments: base 0, limit 4 GiB, readable and writable. Code is packed and translated for the flatness of its
// segments, so that nothing is checked or added where they are flat.

import type { int } from '../isa/insn.ts';
import type { Cpu } from '../isa/state.ts';

/** Span of a segment of 4 GiB: see isa/segment.ts. */
export const WHOLE = -15;

export function isFlatData(c: Cpu, seg: int): boolean {
  return c.base[seg] === 0 && c.readSpan[seg] === WHOLE && c.writeSpan[seg] === WHOLE;
}
