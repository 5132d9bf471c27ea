// Why a region was left, found out from the state that it left: what a test needs to know that it has been everywhere.
//
// Deviation: of the instruction at which a region stops, only an explicit memory operand is looked at.

import { REGION_CHAIN, REGION_LEFT, REGION_SWITCHED } from '../../src/cpu/regions.ts';
import { decode } from '../../src/isa/decode.ts';
import { MEM, type Operand } from '../../src/isa/insn.ts';
import { WORD } from '../../src/isa/register-file.ts';
import type { Cpu } from '../../src/isa/state.ts';
import type { Memory } from '../../src/memory/memory.ts';
import { NOT_WRITABLE } from '../../src/memory/shadow.ts';
import { CODE, PAGE_TABLE } from '../../src/memory/traces.ts';
import { READ, WRITE } from '../../src/memory/walk.ts';
import { OVERSHOOT } from '../../translator/translations.ts';

export type ExitKind =
  /** Where the guest goes on is not in the region. */
  | 'chain'
  /** Too little budget for another turn of a loop. */
  | 'budget'
  /** A callout ended the region: with an interrupt that can be taken, or for another reason. */
  | 'interrupt'
  | 'callout'
  /** The reference executes an instruction with an access that the shadow page table has no answer to. */
  | 'unaligned'
  | 'cross-page'
  | 'true fault'
  | 'hidden fault'
  | 'MMIO'
  | 'code trace'
  | 'page-table trace'
  /** The reference executes it for another reason: a division error, a segment's limit. */
  | 'other';

const LONGEST = 15;
/** Instructions whose first operand is only read. */
const READERS = new Set(['CMP', 'TEST', 'BT', 'MUL', 'IMUL', 'DIV', 'IDIV', 'JMP', 'CALL', 'PUSH']);

/** Called when a region was left with that answer, and nothing has been executed since. */
export function exitKind(cpu: Cpu, memory: Memory, answer: number): ExitKind {
  if (answer === REGION_SWITCHED) return 'callout';
  if (answer === REGION_LEFT) return cpu.intr !== 0 && cpu.IF !== 0 ? 'interrupt' : 'callout';
  if (answer === REGION_CHAIN) return (cpu.words[WORD.engine] as number) < OVERSHOOT ? 'budget' : 'chain';
  const user = cpu.cpl === 3 ? 1 : 0;
  const code = new Uint8Array(LONGEST);
  memory.readPhysical(memory.debugTranslate(cpu.eip), code);
  const insn = decode(code, 0, LONGEST, { code32: true, stack32: true });
  const operand = insn && [insn.dst, insn.src, insn.src2].find((o) => o.kind === MEM);
  if (!insn || !operand) return 'other';
  return accessKind(cpu, memory, operand, operand === insn.dst && !READERS.has(insn.op), user);
}

function accessKind(cpu: Cpu, memory: Memory, o: Operand, write: boolean, user: number): ExitKind {
  const register = (n: number): number => cpu.words[WORD.reg + n] as number;
  const index = register(o.index) << o.scale;
  const linear = ((cpu.base[o.seg] as number) + register(o.base) + index + o.disp) | 0;
  const bytes = o.size / 8;
  if ((linear & 0xfff) + bytes > 4096) return 'cross-page';
  if ((linear & (Math.min(bytes, 4) - 1)) !== 0) return 'unaligned';
  const entry = (memory.i32[memory.tableWord(user) + (linear >>> 12)] as number) ^ linear;
  if (entry >= 0 && !(write && entry >= NOT_WRITABLE)) return 'other';
  if (memory.walker.walk(memory.spaces.current, linear, user, write ? WRITE : READ, false) >= 0) return 'true fault';
  const physical = memory.debugTranslate(linear);
  if (!memory.isRam(physical)) return 'MMIO';
  const traces = memory.traces.flags[memory.hostOf(physical) >>> 12] as number;
  if (entry >= 0 && (traces & CODE) !== 0) return 'code trace';
  if (entry >= 0 && (traces & PAGE_TABLE) !== 0) return 'page-table trace';
  return 'hidden fault';
}
