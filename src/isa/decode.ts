// The instruction decoder: IA-32 through SSE3, 16- and 32-bit code.
// Source: Intel SDM vol. 2, chapter 2 (instruction format) and the opcode maps in `opcodes*.ts`.
//
// Deviations: none known in what is defined. Undefined opcodes are 'UD' as soon as they are known to be undefined; the
// bytes after them are not asked for. A CPU first fetches a whole instruction, so that one which is undefined, and
// crosses into a page that is not present or is longer than 15 bytes, faults otherwise there. LOCK before anything that
// cannot take it is 'UD'.

import {
  type Entry,
  F_A,
  F_BD,
  F_BX,
  F_C,
  F_CONST,
  F_COUNT,
  F_D,
  F_E,
  F_FIXED,
  F_G,
  F_IB,
  F_IZ,
  F_JB,
  F_JZ,
  F_NONE,
  F_O,
  F_P,
  F_Q,
  F_R,
  F_S,
  F_SREG,
  F_ST,
  F_STI,
  F_UB,
  F_UW,
  F_V,
  F_W,
  F_X,
  F_Y,
  type Field,
  MODRM,
  MODRM_NONE,
  ONE_BYTE_ENTRIES,
  SIZE_DST,
  TWO_BYTE_ENTRIES,
  UNDEFINED,
} from './decode-entries.ts';
import {
  CREGS,
  DREGS,
  farPointer,
  immediate,
  MMXS,
  memory,
  NO,
  pointer,
  REGS8,
  REGS16,
  REGS32,
  register,
  SREGS,
  STS,
  XMMS,
} from './decode-operands.ts';
import {
  CS,
  type DecodeMode,
  DS,
  EBP,
  EBX,
  EDI,
  ES,
  ESI,
  ESP,
  FS,
  GS,
  type Insn,
  type int,
  MEM,
  NONE,
  type Operand,
  REP_NONE,
  REPE,
  REPNE,
  type Size,
  SS,
} from './insn.ts';

/** Longest instruction in bytes; a longer one is #GP(0) (SDM vol. 2, 2.3.11). */
export const MAX_LENGTH = 15;

/** What one call may look at without checking: 15 prefixes and opcode, ModRM, SIB, displacement and immediate after them. */
const SLACK = 32;

// The state of one call. Decoding is not reentrant and runs to its end, so that nothing is allocated for it.
let code: Uint8Array = new Uint8Array(0);
let at = 0;
let modrm = 0;
let osize: 16 | 32 = 32;
let asize: 16 | 32 = 32;
/** Segment override, or -1. */
let override = -1;
let rel = 0;
// The memory operand of ModRM.
let base = NONE;
let index = NONE;
let scale = 0;
let disp = 0;
let seg = DS;

const window = new Uint8Array(SLACK);

/**
 * Decodes one instruction.
 *
 * @param bytes guest code
 * @param offset where the instruction starts in `bytes`
 * @param available how many bytes from there may be read; more than 15 make no difference
 * @param mode CS.D and SS.B
 * @returns the instruction; `null` when it does not end within `available` bytes. An undefined or illegal one has op
 *   'UD' and the length that was looked at; one of more than 15 bytes has op 'TOOLONG' and length 15.
 */
export function decode(bytes: Uint8Array, offset: number, available: number, mode: DecodeMode): Insn | null {
  if (available >= SLACK && offset + SLACK <= bytes.length) {
    const insn = decodeAt(bytes, offset, mode);
    return insn.length > MAX_LENGTH ? tooLong(mode) : insn;
  }
  // Near the end of what may be read: from a copy that is filled up with zeros, asking afterwards what was used.
  const there = Math.min(available, MAX_LENGTH, bytes.length - offset);
  for (let k = 0; k < SLACK; k++) window[k] = k < there ? (bytes[offset + k] as number) : 0;
  const insn = decodeAt(window, 0, mode);
  if (insn.length <= there) return insn;
  return there >= MAX_LENGTH ? tooLong(mode) : null;
}

function make(
  op: string,
  size: 8 | 16 | 32,
  ssize: 16 | 32,
  dst: Operand,
  src: Operand,
  src2: Operand,
  cc: int,
  rep: int,
  lock: boolean,
  rel: int,
  length: int,
): Insn {
  return { op, size, osize, asize, ssize, dst, src, src2, cc, rep, lock, rel, length };
}

function tooLong(mode: DecodeMode): Insn {
  return make('TOOLONG', 32, mode.stack32 ? 32 : 16, NO, NO, NO, 0, REP_NONE, false, 0, MAX_LENGTH);
}

/** Decodes without regard to how many bytes there are: at least SLACK. The length may come out above 15. */
function decodeAt(bytes: Uint8Array, start: number, mode: DecodeMode): Insn {
  code = bytes;
  at = start;
  const wide = mode.code32;
  const ssize = mode.stack32 ? 32 : 16;
  let size66 = false;
  let lock = false;
  let repeat: int = REP_NONE;
  override = -1;
  rel = 0;
  osize = asize = wide ? 32 : 16;

  let byte = code[at++] as int;
  prefixes: for (;;) {
    switch (byte) {
      case 0x26:
        override = ES;
        break;
      case 0x2e:
        override = CS;
        break;
      case 0x36:
        override = SS;
        break;
      case 0x3e:
        override = DS;
        break;
      case 0x64:
        override = FS;
        break;
      case 0x65:
        override = GS;
        break;
      case 0x66:
        size66 = true;
        osize = wide ? 16 : 32;
        break;
      case 0x67:
        asize = wide ? 16 : 32;
        break;
      case 0xf0:
        lock = true;
        break;
      case 0xf2:
        repeat = REPNE;
        break;
      case 0xf3:
        repeat = REPE;
        break;
      default:
        break prefixes;
    }
    if (at - start > MAX_LENGTH - 1) return make('UD', osize, ssize, NO, NO, NO, 0, REP_NONE, false, 0, MAX_LENGTH + 1);
    byte = code[at++] as int;
  }

  const column = (repeat === REP_NONE ? (size66 ? 1 : 0) : repeat === REPE ? 2 : 3) << 8;
  let entry: Entry;
  if (byte === 0x0f) entry = TWO_BYTE_ENTRIES[column | (code[at++] as int)] as Entry;
  else entry = ONE_BYTE_ENTRIES[column | byte] as Entry;
  if (entry.modrm !== MODRM_NONE) {
    modrm = code[at++] as int;
    if (entry.by !== null) entry = entry.by[modrm] as Entry;
    if (modrm < 0xc0 && entry.modrm === MODRM) {
      if (asize === 32) address32();
      else address16();
    }
  }

  const sized = entry.size > 0 ? (entry.size as 8 | 16 | 32) : osize;
  const dst = operand(entry.dst, sized);
  const src = operand(entry.src, sized);
  const src2 = operand(entry.src2, sized);
  if (lock && !(entry.lockable && dst.kind === MEM)) entry = UNDEFINED;
  if (entry === UNDEFINED) return make('UD', osize, ssize, NO, NO, NO, 0, REP_NONE, false, 0, at - start);
  return make(
    entry.op,
    entry.size === SIZE_DST ? (dst.size as 16 | 32) : sized,
    ssize,
    dst,
    src,
    src2,
    entry.cc,
    entry.string ? repeat : REP_NONE,
    lock,
    rel,
    at - start,
  );
}

/** One operand; reads what it has in the instruction. `sized` is the size of the instruction's immediates. */
function operand(field: Field, sized: 8 | 16 | 32): Operand {
  switch (field.form) {
    case F_NONE:
      return NO;
    case F_E:
      return modrm < 0xc0 ? addressed(width(field.access)) : register(width(field.width), modrm & 7);
    case F_G:
      return register(width(field.width), (modrm >> 3) & 7);
    case F_R:
      return REGS32[modrm & 7] as Operand;
    case F_FIXED:
      return (field.width === 8 ? REGS8 : field.width === 16 || osize === 16 ? REGS16 : REGS32)[field.n] as Operand;
    case F_IZ:
      return immediate(sized, sized === 32 ? read32() : sized === 16 ? read16() : read8());
    case F_IB:
      return immediate(sized, read8());
    case F_UB:
      return immediate(8, read8() & 0xff);
    case F_UW:
      return immediate(16, read16() & 0xffff);
    case F_COUNT:
      return immediate(8, read8() & 31);
    case F_CONST:
      return immediate(field.width as Size, field.n);
    case F_JB:
      rel = read8();
      return NO;
    case F_JZ:
      rel = osize === 32 ? read32() : read16();
      return NO;
    case F_A: {
      const offset = osize === 32 ? read32() : read16() & 0xffff;
      return farPointer(osize, read16() & 0xffff, offset);
    }
    case F_O: {
      const offset = asize === 32 ? read32() : read16();
      return memory(width(field.access), NONE, NONE, 0, offset, override < 0 ? DS : override, asize);
    }
    case F_X:
      return pointer(width(field.access), ESI, override < 0 ? DS : override, asize);
    case F_Y:
      return pointer(width(field.access), EDI, ES, asize);
    case F_BX:
      return pointer(8, EBX, override < 0 ? DS : override, asize);
    case F_BD:
      return pointer(width(field.access), EDI, override < 0 ? DS : override, asize);
    case F_S:
      return SREGS[(modrm >> 3) & 7] as Operand;
    case F_C:
      return CREGS[(modrm >> 3) & 7] as Operand;
    case F_D:
      return DREGS[(modrm >> 3) & 7] as Operand;
    case F_SREG:
      return SREGS[field.n] as Operand;
    case F_P:
      return MMXS[(modrm >> 3) & 7] as Operand;
    case F_Q:
      return modrm < 0xc0 ? addressed(width(field.access)) : (MMXS[modrm & 7] as Operand);
    case F_V:
      return XMMS[(modrm >> 3) & 7] as Operand;
    case F_W:
      return modrm < 0xc0 ? addressed(width(field.access)) : (XMMS[modrm & 7] as Operand);
    case F_ST:
      return STS[0] as Operand;
    case F_STI:
      return STS[modrm & 7] as Operand;
    default:
      throw new Error(`decoder: operand form ${field.form}`);
  }
}

/** Width in bits of a field: what it says, 0 the operand size, below 0 twice the operand size. */
function width(bits: int): Size {
  return (bits > 0 ? bits : bits === 0 ? osize : 2 * osize) as Size;
}

function addressed(size: Size): Operand {
  return memory(size, base, index, scale, disp, override < 0 ? seg : override, asize);
}

/** SDM vol. 2, table 2-2 and 2-3: 32-bit addressing forms with ModRM and SIB. */
function address32(): void {
  const mod = modrm >> 6;
  base = modrm & 7;
  index = NONE;
  scale = 0;
  if (base === ESP) {
    const sib = code[at++] as int;
    base = sib & 7;
    if ((sib & 0x38) !== 0x20) {
      index = (sib >> 3) & 7;
      scale = sib >> 6;
    }
  }
  if (mod === 0) {
    if (base === EBP) {
      base = NONE;
      disp = read32();
    } else disp = 0;
  } else disp = mod === 1 ? read8() : read32();
  seg = base === ESP || base === EBP ? SS : DS;
}

const BASE16 = [EBX, EBX, EBP, EBP, ESI, EDI, EBP, EBX];
const INDEX16 = [ESI, EDI, ESI, EDI, NONE, NONE, NONE, NONE];

/** SDM vol. 2, table 2-1: 16-bit addressing forms with ModRM. */
function address16(): void {
  const mod = modrm >> 6;
  const rm = modrm & 7;
  base = BASE16[rm] as int;
  index = INDEX16[rm] as int;
  scale = 0;
  if (mod === 0) {
    if (rm === 6) {
      base = NONE;
      disp = read16();
    } else disp = 0;
  } else disp = mod === 1 ? read8() : read16();
  seg = base === EBP ? SS : DS;
}

// Immediates and displacements, little-endian, sign-extended.

function read8(): int {
  return ((code[at++] as int) << 24) >> 24;
}

function read16(): int {
  const value = (code[at] as int) | ((code[at + 1] as int) << 8);
  at += 2;
  return (value << 16) >> 16;
}

function read32(): int {
  const value =
    (code[at] as int) | ((code[at + 1] as int) << 8) | ((code[at + 2] as int) << 16) | ((code[at + 3] as int) << 24);
  at += 4;
  return value;
}
