// From the rows of the opcode maps (`opcodes*.ts`) to the tables that the decoder indexes: one entry per opcode,
// mandatory prefix and, where an opcode is shared, ModRM byte. Built once, when the module is loaded.

import type { int } from './insn.ts';
import { IMPLICIT_BYTE, LOCKABLE, ONE_BYTE, STRINGS, TWO_BYTE } from './opcodes.ts';
import { SIMD } from './opcodes-simd.ts';
import { FCMOV, X87 } from './opcodes-x87.ts';

// Addressing forms of an operand: the capital letters of the manual's notation, and what it writes out.
export const F_NONE = 0;
/** ModRM r/m: general register or memory. */
export const F_E = 1;
/** ModRM reg: general register. */
export const F_G = 2;
/** ModRM r/m as a register whatever mod says. */
export const F_R = 3;
/** General register `n`. */
export const F_FIXED = 4;
/** Immediate of the operation's size. */
export const F_IZ = 5;
/** Immediate byte, sign-extended to the operation's size. */
export const F_IB = 6;
/** Control byte and word, zero-extended. */
export const F_UB = 7;
export const F_UW = 8;
/** Shift count: immediate byte modulo 32. */
export const F_COUNT = 9;
/** The constant `n`. */
export const F_CONST = 10;
/** Relative displacement, byte or operand size. */
export const F_JB = 11;
export const F_JZ = 12;
/** Far pointer. */
export const F_A = 13;
/** Memory at an offset in the instruction. */
export const F_O = 14;
/** DS:ESI and ES:EDI. */
export const F_X = 15;
export const F_Y = 16;
/** XLAT's and MASKMOVQ's memory. */
export const F_BX = 17;
export const F_BD = 18;
/** ModRM reg: segment, control, debug register. */
export const F_S = 19;
export const F_C = 20;
export const F_D = 21;
/** Segment register `n`. */
export const F_SREG = 22;
/** MMX: reg; r/m or memory; r/m. */
export const F_P = 23;
export const F_Q = 24;
/** XMM: reg; r/m or memory. */
export const F_V = 25;
export const F_W = 26;
/** x87: ST(n), ST(r/m). */
export const F_ST = 27;
export const F_STI = 28;

/** One operand of an entry. */
export interface Field {
  readonly form: int;
  /** Width in bits of a register or an immediate; 0: the operand size; -2: twice the operand size. */
  readonly width: int;
  /** Width in bits of a memory operand; 0 and -2 as above. */
  readonly access: int;
  readonly n: int;
}

/** ModRM byte: none; parsed; there but always a register. */
export const MODRM_NONE = 0;
export const MODRM = 1;
export const MODRM_REGISTER = 2;

/** Size of the instruction: operand size, or that of `dst` (operands of `Rv/Mw`). 8, 16 and 32 stand for themselves. */
export const SIZE_OSIZE = 0;
export const SIZE_DST = -1;

export interface Entry {
  readonly op: string;
  readonly modrm: int;
  readonly size: int;
  readonly dst: Field;
  readonly src: Field;
  readonly src2: Field;
  readonly cc: int;
  readonly lockable: boolean;
  readonly string: boolean;
  /** What the ModRM byte selects, where it does: 256 entries. */
  readonly by: readonly Entry[] | null;
}

const field = (form: int, width = 0, access = width, n = 0): Field => ({ form, width, access, n });
const NO_FIELD = field(F_NONE);

const entry = (
  op: string,
  modrm: int = MODRM_NONE,
  size: int = SIZE_OSIZE,
  fields: readonly Field[] = [],
  cc = 0,
  by: readonly Entry[] | null = null,
): Entry => ({
  op,
  modrm,
  size,
  dst: fields[0] ?? NO_FIELD,
  src: fields[1] ?? NO_FIELD,
  src2: fields[2] ?? NO_FIELD,
  cc,
  lockable: LOCKABLE.has(op),
  string: STRINGS.has(op),
  by,
});

/** What no row defines. */
export const UNDEFINED: Entry = entry('UD');

/** Widths of the manual's operand types. */
const WIDTH: Readonly<Record<string, int>> = {
  b: 8,
  w: 16,
  d: 32,
  q: 64,
  dq: 128,
  v: 0,
  z: 0,
  p: 0, // a far pointer in memory: the size of its offset
  a: -2, // BOUND: two of the operand size
  s: 48, // pseudo-descriptor of LGDT ...
  ps: 128,
  pd: 128,
  ss: 32,
  sd: 64,
  fx: 4096,
};

const FORMS: Readonly<Record<string, int>> = {
  E: F_E,
  G: F_G,
  M: F_E,
  O: F_O,
  X: F_X,
  Y: F_Y,
  S: F_S,
  C: F_C,
  D: F_D,
  P: F_P,
  Q: F_Q,
  N: F_Q,
  V: F_V,
  W: F_W,
  U: F_W,
  R: F_R,
};

const SPELT: Readonly<Record<string, Field>> = {
  '-': NO_FIELD,
  AL: field(F_FIXED, 8),
  CL: field(F_FIXED, 8, 8, 1),
  AX: field(F_FIXED, 16),
  eAX: field(F_FIXED),
  DX: field(F_FIXED, 16, 16, 2),
  ES: field(F_SREG, 16, 16, 0),
  CS: field(F_SREG, 16, 16, 1),
  SS: field(F_SREG, 16, 16, 2),
  DS: field(F_SREG, 16, 16, 3),
  FS: field(F_SREG, 16, 16, 4),
  GS: field(F_SREG, 16, 16, 5),
  '0': field(F_CONST, 16, 16, 0),
  '1': field(F_CONST, 8, 8, 1),
  Ib: field(F_IB),
  Iz: field(F_IZ),
  Iv: field(F_IZ),
  ib: field(F_UB, 8),
  iw: field(F_UW, 16),
  'Ib&31': field(F_COUNT, 8),
  Jb: field(F_JB),
  Jz: field(F_JZ),
  Ap: field(F_A),
  'BX+AL': field(F_BX, 8),
  BDq: field(F_BD, 64),
  BDdq: field(F_BD, 128),
  'Rv/Mw': field(F_E, 0, 16),
  'Rd/Mw': field(F_E, 32, 16),
  ST0: field(F_ST, 80),
  STi: field(F_STI, 80),
  m16int: field(F_E, 16),
  m32int: field(F_E, 32),
  m64int: field(F_E, 64),
  m32fp: field(F_E, 32),
  m64fp: field(F_E, 64),
  m80fp: field(F_E, 80),
  m80bcd: field(F_E, 80),
  m2byte: field(F_E, 16),
  m28byte: field(F_E, 224),
  m94byte: field(F_E, 752),
};

function parseOperand(text: string, low: int): Field {
  const spelt = SPELT[text];
  if (spelt) return spelt;
  if (text === 'Zb') return field(F_FIXED, 8, 8, low);
  if (text === 'Zv') return field(F_FIXED, 0, 0, low);
  const form = FORMS[text[0] as string];
  const width = WIDTH[text.slice(1)];
  if (form === undefined || width === undefined) throw new Error(`opcode map: unknown operand ${text}`);
  return field(form, width);
}

const MODRM_FORMS = new Set([F_E, F_G, F_R, F_S, F_C, F_D, F_P, F_Q, F_V, F_W, F_STI]);
const INTEGER_FORMS = new Set([F_E, F_G, F_R, F_FIXED, F_X, F_Y, F_O, F_BX]);

/** Size of the instruction: that of its first operand that is a general register other than DX, or its memory. */
function sizeOf(op: string, operands: readonly string[], fields: readonly Field[]): int {
  if (IMPLICIT_BYTE.has(op)) return 8;
  for (let k = 0; k < fields.length; k++) {
    const { form, width } = fields[k] as Field;
    if (operands[k] === 'Rv/Mw') return SIZE_DST;
    if (operands[k] === 'DX' || !INTEGER_FORMS.has(form)) continue;
    if (width === 0 || width === 8 || width === 16 || width === 32) return width;
  }
  return SIZE_OSIZE;
}

interface Slot {
  readonly entry: Entry;
  /** Row with a prefix column: it replaces one without. */
  readonly prefixed: boolean;
}

const PREFIXES = ['NP', '66', 'F3', 'F2'];

/** Where rows are collected: `slots[prefix << 8 | opcode]`, an entry or, by ModRM byte, 256 of them. */
class MapBuilder {
  readonly slots: (Slot | (Slot | undefined)[] | undefined)[] = new Array(1024);

  /** Adds one row for one opcode. `modrms`: which ModRM bytes it holds for; all of them when null. */
  add(opcode: int, prefixes: readonly int[], modrms: ((modrm: int) => boolean) | null, it: Entry): void {
    const prefixed = prefixes.length < 4;
    for (const prefix of prefixes) {
      const at = (prefix << 8) | opcode;
      const slot: Slot = { entry: it, prefixed };
      const there = this.slots[at];
      if (modrms === null) {
        if (Array.isArray(there) || (there && there.prefixed === prefixed))
          throw new Error(`opcode map: ${it.op} twice`);
        if (!there?.prefixed) this.slots[at] = slot;
        continue;
      }
      if (there && !Array.isArray(there)) throw new Error(`opcode map: ${it.op} shares an opcode without ModRM`);
      const list = (this.slots[at] ??= new Array(256)) as (Slot | undefined)[];
      for (let modrm = 0; modrm < 256; modrm++) {
        if (!modrms(modrm)) continue;
        const old = list[modrm];
        if (old && old.prefixed === prefixed) throw new Error(`opcode map: ${it.op} twice`);
        if (!old?.prefixed) list[modrm] = slot;
      }
    }
  }

  build(): readonly Entry[] {
    return Array.from(this.slots, (slot) => {
      if (!slot) return UNDEFINED;
      if (!Array.isArray(slot)) return slot.entry;
      const by = Array.from(slot, (s) => s?.entry ?? UNDEFINED);
      return entry('UD', MODRM, SIZE_OSIZE, [], 0, by);
    });
  }
}

/** Which ModRM bytes a row holds for, or null for all without an own table. */
function modrmFilter(
  op: string,
  digit: int,
  only11: boolean,
  operands: readonly string[],
): ((m: int) => boolean) | null {
  const memoryOnly = operands.some((o) => /^(M|m\d)/.test(o));
  const registerOnly = only11 || operands.some((o) => /^[NU]/.test(o));
  const toSegment = op === 'MOVSEG';
  const control = op === 'MOVCR';
  if (digit < 0 && !memoryOnly && !registerOnly && !toSegment && !control) return null;
  return (modrm) => {
    const reg = (modrm >> 3) & 7;
    if (digit >= 0 && reg !== digit) return false;
    if (toSegment && (reg > 5 || (operands[0] === 'Sw' && reg === 1))) return false;
    if (control && (reg === 1 || reg > 4)) return false;
    return memoryOnly ? modrm < 0xc0 : registerOnly ? modrm >= 0xc0 : true;
  };
}

function addRow(builder: MapBuilder, row: string): void {
  const words = row.split(' ');
  const [, hex, suffix] = /^([0-9A-F]{2})(?:\+(r|cc))?$/.exec(words.shift() as string) as unknown as string[];
  const prefix = PREFIXES.indexOf(words[0] as string);
  if (prefix >= 0) words.shift();
  const prefixes = prefix >= 0 ? [prefix] : [0, 1, 2, 3];
  const digit = (words[0] as string)[0] === '/' ? Number((words.shift() as string)[1]) : -1;
  const only11 = words[0] === '11B';
  if (only11) words.shift();
  const op = words.shift() as string;
  const operands = (words.shift() ?? '').split(',').filter((o) => o !== '');
  const first = Number.parseInt(hex as string, 16);
  const count = suffix === 'r' ? 8 : suffix === 'cc' ? 16 : 1;
  for (let k = 0; k < count; k++) {
    if (op === 'XCHG' && first === 0x90 && k === 0) continue; // 90 is NOP
    const fields = operands.map((o) => parseOperand(o, k));
    if (op === 'IMUL' && fields.length === 2) fields.push(fields[0] as Field);
    const registers = operands.some((o) => o[0] === 'R' && o !== 'Rv/Mw' && o !== 'Rd/Mw');
    const modrm = registers
      ? MODRM_REGISTER
      : digit >= 0 || fields.some((f) => MODRM_FORMS.has(f.form))
        ? MODRM
        : MODRM_NONE;
    const it = entry(op, modrm, sizeOf(op, operands, fields), fields, suffix === 'cc' ? k : 0);
    builder.add(first + k, prefixes, modrmFilter(op, digit, only11, operands), it);
  }
}

function addEscape(builder: MapBuilder, row: string): void {
  const [first, selector, op, list] = row.split(' ') as [string, string, string, string | undefined];
  const opcode = Number.parseInt(first, 16);
  const operands = (list ?? '').split(',').filter((o) => o !== '');
  const fields = operands.map((o) => parseOperand(o, 0));
  const all = [0, 1, 2, 3];
  if (selector[0] === '/') {
    const digit = Number(selector[1]);
    builder.add(opcode, all, (m) => m < 0xc0 && ((m >> 3) & 7) === digit, entry(op, MODRM, SIZE_OSIZE, fields));
    return;
  }
  const second = Number.parseInt(selector, 16);
  const last = selector.endsWith('+i') ? second + 7 : second;
  const cc = FCMOV.find((f) => f[0] === opcode && f[1] === second)?.[2] ?? 0;
  builder.add(opcode, all, (m) => m >= second && m <= last, entry(op, MODRM, SIZE_OSIZE, fields, cc));
}

const rows = (map: string): string[] => map.split('\n').filter((row) => row !== '');

function build(map: string, escapes = ''): readonly Entry[] {
  const builder = new MapBuilder();
  for (const row of rows(map)) addRow(builder, row);
  for (const row of rows(escapes)) addEscape(builder, row);
  return builder.build();
}

/** One-byte opcodes: entry of `prefix << 8 | opcode`, prefix 0 none, 1 66, 2 F3, 3 F2 (F3 and F2 go before 66). */
export const ONE_BYTE_ENTRIES: readonly Entry[] = build(ONE_BYTE, X87);
/** Opcodes after 0F, indexed in the same way. */
export const TWO_BYTE_ENTRIES: readonly Entry[] = build(`${TWO_BYTE}${SIMD}`);
