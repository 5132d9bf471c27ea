// Makes cases of the integer instructions: for a form, an encoding (prefixes, ModRM, SIB, displacement, immediates), a
// mode, and registers and memory such that the instruction mostly works on the data pages, and sometimes at their edges
// or beyond. Used by the recorder only; what it made is in the file.

import {
  type Entry,
  F_A,
  F_BX,
  F_CONST,
  F_COUNT,
  F_E,
  F_FIXED,
  F_IB,
  F_IZ,
  F_JB,
  F_JZ,
  F_O,
  F_UB,
  F_UW,
  F_X,
  F_Y,
  type Field,
  MODRM_REGISTER,
  ONE_BYTE_ENTRIES,
  TWO_BYTE_ENTRIES,
} from '../../src/isa/decode-entries.ts';
import {
  type Bytes,
  baseOf,
  CODE,
  CODE_BYTES,
  DATA,
  DATA_BYTES,
  dataImage,
  edgy,
  FLAT_CODE,
  FLAT_DATA,
  LDT_ENTRIES,
  ldt,
  MODES,
  mix,
  seeded,
  seededFlags,
} from './integer-format.ts';
import type { Form } from './integer-forms.ts';

export interface Input {
  readonly seed: number;
  readonly mode: number;
  readonly at: number;
  readonly code: Uint8Array;
  readonly registers: Int32Array;
  readonly eflags: number;
  readonly step: boolean;
  readonly memory: readonly Bytes[];
}

const [EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI] = [0, 1, 2, 3, 4, 5, 6, 7];
const [ES, CS, SS, DS, FS] = [0, 1, 2, 3, 4];
const SEGMENT_PREFIX = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];
/** Nothing is mapped here on the recording system. */
const NOWHERE = 0x30000000;

const image = new DataView(dataImage().buffer);

const words = (list: string): ReadonlySet<string> => new Set(list.split(' '));
const STRING = words('MOVS CMPS STOS LODS SCAS INS OUTS');
const COUNTED = words('SHL SHR SAR ROL ROR RCL RCR SHLD SHRD');
const STACK = words('PUSH POP PUSHA POPA PUSHF POPF CALL CALLn CALLF RET RETF IRET ENTER LEAVE PUSHSEG POPSEG');
const BIT_STRINGS = words('BT BTS BTR BTC');
const LOCKABLE = words('ADD ADC AND BTC BTR BTS CMPXCHG CMPXCHG8B DEC INC NEG NOT OR SBB SUB XOR XADD XCHG');
/** Their memory operand is not accessed, or not before they fault. */
const ADDRESS_ONLY = words('LEA NOP INVLPG LLDT LTR LGDT LIDT LMSW UD MOVCR MOVDR');
const SELECTOR_OPERAND = words('MOVSEG LAR LSL VERR VERW ARPL');
/** Opcodes after 0F that F2 or F3 makes something else of in later processors (TZCNT, LZCNT, POPCNT, RDSSP, ENDBR ...). */
const REPEAT_MATTERS = new Set([0xbc, 0xbd, 0xb8, 0x1e, 0xc7, 0x01, 0x09, 0x00, 0x1a, 0x1b, 0x1c]);

const LDT_SELECTORS = Array.from({ length: LDT_ENTRIES.length + 2 }, (_, n) => ldt(n));
const SELECTORS = [
  ...[0, 1, 2, 3, FLAT_DATA, FLAT_DATA, FLAT_CODE, 0x28, 0x08, 0x10, 0x18, 0xffff],
  ...LDT_SELECTORS,
  ...LDT_SELECTORS.map((s) => s & ~3),
];
const INSPECTED = [0, 1, 2, 3, 0xffff, ...LDT_SELECTORS, ...LDT_SELECTORS.map((s) => s & ~1)];
const CODE_SELECTORS = [
  FLAT_CODE,
  FLAT_CODE,
  ldt(3),
  ldt(4),
  ldt(8),
  ldt(3) & ~3,
  FLAT_DATA,
  ldt(0),
  ldt(7),
  ldt(12),
  0,
];

/** Modes by how often they are taken; the first is flat. */
const MODE_WEIGHTS = [50, 14, 15, 6, 6, 5, 4];

/** How many cases a form is worth. */
export function weight(form: Form): number {
  const { op, rm } = form;
  if (op === 'UD') return 24;
  if (/^(CLI|STI|HLT|IN|OUT|INS|OUTS|LLDT|LTR|LGDT|LIDT|LMSW|INVLPG|CLTS|INVD|WBINVD|MOVCR|MOVDR)$/.test(op)) return 40;
  if (/^(WRMSR|RDMSR|RDPMC|SYSEXIT|NOP|FWAIT|CLC|STC|CMC|CLD|STD|INT3|INT1)$/.test(op)) return 60;
  if (STRING.has(op)) return 2200;
  if (/^(MUL|IMUL1|DIV|IDIV|IMUL)$/.test(op)) return 900;
  if (COUNTED.has(op)) return rm === 'mem' ? 340 : 420;
  if (/^(DA|AA)/.test(op)) return 1000;
  if (/^(ENTER|PUSHA|POPA|LEAVE|POPF|PUSHF|XLAT|CALLF|JMPF|RETF|IRET|SAHF|LAHF|BOUND|CMPXCHG8B)$/.test(op)) return 700;
  if (/^(MOVSEG|LFP)$/.test(op)) return 200;
  if (/^(Jcc|CMOVcc|SETcc)$/.test(op)) return 150;
  if (/^(LOOP|LOOPE|LOOPNE|JCXZ)$/.test(op)) return 500;
  if (/^(MOV|XCHG|INC|DEC|PUSH|POP|BSWAP)$/.test(op) && rm === 'none') return 120;
  if (form.opcode >= 0x80 && form.opcode <= 0x83 && !form.twoByte) return 260;
  return 460;
}

class Maker {
  readonly #form: Form;
  readonly #seed: number;
  #draws = 0;
  readonly #registers = new Int32Array(8);
  /** Registers whose value matters and may not be taken for an address. */
  #fixed = 0;
  /** Registers that are set only after the address is made, and so cannot be part of it. */
  #late = 0;
  #flags: number;
  readonly #memory: Bytes[] = [];
  #mode = 0;
  #osize = 32;
  #asize = 32;
  #override = -1;
  #step = false;
  readonly #prefixes: number[] = [];

  constructor(form: Form, seed: number) {
    this.#form = form;
    this.#seed = seed;
    for (let r = 0; r < 8; r++) this.#registers[r] = seeded(seed, r);
    this.#flags = seededFlags(seed);
  }

  make(): Input {
    const { op } = this.#form;
    this.#choosePrefixes();
    let at = this.#place();
    this.#stackPointer();
    const encoded = this.#form.rm === 'none' ? this.#plain() : this.#withModrm();
    const opcode = this.#form.twoByte ? [0x0f, this.#form.opcode] : [this.#form.opcode];
    const length = this.#prefixes.length + opcode.length + encoded.length;
    if (op === 'Jcc' || op === 'JMP' || op === 'CALL' || /^(LOOP|JCXZ)/.test(op) || this.#form.jump)
      at = CODE + 0x200 + (this.#draw() % 0x1b00);
    // A trap on the way into the case costs NT and ID; NT makes IRET return from a task.
    if (this.#step) this.#flags &= ~0x204000;
    if (op === 'IRET') this.#flags &= ~0x4000;
    const tail = this.#immediates(at, length);
    const code = [...this.#prefixes, ...opcode, ...encoded, ...tail];
    if (this.#form.jump) {
      this.#step = false;
      code.push(0x70 | (this.#draw() & 15), this.#relative(at, code.length + 2, true) & 255);
    }
    return {
      seed: this.#seed,
      mode: this.#mode,
      at,
      code: Uint8Array.from(code),
      registers: this.#registers,
      eflags: this.#flags,
      step: this.#step,
      memory: this.#memory,
    };
  }

  // Chance.

  #draw(): number {
    return mix(this.#seed, 0x1000 + this.#draws++) >>> 0;
  }
  #chance(percent: number): boolean {
    return this.#draw() % 1000 < percent * 10;
  }
  #pick<T>(list: readonly T[]): T {
    return list[this.#draw() % list.length] as T;
  }
  #edge(): number {
    return edgy(this.#seed, 0x2000 + this.#draws++);
  }

  // Prefixes and mode.

  #choosePrefixes(): void {
    const { op, rm, opcode, twoByte, digit } = this.#form;
    let left = this.#draw() % 100;
    while (left >= (MODE_WEIGHTS[this.#mode] as number)) left -= MODE_WEIGHTS[this.#mode++] as number;
    const memory = rm === 'mem' || STRING.has(op) || op === 'XLAT' || (opcode >= 0xa0 && opcode <= 0xa3 && !twoByte);
    const list: number[] = [];
    let column = 0;
    if (this.#chance(33)) {
      list.push(0x66);
      column = 1;
    }
    const counted = /^(LOOP|JCXZ)/.test(op);
    if (this.#chance(memory || counted ? 20 : 3)) list.push(0x67);
    if (STRING.has(op)) {
      if (this.#chance(65)) list.push(this.#pick([0xf2, 0xf3]));
      this.#step = this.#chance(8);
    } else if (this.#chance(4) && !/^LOOPN?E$/.test(op) && !(twoByte && REPEAT_MATTERS.has(opcode))) {
      const repeat = this.#pick([0xf2, 0xf3]);
      list.push(repeat);
      column = repeat === 0xf3 ? 2 : 3;
    }
    if (!STRING.has(op) && this.#chance(2)) this.#step = true;
    if (this.#chance(LOCKABLE.has(op) && rm === 'mem' ? 10 : 1)) list.push(0xf0);
    // Where a prefix selects another instruction, there is none.
    const entries = twoByte ? TWO_BYTE_ENTRIES : ONE_BYTE_ENTRIES;
    const modrm = (rm === 'reg' ? 0xc0 : 0) | (Math.max(digit, 0) << 3);
    const opAt = (entry: Entry): string => (entry.by ? (entry.by[modrm] as Entry).op : entry.op);
    const other = opAt(entries[(column << 8) | opcode] as Entry);
    if (other !== opAt(entries[opcode] as Entry) && other !== 'PAUSE') {
      for (const p of [0x66, 0xf2, 0xf3]) if (list.includes(p)) list.splice(list.indexOf(p), 1);
    }
    const { code32 } = MODES[this.#mode] as (typeof MODES)[number];
    this.#asize = code32 !== list.includes(0x67) ? 32 : 16;
    this.#osize = code32 !== list.includes(0x66) ? 32 : 16;
    // Flat segments are out of reach of 16-bit addresses.
    if (memory && this.#asize === 16 && this.#mode === 0 && this.#chance(95)) {
      if (STRING.has(op)) this.#mode = 1;
      else this.#override = FS;
    }
    if (this.#override < 0 && this.#chance(memory ? 18 : 2)) this.#override = this.#draw() % 6;
    if (this.#override >= 0) list.push(SEGMENT_PREFIX[this.#override] as number);
    for (let k = list.length - 1; k > 0; k--) {
      const j = this.#draw() % (k + 1);
      [list[k], list[j]] = [list[j] as number, list[k] as number];
    }
    // Too long, or nearly: the same prefix again and again.
    if (list.length > 0 && this.#chance(1.5)) {
      const total = 9 + (this.#draw() % 7);
      while (list.length < total) list.unshift(list[0] as number);
    }
    this.#prefixes.push(...list);
  }

  /** Where the code lies: in the middle, across the pages, or running out of them. */
  #place(): number {
    const r = this.#draw() % 100;
    if (r < 5) return CODE + 0xff2 + (this.#draw() % 15);
    // What is undefined need not be fetched to its end.
    const illegal = this.#form.op === 'UD' || this.#prefixes.includes(0xf0);
    if (r < 8 && !illegal) return CODE + CODE_BYTES - 1 - (this.#draw() % 8);
    return CODE + 0x100 + (this.#draw() % 0x1d00);
  }

  // Addresses.

  #selector(seg: number): number {
    return (MODES[this.#mode] as (typeof MODES)[number]).selectors[seg] as number;
  }

  /** First and last offset in a segment that are on the data (or code) pages. */
  #window(seg: number): [number, number] {
    const selector = this.#selector(seg);
    if ((selector & 4) === 0) return selector === 0 ? [0, 0xffff] : [DATA, DATA + DATA_BYTES - 1];
    const [, limit, flags] = LDT_ENTRIES[selector >> 3] as readonly [number, number, number];
    return (flags & 6) === 2 ? [limit + 1, DATA_BYTES - 1] : [0, limit];
  }

  /** An offset for `bytes` in a segment. */
  #offset(seg: number, bytes: number): number {
    const [low, high] = this.#window(seg);
    const r = this.#draw() % 100;
    const any = low + (this.#draw() % (high - low + 1));
    if (r < 62) return any & -bytes;
    if (r < 86) return any;
    if (r < 90) return (any & ~0xfff) + 0xfff - (this.#draw() % bytes);
    if (r < 95) return high + 1 - (this.#draw() % (bytes + 1));
    if (r < 97) return low - (this.#draw() % (bytes + 1));
    return this.#selector(seg) === FLAT_DATA ? NOWHERE + (this.#draw() % 0x1000000) : this.#edge() & 0xffff;
  }

  #set(register: number, value: number): void {
    this.#registers[register] = value;
    this.#fixed |= 1 << register;
  }

  /** Sets the low half alone if the address size is 16. */
  #setAddress(register: number, value: number, size = this.#asize): void {
    const old = this.#registers[register] as number;
    this.#set(register, size === 16 ? (old & -65536) | (value & 0xffff) : value);
  }

  #linear(seg: number, offset: number): number {
    return (baseOf(this.#selector(seg)) + offset) >>> 0;
  }

  #overlay(linear: number, ...parts: readonly (readonly [number, number])[]): void {
    const bytes = parts.flatMap(([value, n]) => Array.from({ length: n }, (_, k) => (value >>> (8 * k)) & 255));
    const end = linear >= CODE ? CODE + CODE_BYTES : DATA + DATA_BYTES;
    if (linear < DATA || linear + bytes.length > end || (linear >= DATA + DATA_BYTES && linear < CODE)) return;
    this.#memory.push({ at: linear, bytes: Uint8Array.from(bytes) });
  }

  /** The doubleword of the data image at a guest-linear address. */
  #found(linear: number): number {
    return linear >= DATA && linear + 4 <= DATA + DATA_BYTES ? image.getInt32(linear - DATA, true) : 0;
  }

  // The stack.

  #stackPointer(): void {
    const { op } = this.#form;
    if (!STACK.has(op)) return;
    const size = (MODES[this.#mode] as (typeof MODES)[number]).stack32 ? 32 : 16;
    const bytes = this.#osize >> 3;
    const [low, high] = this.#window(SS);
    const r = this.#draw() % 100;
    let top = low + 0x400 + (this.#draw() % (high - low - 0x7ff));
    // These read several words, in an order of their own.
    if (r < 75 || op === 'RETF' || op === 'IRET') top &= -bytes;
    else if (r >= 92) top = low + (this.#draw() % 70);
    else if (r >= 86) top = high + 1 - (this.#draw() % 40);
    this.#setAddress(ESP, top, size);
    const linear = this.#linear(SS, top);
    const word = (v: number): [number, number] => [v, bytes];
    if (op === 'RET') this.#overlay(linear, word(this.#target()));
    else if (op === 'POPF') this.#overlay(linear, word(this.#flagsImage()));
    else if (op === 'POPSEG') this.#overlay(linear, word(this.#pick(SELECTORS) | (this.#edge() << 16)));
    else if (op === 'RETF' || op === 'IRET') {
      const selector = this.#pick(CODE_SELECTORS);
      const flags = this.#flagsImage() & ~0x4100;
      this.#overlay(linear, word(this.#target(selector)), word(selector), word(flags));
    } else if (op === 'ENTER' || op === 'LEAVE') {
      const frame = this.#chance(85) ? low + 0x400 + (this.#draw() % (high - low - 0x7ff)) : this.#offset(SS, bytes);
      this.#setAddress(EBP, this.#chance(70) ? frame & -bytes : frame, size);
    }
  }

  #flagsImage(): number {
    const f = mix(this.#seed, 0x3000) & 0x3e7ed7;
    return (f & ~0x40000) | (this.#chance(10) ? 0x40000 : 0) | (this.#chance(10) ? 0x100 : 0);
  }

  /** An offset to jump to: mostly on the code pages. */
  #target(selector = this.#selector(CS)): number {
    const base = (selector & 4) !== 0 && selector >> 3 < LDT_ENTRIES.length ? baseOf(selector) : 0;
    const r = this.#draw() % 100;
    if (r < 88) return CODE + 0x100 + (this.#draw() % 0x1e00) - base;
    if (r < 92) return CODE + CODE_BYTES + (this.#draw() % 3) - 1 - base;
    return base === 0 ? this.#pick([NOWHERE, DATA + 0x10]) + (this.#draw() & 0xfff) : this.#edge();
  }

  // Instructions without ModRM.

  #plain(): number[] {
    const { op, entry } = this.#form;
    if (STRING.has(op)) this.#string();
    else if (/^(LOOP|JCXZ)/.test(op)) {
      const count = this.#chance(70) ? this.#pick([0, 1, 2, 3, 0x10000, 0x10001, -65536, -65535]) : this.#edge();
      this.#set(ECX, count);
    } else if (op === 'XLAT') {
      const seg = this.#override < 0 ? DS : this.#override;
      this.#setAddress(EBX, this.#offset(seg, 1) - ((this.#registers[EAX] as number) & 255));
    } else if (op === 'AAM' || op === 'AAD' || op === 'DAA' || op === 'DAS' || op === 'AAA' || op === 'AAS') {
      if (this.#chance(70)) this.#set(EAX, (this.#edge() & -65536) | (this.#draw() & 0xffff));
    }
    if (entry.dst.form === F_BX) throw new Error('a destination by XLAT');
    return [];
  }

  #string(): void {
    const { op, entry } = this.#form;
    const bytes = (entry.size > 0 ? entry.size : this.#osize) >> 3;
    const fields = [entry.dst, entry.src];
    const source = fields.some((f) => f.form === F_X);
    const destination = fields.some((f) => f.form === F_Y);
    const from = this.#override < 0 ? DS : this.#override;
    if (source) this.#setAddress(ESI, this.#offset(from, bytes));
    if (destination) this.#setAddress(EDI, this.#offset(ES, bytes));
    if (source && destination && this.#chance(30)) {
      // Near each other: overlapping copies, equal strings.
      const linear = this.#linear(from, (this.#registers[ESI] as number) & (this.#asize === 16 ? 0xffff : -1));
      const near = this.#chance(40) ? 0 : (this.#draw() % 17) - 8;
      this.#setAddress(EDI, linear - baseOf(this.#selector(ES)) + near);
    }
    const r = this.#draw() % 100;
    const count = r < 10 ? 0 : r < 65 ? this.#draw() % 12 : r < 92 ? this.#draw() % 150 : this.#draw() % 3000;
    this.#setAddress(ECX, count);
    this.#flags = (this.#flags & ~0x400) | (this.#chance(45) ? 0x400 : 0);
    if (op === 'SCAS' && this.#chance(60)) {
      // Equal elements with one that differs among them.
      const value = this.#edge();
      const n = 1 + (this.#draw() % 40);
      const odd = this.#draw() % (2 * n);
      const other = this.#edge();
      const first = (this.#registers[EDI] as number) & (this.#asize === 16 ? 0xffff : -1);
      const lowest = (this.#flags & 0x400) !== 0 ? first - (n - 1) * bytes : first;
      const parts = Array.from({ length: n }, (_, k): [number, number] => [k === odd ? other : value, bytes]);
      this.#overlay(this.#linear(ES, lowest), ...parts);
      this.#set(EAX, this.#chance(80) ? value : other);
    }
  }

  // Instructions with ModRM.

  #withModrm(): number[] {
    const { entry, digit, rm, op } = this.#form;
    const reg = digit >= 0 ? digit : this.#draw() & 7;
    if (rm === 'reg') {
      let n = this.#draw() & 7;
      // CALL eSP goes to the stack, which must be on the data pages.
      if (op === 'CALLn' && n === ESP && (this.#osize === 16 || this.#selector(SS) !== FLAT_DATA)) n = EAX;
      this.#registerOperand(reg, n);
      return [0xc0 | (reg << 3) | n];
    }
    if (entry.modrm === MODRM_REGISTER) return [((this.#draw() & 3) << 6) | (reg << 3) | (this.#draw() & 7)];
    const touches = !ADDRESS_ONLY.has(op);
    if (touches) this.#prepare(reg);
    for (;;) {
      const bytes = this.#asize === 16 ? this.#address16(reg, touches) : this.#address32(reg, touches);
      if (bytes) return bytes;
    }
  }

  #fieldBytes(f: Field): number {
    const bits = f.access === 0 ? this.#osize : f.access === -2 ? 2 * this.#osize : f.access;
    return /^(LFP|CALLF|JMPF)$/.test(this.#form.op) ? (bits >> 3) + 2 : bits >> 3;
  }

  #memoryField(): Field {
    const { dst, src, src2 } = this.#form.entry;
    return [dst, src, src2].find((f) => f.form === F_E) as Field;
  }

  /** Operand size of the operation in bits. */
  #size(): number {
    const { size } = this.#form.entry;
    return size > 0 ? size : this.#osize;
  }

  /** What registers must hold before an address is made of the others. */
  #prepare(reg: number): void {
    const { op, entry } = this.#form;
    if (COUNTED.has(op) && [entry.src, entry.src2].some((f) => f.form === F_FIXED)) this.#shiftCount();
    if (op === 'DIV' || op === 'IDIV' || op === 'CMPXCHG8B') this.#late = (1 << EAX) | (1 << EDX);
    if (op === 'CMPXCHG') this.#late = 1 << EAX;
    if (op === 'ARPL') this.#late = 1 << reg;
    if (BIT_STRINGS.has(op) && entry.src.form !== F_UB) {
      const bits = this.#chance(90) ? (this.#draw() % 0x4000) - 0x2000 : (this.#draw() % 0x80000) - 0x40000;
      const old = this.#registers[reg] as number;
      this.#set(reg, this.#osize === 16 ? (old & -65536) | (bits & 0xffff) : bits);
    }
  }

  #shiftCount(): void {
    if (this.#chance(85)) this.#set(ECX, ((this.#registers[ECX] as number) & ~0xff) | (this.#draw() % 36));
  }

  #registerOperand(reg: number, rm: number): void {
    const { op, entry } = this.#form;
    if (COUNTED.has(op) && [entry.src, entry.src2].some((f) => f.form === F_FIXED)) this.#shiftCount();
    const value =
      this.#size() === 8 ? (this.#registers[rm & 3] as number) >> (rm & 4 ? 8 : 0) : (this.#registers[rm] as number);
    if (op === 'DIV' || op === 'IDIV') {
      this.#dividend(value);
    } else if (op === 'CMPXCHG') {
      if (this.#chance(50)) this.#equalAccumulator(value);
    } else if (op === 'CALLn' || op === 'JMPn') {
      if (rm !== ESP || op === 'JMPn') this.#set(rm, this.#target());
    } else if (SELECTOR_OPERAND.has(op)) {
      const list = op === 'MOVSEG' ? SELECTORS : INSPECTED;
      const to = entry.dst.form === F_E && op === 'MOVSEG';
      if (!to) this.#set(rm, (this.#edge() & -65536) | this.#pick(list));
      if (op === 'ARPL') this.#set(reg, (this.#edge() & -65536) | this.#pick(list));
    }
  }

  #equalAccumulator(value: number): void {
    const mask = this.#size() === 32 ? -1 : this.#size() === 16 ? 0xffff : 0xff;
    this.#set(EAX, ((this.#registers[EAX] as number) & ~mask) | (value & mask));
  }

  /** EDX:EAX, DX:AX or AX, most of them such that the quotient fits. */
  #dividend(divisor: number): void {
    const signed = this.#form.op === 'IDIV';
    const size = this.#size();
    const mask = size === 32 ? -1 : size === 16 ? 0xffff : 0xff;
    const d = signed ? Math.abs((divisor << (32 - size)) >> (32 - size)) : (divisor & mask) >>> 0;
    if (this.#chance(25)) return;
    // The high half below the divisor (half of it, when signed).
    let high = d === 0 ? 0 : (this.#edge() >>> 0) % d;
    if (signed) high = this.#chance(50) ? high >>> 1 : ~(high >>> 1);
    if (this.#chance(15)) high = d;
    if (size === 8) {
      const old = this.#registers[EAX] as number;
      this.#set(EAX, (old & -65281) | ((high & 255) << 8));
    } else this.#set(EDX, size === 16 ? ((this.#registers[EDX] as number) & -65536) | (high & 0xffff) : high);
  }

  /** What the operand in memory must be. `linear`: where it is. */
  #memoryOperand(reg: number, linear: number): void {
    const { op } = this.#form;
    const bytes = this.#osize >> 3;
    if (op === 'DIV' || op === 'IDIV') {
      const d = this.#edge();
      this.#overlay(linear, [d, this.#size() >> 3]);
      this.#dividend(d);
    } else if (op === 'CMPXCHG') {
      if (this.#chance(50)) this.#equalAccumulator(this.#found(linear));
    } else if (op === 'CMPXCHG8B') {
      if (this.#chance(60)) {
        this.#set(EAX, this.#found(linear));
        this.#set(EDX, this.#found(linear + 4) ^ (this.#chance(10) ? 1 : 0));
      }
    } else if (op === 'CALLn' || op === 'JMPn') this.#overlay(linear, [this.#target(), bytes]);
    else if (op === 'CALLF' || op === 'JMPF') {
      const selector = this.#pick(CODE_SELECTORS);
      this.#overlay(linear, [this.#target(selector), bytes], [selector, 2]);
    } else if (op === 'LFP') this.#overlay(linear, [this.#edge(), bytes], [this.#pick(SELECTORS), 2]);
    else if (op === 'BOUND') {
      const v = this.#registers[reg] as number;
      const low = this.#chance(60) ? v - (this.#draw() % 3) : this.#edge();
      const high = this.#chance(60) ? v + (this.#draw() % 3) - 1 : this.#edge();
      this.#overlay(linear, [low, bytes], [high, bytes]);
    } else if (SELECTOR_OPERAND.has(op)) {
      const list = op === 'MOVSEG' ? SELECTORS : INSPECTED;
      if (!(op === 'MOVSEG' && this.#form.entry.dst.form === F_E)) this.#overlay(linear, [this.#pick(list), 2]);
      if (op === 'ARPL') this.#set(reg, (this.#edge() & -65536) | this.#pick(list));
    }
  }

  /** The offset that ModRM is to come out at, for an operand in `seg`. */
  #wanted(seg: number, reg: number): number {
    const { op, entry } = this.#form;
    const bytes = this.#fieldBytes(this.#memoryField());
    const offset = this.#offset(seg, bytes);
    if (!BIT_STRINGS.has(op) || entry.src.form === F_UB) return offset;
    const bit = this.#registers[reg] as number;
    return offset - (this.#osize === 32 ? (bit >> 5) << 2 : (((bit << 16) >> 16) >> 4) << 1);
  }

  #address32(reg: number, touches: boolean): number[] | undefined {
    const mod = this.#draw() % 3;
    const rm = this.#draw() & 7;
    const sib = this.#draw() & 255;
    const hasSib = rm === 4;
    let base = hasSib ? sib & 7 : rm;
    const index = hasSib && ((sib >> 3) & 7) !== 4 ? (sib >> 3) & 7 : -1;
    const scale = sib >> 6;
    if (mod === 0 && base === EBP) base = -1;
    const wide = mod === 2 || base < 0;
    let disp = mod === 1 ? ((this.#draw() & 255) << 24) >> 24 : wide ? this.#edge() : 0;
    const value = (r: number, shift: number): number => (r < 0 ? 0 : (this.#registers[r] as number) << shift);
    const seg = this.#override >= 0 ? this.#override : base === ESP || base === EBP ? SS : DS;
    if (touches) {
      if ((base >= 0 && (this.#late >> base) & 1) || (index >= 0 && (this.#late >> index) & 1)) return undefined;
      const wanted = this.#wanted(seg, reg);
      const isFree = base >= 0 && (this.#fixed & (1 << base)) === 0;
      if (isFree && base !== index) this.#set(base, wanted - disp - value(index, scale));
      else if (wide) disp = wanted - value(base, 0) - value(index, scale);
      else if (isFree) this.#set(base, Math.floor((wanted - disp) / (1 + (1 << scale))) | 0);
      else if (base !== ESP || index >= 0) return undefined;
      const at = value(base, 0) + value(index, scale) + disp;
      if (this.#form.op !== 'POP') this.#memoryOperand(reg, this.#linear(seg, at | 0));
    }
    const bytes = [(mod << 6) | (reg << 3) | rm];
    if (hasSib) bytes.push(sib);
    if (mod === 1) bytes.push(disp & 255);
    else if (wide) for (let k = 0; k < 4; k++) bytes.push((disp >>> (8 * k)) & 255);
    return bytes;
  }

  #address16(reg: number, touches: boolean): number[] | undefined {
    const mod = this.#draw() % 3;
    const rm = this.#draw() & 7;
    const none = mod === 0 && rm === 6;
    const base = none ? -1 : ([EBX, EBX, EBP, EBP, ESI, EDI, EBP, EBX][rm] as number);
    const index = none ? -1 : ([ESI, EDI, ESI, EDI, -1, -1, -1, -1][rm] as number);
    const wide = mod === 2 || none;
    let disp = mod === 1 ? ((this.#draw() & 255) << 24) >> 24 : wide ? this.#edge() & 0xffff : 0;
    const value = (r: number): number => (r < 0 ? 0 : (this.#registers[r] as number) & 0xffff);
    const seg = this.#override >= 0 ? this.#override : base === EBP ? SS : DS;
    if (touches) {
      if ((base >= 0 && (this.#late >> base) & 1) || (index >= 0 && (this.#late >> index) & 1)) return undefined;
      const wanted = this.#wanted(seg, reg);
      const isFree = base >= 0 && (this.#fixed & (1 << base)) === 0;
      if (isFree) this.#setAddress(base, wanted - disp - value(index));
      else if (wide) disp = (wanted - value(base) - value(index)) & 0xffff;
      else return undefined;
      const at = (value(base) + value(index) + disp) & 0xffff;
      if (this.#form.op !== 'POP') this.#memoryOperand(reg, this.#linear(seg, at));
    }
    const bytes = [(mod << 6) | (reg << 3) | rm];
    if (mod === 1) bytes.push(disp & 255);
    else if (wide) bytes.push(disp & 255, (disp >> 8) & 255);
    return bytes;
  }

  // What follows: immediates, displacements of transfers, offsets. `at`, `length`: where the code lies, bytes before.

  #immediates(at: number, length: number): number[] {
    const { entry } = this.#form;
    const bytes: number[] = [];
    const put = (value: number, n: number): void => {
      for (let k = 0; k < n; k++) bytes.push((value >>> (8 * k)) & 255);
    };
    for (const f of [entry.dst, entry.src, entry.src2]) {
      switch (f.form) {
        case F_IZ:
          put(this.#edge(), this.#size() >> 3);
          break;
        case F_IB:
          put(this.#edge() >> (this.#draw() & 8), 1);
          break;
        case F_COUNT:
          put(this.#chance(85) ? this.#draw() % 34 : this.#draw(), 1);
          break;
        case F_UB:
          put(this.#controlByte(), 1);
          break;
        case F_UW:
          put(this.#controlWord(), 2);
          break;
        case F_JB:
          put(this.#relative(at, length + bytes.length + 1, true), 1);
          break;
        case F_JZ:
          put(this.#relative(at, length + bytes.length + (this.#osize >> 3), false), this.#osize >> 3);
          break;
        case F_A: {
          const selector = this.#pick(CODE_SELECTORS);
          put(this.#target(selector), this.#osize >> 3);
          put(selector, 2);
          break;
        }
        case F_O: {
          const size = f.access === 0 ? this.#osize : f.access;
          put(this.#offset(this.#override < 0 ? DS : this.#override, size >> 3), this.#asize >> 3);
          break;
        }
        case F_CONST:
          break;
      }
    }
    return bytes;
  }

  #controlByte(): number {
    const { op } = this.#form;
    if (op === 'INT') {
      const n = this.#chance(30) ? this.#pick([1, 3, 4, 5, 13, 14]) : this.#draw() & 255;
      return n === 0x80 ? 0x81 : n;
    }
    if (op === 'ENTER')
      return this.#chance(60) ? this.#draw() % 5 : this.#chance(70) ? this.#draw() % 33 : this.#draw();
    if (op === 'AAM' || op === 'AAD') return this.#chance(40) ? 10 : this.#draw() % (this.#chance(50) ? 17 : 256);
    return this.#draw();
  }

  #controlWord(): number {
    const r = this.#draw() % 100;
    // A return may look for an outer stack pointer before it checks the selector.
    if (this.#form.op === 'RETF') return this.#draw() % 0x380;
    return r < 70 ? this.#draw() % 64 : r < 90 ? this.#draw() % 0x1000 : this.#edge();
  }

  /** A displacement whose target is not in the instruction itself. */
  #relative(at: number, length: number, short: boolean): number {
    const base = baseOf(this.#selector(CS));
    for (;;) {
      let rel = ((this.#draw() & 255) << 24) >> 24;
      if (!short) {
        const to = this.#chance(85) ? CODE + (this.#draw() % CODE_BYTES) - base : this.#target();
        rel = to - (at - base + length);
      }
      const target = at + length + rel;
      if (target < at || target >= at + length) return rel;
    }
  }
}

/** The case of a form that a seed stands for. */
export function makeCase(form: Form, seed: number): Input {
  return new Maker(form, seed).make();
}
