// Recorded cases of the integer instructions: what a case is, the setting that all share, and the file that holds them.
// The file is described in README.md.

import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';

export const DATA = 0x10000000;
export const DATA_BYTES = 0x10000;
export const CODE = 0x20000000;
export const CODE_BYTES = 0x2000;
/** HLT: what the code pages hold besides the case's code. It is #GP(0) at CPL 3, and so ends a case. */
export const FILLER = 0xf4;

/**
 * LDT of every case: base, limit, and the flags of Linux' user_desc (1 32-bit, 2 expand-down, 4 code, 8 read or execute
 * only, 10H pages, 20H not present).
 */
export const LDT_ENTRIES: readonly (readonly [number, number, number])[] = [
  [DATA, 0xffff, 0x1],
  [DATA, 0xffff, 0x9],
  [DATA, 0x7fff, 0x3],
  [CODE, 0x1fff, 0x5],
  [CODE, 0x1fff, 0x4],
  [DATA, 0xffff, 0x0],
  [DATA + 0x4000, 0x3fff, 0x1],
  [DATA, 0xffff, 0x21],
  [CODE, 0xfff, 0xd],
  [DATA, 0x3fff, 0x2],
];

/** Selector of an LDT entry, RPL 3. */
export const ldt = (n: number): number => (n << 3) | 7;
/** Linux' user segments: flat code and flat data. */
export const FLAT_CODE = 0x23;
export const FLAT_DATA = 0x2b;

/** Segment registers of a case, ES CS SS DS FS GS. */
export interface Mode {
  readonly name: string;
  readonly code32: boolean;
  readonly stack32: boolean;
  readonly selectors: readonly number[];
}

const mode = (name: string, code32: boolean, stack32: boolean, ...selectors: number[]): Mode => ({
  name,
  code32,
  stack32,
  selectors,
});

export const MODES: readonly Mode[] = [
  mode('flat', true, true, FLAT_DATA, FLAT_CODE, FLAT_DATA, FLAT_DATA, ldt(0), ldt(6)),
  mode('bent', true, true, ldt(0), FLAT_CODE, FLAT_DATA, ldt(6), ldt(2), ldt(3)),
  mode('code16', false, false, ldt(5), ldt(4), ldt(5), ldt(5), ldt(0), ldt(6)),
  mode('stack16', true, false, FLAT_DATA, FLAT_CODE, ldt(5), FLAT_DATA, ldt(0), ldt(6)),
  mode('limits', true, true, ldt(1), FLAT_CODE, ldt(2), ldt(6), ldt(9), ldt(3)),
  mode('code16 stack32', false, true, ldt(6), ldt(4), FLAT_DATA, ldt(5), ldt(1), 0),
  mode('based', true, true, ldt(0), ldt(3), FLAT_DATA, ldt(0), FLAT_DATA, ldt(9)),
];

/** Base of the segment that a selector names here. */
export function baseOf(selector: number): number {
  return (selector & 4) !== 0 ? ((LDT_ENTRIES[selector >> 3] as readonly number[])[0] as number) : 0;
}

/** Bytes at a guest-linear address. */
export interface Bytes {
  readonly at: number;
  readonly bytes: Uint8Array;
}

export interface Outcome {
  /** Vector that ended it. */
  readonly vector: number;
  /** Error code; 0 where the vector has none. */
  readonly error: number;
  /** CR2 of a page fault, else 0. */
  readonly cr2: number;
  readonly eip: number;
  readonly registers: Int32Array;
  readonly eflags: number;
  /** ES CS SS DS FS GS. */
  readonly selectors: readonly number[];
  /** Every byte that changed, in runs. */
  readonly memory: readonly Bytes[];
}

export interface Case {
  /** Index into the corpus' forms. */
  readonly form: number;
  /** What the values that it has not of its own are made from: see `seeded`. */
  readonly seed: number;
  /** Index into MODES. */
  readonly mode: number;
  /** Guest-linear address of the code; EIP is this less the base of CS. Bytes beyond the code pages are not there. */
  readonly at: number;
  readonly code: Uint8Array;
  /** EAX ECX EDX EBX ESP EBP ESI EDI. */
  readonly registers: Int32Array;
  readonly eflags: number;
  /** TF is set, and one instruction is executed. */
  readonly step: boolean;
  /** Written over data or code before the case runs. */
  readonly memory: readonly Bytes[];
  readonly outcome: Outcome;
}

export interface Corpus {
  /** The processor that the outcomes are from. */
  readonly cpu: string;
  /** What each form is, for reports: opcode, operation, operands. */
  readonly forms: readonly string[];
  readonly cases: readonly Case[];
}

// Inputs that need no bytes in the file: a function of the case's seed.

/** A 32-bit mix of two numbers (the finaliser of MurmurHash3). */
export function mix(a: number, b: number): number {
  let h = (Math.imul(a, 0x9e3779b1) + Math.imul(b, 0x85ebca6b)) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

const EDGES: readonly number[] = [
  0, 0, 1, 2, 3, 7, 8, 9, 0x0f, 0x10, 0x1f, 0x20, 0x21, 0x3f, 0x7f, 0x80, 0x81, 0xff, 0x100, 0x7ffe, 0x7fff, 0x8000,
  0x8001, 0xfffe, 0xffff, 0x10000, 0x7fffff80, 0x7fffffff, 0x80000000, 0x80000001, 0xffff0000, 0xffff8000, 0xffff7fff,
  0xffffff00, 0xffffff80, 0xffffff7f, 0xfffffffe, 0xffffffff, 0xffffffff, 0x01010101, 0x80808080, 0x7f7f7f7f,
  0x99999999, 0x09090909, 0x55555555, 0xaaaaaaaa,
];

/** An int32, about half of the time a value at an edge. */
export function edgy(a: number, b: number): number {
  const h = mix(a, b);
  if (h & 1) return mix(h, 0x51ed);
  return (EDGES[(h >>> 8) % EDGES.length] as number) | 0;
}

/** The value of a register in a case with seed n, unless the case has its own. */
export const seeded = (n: number, register: number): number => edgy(n, register);

/** EFLAGS of a case with seed n, unless it has its own: status flags and DF at random, sometimes NT and ID. */
export function seededFlags(n: number): number {
  const h = mix(n, 99);
  let flags = 0x202 | (h & 0x8d5);
  if ((h & 0x3000) === 0) flags |= 0x400;
  if ((h & 0xf0000) === 0) flags |= 0x4000;
  if ((h & 0xf00000) === 0) flags |= 0x200000;
  return flags;
}

/** What every case finds in the data pages. */
export function dataImage(): Uint8Array {
  const image = new Uint8Array(DATA_BYTES);
  const view = new DataView(image.buffer);
  for (let k = 0; k < DATA_BYTES; k += 4) view.setInt32(k, edgy(k, 0xda7a), true);
  return image;
}

// The file: numbers in columns, a column in four planes of bytes (all lowest bytes first), bytes in a column of their own.

const NUMBERS = [
  'form',
  'seed',
  'mode',
  'at',
  'length',
  'step',
  'given',
  'value',
  'memories',
  'memoryAt',
  'memoryLength',
  'vector',
  'error',
  'cr2',
  'eip',
  'changed',
  'delta',
  'eflags',
  'selector',
  'runs',
  'runAt',
  'runLength',
] as const;
const BYTES = ['code', 'memory', 'run'] as const;
type NumberColumn = (typeof NUMBERS)[number];
type ByteColumn = (typeof BYTES)[number];

/** Bit of `given` and `changed` for EFLAGS; bits below are registers, bits above selectors. */
const FLAGS_BIT = 8;

interface Header {
  readonly cpu: string;
  readonly forms: readonly string[];
  readonly cases: number;
  readonly numbers: Readonly<Record<string, number>>;
  readonly bytes: Readonly<Record<string, number>>;
}

export function writeCorpus(corpus: Corpus): Uint8Array {
  const numbers = Object.fromEntries(NUMBERS.map((c) => [c, [] as number[]])) as Record<NumberColumn, number[]>;
  const bytes = Object.fromEntries(BYTES.map((c) => [c, [] as Uint8Array[]])) as Record<ByteColumn, Uint8Array[]>;
  let form = 0;
  let seed = 0;
  for (const one of corpus.cases) {
    const { outcome } = one;
    numbers.form.push(one.form - form);
    form = one.form;
    numbers.seed.push(one.seed - seed);
    seed = one.seed;
    numbers.mode.push(one.mode);
    numbers.at.push(one.at);
    numbers.length.push(one.code.length);
    numbers.step.push(one.step ? 1 : 0);
    bytes.code.push(one.code);
    let given = 0;
    for (let r = 0; r < 8; r++) {
      if (one.registers[r] === seeded(seed, r)) continue;
      given |= 1 << r;
      numbers.value.push(one.registers[r] as number);
    }
    if (one.eflags !== seededFlags(seed)) {
      given |= 1 << FLAGS_BIT;
      numbers.value.push(one.eflags);
    }
    numbers.given.push(given);
    numbers.memories.push(one.memory.length);
    for (const m of one.memory) {
      numbers.memoryAt.push(m.at);
      numbers.memoryLength.push(m.bytes.length);
      bytes.memory.push(m.bytes);
    }
    numbers.vector.push(outcome.vector);
    numbers.error.push(outcome.error);
    numbers.cr2.push(outcome.cr2);
    numbers.eip.push(outcome.eip - startEip(one));
    let changed = 0;
    for (let r = 0; r < 8; r++) {
      if (outcome.registers[r] === one.registers[r]) continue;
      changed |= 1 << r;
      numbers.delta.push((outcome.registers[r] as number) - (one.registers[r] as number));
    }
    for (let s = 0; s < 6; s++) {
      if (outcome.selectors[s] === (MODES[one.mode] as Mode).selectors[s]) continue;
      changed |= 1 << (FLAGS_BIT + 1 + s);
      numbers.selector.push(outcome.selectors[s] as number);
    }
    numbers.changed.push(changed);
    numbers.eflags.push(outcome.eflags ^ one.eflags);
    numbers.runs.push(outcome.memory.length);
    for (const m of outcome.memory) {
      numbers.runAt.push(m.at);
      numbers.runLength.push(m.bytes.length);
      bytes.run.push(m.bytes);
    }
  }
  const header: Header = {
    cpu: corpus.cpu,
    forms: corpus.forms,
    cases: corpus.cases.length,
    numbers: Object.fromEntries(NUMBERS.map((c) => [c, numbers[c].length])),
    bytes: Object.fromEntries(BYTES.map((c) => [c, bytes[c].reduce((sum, b) => sum + b.length, 0)])),
  };
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  const parts = [length, text, ...NUMBERS.map((c) => planes(numbers[c])), ...BYTES.flatMap((c) => bytes[c])];
  return brotliCompressSync(Buffer.concat(parts), {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 },
  });
}

function planes(values: readonly number[]): Uint8Array {
  const out = new Uint8Array(4 * values.length);
  values.forEach((v, k) => {
    for (let b = 0; b < 4; b++) out[b * values.length + k] = v >>> (8 * b);
  });
  return out;
}

/** Reads a column one by one. */
class Column {
  readonly #bytes: Uint8Array;
  readonly #count: number;
  #next = 0;

  constructor(bytes: Uint8Array, count: number) {
    this.#bytes = bytes;
    this.#count = count;
  }

  next(): number {
    const k = this.#next++;
    const n = this.#count;
    const b = this.#bytes;
    return (
      (b[k] as number) |
      ((b[n + k] as number) << 8) |
      ((b[2 * n + k] as number) << 16) |
      ((b[3 * n + k] as number) << 24)
    );
  }
}

export function readCorpus(file: Uint8Array): Corpus {
  const all = brotliDecompressSync(file);
  const length = all.readUInt32LE(0);
  const header = JSON.parse(all.toString('utf8', 4, 4 + length)) as Header;
  let at = 4 + length;
  const numbers = {} as Record<NumberColumn, Column>;
  for (const c of NUMBERS) {
    const count = header.numbers[c] as number;
    numbers[c] = new Column(all.subarray(at, at + 4 * count), count);
    at += 4 * count;
  }
  const next = {} as Record<ByteColumn, number>;
  for (const c of BYTES) {
    next[c] = at;
    at += header.bytes[c] as number;
  }
  const take = (c: ByteColumn, n: number): Uint8Array => {
    const from = next[c];
    next[c] = from + n;
    return all.subarray(from, from + n);
  };
  const pieces = (count: number, places: Column, lengths: Column, c: ByteColumn): Bytes[] =>
    Array.from({ length: count }, () => ({ at: places.next() >>> 0, bytes: take(c, lengths.next()) }));
  const cases: Case[] = [];
  let form = 0;
  let seed = 0;
  for (let n = 0; n < header.cases; n++) {
    form += numbers.form.next();
    seed += numbers.seed.next();
    const modeIndex = numbers.mode.next();
    const { selectors } = MODES[modeIndex] as Mode;
    const given = numbers.given.next();
    const registers = new Int32Array(8);
    for (let r = 0; r < 8; r++) registers[r] = (given >> r) & 1 ? numbers.value.next() : seeded(seed, r);
    const eflags = (given >> FLAGS_BIT) & 1 ? numbers.value.next() : seededFlags(seed);
    const start = numbers.at.next();
    const code = take('code', numbers.length.next());
    const changed = numbers.changed.next();
    const after = registers.slice();
    for (let r = 0; r < 8; r++) if ((changed >> r) & 1) after[r] = (after[r] as number) + numbers.delta.next();
    cases.push({
      form,
      seed,
      mode: modeIndex,
      at: start,
      code,
      registers,
      eflags,
      step: numbers.step.next() === 1,
      memory: pieces(numbers.memories.next(), numbers.memoryAt, numbers.memoryLength, 'memory'),
      outcome: {
        vector: numbers.vector.next(),
        error: numbers.error.next(),
        cr2: numbers.cr2.next() >>> 0,
        eip: (start - baseOf(selectors[1] as number) + numbers.eip.next()) >>> 0,
        registers: after,
        eflags: eflags ^ numbers.eflags.next(),
        selectors: selectors.map((s, k) => ((changed >> (FLAGS_BIT + 1 + k)) & 1 ? numbers.selector.next() : s)),
        memory: pieces(numbers.runs.next(), numbers.runAt, numbers.runLength, 'run'),
      },
    });
  }
  return { cpu: header.cpu, forms: header.forms, cases };
}

/** EIP of a case's first instruction. */
export function startEip(one: { readonly mode: number; readonly at: number }): number {
  return one.at - baseOf((MODES[one.mode] as Mode).selectors[1] as number);
}
