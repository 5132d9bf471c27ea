// What the decoder produces: one decoded IA-32 instruction, free of its address.
// A decoded instruction belongs to its bytes and the decoding mode, not to a place in memory, so that code
// which is mapped at several addresses is decoded once; whatever depends on EIP is relative (`rel`).

/** An int32: coerced (`| 0`) where it is made. Narrow values are sign-extended. */
export type int = number;

/** Width of an operand or of an access, in bits. */
export type Size = 8 | 16 | 32 | 48 | 64 | 80 | 128 | 224 | 752 | 4096;

// Operand kinds.
export const NO_OPERAND = 0;
/** General register of 16 or 32 bits: `n` is its number. */
export const REG = 1;
/** Byte register: the byte of register `n` (0..3) that a left shift by `up` (24: low byte, 16: high byte) brings to the top. */
export const REG8 = 2;
/** Immediate: `value`, sign-extended to 32 bits where the manual sign-extends, zero-extended where it does not matter. */
export const IMM = 3;
/** Memory: segment `seg`, base, index << scale, displacement; `address` is the address size. */
export const MEM = 4;
/** Segment register `n` (ES CS SS DS FS GS = 0..5). */
export const SREG = 5;
export const CREG = 6;
export const DREG = 7;
/** MMX register `n`. */
export const MMX = 8;
/** XMM register `n`. */
export const XMM = 9;
/** x87 stack register ST(n). */
export const ST = 10;
/** Far pointer in the instruction: selector in `n`, offset in `value`. */
export const FAR = 11;

// General registers, in the manual's order.
export const EAX = 0;
export const ECX = 1;
export const EDX = 2;
export const EBX = 3;
export const ESP = 4;
export const EBP = 5;
export const ESI = 6;
export const EDI = 7;
/** Not a register: its slot in the register file reads as zero. */
export const NONE = 8;

// Segment registers (SDM vol. 2, table 3-? "Sreg" encoding).
export const ES = 0;
export const CS = 1;
export const SS = 2;
export const DS = 3;
export const FS = 4;
export const GS = 5;
export const LDTR = 6;
export const TR = 7;

export interface Operand {
  readonly kind: int;
  /** Width in bits. */
  readonly size: Size;
  readonly n: int;
  readonly up: int;
  readonly value: int;
  /** Base register or NONE. */
  readonly base: int;
  /** Index register or NONE. */
  readonly index: int;
  /** log2 of the index's factor: 0..3. */
  readonly scale: int;
  /** Displacement, sign-extended to 32 bits. */
  readonly disp: int;
  /** Segment register that a MEM operand goes through: the override or the default. */
  readonly seg: int;
  /** Address size of a MEM operand: 16 or 32. */
  readonly address: 16 | 32;
}

/** No repeat prefix, REP/REPE (F3), REPNE (F2). */
export const REP_NONE = 0;
export const REPE = 1;
export const REPNE = 2;

export interface Insn {
  /** Name of the semantic function: the manual's mnemonic in capitals, save the families listed in `opcodes.ts`. */
  readonly op: string;
  /** Operand size in bits: 8, 16 or 32 for integer instructions; otherwise the effective 16/32-bit operand size. */
  readonly size: 8 | 16 | 32;
  /** Effective operand size attribute, prefixes applied: 16 or 32, for byte instructions too. */
  readonly osize: 16 | 32;
  /** Effective address size, prefixes applied. */
  readonly asize: 16 | 32;
  /** Stack address size: 32 where SS.B is set. */
  readonly ssize: 16 | 32;
  readonly dst: Operand;
  readonly src: Operand;
  readonly src2: Operand;
  /** Condition code of Jcc, SETcc, CMOVcc: 0..15; for FCMOVcc too. */
  readonly cc: int;
  /** Repeat prefix of a string instruction. */
  readonly rep: int;
  /** Whether a (legal) LOCK prefix stands before it. */
  readonly lock: boolean;
  /** Displacement of a relative transfer, from the end of the instruction, sign-extended. */
  readonly rel: int;
  /** Length in bytes: 1..15. */
  readonly length: int;
}

/** What decoding depends on, besides the bytes. */
export interface DecodeMode {
  /** CS.D: default operand and address size 32. */
  readonly code32: boolean;
  /** SS.B: stack pointer is ESP. */
  readonly stack32: boolean;
}
