// The decoder under test and iced-x86 (an independent decoder), brought to one notation: a line of text per
// instruction with everything that matters. What is rewritten here is notation (order and names that `opcodes.ts`
// documents); what differs in substance is listed in `decoder.test.ts`.

import {
  Code,
  CpuidFeature,
  FlowControl,
  type Instruction,
  MemorySize,
  MemorySizeExt,
  Mnemonic,
  OpKind,
  Register,
} from 'iced-x86';
import {
  CREG,
  DREG,
  FAR,
  IMM,
  type Insn,
  MEM,
  MMX,
  NO_OPERAND,
  NONE,
  type Operand,
  REG,
  REG8,
  SREG,
  ST,
  XMM,
} from '../../src/isa/insn.ts';

/** CPUID features of what is to be decoded: through SSE3 without MONITOR. Everything else must be undefined. */
const FEATURES: ReadonlySet<number> = new Set([
  CpuidFeature.INTEL8086,
  CpuidFeature.INTEL186,
  CpuidFeature.INTEL286,
  CpuidFeature.INTEL386,
  CpuidFeature.INTEL486,
  CpuidFeature.CLFSH,
  CpuidFeature.CMOV,
  CpuidFeature.CPUID,
  CpuidFeature.CX8,
  CpuidFeature.FPU,
  CpuidFeature.FPU287,
  CpuidFeature.FPU387,
  CpuidFeature.FXSR,
  CpuidFeature.MMX,
  CpuidFeature.MSR,
  CpuidFeature.MULTIBYTENOP,
  CpuidFeature.PAUSE,
  CpuidFeature.RDPMC,
  CpuidFeature.SEP,
  CpuidFeature.SSE,
  CpuidFeature.SSE2,
  CpuidFeature.SSE3,
  CpuidFeature.TSC,
]);

const CONDITIONS = 'O NO B AE E NE BE A S NS P NP L GE LE G'.split(' ');
const FCMOV: Record<string, number> = { B: 2, E: 4, BE: 6, U: 10, NB: 3, NE: 5, NBE: 7, NU: 11 };

/** iced's mnemonics by our names, where they are not the same in capitals. `cc` behind a slash. */
const NAMES: Record<string, string> = {
  Jcxz: 'JCXZ',
  Jecxz: 'JCXZ',
  Pushaw: 'PUSHA',
  Pushad: 'PUSHA',
  Popaw: 'POPA',
  Popad: 'POPA',
  Pushfd: 'PUSHF',
  Popfd: 'POPF',
  Iretd: 'IRET',
  Cwde: 'CBW',
  Cdq: 'CWD',
  Les: 'LFP',
  Lds: 'LFP',
  Lss: 'LFP',
  Lfs: 'LFP',
  Lgs: 'LFP',
  Wait: 'FWAIT',
  Sal: 'SHL',
  Xlatb: 'XLAT',
  Ud0: 'UD',
  Ud1: 'UD',
  Ud2: 'UD',
  Fstpnce: 'FSTP',
  Feni: 'FNOP',
  Fdisi: 'FNOP',
  Fneni: 'FNOP',
  Fndisi: 'FNOP',
  Fnsetpm: 'FNOP',
  Reservednop: 'NOP',
  Prefetch: 'NOP',
  Prefetchw: 'NOP',
  Prefetchreserved: 'NOP',
  Prefetchwt1: 'NOP',
};
CONDITIONS.forEach((name, cc) => {
  const lower = name.toLowerCase();
  NAMES[`J${lower}`] = `Jcc/${cc}`;
  NAMES[`Set${lower}`] = `SETcc/${cc}`;
  NAMES[`Cmov${lower}`] = `CMOVcc/${cc}`;
});
for (const [name, cc] of Object.entries(FCMOV)) NAMES[`Fcmov${name.toLowerCase()}`] = `FCMOVcc/${cc}`;

/** Segment register of LES ... LGS. */
const LFP: Record<string, number> = { Les: 0, Lss: 2, Lds: 3, Lfs: 4, Lgs: 5 };
const STRINGS = ['MOVS', 'CMPS', 'STOS', 'LODS', 'SCAS', 'INS', 'OUTS'];

interface CodeFacts {
  /** In the decoder's scope. */
  readonly wanted: boolean;
  /** Name of the operation, with `/cc` where it has one. */
  readonly name: string;
  readonly code: string;
  /** Goes elsewhere than to the next instruction. */
  readonly transfer: boolean;
}
const facts = new Map<Code, CodeFacts>();

/** What follows from iced's code alone. */
export function factsOf(it: Instruction): CodeFacts {
  const found = facts.get(it.code);
  if (found) return found;
  const features = it.cpuidFeatures();
  const code = Code[it.code] as string;
  const mnemonic = Mnemonic[it.mnemonic] as string;
  let name = NAMES[mnemonic] ?? mnemonic.toUpperCase();
  const string = /^(MOVS|CMPS|STOS|LODS|SCAS|INS|OUTS)[BWD]$/.exec(name);
  if (string && !code.includes('xmm')) name = string[1] as string;
  if (name === 'CMPSD') name = 'CMPSDX';
  if (name === 'MOVSD') name = 'MOVSDX';
  if (/^Mov_(Sreg|r\d+m16_Sreg|rm16_Sreg)/.test(code)) name = 'MOVSEG';
  if (/^Mov_(cr|r32_cr)/.test(code)) name = 'MOVCR';
  if (/^Mov_(dr|r32_dr)/.test(code)) name = 'MOVDR';
  if (/^Push[wd]?_[CDEFGS]S/i.test(code)) name = 'PUSHSEG';
  if (/^Pop[wd]?_[CDEFGS]S/i.test(code)) name = 'POPSEG';
  if (/^(Jmp|Call)_rm/.test(code)) name += 'n';
  if (/^(Jmp|Call)_(ptr|m1616|m1632)/.test(code)) name += 'F';
  if (/^Imul_rm\d+$/.test(code)) name = 'IMUL1';
  const flow = it.flowControl;
  const made: CodeFacts = {
    wanted: !it.isInvalid && Array.from(features).every((f) => FEATURES.has(f)),
    name,
    code,
    transfer: flow !== FlowControl.Next,
  };
  facts.set(it.code, made);
  return made;
}

const SEGMENTS = [Register.ES, Register.CS, Register.SS, Register.DS, Register.FS, Register.GS];

/** A register of iced as text: class and number. */
function registerText(r: Register): string {
  if (r >= Register.AL && r <= Register.BH) return `r8.${r - Register.AL}`;
  if (r >= Register.AX && r <= Register.DI) return `r16.${r - Register.AX}`;
  if (r >= Register.EAX && r <= Register.EDI) return `r32.${r - Register.EAX}`;
  if (r >= Register.ES && r <= Register.GS) return `sreg.${r - Register.ES}`;
  if (r >= Register.XMM0 && r <= Register.XMM7) return `xmm.${r - Register.XMM0}`;
  if (r >= Register.MM0 && r <= Register.MM7) return `mm.${r - Register.MM0}`;
  if (r >= Register.ST0 && r <= Register.ST7) return `st.${r - Register.ST0}`;
  if (r >= Register.CR0 && r <= Register.CR15) return `cr.${r - Register.CR0}`;
  if (r >= Register.DR0 && r <= Register.DR15) return `dr.${r - Register.DR0}`;
  return Register[r] as string;
}
const registerTexts = new Map<Register, string>();
function cachedRegister(r: Register): string {
  let text = registerTexts.get(r);
  if (text === undefined) registerTexts.set(r, (text = registerText(r)));
  return text;
}

const sizes = new Map<MemorySize, string>();
/** Bits of a memory operand; `?` where iced has another idea of what is one (see `actualSize`). */
function sizeText(size: MemorySize): string {
  let text = sizes.get(size);
  if (text === undefined) {
    const name = MemorySize[size] as string;
    text = `${8 * MemorySizeExt.size(size)}`;
    if (name === 'Unknown') text = '?';
    else if (name === 'SegPtr16') text = '16';
    else if (name === 'SegPtr32') text = '32';
    else if (name === 'FpuEnv14' || name === 'FpuEnv28') text = '224';
    else if (name === 'FpuState94' || name === 'FpuState108') text = '752';
    sizes.set(size, text);
  }
  return text;
}

const generalNumber = (r: Register): number => (r >= Register.EAX ? r - Register.EAX : r - Register.AX);

function memoryText(
  size: string,
  segment: number,
  address: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
): string {
  return `[${size} ${segment} a${address} ${base}+${index}*${scale}+${address === 16 ? disp & 0xffff : disp >>> 0}]`;
}

function icedMemory(it: Instruction): string {
  const base = it.memoryBase;
  const index = it.memoryIndex;
  const xlat = index === Register.AL;
  const register = base || index;
  const wide = register ? register >= Register.EAX : it.memoryDisplSize === 4;
  return memoryText(
    sizeText(it.memorySize),
    SEGMENTS.indexOf(it.memorySegment),
    wide ? 32 : 16,
    base ? generalNumber(base) : NONE,
    index && !xlat ? generalNumber(index) : NONE,
    index ? Math.log2(it.memoryIndexScale) : 0,
    Number(BigInt.asUintN(32, it.memoryDisplacement)),
  );
}

const pointerText = (it: Instruction, segment: number, n: number, address: number): string =>
  memoryText(sizeText(it.memorySize), segment, address, n, NONE, 0, 0);

function icedOperand(it: Instruction, k: number, kind: OpKind): string {
  switch (kind) {
    case OpKind.Register:
      return cachedRegister(it.opRegister(k));
    case OpKind.Memory:
      return icedMemory(it);
    case OpKind.Immediate8:
      return `i8.${it.immediate8}`;
    case OpKind.Immediate8_2nd:
      return `i8.${it.immediate8_2nd}`;
    case OpKind.Immediate16:
      return `i16.${it.immediate16}`;
    case OpKind.Immediate32:
      return `i32.${it.immediate32}`;
    case OpKind.Immediate8to16:
      return `i16.${it.immediate8to16 & 0xffff}`;
    case OpKind.Immediate8to32:
      return `i32.${it.immediate8to32 >>> 0}`;
    case OpKind.NearBranch16:
      return `rel.${((it.nearBranch16 - it.nextIP16) << 16) >> 16}`;
    case OpKind.NearBranch32:
      return `rel.${(it.nearBranch32 - it.nextIP32) | 0}`;
    case OpKind.FarBranch16:
      return `far16.${it.farBranchSelector}:${it.farBranch16}`;
    case OpKind.FarBranch32:
      return `far32.${it.farBranchSelector}:${it.farBranch32}`;
    case OpKind.MemorySegSI:
      return pointerText(it, SEGMENTS.indexOf(it.memorySegment), 6, 16);
    case OpKind.MemorySegESI:
      return pointerText(it, SEGMENTS.indexOf(it.memorySegment), 6, 32);
    case OpKind.MemorySegDI:
      return pointerText(it, SEGMENTS.indexOf(it.memorySegment), 7, 16);
    case OpKind.MemorySegEDI:
      return pointerText(it, SEGMENTS.indexOf(it.memorySegment), 7, 32);
    case OpKind.MemoryESDI:
      return pointerText(it, 0, 7, 16);
    case OpKind.MemoryESEDI:
      return pointerText(it, 0, 7, 32);
    default:
      return OpKind[kind] as string;
  }
}

/** iced's instruction as text, in our order of operands. */
export function icedText(it: Instruction): string {
  const { name, code } = factsOf(it);
  const length = it.length;
  if (name === 'UD') return `UD ${length}`;
  const count = it.opCount;
  // Without an immediate the count of bytes to drop is zero.
  let list = count === 0 && (name === 'RET' || name === 'RETF') ? 'i16.0' : '';
  if (count > 0) {
    const first = icedOperand(it, 0, it.op0Kind);
    const second = count > 1 ? icedOperand(it, 1, it.op1Kind) : '';
    if (name === 'CMPS' || name === 'SCAS') list = `${second} ${first}`;
    else if (name === 'NOP') list = code.startsWith('Xchg') ? '' : first;
    else list = count > 1 ? `${first} ${second}` : first;
    if (count > 2) list += ` ${icedOperand(it, 2, it.op2Kind)}`;
  }
  if (name === 'LFP') list += ` sreg.${LFP[code.slice(0, 3)]}`;
  const rep = STRINGS.includes(name) ? (it.hasRepnePrefix ? ' repne' : it.hasRepPrefix ? ' rep' : '') : '';
  return `${name} ${length}${it.hasLockPrefix ? ' lock' : ''}${rep} ${list}`;
}

function ourOperand(o: Operand, size: string): string {
  switch (o.kind) {
    case REG:
      return `r${o.size}.${o.n}`;
    case REG8:
      return `r8.${o.up === 16 ? o.n + 4 : o.n}`;
    case IMM:
      return o.size === 8 ? `i8.${o.value & 0xff}` : o.size === 16 ? `i16.${o.value & 0xffff}` : `i32.${o.value >>> 0}`;
    case MEM:
      return memoryText(size, o.seg, o.address, o.base, o.index, o.scale, o.disp);
    case SREG:
      return `sreg.${o.n}`;
    case CREG:
      return `cr.${o.n}`;
    case DREG:
      return `dr.${o.n}`;
    case MMX:
      return `mm.${o.n}`;
    case XMM:
      return `xmm.${o.n}`;
    case ST:
      return `st.${o.n}`;
    case FAR:
      return `far${o.size}.${o.n}:${o.value >>> 0}`;
    default:
      return `kind${o.kind}`;
  }
}

/** Operations whose memory operand has a size in our notation and none in iced's. */
const UNSIZED = new Set('LEA INVLPG'.split(' '));

/** Our instruction as text, in the notation of `icedText`. */
export function ourText(insn: Insn): string {
  const { op, dst, src, src2 } = insn;
  if (op === 'UD') return `UD ${insn.length}`;
  let operands = [dst, src, src2];
  if ((op === 'IMUL' && src2 === dst) || op === 'XLAT') operands = [dst, src];
  if (dst.kind === ST && src.kind === MEM) operands = [src];
  let list = '';
  for (const o of operands) {
    if (o.kind === NO_OPERAND) continue;
    list += `${list ? ' ' : ''}${ourOperand(o, UNSIZED.has(op) ? '?' : `${o.size}`)}`;
  }
  if (/^(Jcc|JMP|CALL|LOOP|LOOPE|LOOPNE|JCXZ)$/.test(op)) list = `rel.${insn.rel}`;
  const name = /cc$/.test(op) ? `${op}/${insn.cc}` : op;
  const rep = insn.rep === 2 ? ' repne' : insn.rep === 1 ? ' rep' : '';
  return `${name} ${insn.length}${insn.lock ? ' lock' : ''}${rep} ${list}`;
}
