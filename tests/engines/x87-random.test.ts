// The fast interpreter and the translator in lock-step with the reference over random programs of x87 instructions:
// loops, branches on comparisons, calls, control words, ways that meet with different stacks, empty and full stacks,
// unmasked exceptions. Everything a program can see is compared, the pointers and empty registers too.
// X87_PROGRAMS=N runs N programs, X87_SEED=S begins with that seed.

import { describe, expect, test } from 'vitest';
import { Interpreter } from '../../src/cpu/interpreter.ts';
import { Reference } from '../../src/cpu/reference.ts';
import { WORD } from '../../src/isa/register-file.ts';
import { Translator } from '../../translator/engine.ts';
import { verify } from '../../translator/verify.ts';
import { CODE, CODE_BYTES, DATA, DATA_BYTES } from '../vectors/integer-format.ts';
import { UserMachine } from './user-machine.ts';

const PROGRAMS = Number(process.env.X87_PROGRAMS ?? 12);
const FIRST_SEED = Number(process.env.X87_SEED ?? 1);
const LEGS = [53, 211, 503, 1009, 2003, 4001, 8009];
/** A fault goes on with the next unit: see UserMachine.resumeAfterFaults. */
const UNIT = 64;
const NOP = 0x90;

// Where operands of a kind are: 256 of 16 bytes each.
const DOUBLES = DATA;
const SINGLES = DATA + 0x1000;
const EXTENDED = DATA + 0x2000;
const INTEGERS = DATA + 0x3000;
const CONTROLS = DATA + 0x4000;
const STACK = DATA + 0x8000;
/** Nearly always all exceptions are masked. */
const CONTROL_WORDS = [0x37f, 0x37f, 0x37f, 0x27f, 0x07f, 0x77f, 0xb7f, 0xf7f, 0x67f, 0x37f, 0x35f, 0x372];

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

  /** Mostly of a moderate size and with few bits, so that much is exact; sometimes anything. */
  number(): number {
    const k = this.below(16);
    if (k === 0) return this.of([0, -0, 1, -1, Number.NaN, Number.POSITIVE_INFINITY, 5e-324, 1e308, 2 ** 63, -32768.5]);
    if (k < 6) return this.below(2000) - 1000;
    const value = (this.below(2 ** 30) / 2 ** 30 + this.below(2 ** 22) / 2 ** 52 + 1) * 2 ** (this.below(40) - 20);
    return this.chance(50) ? value : -value;
  }
}

const dword = (v: number): number[] => [v & 255, (v >> 8) & 255, (v >> 16) & 255, (v >> 24) & 255];

/** Escape opcode, digit, and where the operand is. */
type Memory = readonly [opcode: number, digit: number, area: number];
const LOADS: readonly Memory[] = [
  [0xd9, 0, SINGLES],
  [0xdd, 0, DOUBLES],
  [0xdd, 0, DOUBLES],
  [0xdb, 5, EXTENDED],
  [0xdb, 0, INTEGERS],
  [0xdf, 0, INTEGERS],
  [0xdf, 5, INTEGERS],
];
const POPPING_STORES: readonly Memory[] = [
  [0xd9, 3, SINGLES],
  [0xdd, 3, DOUBLES],
  [0xdd, 3, DOUBLES],
  [0xdb, 7, EXTENDED],
  [0xdb, 3, INTEGERS],
  [0xdf, 3, INTEGERS],
  [0xdf, 7, INTEGERS],
  [0xdb, 1, INTEGERS],
  [0xdd, 1, INTEGERS],
];
const STORES: readonly Memory[] = [
  [0xd9, 2, SINGLES],
  [0xdd, 2, DOUBLES],
  [0xdb, 2, INTEGERS],
  [0xdf, 2, INTEGERS],
];
const CONSTANTS = [0xe8, 0xe9, 0xea, 0xeb, 0xec, 0xed, 0xee];
/** FCHS FABS FTST FXAM FSQRT FRNDINT, and what only the reference executes: FSIN FCOS F2XM1. */
const UNARY = [0xe0, 0xe1, 0xe4, 0xe5, 0xfa, 0xfc, 0xe0, 0xe1, 0xfe, 0xff, 0xf0];

class Program {
  readonly #random: Random;
  /** How many registers are in use, as far as a program without branches knows. */
  #depth = 0;

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
    for (let k = 0; k < 0x1000; k += 16) {
      view.setFloat64(k, r.number(), true);
      view.setFloat64(k + 8, r.number(), true);
      for (let n = 0; n < 16; n += 4) view.setFloat32(0x1000 + k + n, r.number(), true);
      view.setInt32(0x2000 + k, r.below(2 ** 32), true);
      view.setInt32(0x2000 + k + 4, r.below(2 ** 32) | (r.chance(95) ? -0x80000000 : 0), true);
      view.setUint16(0x2000 + k + 8, (r.chance(95) ? 0x3fff + r.below(40) - 20 : 0x7fff) | (r.below(2) << 15), true);
      for (let n = 0; n < 16; n += 4)
        view.setInt32(0x3000 + k + n, r.chance(70) ? r.below(2000) - 1000 : r.below(2 ** 32), true);
      for (let n = 0; n < 16; n += 2) view.setUint16(0x4000 + k + n, r.of(CONTROL_WORDS), true);
    }
    return new Uint8Array(view.buffer);
  }

  start(): { entry: number; registers: Int32Array; top: number; fcw: number } {
    const r = this.#random;
    const registers = Int32Array.from({ length: 8 }, () => r.below(2 ** 32));
    registers[4] = STACK + 16 * r.below(16);
    const entry = CODE + UNIT * r.below(CODE_BYTES / UNIT);
    return { entry, registers, top: r.below(8), fcw: r.of(CONTROL_WORDS) };
  }

  #unit(at: number): number[] {
    const bytes: number[] = [];
    const r = this.#random;
    while (bytes.length < UNIT - 24) bytes.push(...this.#piece());
    // A loop of eight turns at most: add ch, 32; jnz. Or a call of another unit, or a return.
    const far = UNIT * (r.below(CODE_BYTES / UNIT - 1) + 1) - UNIT;
    const k = r.below(10);
    if (k < 5) bytes.push(0x80, 0xc5, 32, 0x0f, 0x85, ...dword(-bytes.length - 9));
    else if (k < 6) bytes.push(0xe8, ...dword(far - at - bytes.length - 5));
    else if (k < 7) bytes.push(0xc3);
    return bytes;
  }

  #piece(): number[] {
    const r = this.#random;
    const depth = this.#depth;
    // Now and then what the stack is not good for.
    if (r.chance(2)) return [0xd8 + r.below(8), 0xc0 + r.below(64)];
    if (r.chance(3)) return [0xd9, 0x05 | (5 << 3), ...dword(CONTROLS + 2 * r.below(2048))];
    if (r.chance(2)) return [0xd9, 0x05 | (7 << 3), ...dword(CONTROLS + 2 * r.below(2048))];
    if (r.chance(1)) return [0xdb, 0xe3];
    if (r.chance(8)) return r.of([[0x40 + r.of([0, 1, 2, 3, 6, 7])], [0x01, 0xd8], [0x31, 0xc8], [0x9b]]);
    if (depth === 0 || (depth < 6 && r.chance(25))) {
      this.#depth++;
      if (depth > 0 && r.chance(25)) return [0xd9, 0xc0 + r.below(depth)];
      return r.chance(25) ? [0xd9, r.of(CONSTANTS)] : this.#memory(r.of(LOADS));
    }
    if (depth > 1 && r.chance(20)) {
      this.#depth--;
      const other = 1 + r.below(depth - 1);
      // FADDP and its kin, FSTP ST(n), FUCOMIP, FCOMIP, FFREEP of ST(0).
      return r.of([
        [0xde, 0xc0 + 8 * r.of([0, 1, 4, 5, 6, 7]) + other],
        [0xde, 0xc0 + 8 * r.of([0, 1, 4, 5, 6, 7]) + other],
        [0xdd, 0xd8 + other],
        [0xdf, r.of([0xe8, 0xf0]) + other],
        [0xd8, 0xd8 + other],
      ]);
    }
    if (r.chance(25)) {
      this.#depth--;
      return this.#memory(r.of(POPPING_STORES));
    }
    const other = r.below(depth);
    switch (r.below(8)) {
      case 0:
      case 1:
        return [0xd8, 0xc0 + 8 * r.of([0, 1, 4, 5, 6, 7]) + other];
      case 2:
        return [0xdc, 0xc0 + 8 * r.of([0, 1, 4, 5, 6, 7]) + other];
      case 3:
        return this.#memory([r.of([0xd8, 0xdc]), r.below(8), 0]);
      case 4:
        return this.#memory(r.chance(50) ? [r.of([0xda, 0xde]), r.below(8), INTEGERS] : r.of(STORES));
      case 5:
        return r.of([
          [0xd9, 0xc8 + other],
          [0xdd, 0xd0 + other],
          [0xda + r.below(2), 0xc0 + 8 * r.below(4) + other],
        ]);
      case 6:
        return [0xd9, r.of(UNARY)];
      default:
        return this.#branch(other);
    }
  }

  /** A comparison, and a jump over something. */
  #branch(other: number): number[] {
    const r = this.#random;
    const skipped = r.chance(50) ? [0xd9, r.of([0xe0, 0xe1, 0xfa])] : [0xd9, 0xe8, 0xde, 0xc1];
    // Sometimes the ways meet with different stacks.
    if (r.chance(10)) skipped.push(0xdd, 0xd8);
    const compare = r.of([
      [0xdb, r.of([0xe8, 0xf0]) + other],
      [0xd8, 0xd0 + other, 0xdf, 0xe0, 0x9e],
      [0xdd, 0xe0 + other, 0xdf, 0xe0, 0x9e],
      [0xd9, 0xe4, 0xdf, 0xe0, 0xf6, 0xc4, 0x41],
    ]);
    return [...compare, 0x70 + r.of([2, 3, 4, 5, 6, 7, 10, 11]), skipped.length, ...skipped];
  }

  #memory([opcode, digit, area]: Memory): number[] {
    const r = this.#random;
    const from = area === 0 ? (opcode === 0xd8 ? SINGLES : DOUBLES) : area;
    if (area === 0 && (digit === 3 || digit === 2)) digit = 0;
    if (from === INTEGERS && digit === 3 && (opcode === 0xda || opcode === 0xde)) digit = 2;
    // Some straddle what they are aligned to.
    const at = from + 16 * r.below(255) + (r.chance(5) ? r.below(16) : from === EXTENDED ? 0 : 4 * r.below(4));
    return [opcode, 0x05 | (digit << 3), ...dword(at)];
  }
}

const machines = [
  new UserMachine((...a) => new Reference(...a)),
  new UserMachine((...a) => new Interpreter(...a)),
  new UserMachine((...a) => new Translator(...a, { heat: 3, batchEntries: 2, verify })),
  new UserMachine((...a) => new Translator(...a, { heat: 3, batchEntries: 2 }), 'webassembly'),
  // Where an instruction is not plain it is called out, and the region goes on.
  new UserMachine((...a) => new Translator(...a, { heat: 3, batchEntries: 2, guardAll: true })),
] as const;
for (const m of machines) m.resumeAfterFaults();

const hex = (n: number): string => (n >>> 0).toString(16);

function state(m: UserMachine): Record<string, string> {
  const c = m.cpu;
  return {
    registers: [...c.reg.subarray(0, 8)].map(hex).join(' '),
    eip: hex(c.eip),
    eflags: hex(m.eflags),
    cpl: `${c.cpl}`,
    x87: [...c.words.subarray(WORD.fcw, WORD.fds + 2)].map(hex).join(' '),
    stack: [...c.fpr].map(hex).join(' '),
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
    const { entry, registers, top, fcw } = program.start();
    const results = machines.map((m) => {
      m.start(0, registers, entry, 0x202);
      m.cpu.ftop = top;
      m.cpu.ftag = 0;
      m.cpu.fsw = 0;
      m.cpu.fcw = fcw;
      const before = m.engine.retired();
      m.engine.run(leg);
      return { ...state(m), retired: `${m.engine.retired() - before}` } as Record<string, string>;
    });
    for (const [k, m] of machines.entries()) {
      const where = `${m.engine.name}, seed ${seed}, leg ${n} of ${leg} from ${hex(entry)}`;
      for (const [name, value] of Object.entries(results[0] as Record<string, string>)) {
        if (results[k]?.[name] !== value) return `${where}: ${name}\n${results[k]?.[name]}, not\n${value}`;
      }
      if (Buffer.compare(m.data, machines[0].data) !== 0)
        return `${where}: data at ${m.data.findIndex((b, at) => b !== machines[0].data[at]).toString(16)}`;
    }
  }
  return undefined;
}

describe('every engine does what the reference does with the x87', () => {
  const GROUP = 4;
  for (let first = FIRST_SEED; first < FIRST_SEED + PROGRAMS; first += GROUP) {
    test(`random programs from seed ${first}`, () => {
      for (let seed = first; seed < Math.min(first + GROUP, FIRST_SEED + PROGRAMS); seed++) {
        expect(compare(seed)).toBeUndefined();
      }
    });
  }

  test('regions did most of it', () => {
    const { translator = 0, interpreter = 0, reference = 0 } = machines[2].engine.retiredBy?.() ?? {};
    if (process.env.TALLY) for (const m of machines) console.log(m.engine.retiredBy?.(), m.engine.statistics());
    expect(translator).toBeGreaterThan((interpreter + reference) / 4);
  });
});
