// Every operation with every operand shape that the fast interpreter has a case for. What a shape leaves open is a
// hole; what is not listed is executed by the reference.

import { shapeKey } from '../../src/cpu/shape.ts';
import {
  CREG,
  IMM,
  type Insn,
  MEM,
  NO_OPERAND,
  type Operand,
  REG,
  REG8,
  REP_NONE,
  REPE,
  REPNE,
  SREG,
  ST,
  XMM,
} from '../../src/isa/insn.ts';
import { COUNT, type Expr, H } from '../ir.ts';

/** An operand some of whose fields are holes. */
type Open<T> = { readonly [K in keyof T]: T[K] | Expr };

export interface Shape {
  readonly key: string;
  readonly op: string;
  readonly insn: object;
}

const blank: Operand = {
  kind: NO_OPERAND,
  size: 32,
  n: 0,
  up: 24,
  value: 0,
  base: 8,
  index: 8,
  scale: 0,
  disp: 0,
  seg: 3,
  address: 32,
};

/** The parts of an address; the interpreter computes it before the case instead. */
const ADDRESS = { base: H('base'), index: H('index'), scale: H('scale'), disp: H('disp') };

/** As in shapeKey; n is an immediate count, X8.. the memory at DS:ESI of a string instruction. */
type Kind =
  | 'd'
  | 'w'
  | 'b'
  | 'c'
  | 'i'
  | 'n'
  | 's'
  | 'k'
  | 'x'
  | 't'
  | `m${8 | 16 | 32 | 64 | 80 | 128}`
  | `X${8 | 16 | 32}`
  | '';

function operand(kind: Kind, at: 'd' | 's'): Open<Operand> {
  switch (kind) {
    case '':
      return blank;
    case 'd':
      return { ...blank, kind: REG, size: 32, n: H(`${at}n`) };
    case 'w':
      return { ...blank, kind: REG, size: 16, n: H(`${at}n`) };
    case 'b':
      return { ...blank, kind: REG8, size: 8, n: H(`${at}n`), up: H(`${at}up`) };
    case 'c':
      return { ...blank, kind: REG8, size: 8, n: 1, up: 24 };
    case 'i':
      return { ...blank, kind: IMM, value: H('imm') };
    case 'n':
      return { ...blank, kind: IMM, value: H(COUNT) };
    case 's':
      return { ...blank, kind: SREG, size: 16, n: H(`${at}n`) };
    case 'k':
      return { ...blank, kind: CREG, n: H(`${at}n`) };
    case 't':
      return { ...blank, kind: ST, size: 80, n: H(`${at}n`) };
    case 'x':
      return { ...blank, kind: XMM, size: 128, n: H(`${at}n`) };
    default: {
      const size = Number(kind.slice(1)) as 8;
      return { ...blank, kind: MEM, size, seg: H(kind.startsWith('X') ? 'sseg' : 'seg'), ...ADDRESS };
    }
  }
}

interface More {
  readonly cc?: number;
  readonly src2?: Kind;
  readonly rep?: number;
}

function shape(op: string, size: number, dst: Kind = '', src: Kind = '', more: More = {}): Shape {
  const insn = {
    op,
    size,
    osize: size === 8 ? 32 : size,
    asize: 32,
    ssize: 32,
    dst: operand(dst, 'd'),
    src: operand(src, 's'),
    // A second source register is always the destination (IMUL r, r/m).
    src2: operand(more.src2 ?? '', 'd'),
    cc: more.cc ?? 0,
    rep: more.rep ?? REP_NONE,
    lock: false,
    rel: 0,
    length: 0,
  };
  return { key: shapeKey(insn as unknown as Insn), op, insn };
}

const register: Record<number, Kind> = { 8: 'b', 16: 'w', 32: 'd' };
const memory: Record<number, Kind> = { 8: 'm8', 16: 'm16', 32: 'm32' };
const SIZES = [8, 16, 32];

/** Shapes that have cases in the fast interpreter, in the order of their numbers, and templates. */
export function hotShapes(): Shape[] {
  const list: Shape[] = [];
  const add = (op: string, size: number, dst: Kind = '', src: Kind = '', more: More = {}): void => {
    list.push(shape(op, size, dst, src, more));
  };
  for (const op of ['MOV', 'ADD', 'SUB', 'CMP', 'AND', 'OR', 'XOR', 'ADC', 'SBB']) {
    for (const s of SIZES) {
      const [r, m] = [register[s], memory[s]] as [Kind, Kind];
      add(op, s, r, r);
      add(op, s, r, 'i');
      add(op, s, r, m);
      add(op, s, m, r);
      add(op, s, m, 'i');
    }
  }
  for (const s of SIZES) {
    const [r, m] = [register[s], memory[s]] as [Kind, Kind];
    for (const d of [r, m]) {
      add('TEST', s, d, r);
      add('TEST', s, d, 'i');
      for (const op of ['INC', 'DEC', 'NEG', 'NOT']) add(op, s, d);
      for (const op of ['SHL', 'SHR', 'SAR', 'ROL', 'ROR']) for (const n of ['n', 'c'] as Kind[]) add(op, s, d, n);
      for (const op of ['XCHG', 'XADD', 'CMPXCHG']) add(op, s, d, r);
      for (const op of ['MUL', 'DIV', 'IMUL1', 'IDIV']) add(op, s, '', d);
    }
  }
  for (const [s, sources] of [
    [16, ['b', 'm8']],
    [32, ['b', 'm8', 'w', 'm16']],
  ] as [number, Kind[]][]) {
    for (const src of sources) for (const op of ['MOVZX', 'MOVSX']) add(op, s, register[s], src);
  }
  for (const s of [16, 32]) {
    const [r, m] = [register[s], memory[s]] as [Kind, Kind];
    add('LEA', s, r, m);
    for (const e of [r, m]) {
      add('IMUL', s, r, e, { src2: r });
      add('IMUL', s, r, e, { src2: 'i' });
      add('BSF', s, r, e);
      add('BSR', s, r, e);
      for (const op of ['BT', 'BTS', 'BTR', 'BTC']) for (const n of [r, 'i'] as Kind[]) add(op, s, e, n);
      for (const op of ['SHLD', 'SHRD']) for (const n of ['n', 'c'] as Kind[]) add(op, s, e, r, { src2: n });
    }
    add('CBW', s);
    add('CWD', s);
    add('LEAVE', s);
    for (const src of [r, m, 'i'] as Kind[]) add('PUSH', s, '', src);
    add('POP', s, r);
  }
  for (let cc = 0; cc < 16; cc++) {
    add('SETcc', 8, 'b', '', { cc });
    add('SETcc', 8, 'm8', '', { cc });
    add('CMOVcc', 32, 'd', 'd', { cc });
    add('CMOVcc', 32, 'd', 'm32', { cc });
    if ((cc & 1) === 0) add('Jcc', 32, '', '', { cc });
  }
  add('CALL', 32);
  add('JMP', 32);
  for (const src of ['d', 'm32'] as Kind[]) {
    add('CALLn', 32, '', src);
    add('JMPn', 32, '', src);
  }
  add('RET', 32, '', 'i');
  for (const op of ['LOOP', 'LOOPE', 'LOOPNE', 'JCXZ']) add(op, 32);
  add('BSWAP', 32, 'd');
  add('CMPXCHG8B', 32, 'm64');
  for (const op of ['NOP', 'CLC', 'STC', 'CMC', 'CLD', 'STD']) add(op, 32);
  for (const op of ['LAHF', 'SAHF']) add(op, 8);
  for (const op of ['PUSHF', 'CLI', 'STI']) add(op, 32);
  add('PUSHSEG', 32, '', 's');
  add('POPSEG', 32, 's');
  add('MOVSEG', 16, 's', 'w');
  add('MOVSEG', 16, 's', 'm16');
  for (const s of [8, 32]) {
    const [r, m, x] = [register[s], memory[s], `X${s}`] as [Kind, Kind, Kind];
    add('MOVS', s, m, x, { rep: REPE });
    add('STOS', s, m, r, { rep: REPE });
  }
  add('SCAS', 8, 'm8', 'b', { rep: REPNE });
  add('CMPS', 8, 'm8', 'X8', { rep: REPE });
  return list;
}

/** Shapes that have templates only: the fast interpreter, one function whose size is limited, leaves them to the reference. */
export function otherShapes(): Shape[] {
  return [...integerShapes(), ...simdShapes(), ...x87Shapes()];
}

/** All shapes that have templates. */
export function allShapes(): Shape[] {
  return [...hotShapes(), ...otherShapes()];
}

function integerShapes(): Shape[] {
  const list: Shape[] = [];
  const add = (op: string, size: number, dst: Kind = '', src: Kind = '', more: More = {}): void => {
    list.push(shape(op, size, dst, src, more));
  };
  for (const s of SIZES) {
    const [r, m, x] = [register[s], memory[s], `X${s}`] as [Kind, Kind, Kind];
    for (const op of ['RCL', 'RCR']) for (const d of [r, m]) for (const n of ['n', 'c'] as Kind[]) add(op, s, d, n);
    for (const op of ['MOVS', 'CMPS']) add(op, s, m, x);
    for (const op of ['STOS', 'SCAS']) add(op, s, m, r);
    add('LODS', s, r, x);
    for (const rep of [REPE, REPNE]) {
      if (s !== 8 || rep === REPE) add('SCAS', s, m, r, { rep });
      if (s !== 8 || rep === REPNE) add('CMPS', s, m, x, { rep });
    }
  }
  for (let cc = 0; cc < 16; cc++) for (const e of ['w', 'm16'] as Kind[]) add('CMOVcc', 16, 'w', e, { cc });
  for (const [op, src] of [
    ['MOVS', 'X16'],
    ['STOS', 'w'],
  ] as const)
    add(op, 16, 'm16', src, { rep: REPE });
  for (const op of ['DAA', 'DAS', 'AAA', 'AAS', 'SALC']) add(op, 8);
  for (const op of ['AAM', 'AAD']) add(op, 8, '', 'i');
  add('XLAT', 8, '', 'm8');
  add('PUSHF', 16);
  for (const s of [16, 32]) add('POPF', s);
  add('PUSHSEG', 16, '', 's');
  add('MOVSEG', 32, 'd', 's');
  add('MOVSEG', 16, 'w', 's');
  add('MOVSEG', 16, 'm16', 's');
  add('RDTSC', 32);
  add('MOVCR', 32, 'd', 'k');
  return list;
}

/** XMM registers. The size is 16 with the prefix 66, else 32. */
function simdShapes(): Shape[] {
  const list: Shape[] = [];
  const add = (names: string, size: number, dst: Kind, sources: readonly Kind[], more: More = {}): void => {
    for (const op of names.split(' ')) for (const src of sources) list.push(shape(op, size, dst, src, more));
  };
  const EITHER: readonly Kind[] = ['x', 'm128'];
  for (const [names, size] of [
    ['MOVAPS MOVUPS', 32],
    ['MOVAPD MOVUPD MOVDQA', 16],
    ['MOVDQU', 32],
  ] as const) {
    add(names, size, 'x', EITHER);
    add(names, size, 'm128', ['x']);
  }
  add('MOVNTPS', 32, 'm128', ['x']);
  add('MOVNTPD MOVNTDQ', 16, 'm128', ['x']);
  add('LDDQU', 32, 'x', ['m128']);
  add('MOVSS', 32, 'x', ['x', 'm32']);
  add('MOVSS', 32, 'm32', ['x']);
  add('MOVSDX', 32, 'x', ['x', 'm64']);
  add('MOVSDX', 32, 'm64', ['x']);
  for (const [names, size] of [
    ['MOVLPS MOVHPS', 32],
    ['MOVLPD MOVHPD', 16],
  ] as const) {
    add(names, size, 'x', ['m64']);
    add(names, size, 'm64', ['x']);
  }
  add('MOVHLPS MOVLHPS', 32, 'x', ['x']);
  add('MOVQ', 32, 'x', ['x', 'm64']);
  add('MOVQ', 16, 'm64', ['x']);
  add('MOVQ', 16, 'x', ['x']);
  add('MOVD', 32, 'x', ['d', 'm32']);
  add('MOVD', 32, 'd', ['x']);
  add('MOVD', 32, 'm32', ['x']);
  add('MOVNTI', 32, 'm32', ['d']);
  add('ANDPS ANDNPS ORPS XORPS UNPCKLPS UNPCKHPS', 32, 'x', EITHER);
  add('ANDPD ANDNPD ORPD XORPD UNPCKLPD UNPCKHPD', 16, 'x', EITHER);
  add('PAND PANDN POR PXOR', 16, 'x', EITHER);
  add('PADDB PADDW PADDD PADDQ PSUBB PSUBW PSUBD PSUBQ', 16, 'x', EITHER);
  add('PADDUSB PADDUSW PADDSB PADDSW PSUBUSB PSUBUSW PSUBSB PSUBSW', 16, 'x', EITHER);
  add('PCMPEQB PCMPEQW PCMPEQD PCMPGTB PCMPGTW PCMPGTD', 16, 'x', EITHER);
  add('PMINUB PMAXUB PMINSW PMAXSW PAVGB PAVGW', 16, 'x', EITHER);
  add('PMULLW PMULHW PMULHUW PMADDWD PMULUDQ PSADBW', 16, 'x', EITHER);
  add('PACKSSWB PACKUSWB PACKSSDW', 16, 'x', EITHER);
  add('PUNPCKLBW PUNPCKLWD PUNPCKLDQ PUNPCKLQDQ PUNPCKHBW PUNPCKHWD PUNPCKHDQ PUNPCKHQDQ', 16, 'x', EITHER);
  add('PSLLW PSLLD PSLLQ PSRLW PSRLD PSRLQ PSRAW PSRAD', 16, 'x', ['i', 'x', 'm128']);
  add('PSLLDQ PSRLDQ', 16, 'x', ['i']);
  add('PSHUFD SHUFPD', 16, 'x', EITHER, { src2: 'i' });
  add('SHUFPS PSHUFLW PSHUFHW', 32, 'x', EITHER, { src2: 'i' });
  add('PINSRW', 32, 'x', ['d', 'm16'], { src2: 'i' });
  add('PEXTRW', 32, 'd', ['x'], { src2: 'i' });
  add('PMOVMSKB MOVMSKPD', 32, 'd', ['x']);
  add('MOVMSKPS', 32, 'd', ['x']);
  add('MOVSLDUP MOVSHDUP', 32, 'x', EITHER);
  add('MOVDDUP', 32, 'x', ['x', 'm64']);
  add('LDMXCSR', 32, '', ['m32']);
  add('STMXCSR', 32, 'm32', ['']);
  add('ADDSD SUBSD MULSD DIVSD SQRTSD CVTSD2SS', 32, 'x', ['x', 'm64']);
  add('ADDSS SUBSS MULSS DIVSS SQRTSS CVTSS2SD', 32, 'x', ['x', 'm32']);
  add('ADDPD SUBPD MULPD DIVPD SQRTPD', 16, 'x', EITHER);
  add('ADDPS SUBPS MULPS DIVPS SQRTPS', 32, 'x', EITHER);
  add('COMISD UCOMISD', 16, 'x', ['x', 'm64']);
  add('COMISS UCOMISS', 32, 'x', ['x', 'm32']);
  add('CVTSI2SD CVTSI2SS', 32, 'x', ['d', 'm32']);
  add('CVTSD2SI CVTTSD2SI', 32, 'd', ['x', 'm64']);
  add('CVTSS2SI CVTTSS2SI', 32, 'd', ['x', 'm32']);
  return list;
}

/** The x87, with the operand size 32 (which few of its instructions look at). */
function x87Shapes(): Shape[] {
  const list: Shape[] = [];
  const add = (names: string, dst: Kind, sources: readonly Kind[], more: More = {}): void => {
    for (const op of names.split(' ')) for (const src of sources) list.push(shape(op, 32, dst, src, more));
  };
  add('FADD FSUB FSUBR FMUL FDIV FDIVR', 't', ['t', 'm32', 'm64']);
  add('FADDP FSUBP FSUBRP FMULP FDIVP FDIVRP', 't', ['t']);
  add('FIADD FISUB FISUBR FIMUL FIDIV FIDIVR FICOM FICOMP', 't', ['m16', 'm32']);
  add('FCOM FCOMP', 't', ['t', 'm32', 'm64']);
  add('FUCOM FUCOMP FCOMI FCOMIP FUCOMI FUCOMIP FXCH', 't', ['t']);
  add('FSQRT FRNDINT FSCALE FCHS FABS FCOMPP FUCOMPP FTST FXAM', '', ['']);
  add('FLD1 FLDL2T FLDL2E FLDPI FLDLG2 FLDLN2 FLDZ FNOP FWAIT FINCSTP FDECSTP', '', ['']);
  add('FLD', '', ['t', 'm32', 'm64', 'm80']);
  add('FILD', '', ['m16', 'm32', 'm64']);
  for (const d of ['t', 'm32', 'm64'] as Kind[]) add('FST FSTP', d, ['']);
  add('FSTP', 'm80', ['']);
  for (const d of ['m16', 'm32'] as Kind[]) add('FIST FISTP FISTTP', d, ['']);
  add('FISTP FISTTP', 'm64', ['']);
  for (const cc of [2, 3, 4, 5, 6, 7, 10, 11]) add('FCMOVcc', 't', ['t'], { cc });
  add('FFREE FFREEP', 't', ['']);
  add('FLDCW', '', ['m16']);
  add('FNSTCW', 'm16', ['']);
  for (const d of ['w', 'm16'] as Kind[]) add('FNSTSW', d, ['']);
  return list;
}

/** Compares that are fused with the conditional jump that follows them. */
export const FUSED: readonly string[] = [
  'CMP32.d,d',
  'CMP32.d,i',
  'CMP32.d,m32',
  'CMP32.m32,d',
  'CMP32.m32,i',
  'CMP8.b,i',
  'CMP8.b,b',
  'CMP8.m8,i',
  'CMP16.m16,i',
  'TEST32.d,d',
  'TEST32.d,i',
  'TEST8.b,b',
  'TEST8.b,i',
  'TEST8.m8,i',
  'DEC32.d,',
];
