// The translator in lock-step with the reference over random programs of SSE and SSE2 instructions: loops, branches on
// comparisons, registers that are doubles here and words there, unaligned and straddling operands, NaNs with payloads,
// denormals, control words, unmasked exceptions. Everything a program can see is compared.
// SIMD_PROGRAMS=N runs N programs, SIMD_SEED=S begins with that seed.

import { describe, expect, test } from 'vitest';
import { Reference } from '../../src/cpu/reference.ts';
import { WORD } from '../../src/isa/register-file.ts';
import { CR4_OSXMMEXCPT } from '../../src/isa/system-bits.ts';
import { Translator } from '../../translator/engine.ts';
import { verify } from '../../translator/verify.ts';
import { CODE, CODE_BYTES, DATA, DATA_BYTES } from '../vectors/integer-format.ts';
import { UserMachine } from './user-machine.ts';

const PROGRAMS = Number(process.env.SIMD_PROGRAMS ?? 16);
const FIRST_SEED = Number(process.env.SIMD_SEED ?? 1);
/** Programs that have found something: doubles at odd words of what several operands share, in asm.js. */
const FOUND = [1425, 1921];
const LEGS = [53, 211, 503, 1009, 2003, 4001, 8009];
/** A fault goes on with the next unit: see UserMachine.resumeAfterFaults. */
const UNIT = 64;
const NOP = 0x90;
const OPERANDS = DATA;
const OPERAND_BYTES = 0x1000;
const CONTROLS = DATA + 0x4000;
const STACK = DATA + 0x8000;
/** Nearly always everything is masked, and inexactness noted. */
const CONTROL_WORDS = [0x1fa0, 0x1fa0, 0x1fa0, 0x1fa0, 0x1f80, 0x3fa0, 0x9fa0, 0x1fe0, 0x1d80, 0x0fa0];

class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed, 0x9e3779b1) | 1;
  }

  below(n: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return Math.floor(((Math.imul(this.#state, 0x2545f491) >>> 0) / 2 ** 32) * n);
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  /** High and low word of a double: mostly of a moderate size; sometimes zero, at the limits, or anything. */
  double(): [number, number] {
    if (this.chance(12)) return [this.below(2 ** 32), this.below(2 ** 32)];
    const sign = this.below(2) << 31;
    if (this.chance(15)) return [sign, 0];
    // Signalling and quiet NaNs, infinities, denormals, and what is next to them.
    if (this.chance(8)) return [sign | (this.of([0x7ff0, 0x7ff8, 0, 0x0010, 0x0020, 0x7fe0]) * 65536), this.below(3)];
    return [sign | ((1003 + this.below(40)) << 20) | this.below(2 ** 20), this.chance(50) ? 0 : this.below(2 ** 32)];
  }
}

const dword = (v: number): number[] => [v & 255, (v >> 8) & 255, (v >> 16) & 255, (v >> 24) & 255];

/** Prefix (or 0) and opcode. */
type Op = readonly [prefix: number, opcode: number];
const ops = (prefix: number, ...opcodes: number[]): Op[] => opcodes.map((o) => [prefix, o]);
/** Arithmetic of doubles: ADDSD MULSD SUBSD DIVSD SQRTSD, their packed kin, COMISD UCOMISD; comparing, MINSD, MAXSD. */
const DOUBLES = [
  ...ops(0xf2, 0x58, 0x59, 0x5c, 0x5e, 0x51, 0x58, 0x59, 0x5c),
  ...ops(0x66, 0x58, 0x59, 0x5c, 0x5e, 0x51, 0x2f, 0x2e),
  ...ops(0xf2, 0x5d, 0x5f, 0x5a),
];
const SINGLES = [...ops(0xf3, 0x58, 0x59, 0x5c, 0x5e, 0x51, 0x5a), ...ops(0, 0x58, 0x59, 0x5c)];
/** Moves: MOVAPS MOVUPS MOVSD MOVQ MOVDQA MOVDQU MOVDDUP UNPCKLPD UNPCKHPD PUNPCKLQDQ PUNPCKHQDQ. */
const MOVES = [
  ...ops(0x66, 0x28, 0x10, 0x6f, 0x14, 0x15, 0x6c, 0x6d),
  ...ops(0, 0x28, 0x10),
  ...ops(0xf2, 0x10, 0x10, 0x10, 0x12),
  ...ops(0xf3, 0x10, 0x7e, 0x6f, 0x12, 0x16),
];
/** Stores of them, and MOVLPD MOVHPD. */
const STORES = [...ops(0xf2, 0x11, 0x11), ...ops(0x66, 0x29, 0x11, 0x7f, 0x13, 0x17, 0xd6), ...ops(0xf3, 0x11, 0x7f)];
/** Loads from memory only: MOVLPD MOVHPD MOVLPS MOVHPS. From registers these are others. */
const HALVES = [...ops(0x66, 0x12, 0x16), ...ops(0, 0x12, 0x16)];
const WORDS = ops(0x66, 0xef, 0xeb, 0xdb, 0xdf, 0xfe, 0xfa, 0xfd, 0xfc, 0xd4, 0xfb, 0x76, 0x66, 0x62, 0x61, 0x54, 0x57);
const IMMEDIATE = [...ops(0x66, 0x70, 0xc6), ...ops(0, 0xc6), ...ops(0xf2, 0x70)];

class Program {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  code(): Uint8Array {
    const code = new Uint8Array(CODE_BYTES).fill(NOP);
    for (let at = 0; at < CODE_BYTES; at += UNIT) code.set(this.#unit(at), at);
    code.set([0xe9, ...dword(-CODE_BYTES)], CODE_BYTES - 5);
    return code;
  }

  data(): Uint8Array {
    const r = this.#random;
    const view = new DataView(new ArrayBuffer(DATA_BYTES));
    for (let k = 0; k < OPERAND_BYTES; k += 8) {
      const [high, low] = r.double();
      view.setInt32(k, low, true);
      view.setInt32(k + 4, high, true);
    }
    for (let k = 0; k < 0x1000; k += 4) view.setInt32(0x4000 + k, r.of(CONTROL_WORDS), true);
    return new Uint8Array(view.buffer);
  }

  start(): { entry: number; registers: Int32Array; mxcsr: number; xmm: Int32Array } {
    const r = this.#random;
    const registers = Int32Array.from({ length: 8 }, () => r.below(2 ** 32));
    registers[4] = STACK + 16 * r.below(16);
    const entry = CODE + UNIT * r.below(CODE_BYTES / UNIT);
    const xmm = Int32Array.from(Array.from({ length: 16 }, () => r.double().reverse()).flat());
    return { entry, registers, mxcsr: r.of(CONTROL_WORDS), xmm };
  }

  #unit(at: number): number[] {
    const bytes: number[] = [];
    const r = this.#random;
    // What a unit is about: registers are the same kind of thing throughout most of them.
    const kind = r.below(5);
    while (bytes.length < UNIT - 24) bytes.push(...this.#piece(kind));
    const far = UNIT * (r.below(CODE_BYTES / UNIT - 1) + 1) - UNIT;
    const k = r.below(10);
    if (k < 6) bytes.push(0x80, 0xc5, 32, 0x0f, 0x85, ...dword(-bytes.length - 9));
    else if (k < 7) bytes.push(0xe8, ...dword(far - at - bytes.length - 5));
    else if (k < 8) bytes.push(0xc3);
    return bytes;
  }

  #piece(kind: number): number[] {
    const r = this.#random;
    if (r.chance(1)) return [0x0f, 0xae, 0x05 | (2 << 3), ...dword(CONTROLS + 4 * r.below(1024))];
    if (r.chance(1)) return [0x0f, 0xae, 0x05 | (3 << 3), ...dword(CONTROLS + 4 * r.below(1024))];
    if (r.chance(6)) return r.of([[0x40 + r.of([0, 1, 2, 3, 6, 7])], [0x01, 0xd8], [0x31, 0xc8]]);
    // PXOR of a register with itself, CVTSI2SD, CVTTSD2SI, CVTSD2SI, MOVD both ways, PMOVMSKB, MOVMSKPD.
    const [a, b] = [r.below(8), r.below(8)];
    const both = 0xc0 | (a << 3) | b;
    const general = r.of([0, 1, 2, 3, 6, 7]);
    if (r.chance(6)) return [0x66, 0x0f, r.of([0xef, 0x57]), 0xc0 | (a * 9)];
    if (r.chance(6)) return [0xf2, 0x0f, 0x2a, 0xc0 | (a << 3) | general];
    if (r.chance(3)) return [0xf2, 0x0f, r.of([0x2c, 0x2d]), 0xc0 | (general << 3) | a];
    if (r.chance(2)) return [0x66, 0x0f, r.of([0x6e, 0x7e]), 0xc0 | (a << 3) | general];
    if (r.chance(2)) return [0x66, 0x0f, r.of([0xd7, 0x50]), 0xc0 | (general << 3) | a];
    if (r.chance(2)) return [0x0f, r.of([0x12, 0x16]), both];
    if (r.chance(6)) return this.#branch(a, b);
    const k = r.below(100);
    if (k < 25) return this.#either(r.of(MOVES), a, b);
    if (k < 32) return this.#memory(r.of(STORES), a);
    if (k < 36) return this.#memory(r.of(HALVES), a);
    if (k < 40) return [...this.#either(r.of(IMMEDIATE), a, b), r.below(256)];
    const list = kind < 3 ? DOUBLES : kind === 3 ? WORDS : r.of([DOUBLES, WORDS, SINGLES]);
    return this.#either(r.of(k < 95 ? list : WORDS), a, b);
  }

  #either(op: Op, a: number, b: number): number[] {
    if (this.#random.chance(35)) return this.#memory(op, a);
    const [prefix, opcode] = op;
    return [...(prefix ? [prefix] : []), 0x0f, opcode, 0xc0 | (a << 3) | b];
  }

  /** COMISD, and a jump over something. */
  #branch(a: number, b: number): number[] {
    const r = this.#random;
    const skipped = this.#either(r.of(r.chance(50) ? MOVES : DOUBLES), a, r.below(8));
    return [0x66, 0x0f, 0x2f, 0xc0 | (a << 3) | b, 0x70 + r.of([2, 3, 4, 5, 6, 7, 10, 11]), skipped.length, ...skipped];
  }

  #memory([prefix, opcode]: Op, a: number): number[] {
    const r = this.#random;
    const by = r.chance(80) ? 16 : r.chance(50) ? 8 : r.chance(70) ? 4 : 1;
    const at = OPERANDS + by * r.below(Math.floor((OPERAND_BYTES - 16) / by));
    // Some straddle two pages.
    const where = r.chance(1) ? OPERANDS + OPERAND_BYTES - 4 : at;
    return [...(prefix ? [prefix] : []), 0x0f, opcode, 0x05 | (a << 3), ...dword(where)];
  }
}

const machines = [
  new UserMachine((...a) => new Reference(...a)),
  new UserMachine((...a) => new Translator(...a, { heat: 3, batchEntries: 2, verify })),
  new UserMachine((...a) => new Translator(...a, { heat: 3, batchEntries: 2 }), 'webassembly'),
  // Where an instruction is not plain it is called out, and the region goes on.
  new UserMachine((...a) => new Translator(...a, { heat: 3, batchEntries: 2, guardAll: true })),
] as const;
for (const m of machines) {
  m.resumeAfterFaults();
  m.cpu.cr4 |= CR4_OSXMMEXCPT;
}

const hex = (n: number): string => (n >>> 0).toString(16);

function state(m: UserMachine): Record<string, string> {
  const c = m.cpu;
  return {
    registers: [...c.reg.subarray(0, 8)].map(hex).join(' '),
    eip: hex(c.eip),
    eflags: hex(m.eflags),
    cpl: `${c.cpl}`,
    mxcsr: hex(c.mxcsr),
    xmm: [...c.words.subarray(WORD.xmm, WORD.xmm + 32)].map(hex).join(' '),
  };
}

function compare(seed: number): string | undefined {
  const program = new Program(seed);
  const code = program.code();
  const data = program.data();
  for (const m of machines) {
    m.write(DATA, data);
    m.write(CODE, code);
  }
  for (const [n, leg] of LEGS.entries()) {
    const { entry, registers, mxcsr, xmm } = program.start();
    const results = machines.map((m) => {
      m.start(0, registers, entry, 0x202);
      m.cpu.mxcsr = mxcsr;
      m.cpu.words.set(xmm, WORD.xmm);
      const before = m.engine.retired();
      m.engine.run(leg);
      return { ...state(m), retired: `${m.engine.retired() - before}` } as Record<string, string>;
    });
    for (const [k, m] of machines.entries()) {
      const where = `machine ${k}, seed ${seed}, leg ${n} of ${leg} from ${hex(entry)}`;
      for (const [name, value] of Object.entries(results[0] as Record<string, string>)) {
        if (results[k]?.[name] !== value) return `${where}: ${name}\n${results[k]?.[name]}, not\n${value}`;
      }
      if (Buffer.compare(m.data, machines[0].data) !== 0)
        return `${where}: data at ${m.data.findIndex((b, at) => b !== machines[0].data[at]).toString(16)}`;
    }
  }
  return undefined;
}

describe('the translator does what the reference does with XMM registers', () => {
  const GROUP = 4;
  for (let first = FIRST_SEED; first < FIRST_SEED + PROGRAMS; first += GROUP) {
    test(`random programs from seed ${first}`, () => {
      for (let seed = first; seed < Math.min(first + GROUP, FIRST_SEED + PROGRAMS); seed++) {
        expect(compare(seed)).toBeUndefined();
      }
    });
  }

  test.each(FOUND)('random program from seed %i', (seed) => {
    expect(compare(seed)).toBeUndefined();
  });

  test('regions did much of it', () => {
    const { translator = 0, interpreter = 0, reference = 0 } = machines[1].engine.retiredBy?.() ?? {};
    if (process.env.TALLY) for (const m of machines) console.log(m.engine.retiredBy?.(), m.engine.statistics());
    expect(translator).toBeGreaterThan((interpreter + reference) / 4);
  });
});
