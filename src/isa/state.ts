// The architectural state of one processor, by names: words of the register file (register-file.ts).

import type { GuestMemory, Platform } from './environment.ts';
import type { int } from './insn.ts';
import { REGISTER_FILE_BYTES, WORD } from './register-file.ts';

/** The processor: state words with names, and the two things it talks to. */
export class Cpu {
  readonly words: Int32Array;
  /** EAX ECX EDX EBX ESP EBP ESI EDI, NONE. */
  readonly reg: Int32Array;
  /** DR0..DR3. */
  readonly dr: Int32Array;
  /** ES CS SS DS FS GS LDTR TR: selectors, bases, limits (in bytes, scaled), attributes. */
  readonly sel: Int32Array;
  readonly base: Int32Array;
  readonly limit: Int32Array;
  readonly access: Int32Array;
  /** An offset below it (unsigned) can be read / written for 16 bytes without a further segment check; 0 if none. */
  readonly readSpan: Int32Array;
  readonly writeSpan: Int32Array;
  readonly fpr: Int32Array;
  readonly xmm: Int32Array;
  /** The same registers as floats, doubles, bytes and words. */
  readonly xmmF32: Float32Array;
  readonly xmmF64: Float64Array;
  readonly xmmU8: Uint8Array;
  readonly xmmI16: Int16Array;
  memory: GuestMemory;
  platform: Platform;

  /** `at`: byte offset of the register file in the heap, a multiple of 16. */
  constructor(heap: ArrayBuffer, at: number, memory: GuestMemory, platform: Platform) {
    const words = (first: number, count: number) => new Int32Array(heap, at + 4 * first, count);
    this.words = words(0, REGISTER_FILE_BYTES / 4);
    this.reg = words(WORD.reg, 9);
    this.dr = words(WORD.dr, 4);
    this.sel = words(WORD.sel, 8);
    this.base = words(WORD.base, 8);
    this.limit = words(WORD.limit, 8);
    this.access = words(WORD.access, 8);
    this.readSpan = words(WORD.readSpan, 8);
    this.writeSpan = words(WORD.writeSpan, 8);
    this.fpr = words(WORD.fpr, 32);
    this.xmm = words(WORD.xmm, 36);
    this.xmmF32 = new Float32Array(heap, at + 4 * WORD.xmm, 36);
    this.xmmF64 = new Float64Array(heap, at + 4 * WORD.xmm, 18);
    this.xmmU8 = new Uint8Array(heap, at + 4 * WORD.xmm, 144);
    this.xmmI16 = new Int16Array(heap, at + 4 * WORD.xmm, 72);
    this.memory = memory;
    this.platform = platform;
  }

  /** Lazy flags: see semantics/flags.ts. ZF is fz == 0. */
  get fz(): int {
    return this.words[16];
  }
  set fz(value: int) {
    this.words[16] = value;
  }
  /** SF and PF follow from it. */
  get fr(): int {
    return this.words[17];
  }
  set fr(value: int) {
    this.words[17] = value;
  }
  get oa(): int {
    return this.words[18];
  }
  set oa(value: int) {
    this.words[18] = value;
  }
  /** OF is the sign of (oa ^ ob) & (oa ^ fr); AF is bit 4 of oa ^ ob ^ fr. */
  get ob(): int {
    return this.words[19];
  }
  set ob(value: int) {
    this.words[19] = value;
  }
  get ca(): int {
    return this.words[20];
  }
  set ca(value: int) {
    this.words[20] = value;
  }
  /** CF is ca <u cb. */
  get cb(): int {
    return this.words[21];
  }
  set cb(value: int) {
    this.words[21] = value;
  }
  /** Instruction pointer; while an instruction executes, that of the next one. */
  get eip(): int {
    return this.words[22];
  }
  set eip(value: int) {
    this.words[22] = value;
  }
  /** Current privilege level, 0..3. Change it through `setCpl`. */
  get cpl(): int {
    return this.words[23];
  }
  set cpl(value: int) {
    this.words[23] = value;
  }
  /** Each of the flags below is 0 or 1; IOPL is 0..3. */
  get IF(): int {
    return this.words[24];
  }
  set IF(value: int) {
    this.words[24] = value;
  }
  get DF(): int {
    return this.words[25];
  }
  set DF(value: int) {
    this.words[25] = value;
  }
  get TF(): int {
    return this.words[26];
  }
  set TF(value: int) {
    this.words[26] = value;
  }
  get IOPL(): int {
    return this.words[27];
  }
  set IOPL(value: int) {
    this.words[27] = value;
  }
  get NT(): int {
    return this.words[28];
  }
  set NT(value: int) {
    this.words[28] = value;
  }
  get RF(): int {
    return this.words[29];
  }
  set RF(value: int) {
    this.words[29] = value;
  }
  get VM(): int {
    return this.words[30];
  }
  set VM(value: int) {
    this.words[30] = value;
  }
  get AC(): int {
    return this.words[31];
  }
  set AC(value: int) {
    this.words[31] = value;
  }
  get VIF(): int {
    return this.words[32];
  }
  set VIF(value: int) {
    this.words[32] = value;
  }
  get VIP(): int {
    return this.words[33];
  }
  set VIP(value: int) {
    this.words[33] = value;
  }
  get ID(): int {
    return this.words[34];
  }
  set ID(value: int) {
    this.words[34] = value;
  }
  /** 1 during the one instruction after STI, MOV SS or POP SS: no external interrupt before it ends. */
  get shadow(): int {
    return this.words[35];
  }
  set shadow(value: int) {
    this.words[35] = value;
  }
  /** 1 after HLT, until an interrupt. */
  get halted(): int {
    return this.words[36];
  }
  set halted(value: int) {
    this.words[36] = value;
  }
  /** Non-zero asks the engine to return to the monitor at the next instruction boundary. */
  get attention(): int {
    return this.words[37];
  }
  set attention(value: int) {
    this.words[37] = value;
  }
  /** Level of the INTR pin: an external interrupt waits. */
  get intr(): int {
    return this.words[38];
  }
  set intr(value: int) {
    this.words[38] = value;
  }
  /** B0..B3: data and I/O breakpoints that the instruction under way has hit. */
  get breakpointsHit(): int {
    return this.words[39];
  }
  set breakpointsHit(value: int) {
    this.words[39] = value;
  }
  get cr0(): int {
    return this.words[40];
  }
  set cr0(value: int) {
    this.words[40] = value;
  }
  get cr2(): int {
    return this.words[41];
  }
  set cr2(value: int) {
    this.words[41] = value;
  }
  get cr3(): int {
    return this.words[42];
  }
  set cr3(value: int) {
    this.words[42] = value;
  }
  get cr4(): int {
    return this.words[43];
  }
  set cr4(value: int) {
    this.words[43] = value;
  }
  get efer(): int {
    return this.words[44];
  }
  set efer(value: int) {
    this.words[44] = value;
  }
  get dr6(): int {
    return this.words[52];
  }
  set dr6(value: int) {
    this.words[52] = value;
  }
  get dr7(): int {
    return this.words[53];
  }
  set dr7(value: int) {
    this.words[53] = value;
  }
  get gdtBase(): int {
    return this.words[54];
  }
  set gdtBase(value: int) {
    this.words[54] = value;
  }
  get gdtLimit(): int {
    return this.words[55];
  }
  set gdtLimit(value: int) {
    this.words[55] = value;
  }
  get idtBase(): int {
    return this.words[56];
  }
  set idtBase(value: int) {
    this.words[56] = value;
  }
  get idtLimit(): int {
    return this.words[57];
  }
  set idtLimit(value: int) {
    this.words[57] = value;
  }
  get sysenterCs(): int {
    return this.words[58];
  }
  set sysenterCs(value: int) {
    this.words[58] = value;
  }
  get sysenterEsp(): int {
    return this.words[59];
  }
  set sysenterEsp(value: int) {
    this.words[59] = value;
  }
  get sysenterEip(): int {
    return this.words[60];
  }
  set sysenterEip(value: int) {
    this.words[60] = value;
  }
  /** x87 control word. */
  get fcw(): int {
    return this.words[112];
  }
  set fcw(value: int) {
    this.words[112] = value;
  }
  /** x87 status word without TOP (kept in ftop). */
  get fsw(): int {
    return this.words[113];
  }
  set fsw(value: int) {
    this.words[113] = value;
  }
  /** TOP, 0..7. */
  get ftop(): int {
    return this.words[114];
  }
  set ftop(value: int) {
    this.words[114] = value;
  }
  /** Bit n: physical register n is in use (the abridged tag of FXSAVE). */
  get ftag(): int {
    return this.words[115];
  }
  set ftag(value: int) {
    this.words[115] = value;
  }
  get fip(): int {
    return this.words[116];
  }
  set fip(value: int) {
    this.words[116] = value;
  }
  get fcs(): int {
    return this.words[117];
  }
  set fcs(value: int) {
    this.words[117] = value;
  }
  get fdp(): int {
    return this.words[118];
  }
  set fdp(value: int) {
    this.words[118] = value;
  }
  get fds(): int {
    return this.words[119];
  }
  set fds(value: int) {
    this.words[119] = value;
  }
  get fop(): int {
    return this.words[120];
  }
  set fop(value: int) {
    this.words[120] = value;
  }
  /** Elements that `quickScans` or `quickCompares` examined; the last one, or the last of each operand. */
  get quickCount(): int {
    return this.words[300];
  }
  set quickCount(value: int) {
    this.words[300] = value;
  }
  get quickValue(): int {
    return this.words[301];
  }
  set quickValue(value: int) {
    this.words[301] = value;
  }
  get quickOther(): int {
    return this.words[302];
  }
  set quickOther(value: int) {
    this.words[302] = value;
  }
  get mxcsr(): int {
    return this.words[121];
  }
  set mxcsr(value: int) {
    this.words[121] = value;
  }
}
