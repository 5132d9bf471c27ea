// The decoder against iced-x86, over the whole opcode space: every opcode of the one-byte and the 0F map with every
// ModRM byte, under combinations of prefixes, in 16- and 32-bit code; every SIB byte; and random sequences of prefixes,
// also too long ones.
//
// What is defined, what is undefined, and the length of everything that is defined were checked on a real CPU too (AMD
// EPYC, family 25, user mode, 16- and 32-bit segments; every opcode with every fifth ModRM byte under eleven combinations
// of prefixes, each up against an unmapped page, whole and one byte short: 900,000 runs). What was different there is that CPU's: it has later extensions, LOCK MOV CR0 is its CR8,
// LOCK 0F 00 /5 executes, UD0 and UD1 have no ModRM byte, SYSENTER is undefined under a 64-bit kernel.

import { Code, Decoder, DecoderOptions, FlowControl, Instruction } from 'iced-x86';
import { describe, expect, test } from 'vitest';
import { isTransfer } from '../../src/isa/control.ts';
import { decode } from '../../src/isa/decode.ts';
import { ONE_BYTE_ENTRIES, TWO_BYTE_ENTRIES } from '../../src/isa/decode-entries.ts';
import type { DecodeMode, Insn } from '../../src/isa/insn.ts';
import { factsOf, icedText, ourText } from './iced.ts';

/**
 * iced decodes for every CPU at once. These options take back what later extensions made of older encodings: hint NOPs
 * (0F 0D, 0F 18-1F), BSF and BSR with F3 (TZCNT, LZCNT), WBINVD with F3 (WBNOINVD).
 */
const OPTIONS =
  DecoderOptions.ForceReservedNop | DecoderOptions.NoMPFX_0FBC | DecoderOptions.NoMPFX_0FBD | DecoderOptions.NoWbnoinvd;

/** A difference that is meant: which of iced's codes, why, and iced's text as it has to be rewritten to be ours. */
interface Difference {
  readonly code: RegExp;
  readonly reason: string;
  readonly rewrite: (text: string) => string;
}
const DIFFERENCES: readonly Difference[] = [
  {
    code: /^(Rol|Ror|Rcl|Rcr|Shl|Sal|Shr|Sar|Shld|Shrd)_.*_imm8$/,
    reason: 'our shift counts are masked to five bits, as the CPU does before it shifts',
    rewrite: (text) => text.replace(/i8\.(\d+)$/, (_, n) => `i8.${Number(n) & 31}`),
  },
  {
    code: /^(Arpl|Lar|Lsl|Lldt|Ltr|Lmsw|Verr|Verw|Mov_Sreg)_?.*r32m16/,
    reason: 'only 16 bits of the register are read: Ew in the manual; iced has r32/m16 with a 32-bit operand size',
    rewrite: (text) => text.replace(/r32(\.\d+)$/, 'r16$1'),
  },
  {
    code: /^Arpl_r32m16_r32$/,
    reason: 'as above, for both operands',
    rewrite: (text) => text.replaceAll('r32.', 'r16.'),
  },
  {
    code: /_0F0D$/,
    reason:
      'PREFETCH and PREFETCHW (0F 0D) have a byte in memory; with a register they are #UD (AMD APM vol. 3; real CPU)',
    rewrite: (text) => (text.includes('[') ? text.replace(/\[(16|32)/, '[8') : 'UD'),
  },
];

const hex = (bytes: Uint8Array): string => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join(' ');

/** Bytes between the starts of two encodings: room for the longest that the decoder may look at. */
const SLOT = 24;

/** Deterministic pseudo-random bytes (a linear congruential generator). */
class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed;
  }
  below(n: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) | 0;
    return (this.#state >>> 8) % n;
  }
}

/** A buffer of encodings, each in its slot, filled up with random bytes. */
class Corpus {
  readonly bytes: Uint8Array;
  #random: Random;
  count = 0;
  constructor(capacity: number, seed: number) {
    this.bytes = new Uint8Array((capacity + 2) * SLOT);
    this.#random = new Random(seed);
  }
  add(...parts: (number | readonly number[])[]): void {
    let at = this.count++ * SLOT;
    const end = at + SLOT;
    for (const byte of parts.flat()) this.bytes[at++] = byte as number;
    while (at < end) this.bytes[at++] = this.#random.below(256);
  }
}

interface Tally {
  defined: number;
  undefined: number;
  readonly ops: Set<string>;
  readonly codes: Set<Code>;
  /** Unexplained differences, by kind, with one example of each. */
  readonly differences: Map<string, string>;
}
const newTally = (): Tally => ({
  defined: 0,
  undefined: 0,
  ops: new Set(),
  codes: new Set(),
  differences: new Map(),
});

const rewrites = new Map<Code, readonly Difference[]>();

function compareAll(corpus: Corpus, bits: 16 | 32, tally: Tally): void {
  const { bytes } = corpus;
  const decoder = new Decoder(bits, bytes, OPTIONS);
  const theirs = new Instruction();
  const mode: DecodeMode = { code32: bits === 32, stack32: bits === 32 };
  for (let k = 0; k < corpus.count; k++) {
    const at = k * SLOT;
    decoder.position = at;
    decoder.decodeOut(theirs);
    const ours = decode(bytes, at, bytes.length - at, mode) as Insn;
    const { wanted, name } = factsOf(theirs);
    let expected: string;
    let actual: string;
    if (!wanted) {
      tally.undefined++;
      expected = 'UD';
      actual = ours.op === 'UD' || (ours.op === 'TOOLONG' && theirs.isInvalid) ? 'UD' : ourText(ours);
    } else {
      tally.defined++;
      tally.ops.add(name.replace(/\/.*/, ''));
      tally.codes.add(theirs.code);
      expected = icedText(theirs);
      actual = ourText(ours);
      if (expected !== actual) {
        let explained = rewrites.get(theirs.code);
        if (!explained) {
          rewrites.set(theirs.code, (explained = DIFFERENCES.filter((d) => d.code.test(Code[theirs.code] as string))));
        }
        for (const difference of explained) expected = difference.rewrite(expected);
        if (expected === 'UD' && ours.op === 'UD') continue;
      }
    }
    if (expected === actual) continue;
    const kind = `${Code[theirs.code]} / ${ours.op}`;
    if (!tally.differences.has(kind)) {
      tally.differences.set(kind, `${bits}-bit ${hex(bytes.subarray(at, at + 15))}: iced ${expected}, ours ${actual}`);
    }
  }
  theirs.free();
  decoder.free();
}

const PREFIXES: readonly (readonly number[])[] = [
  [],
  [0x66],
  [0xf2],
  [0xf3],
  [0x67],
  [0xf0],
  [0x64],
  [0x66, 0x67],
  [0x66, 0xf2],
  [0xf3, 0x66],
  [0xf2, 0xf3],
  [0xf3, 0xf2],
  [0x67, 0xf0],
  [0x66, 0xf0, 0x2e],
  [0xf3, 0xf0, 0x36],
];

const everything = newTally();

describe('the whole opcode space is decoded as iced-x86 decodes it', () => {
  test.each([16, 32] as const)('%i-bit code, every opcode and ModRM byte', (bits) => {
    const tally = newTally();
    PREFIXES.forEach((prefixes, k) => {
      const corpus = new Corpus(2 * 256 * 256, 17 * k + bits);
      for (const map of [[], [0x0f]]) {
        for (let opcode = 0; opcode < 256; opcode++) {
          for (let modrm = 0; modrm < 256; modrm++) corpus.add(prefixes, map, opcode, modrm);
        }
      }
      compareAll(corpus, bits, tally);
    });
    expect([...tally.differences.values()]).toEqual([]);
    // 2 x 65,536 encodings under 15 combinations of prefixes.
    expect(tally.defined + tally.undefined).toBe(15 * 2 * 65_536);
    expect(tally.defined).toBeGreaterThan(900_000);
    for (const op of tally.ops) everything.ops.add(op);
    for (const code of tally.codes) everything.codes.add(code);
  });

  test('every SIB byte, with every mod and both address sizes', () => {
    const tally = newTally();
    const corpus = new Corpus(100_000, 5);
    // MOV, PUSH/CALL/JMP, x87 and SSE operands; with a segment override; with an immediate behind the displacement.
    const instructions = [[0x8b], [0xff], [0xdd], [0x0f, 0x6f], [0x66, 0x0f, 0x7f], [0x65, 0x01], [0x81], [0x0f, 0xb6]];
    for (const instruction of instructions) {
      for (const address of [[], [0x67]]) {
        for (let modrm = 4; modrm < 0xc0; modrm += 8) {
          for (let sib = 0; sib < 256; sib++) corpus.add(address, instruction, modrm, sib);
        }
      }
    }
    compareAll(corpus, 16, tally);
    compareAll(corpus, 32, tally);
    expect([...tally.differences.values()]).toEqual([]);
    expect(tally.defined).toBeGreaterThan(100_000);
  });

  test('random prefixes in any number and order, also more than 15 bytes', () => {
    const tally = newTally();
    const random = new Random(2024);
    const corpus = new Corpus(150_000, 3);
    const all = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3];
    for (let k = 0; k < 150_000; k++) {
      const prefixes: number[] = [];
      // Two runs of three without LOCK, which makes almost everything undefined.
      const kinds = k % 3 ? all.filter((p) => p !== 0xf0) : all;
      for (let n = random.below(17); n > 0; n--) prefixes.push(kinds[random.below(kinds.length)] as number);
      corpus.add(prefixes, random.below(3) ? [] : [0x0f]);
    }
    compareAll(corpus, 16, tally);
    compareAll(corpus, 32, tally);
    expect([...tally.differences.values()]).toEqual([]);
    expect(tally.defined).toBeGreaterThan(100_000);
  });

  test('every operation of the opcode maps was compared', () => {
    const ours = new Set<string>();
    for (const entry of [...ONE_BYTE_ENTRIES, ...TWO_BYTE_ENTRIES]) {
      for (const selected of entry.by ?? [entry]) ours.add(selected.op);
    }
    expect([...ours].filter((op) => !everything.ops.has(op))).toEqual([]);
    expect([...everything.ops].filter((op) => !ours.has(op))).toEqual([]);
  });
});

test('isTransfer agrees with iced on what goes elsewhere than to the next instruction', () => {
  const corpus = new Corpus(2 * 65_536, 11);
  for (const map of [[], [0x0f]]) {
    for (let opcode = 0; opcode < 256; opcode++) {
      for (let modrm = 0; modrm < 256; modrm++) corpus.add(map, opcode, modrm);
    }
  }
  const decoder = new Decoder(32, corpus.bytes, OPTIONS);
  const theirs = new Instruction();
  const differences = new Set<string>();
  for (let k = 0; k < corpus.count; k++) {
    decoder.position = k * SLOT;
    decoder.decodeOut(theirs);
    const { wanted, code } = factsOf(theirs);
    if (!wanted || code.endsWith('_0F0D')) continue;
    const ours = decode(corpus.bytes, k * SLOT, SLOT, { code32: true, stack32: true }) as Insn;
    if (isTransfer(ours) !== (theirs.flowControl !== FlowControl.Next)) differences.add(ours.op);
  }
  // HLT waits; iced goes on with the next instruction.
  expect([...differences]).toEqual(['HLT']);
});
