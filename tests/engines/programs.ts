// Random programs for comparing engines. A program fills the code pages with units of 64 bytes; a unit is a handful of
// pieces, and a fault goes on with the next unit (UserMachine.resumeAfterFaults), so that a program never ends.

import {
  F_BX,
  F_CONST,
  F_COUNT,
  F_FIXED,
  F_IB,
  F_IZ,
  F_O,
  F_UB,
  F_UW,
  type Field,
  MODRM_NONE,
} from '../../src/isa/decode-entries.ts';
import { CODE, CODE_BYTES, DATA, edgy, mix } from '../vectors/integer-format.ts';
import { ALL_FORMS, type Form } from '../vectors/integer-forms.ts';

const UNIT = 64;
const UNITS = CODE_BYTES / UNIT;
const NOP = 0x90;

/** Operations of straight-line pieces; those that compilers use most come more often. */
const COMMON = 'MOV ADD SUB CMP TEST AND OR XOR INC DEC SHL SHR SAR LEA PUSH POP MOVZX MOVSX'.split(' ');
const OTHERS = (
  'ADC SBB NEG NOT XADD CMPXCHG CBW CWD BSWAP CLC STC CMC CLD STD SALC NOP BT BTS BTR BTC BSF BSR SHLD SHRD ROL ROR RCL ' +
  'RCR IMUL IMUL1 MUL DIV IDIV DAA DAS AAA AAS AAM AAD XLAT XCHG CMOVcc SETcc LAHF SAHF CMPXCHG8B LEAVE PUSHA POPA ' +
  'ENTER PUSHF MOVS CMPS STOS LODS SCAS BOUND UD CPUID'
).split(' ');

const formsOf = (ops: readonly string[]): readonly Form[] =>
  ALL_FORMS.filter((f) => ops.includes(f.op) && f.entry !== undefined);
const COMMON_FORMS = formsOf(COMMON);
const OTHER_FORMS = formsOf(OTHERS);
const COMPARES = formsOf(['CMP', 'TEST', 'DEC', 'SUB', 'AND']);

const dword = (v: number): number[] => [v & 255, (v >> 8) & 255, (v >> 16) & 255, (v >> 24) & 255];

export class Program {
  readonly #seed: number;
  #draws = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** The code pages. */
  code(): Uint8Array {
    const code = new Uint8Array(CODE_BYTES).fill(NOP);
    // The last unit of the first page runs into the second.
    for (let n = 0; n < UNITS; n++) code.set(this.#unit(n), n * UNIT);
    code.set([0xb8, ...dword(this.#edge())], 0x1000 - 3);
    // Round and round.
    code.set([0xe9, ...dword(-CODE_BYTES)], CODE_BYTES - 5);
    return code;
  }

  /** General registers at the start. */
  registers(): Int32Array {
    const registers = Int32Array.from({ length: 8 }, () => (this.#chance(50) ? this.#address() : this.#edge()));
    registers[4] = DATA + 0x8000 + (this.#draw() & 0xff);
    return registers;
  }

  /** Where to begin: any unit. */
  entry(): number {
    return CODE + UNIT * (this.#draw() % UNITS);
  }

  /** The frames behind the two code pages: mostly their own. */
  mapping(): [number, number] {
    return this.#chance(60)
      ? [0, 1]
      : this.#pick([
          [1, 0],
          [0, 0],
          [0, -1],
          [-1, 1],
          [1, 1],
        ]);
  }

  /** The address space to run in. */
  space(): 0 | 1 {
    return this.#chance(25) ? 1 : 0;
  }

  #draw(): number {
    return mix(this.#seed, this.#draws++) >>> 0;
  }
  #chance(percent: number): boolean {
    return this.#draw() % 100 < percent;
  }
  #pick<T>(list: readonly T[]): T {
    return list[this.#draw() % list.length] as T;
  }
  #edge(): number {
    return edgy(this.#seed, 0x100000 + this.#draws++);
  }
  /** On the data pages, mostly aligned. */
  #address(): number {
    const a = DATA + (this.#draw() & 0xffff);
    return this.#chance(75) ? a & ~3 : a;
  }

  #unit(n: number): number[] {
    const start = CODE + n * UNIT;
    const bytes: number[] = [];
    for (;;) {
      const piece = this.#piece(start + bytes.length);
      if (bytes.length + piece.length > UNIT - 7) break;
      bytes.push(...piece);
    }
    const end = start + bytes.length;
    if (this.#chance(35)) bytes.push(0xe9, ...dword(this.#somewhere(end, 0) - end - 5));
    else if (this.#chance(60)) bytes.push(0xeb, start + UNIT - end - 2);
    return bytes;
  }

  /** The start of a unit: mostly one of the next few, or else programs go round in small circles. */
  #somewhere(at: number, anywhere = 10): number {
    if (this.#chance(anywhere)) return CODE + UNIT * (this.#draw() % UNITS);
    const n = Math.floor((at - CODE) / UNIT) + 1 + (this.#draw() % 6);
    return CODE + UNIT * (n % UNITS);
  }

  #piece(at: number): number[] {
    const r = this.#draw() % 100;
    if (r < 44) return this.#instruction(this.#pick(COMMON_FORMS));
    if (r < 58) return this.#instruction(this.#pick(OTHER_FORMS));
    if (r < 66) return this.#compareAndJump(at);
    // mov r, address
    if (r < 76) return this.#pointer();
    if (r < 80) return this.#loop();
    if (r < 84) return [0xe8, ...dword(this.#somewhere(at) - at - 5)];
    if (r < 86) return this.#chance(70) ? [0xc3] : [0xc2, 4, 0];
    if (r < 88) return this.#string();
    // mov esp, somewhere in the data
    if (r < 90) return [0xbc, ...dword(DATA + 0x1000 + (this.#draw() & 0xdfff & ~(this.#chance(80) ? 3 : 0)))];
    if (r < 93) return this.#modify(at);
    // push flags (not TF, NT, AC); popf
    if (r < 95) return [0x68, ...dword(0x202 | (this.#draw() & 0xcd5)), 0x9d];
    if (r < 97) return this.#indirect(at);
    // push/pop of a segment register that stays as it is, or goes to one with a base and a limit, for a while
    if (r < 98)
      return this.#pick([
        [0x1e, 0x1f],
        [0x06, 0x07],
        [0x6a, 0x2b, 0x07],
        [0x6a, 0x37, 0x07],
        [0x6a, 0x2b, 0x1f],
      ]);
    // div by zero, int3, into, ud2, hlt, cli
    return this.#pick([[0x31, 0xd2, 0xf7, 0xf2], [0xcc], [0xce], [0x0f, 0x0b], [0xf4], [0xfa], [0xcd, 0x40]]);
  }

  #pointer(): number[] {
    const n = this.#pick([0, 1, 2, 3, 5, 6, 7, 6, 7]);
    return [0xb8 | n, ...dword(this.#address())];
  }

  #loop(): number[] {
    const body = this.#instruction(this.#pick(COMMON_FORMS));
    const count = [0xb9, ...dword(1 + (this.#draw() % 40))];
    if (this.#chance(50)) return [...count, ...body, 0x49, 0x75, -body.length - 3];
    return [...count, ...body, this.#pick([0xe0, 0xe1, 0xe2]), -body.length - 2];
  }

  #compareAndJump(at: number): number[] {
    const compare = this.#instruction(this.#pick(COMPARES));
    const cc = this.#draw() & 15;
    // Over the next few bytes, or to another unit.
    if (this.#chance(40)) {
      const body = this.#instruction(this.#pick(COMMON_FORMS));
      return [...compare, 0x70 | cc, body.length, ...body];
    }
    return [...compare, 0x0f, 0x80 | cc, ...dword(this.#somewhere(at) - at - compare.length - 6)];
  }

  /** rep movs/stos/... over a stretch of data, up or down. */
  #string(): number[] {
    const bytes = [0xb9, ...dword(this.#draw() % (this.#chance(80) ? 100 : 3000))];
    bytes.push(0xbe, ...dword(this.#address()), 0xbf, ...dword(this.#address()));
    bytes.push(this.#chance(70) ? 0xfc : 0xfd, this.#pick([0xf2, 0xf3]));
    bytes.push(this.#pick([0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf]), 0xfc);
    return bytes;
  }

  /** Writes code: the byte right behind, padding at the end of a unit, an immediate, or anything anywhere. */
  #modify(at: number): number[] {
    const increment = 0x40 | this.#pick([0, 1, 2, 3, 8, 9, 10, 11]);
    const r = this.#draw() % 13;
    // add dword [that immediate], imm32; mov ebx, imm32
    if (r === 10) return [0x81, 0x05, ...dword(at + 11), ...dword(this.#edge()), 0xbb, ...dword(this.#edge())];
    // add ecx, imm32; xor byte [a byte of it], imm8
    if (r === 11) {
      const byte = dword(at + 2 + (this.#draw() & 3));
      return [0x81, 0xc1, ...dword(this.#edge()), 0x80, 0x35, ...byte, this.#edge() & 255];
    }
    // mov eax, [ebp + disp8]; inc byte [that displacement]
    if (r === 12) return [0x8b, 0x45, this.#draw() & 0x7c, 0xfe, 0x05, ...dword(at + 2)];
    if (r < 5) return [0xc6, 0x05, ...dword(at + 7), increment, NOP];
    if (r < 9)
      return [
        0xc6,
        0x05,
        ...dword(this.#somewhere(at, 40) + UNIT - 1 - (this.#draw() % 5)),
        this.#pick([NOP, increment]),
      ];
    return [0xc7, 0x05, ...dword(CODE + (this.#draw() % (CODE_BYTES - 8))), ...dword(this.#edge())];
  }

  /** jmp or call by register or memory; or a jump table. */
  #indirect(from: number): number[] {
    const to = dword(this.#somewhere(from));
    const ext = this.#pick([2, 4]) << 3;
    if (this.#chance(50)) return [0xb8, ...to, 0xff, 0xc0 | ext];
    const at = dword(this.#address());
    return [0xc7, 0x05, ...at, ...to, 0xff, 0x05 | ext, ...at];
  }

  #instruction(form: Form): number[] {
    const { entry, twoByte, opcode, digit, rm } = form;
    const prefixes: number[] = [];
    let osize = 32;
    if (this.#chance(15) && form.op !== 'UD') {
      prefixes.push(0x66);
      osize = 16;
    }
    const memory = rm === 'mem' || [entry.dst, entry.src].some((f) => f.form === F_O || f.form === F_BX);
    if (memory && this.#chance(6)) prefixes.push(this.#pick([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x67]));
    const bytes = [...prefixes, ...(twoByte ? [0x0f] : []), opcode];
    if (rm !== 'none' || entry.modrm !== MODRM_NONE) {
      let reg = digit >= 0 ? digit : this.#draw() & 7;
      // ESP is left alone, mostly.
      if (reg === 4 && digit < 0 && this.#chance(90)) reg = 0;
      if (rm === 'mem') bytes.push(...this.#memoryOperand(reg, prefixes.includes(0x67)));
      else bytes.push(0xc0 | (reg << 3) | this.#pick([0, 1, 2, 3, 5, 6, 7]));
    }
    const size = entry.size > 0 ? entry.size : osize;
    for (const f of [entry.dst, entry.src, entry.src2])
      bytes.push(...this.#immediate(f, size, prefixes.includes(0x67)));
    return bytes;
  }

  #memoryOperand(reg: number, short: boolean): number[] {
    if (short) return [(reg << 3) | 0x46, this.#draw() & 255];
    const disp = (this.#draw() << 24) >> 24;
    const r = this.#draw() % 10;
    if (r < 4) return [(reg << 3) | 5, ...dword(this.#address())];
    // [base + disp8]: whatever the register holds; ESI and EDI often hold addresses
    if (r < 6) return [0x40 | (reg << 3) | this.#pick([0, 1, 2, 3, 5, 6, 7, 6, 7, 6, 7]), disp];
    if (r < 8) return [0x44 | (reg << 3), 0x24, disp & (this.#chance(80) ? 0x7c : 0xff)];
    if (r < 9) return [0x44 | (reg << 3), this.#draw() & 255, disp];
    return [0x84 | (reg << 3), this.#draw() & 255, ...dword(this.#edge())];
  }

  #immediate(f: Field, size: number, short: boolean): number[] {
    switch (f.form) {
      case F_IZ:
        return dword(this.#edge()).slice(0, size >> 3);
      case F_IB:
        return [this.#edge() & 255];
      case F_COUNT:
      case F_UB:
        return [this.#draw() % 40];
      case F_UW:
        return [this.#draw() & 0x3c, 0];
      case F_O:
        return dword(this.#address()).slice(0, short ? 2 : 4);
      case F_FIXED:
      case F_CONST:
        return [];
    }
    return [];
  }
}
