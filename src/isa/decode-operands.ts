// Operands as the decoder makes them. Registers, the empty operand and small immediates are shared: one object each,
// never written to (the type is read-only). All operands have one shape, so that what reads them stays monomorphic;
// this is why the shared ones are not frozen (a frozen object has another hidden class in V8).

import {
  CREG,
  DREG,
  DS,
  EBX,
  EDI,
  ES,
  ESI,
  FAR,
  IMM,
  type int,
  MEM,
  MMX,
  NO_OPERAND,
  NONE,
  type Operand,
  REG,
  REG8,
  type Size,
  SREG,
  ST,
  XMM,
} from './insn.ts';

function make(
  kind: int,
  size: Size,
  n: int,
  up: int,
  value: int,
  base: int,
  index: int,
  scale: int,
  disp: int,
  seg: int,
  address: 16 | 32,
): Operand {
  return { kind, size, n, up, value, base, index, scale, disp, seg, address };
}

const simple = (kind: int, size: Size, n: int, up = 0): Operand => make(kind, size, n, up, 0, NONE, NONE, 0, 0, DS, 32);

const eight = (of: (n: int) => Operand): readonly Operand[] => [0, 1, 2, 3, 4, 5, 6, 7].map(of);

/** The operand that is not there. */
export const NO: Operand = simple(NO_OPERAND, 32, 0);

/** AL CL DL BL AH CH DH BH. */
export const REGS8 = eight((n) => simple(REG8, 8, n & 3, n & 4 ? 16 : 24));
export const REGS16 = eight((n) => simple(REG, 16, n));
export const REGS32 = eight((n) => simple(REG, 32, n));
/** Segment registers by number; 6 and 7 do not exist. */
export const SREGS = eight((n) => simple(SREG, 16, n));
export const CREGS = eight((n) => simple(CREG, 32, n));
export const DREGS = eight((n) => simple(DREG, 32, n));
export const MMXS = eight((n) => simple(MMX, 64, n));
export const XMMS = eight((n) => simple(XMM, 128, n));
export const STS = eight((n) => simple(ST, 80, n));

/** General register `n` (0..7, byte registers as encoded) of that width. */
export function register(size: Size, n: int): Operand {
  return (size === 32 ? REGS32 : size === 8 ? REGS8 : REGS16)[n] as Operand;
}

const immediates = [8, 16, 32].map((size) =>
  Array.from({ length: 384 }, (_, k) => make(IMM, size as Size, 0, 0, k - 128, NONE, NONE, 0, 0, DS, 32)),
);
const immediates8 = immediates[0] as Operand[];
const immediates16 = immediates[1] as Operand[];
const immediates32 = immediates[2] as Operand[];

/** Immediate of 8, 16 or 32 bits. */
export function immediate(size: Size, value: int): Operand {
  if (value >= -128 && value < 256) {
    return (size === 32 ? immediates32 : size === 8 ? immediates8 : immediates16)[value + 128] as Operand;
  }
  return make(IMM, size, 0, 0, value, NONE, NONE, 0, 0, DS, 32);
}

/** Memory operand; base and index are register numbers or NONE, `disp` is sign-extended. */
export function memory(size: Size, base: int, index: int, scale: int, disp: int, seg: int, address: 16 | 32): Operand {
  return make(MEM, size, 0, 0, 0, base, index, scale, disp, seg, address);
}

/** Far pointer in the instruction; `size` is that of its offset. */
export function farPointer(size: Size, selector: int, offset: int): Operand {
  return make(FAR, size, selector, 0, offset, NONE, NONE, 0, 0, DS, 32);
}

/** The implicit memory operands, [seg:base], shared: by base (EBX, ESI, EDI), segment, size and address size. */
const implicit: (Operand | undefined)[] = [];

/** Memory operand without displacement through EBX, ESI or EDI: strings, XLAT, MASKMOVQ. */
export function pointer(size: Size, base: typeof EBX | typeof ESI | typeof EDI, seg: int, address: 16 | 32): Operand {
  const which = base === EBX ? 0 : base === ESI ? 1 : 2;
  const key = (((which * 8 + seg) * 2 + (address >> 5)) << 8) | size;
  return (implicit[key] ??= memory(size, base, NONE, 0, 0, seg, address));
}
for (const address of [16, 32] as const) {
  for (let seg = ES; seg <= 5; seg++) {
    pointer(8, EBX, seg, address);
    for (const size of [8, 16, 32] as const) {
      pointer(size, ESI, seg, address);
      pointer(size, EDI, seg, address);
    }
  }
}
